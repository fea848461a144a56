"""The console function's routes."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from functions.console.api.agents import AgentsApi
from functions.console.api.calls import CallsApi
from functions.console.api.campaigns import CampaignsApi
from functions.console.api.lists import ListsApi
from functions.console.api.live import LiveApi
from functions.console.api.preflight import PreflightApi
from functions.console.api.report import ReportApi
from functions.console.api.suppressions import SuppressionsApi
from functions.console.api.uploads import UploadsApi
from functions.console.door import Door
from functions.console.list_desk import ListDesk
from functions.console.openapi import openapi
from functions.console.operation import Operation
from functions.console.problem import problem_handlers
from functions.console.services import ConsoleServices
from functions.console.uploads import Uploads
from shared.health import health_route


def make_app(services: ConsoleServices) -> Starlette:
    """The function as an ASGI app."""
    desk = ListDesk(services)
    operations = api_operations(services, desk)
    document = openapi(operations)

    async def described(_: Request) -> Response:
        return JSONResponse(document, media_type="application/vnd.oai.openapi+json;version=3.1")

    routes = [
        health_route("console"),
        Route("/api/openapi.json", described, methods=["GET"]),
        *(one.route() for one in operations),
    ]
    app = Starlette(routes=routes, exception_handlers=problem_handlers(), middleware=[Middleware(Door)])
    app.state.operations = operations
    app.state.desk = desk
    return app


def api_operations(services: ConsoleServices, desk: ListDesk) -> Sequence[Operation]:
    """Every operation of the JSON API."""
    uploads = Uploads(services)
    campaigns = CampaignsApi(services)
    return [
        *ListsApi(services, desk, uploads).operations(),
        *UploadsApi(uploads).operations(),
        *campaigns.operations(),
        *PreflightApi(services, campaigns).operations(),
        *ReportApi(services, campaigns).operations(),
        *CallsApi(services).operations(),
        *SuppressionsApi(services, desk).operations(),
        *AgentsApi(services).operations(),
        *LiveApi(services).operations(),
    ]
