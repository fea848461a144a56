"""The console function's routes."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.routing import Route

from functions.console.calls import call_routes
from functions.console.problem import problem_handlers
from shared.health import health_route
from shared.store.store import Store


def make_app(store: Store) -> Starlette:
    """The function as an ASGI app."""
    routes: list[Route] = [health_route("console"), *call_routes(store)]
    return Starlette(routes=routes, exception_handlers=problem_handlers())
