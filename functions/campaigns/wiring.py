"""Settings → the campaigns app, once per process."""

from __future__ import annotations

from functools import cache

from starlette.applications import Starlette

from functions.campaigns.app import make_app
from shared.logs import start_logs
from shared.settings import current_settings


@cache
def app() -> Starlette:
    """The app of this process."""
    settings = current_settings()
    start_logs(level=settings.log_level, project=settings.google_cloud_project)
    return make_app()
