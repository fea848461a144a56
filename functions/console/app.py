"""The console function's routes."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from functions.console.api import Api
from functions.console.door import Door
from functions.console.openapi import openapi
from functions.console.pages.site import page_routes
from functions.console.problem import problem_handlers
from functions.console.services import ConsoleServices
from shared.health import health_route


def make_app(services: ConsoleServices) -> Starlette:
    """The function as an ASGI app."""
    api = Api(services)
    operations = api.operations()
    document = openapi(operations)

    async def described(_: Request) -> Response:
        return JSONResponse(document, media_type="application/vnd.oai.openapi+json;version=3.1")

    routes = [
        health_route("console"),
        Route("/api/openapi.json", described, methods=["GET"]),
        *(one.route() for one in operations),
        *page_routes(api),
    ]
    app = Starlette(routes=routes, exception_handlers=problem_handlers(), middleware=[Middleware(Door)])
    app.state.operations = operations
    app.state.desk = api.desk
    return app
