"""Settings → the tools app, once per process."""

from __future__ import annotations

from functools import cache

from starlette.types import ASGIApp

from functions.tools.app import make_app
from functions.tools.outside.wiring import registry_of
from shared.clock import SystemClock
from shared.identity import only_for_account
from shared.logs import start_logs
from shared.settings import current_settings
from shared.store import open_store
from shared.store.agents import AgentBook, shipped_agents


@cache
def app() -> ASGIApp:
    """The app of this process; in the cloud for the voice service alone."""
    settings = current_settings()
    start_logs(level=settings.log_level, project=settings.google_cloud_project, as_json=settings.in_cloud)
    store = open_store(settings.store_url)
    tools = make_app(registry_of(settings), AgentBook(store, shipped_agents()), store, SystemClock(settings.clock))
    return only_for_account(tools, settings, "tools_url", "voice_service_account") if settings.in_cloud else tools
