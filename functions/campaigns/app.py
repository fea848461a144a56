"""The campaigns function's routes."""

from __future__ import annotations

from starlette.applications import Starlette

from shared.health import health_route


def make_app() -> Starlette:
    """The function as an ASGI app."""
    return Starlette(routes=[health_route("campaigns")])
