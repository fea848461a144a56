"""Calls, and one call with all that happened in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from functions.console.operation import Answer, Asked, Operation, Paging, found, page_of
from functions.console.problem import Problem
from functions.console.services import ConsoleServices
from shared.domain.analysis import AnalysisJob, AnalysisState, analysis_path
from shared.domain.call import call_path
from shared.store.store import Conflict, OrderBy, Store, Where

PARTS = ("turns", "tool_results", "events")


class CallAnswer(Answer):
    """A call; the voice function decides what more there is to say of it."""

    model_config = ConfigDict(extra="allow")

    call_sid: str
    direction: str | None = None
    state: str | None = None
    agent_id: str | None = None
    campaign_id: str | None = None
    started_at: str | None = None


class Calls(Answer):
    """A page of calls, newest first."""

    calls: list[CallAnswer]
    next: str | None = None


class WholeCall(CallAnswer):
    """A call with its turns, tool results and events, in order."""

    turns: list[dict[str, Any]]
    tool_results: list[dict[str, Any]]
    events: list[dict[str, Any]]


class AnalysisAnswer(Answer):
    """How far the reading of a call has come."""

    call_sid: str
    state: AnalysisState


class CallsPaging(Paging):
    """Which calls to show."""

    campaign_id: str | None = None
    state: str | None = None


class CallsApi:
    """The operations on calls."""

    def __init__(self, services: ConsoleServices) -> None:
        self._store = services.store
        self._clock = services.clock

    def operations(self) -> list[Operation]:
        """All of them."""
        return [
            Operation("GET", "/api/calls", "The calls", self.all, Calls, query=CallsPaging),
            Operation("GET", "/api/calls/{call_sid}", "A call, whole", self.one, WholeCall, problems=(404,)),
            Operation("POST", "/api/calls/{call_sid}/analyse", "Read a call again", self.analyse, AnalysisAnswer,
                      status=202, problems=(404, 409)),
        ]  # fmt: skip

    async def all(self, asked: Asked) -> BaseModel:
        """The newest first."""
        paging: CallsPaging = asked.query.checked()
        wanted = {"campaign_id": paging.campaign_id, "state": paging.state}
        page = await page_of(
            self._store.query(
                "calls",
                [Where(field, "==", value) for field, value in wanted.items() if value is not None],
                order_by=[OrderBy("started_at", descending=True)],
                limit=paging.page_size,
                cursor=paging.cursor,
            )
        )
        return Calls(calls=[CallAnswer.model_validate(plain(one.data)) for one in page.documents], next=page.next)

    async def one(self, asked: Asked) -> BaseModel:
        """Everything about it."""
        document = await found(self._store.get(call_path(asked["call_sid"])), "call")
        parts = {part: await everything(self._store, f"{document.path}/{part}") for part in PARTS}
        return WholeCall.model_validate({**plain(document.data), **parts})

    async def analyse(self, asked: Asked) -> BaseModel:
        """Queue the call for another reading, as after a change of the agent's schema; the old one stays until then."""
        document = await found(self._store.get(analysis_path(asked["call_sid"])), "call")
        job = AnalysisJob.from_document(document.data)
        if job.state is AnalysisState.DUE:
            raise Problem(409, "It is queued already", f"Its turn comes at {job.due_at.isoformat()}.")
        again = job.changed(state=AnalysisState.DUE, due_at=self._clock.now(), tries=0, error=None)
        try:
            await self._store.update(document.path, again.to_document(), expected=document.version)
        except Conflict:
            raise Problem(409, "It is queued already") from None
        return AnalysisAnswer(call_sid=job.call_sid, state=again.state)


async def everything(store: Store, collection: str) -> list[Any]:
    """All documents of a small collection, in order of their ids."""
    all_of_them: list[Any] = []
    cursor: str | None = None
    while True:
        page = await store.query(collection, limit=500, cursor=cursor)
        all_of_them += [plain(one.data) for one in page.documents]
        if page.next is None:
            return all_of_them
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
