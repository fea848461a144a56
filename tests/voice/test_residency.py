"""What a caller of the EU clinic says goes to its region's host and to no other: every name that is looked up is noted.

Nothing is configured to point at loopback: the SDKs look up Google's own names, and the lookup leads every one of them
to a local server that could answer for each.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import certifi
import pytest
import trustme
from google.oauth2.credentials import Credentials

from functions.after_call.analyst import Analyst
from functions.after_call.question import Question
from functions.voice.app import make_app
from functions.voice.wiring import speech_models
from local.certificates import Certificates
from local.speech_model.behaviour import Behaviour, Listening
from local.speech_model.faults import Fault, Kind, Moment
from local.speech_model.server import SpeechModelServer
from shared.domain.agent import Agent, SpeechPlace
from shared.errors import ConfigurationError
from shared.genai import place_of, text_client
from shared.settings import Settings, read_settings
from shared.store.agents import shipped_agents
from tests.manual_clock import ManualClock
from tests.voice.phone import Phone
from tests.voice.test_calls import House, house

pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession")

EU, US, DEVELOPER = (
    "aiplatform.eu.rep.googleapis.com",
    "us-central1-aiplatform.googleapis.com",
    "generativelanguage.googleapis.com",
)
CLINIC = shipped_agents()["eu_clinic"]
QUICK = Behaviour(think_ms=0, burst=200, playback=500, listening=Listening.ENERGY)
AWAY = SpeechPlace(id="gemini-3.8-live", platform="vertex", region="us-central1")
ELSEWHERE = SpeechPlace(id="gemini-3.8-live", platform="developer")


@dataclass
class Google:
    """A server that answers to all of Google's names, and the names that were looked up."""

    server: SpeechModelServer
    settings: Settings
    asked_for: list[str] = field(default_factory=list)

    @property
    def hosts(self) -> set[str]:
        return set(self.asked_for)


@asynccontextmanager
async def google(folder: Path, monkeypatch: pytest.MonkeyPatch, *faults: Fault) -> AsyncIterator[Google]:
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "ca-bundle.pem"))
    for name, value in {"GOOGLE_CLOUD_PROJECT": "a-project", "GEMINI_API_KEY": "a-key"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("google.auth.default", lambda *_, **__: (Credentials(token="a-token"), "a-project"))  # type: ignore[no-untyped-call]
    # The list of models is asked for by a client that keeps its connection as long as the process lives.
    monkeypatch.setattr("functions.voice.speech.gemini.GeminiLive.listed", lambda _: frozenset())
    async with SpeechModelServer(behaviour=QUICK, clips=(), faults=faults, tls=_certificates(folder)) as server:
        made = Google(server, read_settings())
        monkeypatch.setattr(socket, "getaddrinfo", _lookup(made, socket.getaddrinfo))
        yield made


def _certificates(folder: Path) -> Certificates:
    authority = trustme.CA()
    certificate = authority.issue_cert(EU, US, DEVELOPER, "127.0.0.1")
    chain = (certificate.private_key_pem, *certificate.cert_chain_pems)
    made = Certificates(folder)
    made.server_pem.write_bytes(b"".join(pem.bytes() for pem in chain))
    made.ca_bundle.write_bytes(Path(certifi.where()).read_bytes() + b"\n" + authority.cert_pem.bytes())
    return made


def _lookup(made: Google, real: Callable[..., Any]) -> Callable[..., Any]:
    def getaddrinfo(host: Any, port: Any, *rest: Any, **more: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if not isinstance(name, str) or not name.endswith(".googleapis.com"):
            return real(host, port, *rest, **more)
        made.asked_for.append(name)
        there = ("127.0.0.1", made.server.port)
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", there)]

    return getaddrinfo


@asynccontextmanager
async def practice(made: Google, agent: Agent) -> AsyncIterator[House]:
    """Voice as in the cloud, but for the telephone and the store."""
    speech_for, choice = speech_models(made.settings, ManualClock())
    async with house(agent.model_copy(update={"id": "reception"})) as home:  # who answers numbers without an agent
        services = replace(
            home.services,
            speech_for=speech_for,
            model_of=choice.model_of,
            place_of=lambda voiced: place_of(voiced, made.settings),
        )
        yield replace(home, app=make_app(services), services=services)
    await asyncio.to_thread(choice.wait, 5)
    await asyncio.sleep(0.3)  # both ends take leave of each other


async def called(home: House, *, heard_ms: float = 1_500) -> Phone:
    """Somebody calls, hears the greeting if there is one, says something and hangs up."""
    phone = Phone(home.app)
    call = asyncio.create_task(phone.stream(await phone.dial()))
    async with asyncio.timeout(10):
        while phone.played_ms < heard_ms and not call.done():  # noqa: ASYNC110  # a phone has no event for it
            await asyncio.sleep(0.05)
        if not call.done():
            await phone.speaks(400)
            await asyncio.sleep(0.3)
            phone.hang_up()
        await call
    return phone


async def test_the_eu_clinics_calls_and_their_reading_go_to_the_eu_and_nowhere_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with google(tmp_path, monkeypatch) as made, practice(made, CLINIC) as home:
        phone = await called(home)
        assert phone.played_ms > 0
        assert {record.platform for record in made.server.records} == {"vertex"}
        client = text_client(place_of(CLINIC, made.settings), made.settings)
        analyst = Analyst(lambda agent: place_of(agent, made.settings), lambda _: client, ["gemini-2.5-flash"])
        schema = {"type": "object", "properties": {"summary": {"type": "string"}}}
        answer = await analyst.ask(CLINIC, Question("Read this call.", "caller: hello", schema))
        await client.aio.aclose()
        assert answer.text
        assert all("/locations/eu/" in path for path in made.server.asked)
        assert made.server.asked
        assert made.hosts == {EU}


@pytest.mark.parametrize("elsewhere", [AWAY, ELSEWHERE], ids=["another region", "the Developer API"])
async def test_without_its_region_the_caller_hears_an_apology_whatever_fallback_slipped_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, elsewhere: SpeechPlace
) -> None:
    """The document's check refuses such a fallback; one that came into the store another way is not used either."""
    slipped = CLINIC.model_copy(update={"model": CLINIC.model.model_copy(update={"fallbacks": (elsewhere,)})})
    refusals = [Fault(kind=Kind.REFUSE, at=Moment.CONNECT, status=503) for _ in range(6)]
    async with google(tmp_path, monkeypatch, *refusals) as made, practice(made, slipped) as home:
        phone = await called(home)
        assert phone.played_ms == 0
        assert home.call()["ending"] == "speech_model_unavailable"
        assert home.call()["transfer_to"] == CLINIC.transfer_numbers["front desk"]
        assert made.hosts == {EU}


async def test_the_test_would_see_another_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = CLINIC.model.model_copy(update={"region": "us-central1"})
    american = CLINIC.model_copy(update={"residency": None, "model": model})
    async with google(tmp_path, monkeypatch) as made, practice(made, american) as home:
        await called(home)
        assert US in made.hosts


def test_a_promise_holds_against_the_rest_of_the_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "a-key")
    settings = read_settings()
    assert place_of(CLINIC, settings) == ("vertex", "eu")
    for model in ({"region": "us-central1"}, {"region": None, "platform": "configured"}, {"platform": "developer"}):
        elsewhere = CLINIC.model_copy(update={"model": CLINIC.model.model_copy(update=model)})
        with pytest.raises(ConfigurationError, match="promises to stay in eu"):
            place_of(elsewhere, settings)
    unnamed = CLINIC.model.model_copy(update={"platform": "configured"})
    assert place_of(CLINIC.model_copy(update={"model": unnamed}), settings) == ("vertex", "eu")
