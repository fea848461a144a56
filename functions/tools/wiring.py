"""Settings → the tools app, once per process."""

from __future__ import annotations

from functools import cache

from starlette.applications import Starlette

from functions.tools.app import make_app
from functions.tools.builtin import BUILTIN
from shared.clock import SystemClock
from shared.logs import start_logs
from shared.settings import current_settings
from shared.store import open_store
from shared.store.agents import AgentBook, shipped_agents


@cache
def app() -> Starlette:
    """The app of this process."""
    settings = current_settings()
    start_logs(level=settings.log_level, project=settings.google_cloud_project, as_json=settings.in_cloud)
    store = open_store(settings.store_url)
    return make_app(BUILTIN, AgentBook(store, shipped_agents()), store, SystemClock(settings.clock))
