"""Every page of the console."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from functions.console.api import Api
from functions.console.pages.calls import CallPages
from functions.console.pages.campaigns import CampaignPages
from functions.console.pages.lists import ListPages
from functions.console.pages.page import HERE
from functions.console.pages.people import PeoplePages


def page_routes(api: Api) -> Sequence[BaseRoute]:
    """The pages, and what they are drawn with."""
    return [
        Route("/", _to_the_console, methods=["GET"]),
        Route("/console", _to_the_console, methods=["GET"]),
        Mount("/console/static", StaticFiles(directory=HERE / "static")),
        *ListPages(api).routes(),
        *CampaignPages(api).routes(),
        *CallPages(api).routes(),
        *PeoplePages(api).routes(),
    ]


async def _to_the_console(_: Request) -> Response:
    return RedirectResponse("/console/campaigns", status_code=303)
