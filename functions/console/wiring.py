"""Settings → the console app, once per process. The only place of this function that chooses adapters."""

from __future__ import annotations

from functools import cache

from starlette.types import ASGIApp

from functions.console.app import make_app
from functions.console.listening import Listening
from functions.console.services import ConsoleServices
from shared.clock import Clock, SystemClock
from shared.domain.phone_number import NumberHash
from shared.domain.webhook_signing import SigningKeys
from shared.errors import ConfigurationError
from shared.identity import IAP, Identified, Identity
from shared.logs import start_logs
from shared.objects import open_objects
from shared.settings import Settings, current_settings
from shared.store import open_store
from shared.store.store import Store


def console_services(settings: Settings, store: Store, clock: Clock) -> ConsoleServices:
    """What the console works with."""
    return ConsoleServices(
        store=store,
        clock=clock,
        hash_number=NumberHash(settings.hash_key),
        calls_per_second=settings.twilio_calls_per_second,
        signing_keys=SigningKeys(settings.hash_key),
        loopback_webhooks=not settings.in_cloud,
        listening=Listening(open_objects(settings.recordings_url), settings.hash_key, clock),
    )


@cache
def app() -> ASGIApp:
    """The app of this process."""
    settings = current_settings()
    start_logs(level=settings.log_level, project=settings.google_cloud_project, as_json=settings.in_cloud)
    clock = SystemClock(settings.clock)
    console = make_app(console_services(settings, open_store(settings.store_url), clock))
    if not settings.in_cloud:
        return console
    if settings.iap_audience is None:
        raise ConfigurationError("IAP_AUDIENCE is not set; nobody who comes to the console can be trusted")
    return Identified(console, Identity(IAP, settings.iap_audience))
