"""Pages on calls: the newest, one with what was said in it, and the messages that callers left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from functions.console.api import Api
from functions.console.api.calls import CallsPaging
from functions.console.operation import Paging, read_model
from functions.console.pages.page import asked, page, page_route
from functions.console.problem import Problem

OWN_FIELDS = ("turns", "tool_results", "events", "analysis")


class CallPages:
    """The pages."""

    def __init__(self, api: Api) -> None:
        self._api = api.calls
        self._recordings = api.recordings
        self._messages = api.messages

    def routes(self) -> Sequence[BaseRoute]:
        """All of them."""
        return [
            page_route("/calls", self.all),
            page_route("/calls/{call_sid}", self.one),
            page_route("/messages", self.messages),
        ]

    async def all(self, request: Request) -> Response:
        """The newest first."""
        query = {name: request.query_params.get(name) or None for name in ("cursor", "campaign_id", "state")}
        calls: Any = await self._api.all(asked(request, read_model(CallsPaging, query, "query")))
        return page("calls.html", calls=calls, query=query)

    async def one(self, request: Request) -> Response:
        """A call's transcript, what its tools did, and what happened when."""
        call: Any = await self._api.one(asked(request))
        whole = call.model_dump()
        facts = {name: value for name, value in whole.items() if name not in OWN_FIELDS and value not in (None, [], {})}
        turns = sorted(whole["turns"], key=lambda one: one["seq"])
        return page("call.html", call=whole, facts=facts, turns=turns, recording=await self._recording(request))

    async def messages(self, request: Request) -> Response:
        """What is for the team to read and to do."""
        paging = read_model(Paging, {"cursor": request.query_params.get("cursor")}, "query")
        return page("messages.html", found=await self._messages.all(asked(request, paging)))

    async def _recording(self, request: Request) -> dict[str, Any] | None:
        """What there is to hear; the page is there without it."""
        try:
            return (await self._recordings.of_call(asked(request))).model_dump()
        except Problem as problem:
            return None if problem.status == 404 else {"state": "away", "why": problem.title, "url": None}
