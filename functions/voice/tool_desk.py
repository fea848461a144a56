"""The tools of one stream: each call of the model is run once, kept, and answered, whatever becomes of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import replace
from typing import Any

from functions.tools.outcome import ToolOutcome
from functions.tools.tool import ToolContext
from functions.voice.speech.model import ToolAnswer, ToolCall
from functions.voice.stream import Stream
from shared.domain.call import ToolResult
from shared.store.storable import storable

AGAIN_WITHIN_MS = 30_000
"""Later than this after its answer, the same question is a new one."""
NOTHING_DONE = frozenset({"error", "refused"})
"""Outcomes after which the same question is a new try."""

Granted = Callable[[str, ToolOutcome], Awaitable[dict[str, Any] | None]]
"""A tool has run: the call does what it wishes. Returns what the model is answered; None: nobody waits for it."""


class ToolDesk:
    """Runs tools beside the conversation."""

    def __init__(
        self,
        stream: Stream,
        context: Callable[[str], ToolContext],
        keep_company: Callable[[], Coroutine[Any, Any, None]],
    ) -> None:
        self._registry = stream.services.tools
        self._clock = stream.services.clock
        self._link = stream.link
        self._record = stream.record
        self._now_ms = stream.now_ms
        self._context = context
        """The call as a tool sees it, by the key under which the tool acts once."""
        self._keep_company = keep_company
        """Breaks the silence while a tool works, until it is cancelled."""
        self._company: asyncio.Task[None] | None = None
        self._slow: set[str] = set()
        """Calls that the caller is waiting for."""
        self._running: dict[str, asyncio.Task[None]] = {}
        self._outcomes: dict[str, ToolOutcome] = {}
        self._answered_ms: dict[str, float] = {}
        self._asked: dict[str, str] = {}
        """The last call of each tool with the same arguments."""
        self._unwanted: set[str] = set()

    def start(self, call: ToolCall, group: asyncio.TaskGroup, granted: Granted) -> None:
        """Run the tool; granted is told its id and its wish before the model gets the answer."""
        earlier = self._earlier(call)
        if earlier is not None:
            self._record.event("tool_call_repeated", self._now_ms(), {"tool": call.name})
            group.create_task(self._repeat(call, earlier, granted))
            return
        self._asked[_content(call)] = call.id
        self._record.event("tool_call", self._now_ms(), {"tool": call.name, "tool_call_id": call.id})
        context = self._context(call.id)
        traits = self._registry.traits_of(context.agent, call.name)
        if not traits.takes_its_time and call.name not in context.agent.tools_in_background:
            self._slow.add(call.id)
            if self._company is None:
                self._company = group.create_task(self._keep_company())
        self._running[call.id] = group.create_task(self._run(call, context, granted))

    def unwanted(self, ids: Iterable[str]) -> None:
        """The model took these back. They run to their end, because half a booking helps nobody, but unanswered; should
        it ask again, it learns what was done."""
        for tool_call_id in ids:
            self._unwanted.add(tool_call_id)
            self._no_longer_slow(tool_call_id)

    def _earlier(self, call: ToolCall) -> str | None:
        """The call of which this is a repetition: the same one, or what has just been asked for and not been answered
        to whoever asks now: by a session that is gone, or before it was taken back.

        Whoever takes over is told not to call again what is at work, and may do so all the same, under another id.
        """
        if call.id in self._running:
            return call.id
        earlier = self._asked.get(_content(call))
        if earlier is None or not (earlier in self._unwanted or self._link.is_of_another_session(earlier)):
            return None
        if (outcome := self._outcomes.get(earlier)) is None:
            return earlier
        is_fresh = self._now_ms() - self._answered_ms[earlier] < AGAIN_WITHIN_MS
        return earlier if is_fresh and outcome.status not in NOTHING_DONE else None

    async def _repeat(self, call: ToolCall, earlier: str, granted: Granted) -> None:
        """The model asked twice: the tool runs once, the answer goes out again."""
        await asyncio.wait([self._running[earlier]])
        await self._grant(call, replace(self._outcomes[earlier], repeated=True), granted)

    def _no_longer_slow(self, tool_call_id: str) -> None:
        self._slow.discard(tool_call_id)
        if not self._slow and self._company is not None:
            self._company.cancel()
            self._company = None

    async def _run(self, call: ToolCall, context: ToolContext, granted: Granted) -> None:
        started_ms = self._now_ms()
        # What was begun is done and kept, whatever becomes of this stream.
        outcome = await asyncio.shield(self._registry.start(call.name, call.arguments, context))
        self._no_longer_slow(call.id)
        now_ms = self._now_ms()
        secret = {"status": outcome.status, "message": "what was said here is not kept"}
        self._record.tool_result(
            ToolResult(
                tool_call_id=call.id,
                name=call.name,
                arguments={} if outcome.keeps_secret else storable(call.arguments),
                status=outcome.status,
                result=secret if outcome.keeps_secret else storable(outcome.response),
                ms=round(now_ms - started_ms),
                at=self._clock.now(),
                idempotency_key=context.idempotency_key,
            )
        )
        self._record.event("tool_answered", now_ms, {"tool": call.name, "status": outcome.status})
        self._outcomes[call.id], self._answered_ms[call.id] = outcome, now_ms
        await self._grant(call, outcome, granted)

    async def _grant(self, call: ToolCall, outcome: ToolOutcome, granted: Granted) -> None:
        response = await granted(call.id, outcome)
        if response is not None:
            await self._link.answer(ToolAnswer(call.id, call.name, response))


def _content(call: ToolCall) -> str:
    return f"{call.name} {json.dumps(call.arguments, sort_keys=True, default=str)}"
