"""Makes each call of a tool act once: claimed by the model's call id before it runs, its result kept afterwards.

A call that comes again - repeated by the model, after a reconnect, on another stream, in another process - finds what
the first one answered, or waits for it. With the store away tools run all the same, and the process's own memory alone
keeps them apart.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

from functions.tools.outcome import ToolOutcome, failed, wish_from_document, wish_to_document
from functions.tools.tool import ToolContext, Traits
from shared.clock import Clock
from shared.domain.call import ToolResult, tool_result_path
from shared.store.storable import storable
from shared.store.store import AlreadyExists, Conflict, Document, Store, StoreError

log = logging.getLogger(__name__)

RUNNING = "running"
CLAIM_WITHIN_S = 1.0
"""The caller waits for this; a store that takes longer is away."""
KEEP_WITHIN_S = 3.0
LOOK_AGAIN_S = 0.3
GRACE_S = 3.0
"""Beyond a tool's time-out, after which whoever claimed it is taken for dead."""
UNKNOWN = "This was begun once and it is not known whether it worked. Do not try again; say that somebody will check."

Act = Callable[[], Awaitable[ToolOutcome]]
"""The tool itself, to be run at most once."""


class Once:
    """The claims of one process."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def run(
        self,
        context: ToolContext,
        name: str,
        arguments: Mapping[str, Any],
        traits: Traits,
        act: Act,
    ) -> ToolOutcome:
        """What the call of this tool answers, having acted now or before."""
        call_sid = context.call_sid
        path = tool_result_path(call_sid, context.tool_call_id)
        claim = ToolResult(
            tool_call_id=context.tool_call_id,
            name=name,
            arguments={} if traits.keeps_secret else storable(arguments),
            status=RUNNING,
            result={},
            ms=0,
            at=self._clock.now(),
            idempotency_key=context.idempotency_key,
        ).to_document()
        try:
            async with asyncio.timeout(CLAIM_WITHIN_S):
                await self._store.create(path, claim)
        except AlreadyExists:
            return await self._second(path, name, traits, act)
        except (StoreError, TimeoutError):
            log.warning("tool runs without a claim", extra={"call": call_sid, "tool": name})
            return await act()
        return await self._first(path, traits, act)

    async def _first(self, path: str, traits: Traits, act: Act) -> ToolOutcome:
        outcome = await act()
        changes: dict[str, Any] = {"status": outcome.status, "wish": wish_to_document(outcome.wish)}
        if not traits.keeps_secret:
            changes["result"] = storable(outcome.response)
        try:
            async with asyncio.timeout(KEEP_WITHIN_S):
                await self._store.update(path, changes)
        except (StoreError, TimeoutError) as error:
            log.warning("tool's result could not be kept", extra={"error": type(error).__name__})
        return outcome

    async def _second(self, path: str, name: str, traits: Traits, act: Act) -> ToolOutcome:
        """Somebody else has claimed it: their answer, as soon as there is one."""
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + traits.timeout_s + GRACE_S
        while True:
            try:
                async with asyncio.timeout(CLAIM_WITHIN_S):
                    document = await self._store.get(path)
            except (StoreError, TimeoutError):
                return failed("error", UNKNOWN)
            if document is None:
                return await act()
            if document.data.get("status") != RUNNING:
                return _kept(document.data, name)
            age = self._clock.now() - _claimed_at(document)
            if age > timedelta(seconds=traits.timeout_s + GRACE_S) or loop.time() > deadline_s:
                return await self._take_over(document, traits, act)
            await asyncio.sleep(LOOK_AGAIN_S)

    async def _take_over(self, document: Document, traits: Traits, act: Act) -> ToolOutcome:
        """The first one died in the middle."""
        if not traits.may_run_again:
            return failed("error", UNKNOWN)
        try:
            async with asyncio.timeout(CLAIM_WITHIN_S):
                await self._store.update(document.path, {"at": self._clock.now()}, expected=document.version)
        except Conflict:
            return failed("error", UNKNOWN)
        except (StoreError, TimeoutError):
            return failed("error", UNKNOWN)
        return await self._first(document.path, traits, act)


def _kept(data: Mapping[str, Any], name: str) -> ToolOutcome:
    """What was answered the first time."""
    if data.get("name") != name:
        return failed("refused", "This call was made before, for another tool. Go on without it.")
    result = data.get("result")
    response = dict(result) if isinstance(result, Mapping) else {}
    if not response:
        response = {"status": str(data.get("status")), "message": "This was done already. Ask again only if you must."}
    return ToolOutcome(str(data.get("status")), response, wish_from_document(data.get("wish")), repeated=True)


def _claimed_at(document: Document) -> Any:
    return document.data["at"]
