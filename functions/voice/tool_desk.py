"""The tools of one stream: each call of the model is run once, kept, and answered, whatever becomes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from functions.tools.outcome import Outcome
from functions.tools.registry import Registry
from functions.tools.tool import ToolContext
from functions.voice.call_record import CallRecord
from functions.voice.model_link import ModelLink
from functions.voice.speech.model import ToolAnswer, ToolCall
from shared.clock import Clock
from shared.domain.call import ToolResult

Granted = Callable[[str, Outcome], Awaitable[dict[str, Any] | None]]
"""A tool has run: the call does what it wishes. Returns what the model is answered; None: nobody waits for it."""


class ToolDesk:
    """Runs tools beside the conversation."""

    def __init__(
        self,
        registry: Registry,
        link: ModelLink,
        record: CallRecord,
        clock: Clock,
        now_ms: Callable[[], float],
        context: Callable[[str], ToolContext],
    ) -> None:
        self._registry = registry
        self._link = link
        self._record = record
        self._clock = clock
        self._now_ms = now_ms
        self._context = context
        """The call as a tool sees it, by the key under which the tool acts once."""
        self._running: dict[str, asyncio.Task[None]] = {}
        self._answers: dict[str, ToolAnswer] = {}
        self._unwanted: set[str] = set()

    def start(self, call: ToolCall, group: asyncio.TaskGroup, granted: Granted) -> None:
        """Run the tool; granted is told its id and its wish before the model gets the answer."""
        if call.id in self._running:
            self._record.event("tool_call_repeated", self._now_ms(), {"tool": call.name})
            group.create_task(self._repeat(call))
            return
        self._record.event("tool_call", self._now_ms(), {"tool": call.name, "tool_call_id": call.id})
        self._running[call.id] = group.create_task(self._run(call, granted))

    def unwanted(self, ids: Iterable[str]) -> None:
        """The model took these back. They run to their end, because half a booking helps nobody, but unanswered."""
        self._unwanted.update(ids)

    async def _repeat(self, call: ToolCall) -> None:
        """The model asked twice: the tool runs once, the answer goes out again."""
        await asyncio.wait([self._running[call.id]])
        if (answer := self._answers.get(call.id)) is not None:
            await self._link.answer(answer)

    async def _run(self, call: ToolCall, granted: Granted) -> None:
        started_ms = self._now_ms()
        context = self._context(call.id)
        outcome = await self._registry.run(call.name, call.arguments, context)
        now_ms = self._now_ms()
        self._record.tool_result(
            ToolResult(
                tool_call_id=call.id,
                name=call.name,
                arguments=dict(call.arguments),
                status=outcome.status,
                result=outcome.response,
                ms=round(now_ms - started_ms),
                at=self._clock.now(),
                idempotency_key=context.idempotency_key,
            )
        )
        self._record.event("tool_answered", now_ms, {"tool": call.name, "status": outcome.status})
        response = await granted(call.id, outcome)
        if response is None:
            return
        answer = ToolAnswer(call.id, call.name, response)
        self._answers[call.id] = answer
        if call.id not in self._unwanted:
            await self._link.answer(answer)
