"""Settings → the console app, once per process."""

from __future__ import annotations

from functools import cache

from starlette.applications import Starlette

from functions.console.app import make_app
from shared.logs import start_logs
from shared.settings import current_settings
from shared.store import open_store


@cache
def app() -> Starlette:
    """The app of this process."""
    settings = current_settings()
    start_logs(level=settings.log_level, project=settings.google_cloud_project, as_json=settings.in_cloud)
    return make_app(open_store(settings.store_url))
