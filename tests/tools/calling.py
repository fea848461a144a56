"""A call for tools: an agent, a store, a clock, and tools run as in a call, by name with the model's arguments."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from typing import Any

from functions.tools.builtin import BUILTIN
from functions.tools.outcome import ToolOutcome
from functions.tools.tool import ToolContext
from shared.domain.agent import Agent
from shared.store.agents import shipped_agents
from shared.store.store import Store
from tests.manual_clock import ManualClock

TUESDAY = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
"""10 o'clock in Berlin."""


@dataclass
class Call:
    """One call with an agent that ships; the caller's facts are what its tools find out."""

    store: Store
    agent_id: str
    sid: str = "CA1"
    caller: str = "+4915112340001"
    clock: ManualClock = field(default_factory=lambda: ManualClock(TUESDAY))
    ids: Any = field(default_factory=count)

    @property
    def agent(self) -> Agent:
        """As it ships."""
        return shipped_agents()[self.agent_id]

    async def uses(self, tool: str, tool_call_id: str | None = None, **arguments: Any) -> ToolOutcome:
        """The tool, called by the model."""
        call_id = tool_call_id or f"t{next(self.ids)}"
        context = ToolContext(
            call_sid=self.sid,
            agent=self.agent,
            caller=self.caller,
            idempotency_key=f"{self.sid}:{call_id}",
            clock=self.clock,
            store=self.store,
        )
        return await BUILTIN.run(tool, arguments, context)

    async def succeeds(self, tool: str, tool_call_id: str | None = None, **arguments: Any) -> dict[str, Any]:
        """What the model is told by a tool that worked."""
        outcome = await self.uses(tool, tool_call_id, **arguments)
        assert outcome.status == "ok", outcome.response
        return outcome.response

    async def refuses(self, tool: str, tool_call_id: str | None = None, **arguments: Any) -> str:
        """What the model is told by a tool that did not."""
        outcome = await self.uses(tool, tool_call_id, **arguments)
        assert outcome.status != "ok", outcome.response
        return str(outcome.response["message"])

    def another(self, sid: str, **changes: Any) -> Call:
        """Somebody else's call at the same time."""
        return replace(self, sid=sid, **changes)
