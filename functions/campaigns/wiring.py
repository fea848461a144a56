"""Settings → the campaigns app, once per process. The only place of this function that chooses adapters."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from starlette.types import ASGIApp

from functions.after_call.analyst import Analyst
from functions.after_call.sender import Sender
from functions.after_call.services import AfterCallServices
from functions.campaigns.app import make_app
from functions.campaigns.dialler import DialQueue
from functions.campaigns.services import AccountLimits, CampaignServices
from functions.campaigns.voicing import Voicing
from shared.clock import Clock, SystemClock
from shared.domain.webhook_signing import SigningKeys
from shared.errors import ConfigurationError
from shared.genai import Place, place_of, text_client
from shared.identity import only_for_account
from shared.logs import start_logs
from shared.objects import open_objects
from shared.settings import Settings, current_settings
from shared.store import open_store
from shared.store.agents import AgentBook, shipped_agents
from shared.store.attempts import Attempts
from shared.store.settlement import Settlement
from shared.store.store import Store
from shared.telephony import open_carrier

if TYPE_CHECKING:
    from google.genai import Client


def campaign_services(settings: Settings, store: Store, clock: Clock) -> CampaignServices:
    """What a beat works with. Raises ConfigurationError when Twilio's account is not known."""
    if settings.twilio_account_sid is None or settings.twilio_auth_token is None:
        raise ConfigurationError("TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN are needed to place calls")
    carrier = open_carrier(
        settings.twilio_account_sid, settings.twilio_auth_token.get_secret_value(), settings.twilio_api_base_url
    )
    return CampaignServices(
        store=store,
        clock=clock,
        carrier=carrier,
        attempts=Attempts(store, clock),
        settlement=Settlement(store, clock),
        numbers=settings.twilio_numbers,
        public_base_url=settings.public_base_url,
        limits=AccountLimits(
            calls_per_second=settings.twilio_calls_per_second,
            concurrent_calls=settings.twilio_concurrent_calls,
            model_sessions=settings.gemini_live_sessions,
        ),
        queue=_dial_queue(settings),
        voicing=Voicing(AgentBook(store, shipped_agents()), lambda agent: place_of(agent, settings)),
        objects=open_objects(settings.recordings_url),
    )


def after_call_services(settings: Settings, store: Store, clock: Clock) -> AfterCallServices:
    """What follows calls works with. On a laptop, webhooks may also go to the laptop itself."""

    @cache
    def client_at(place: Place) -> Client:
        return text_client(place, settings)

    return AfterCallServices(
        store=store,
        clock=clock,
        agents=AgentBook(store, shipped_agents()),
        analyst=Analyst(lambda agent: place_of(agent, settings), client_at, settings.analysis_models),
        sender=Sender(loopback_allowed=not settings.in_cloud),
        keys=SigningKeys(settings.hash_key),
    )


def _dial_queue(settings: Settings) -> DialQueue | None:
    if settings.dial_queue is None:
        return None
    from functions.campaigns.cloud_tasks import CloudTasksQueue  # a quarter of a second that few need

    return CloudTasksQueue(
        settings.dial_queue,
        settings.campaigns_url or "",
        service_account=settings.scheduler_service_account,
        endpoint=settings.cloud_tasks_endpoint,
    )


@cache
def app() -> ASGIApp:
    """The app of this process; in the cloud for the scheduler's account alone."""
    settings = current_settings()
    start_logs(level=settings.log_level, project=settings.google_cloud_project, as_json=settings.in_cloud)
    clock = SystemClock(settings.clock)
    store = open_store(settings.store_url)
    campaigns = make_app(campaign_services(settings, store, clock), after_call_services(settings, store, clock))
    if not settings.in_cloud:
        return campaigns
    return only_for_account(campaigns, settings, "campaigns_url", "scheduler_service_account")
