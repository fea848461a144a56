"""GET /api/calls and GET /api/calls/{call_sid}: calls, and one call with all that happened in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from functions.console.problem import Problem
from shared.domain.call import call_path
from shared.store.store import BadDocument, OrderBy, Store, Where

MOST_PER_PAGE = 200
DEFAULT_PER_PAGE = 50
PARTS = ("turns", "tool_results", "events")


def call_routes(store: Store) -> list[Route]:
    """The routes, on this store."""

    async def calls(request: Request) -> Response:
        where = [
            Where(field, "==", request.query_params[field])
            for field in ("campaign_id", "state")
            if field in request.query_params
        ]
        try:
            page = await store.query(
                "calls",
                where,
                order_by=[OrderBy("started_at", descending=True)],
                limit=page_size(request),
                cursor=request.query_params.get("cursor"),
            )
        except BadDocument:
            raise Problem(400, "This page does not exist", "Start again without a cursor.", field="cursor") from None
        return JSONResponse({"calls": [plain(one.data) for one in page.documents], "next": page.next})

    async def call(request: Request) -> Response:
        call_sid = request.path_params["call_sid"]
        document = await store.get(call_path(call_sid))
        if document is None:
            raise Problem(404, "There is no such call")
        parts = {part: await everything(store, f"{call_path(call_sid)}/{part}") for part in PARTS}
        return JSONResponse({**plain(document.data), **parts})

    return [
        Route("/api/calls", calls, methods=["GET"]),
        Route("/api/calls/{call_sid:str}", call, methods=["GET"]),
    ]


def page_size(request: Request) -> int:
    """How many to show, between 1 and MOST_PER_PAGE."""
    text = request.query_params.get("page_size", str(DEFAULT_PER_PAGE))
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text) <= MOST_PER_PAGE:
        raise Problem(400, "page_size must be a number", f"From 1 to {MOST_PER_PAGE}.", field="page_size")
    return int(text)


async def everything(store: Store, collection: str) -> list[Any]:
    """All documents of a small collection, in order of their ids."""
    found: list[Any] = []
    cursor: str | None = None
    while True:
        page = await store.query(collection, limit=500, cursor=cursor)
        found += [plain(one.data) for one in page.documents]
        if page.next is None:
            return found
        cursor = page.next


def plain(value: Any) -> Any:
    """A stored value as JSON has it; instants in ISO 8601."""
    match value:
        case datetime():
            return value.isoformat()
        case Mapping():
            return {key: plain(one) for key, one in value.items()}
        case Sequence() if not isinstance(value, str):
            return [plain(one) for one in value]
        case _:
            return value
