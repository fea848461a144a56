"""Settings → the voice app, once per process. The only place of this function that chooses adapters."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from functools import cache

from starlette.applications import Starlette

from functions.tools.elsewhere import Elsewhere, google_identity
from functions.tools.outside.wiring import registry_of
from functions.tools.registry import Registry
from functions.voice import speech_detector
from functions.voice.app import make_app
from functions.voice.circuits import Circuits
from functions.voice.drain import PROCESS
from functions.voice.greetings.greetings import StoredGreetings
from functions.voice.held_lines import StoredLines
from functions.voice.model_choice import ModelChoice
from functions.voice.notice_board import NoticeBoard
from functions.voice.ready_sessions import MOST, ReadySessions
from functions.voice.recording.recordings import StoredRecordings
from functions.voice.services import VoiceServices
from functions.voice.session_setup import places
from functions.voice.speech.model import SpeechModel
from functions.voice.stream_token import StreamTokens
from functions.voice.webhooks import Signatures
from shared.clock import Clock, SystemClock
from shared.domain.agent import Agent
from shared.domain.language import Tagger, py3langid
from shared.domain.model_catalogue import DEFAULT_REGION, Platform
from shared.domain.phone_number import number_hash
from shared.errors import ConfigurationError
from shared.genai import place_of
from shared.logs import start_logs
from shared.objects import open_objects
from shared.settings import Settings, current_settings
from shared.store import open_store
from shared.store.agents import AgentBook, shipped_agents
from shared.store.attempts import Attempts
from shared.store.journal import Journal
from shared.store.notices import Notice
from shared.store.settlement import Settlement
from shared.store.store import Store


def speech_models(
    settings: Settings, clock: Clock, tell: Callable[[Notice], None] = lambda _: None
) -> tuple[Callable[[Agent], SpeechModel], ModelChoice]:
    """Who voices an agent, and with which model. Each place is asked for its list of models when it is first made."""
    from functions.voice.speech.gemini import developer_api, vertex_ai

    choice = ModelChoice(lambda agent: place_of(agent, settings), clock, tell)

    @cache
    def on_vertex(region: str) -> SpeechModel:
        if settings.google_cloud_project is None:
            raise ConfigurationError("an agent wants Vertex AI, but GOOGLE_CLOUD_PROJECT is not set")
        model = vertex_ai(
            project=settings.google_cloud_project, location=region, base_url=settings.google_vertex_base_url
        )
        choice.ask((Platform.VERTEX, region), model.listed)
        return model

    @cache
    def on_developer_api() -> SpeechModel:
        if settings.gemini_api_key is None:
            raise ConfigurationError("an agent wants the Developer API, but GEMINI_API_KEY is not set")
        model = developer_api(
            api_key=settings.gemini_api_key.get_secret_value(), base_url=settings.google_gemini_base_url
        )
        choice.ask((Platform.DEVELOPER, None), model.listed)
        return model

    def speech_for(agent: Agent) -> SpeechModel:
        _, region = place_of(agent, settings)
        return on_developer_api() if region is None else on_vertex(region)

    # The SDK takes a second to import and its client some CPU: better now than while the first caller waits.
    if settings.google_genai_use_vertexai:
        on_vertex(settings.google_cloud_location or DEFAULT_REGION)
    elif settings.gemini_api_key is not None:
        on_developer_api()
    return speech_for, choice


def _tools(settings: Settings) -> Registry:
    """What agents can do, here or, for what wants nothing of the call itself, at the tools function."""
    registry = registry_of(settings)
    if settings.tools_url is None:
        return registry
    return registry.running_at(Elsewhere(settings.tools_url, google_identity if settings.in_cloud else None))


def voice_services(settings: Settings, store: Store, clock: Clock) -> VoiceServices:
    """What the voice function works with. Raises ConfigurationError when Twilio's account is not known."""
    if settings.twilio_auth_token is None:
        raise ConfigurationError("TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN are not set; nobody's calls can be trusted")
    auth_token = settings.twilio_auth_token.get_secret_value()
    agents = shipped_agents()
    notices = NoticeBoard()
    speech_for, choice = speech_models(settings, clock, notices.leave)
    choice.announce(agents.values())
    tagger = Tagger()
    # A second of CPU that no caller should wait for: until then, scripts and words tell the languages apart.
    threading.Thread(target=lambda: tagger.use(py3langid()), name="languages", daemon=True).start()
    journal = Journal(store)
    objects = open_objects(settings.recordings_url)
    services = VoiceServices(
        public_base_url=settings.public_base_url,
        account_sid=settings.twilio_account_sid,
        signatures=Signatures(auth_token, settings.public_base_url),
        tokens=StreamTokens(auth_token, store, clock),
        store=store,
        journal=journal,
        clock=clock,
        agents=AgentBook(store, agents),
        tools=_tools(settings),
        speech_for=speech_for,
        model_of=choice.model_of,
        attempts=Attempts(store, clock),
        settlement=Settlement(store, clock),
        ready=ReadySessions(MOST),
        drain=PROCESS,
        place_of=lambda agent: place_of(agent, settings),
        circuits=Circuits(clock, notices.leave),
        notices=notices,
        tagger=tagger,
        recordings=StoredRecordings(objects, journal, clock),
        greetings=StoredGreetings(objects),
        number_hash=lambda number: number_hash(number, settings.hash_key),
    )
    # A line is spoken as the agent's calls are: at the same place, by the same model.
    lines = StoredLines(objects, lambda agent, language: places(services, agent, language, "", None)[0])
    return replace(services, held_lines=lines)


@cache
def app() -> Starlette:
    """The app of this process."""
    settings = current_settings()
    start_logs(level=settings.log_level, project=settings.google_cloud_project, as_json=settings.in_cloud)
    speech_detector.load()  # 17 ms that no call has to wait for
    clock = SystemClock(settings.clock)
    return make_app(voice_services(settings, open_store(settings.store_url), clock))
