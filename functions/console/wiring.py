"""Settings → the console app, once per process. The only place of this function that chooses adapters."""

from __future__ import annotations

from functools import cache

from starlette.applications import Starlette

from functions.console.app import make_app
from functions.console.services import ConsoleServices
from shared.clock import Clock, SystemClock
from shared.domain.phone_number import NumberHash
from shared.logs import start_logs
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
    )


@cache
def app() -> Starlette:
    """The app of this process."""
    settings = current_settings()
    start_logs(level=settings.log_level, project=settings.google_cloud_project, as_json=settings.in_cloud)
    clock = SystemClock(settings.clock)
    return make_app(console_services(settings, open_store(settings.store_url), clock))
