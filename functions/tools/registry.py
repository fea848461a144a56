"""The tools there are, and the one way to run one: permitted, checked, timed, once, and never without an answer."""

from __future__ import annotations

import asyncio
import json
import logging
import traceback
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from functions.tools.declaration import Declaration
from functions.tools.elsewhere import Elsewhere
from functions.tools.gemini_schema import SchemaRefused, check_tool_name, gemini_schema
from functions.tools.once import Once
from functions.tools.outcome import ToolOutcome, failed
from functions.tools.tool import Answer, AnyTool, BadArguments, Result, ToolContext, Traits
from shared.domain.agent import Agent
from shared.unfinished import Unfinished

log = logging.getLogger(__name__)

MOST_RESULT_CHARS = 8_000
"""Larger tool responses have ended sessions with 1011 (reported for Gemini Live)."""
NEEDED = {"verified_caller": "The caller has to be verified first. Do that, and then call this again."}


class UnknownTool(Exception):
    """An agent's document names a tool that does not exist."""


class ToolSource(Protocol):
    """Tools that an agent brings along, beside those it shares with others."""

    def tools_of(self, agent: Agent) -> Iterable[AnyTool]:
        """What this agent's document describes."""
        ...

    async def ready(self, agent: Agent, call_sid: str) -> None:
        """Somebody is about to talk to this agent: open what its tools will need."""
        ...

    async def release(self, call_sid: str | None) -> None:
        """The call is over, or goes on elsewhere; None: all of them are."""
        ...


class Registry:
    """Tools by name."""

    def __init__(
        self, tools: Iterable[AnyTool], sources: Sequence[ToolSource] = (), elsewhere: Elsewhere | None = None
    ) -> None:
        self._tools = {tool.name: tool for tool in tools}
        self._sources = sources
        self._elsewhere = elsewhere
        """Where tools run that want nothing of the call itself; None: here."""
        self._running = Unfinished()

    @property
    def names(self) -> Sequence[str]:
        """All that any agent may name."""
        return tuple(self._tools)

    def with_sources(self, *sources: ToolSource) -> Registry:
        """The same tools, and what agents bring along."""
        return Registry(self._tools.values(), (*self._sources, *sources), self._elsewhere)

    def running_at(self, elsewhere: Elsewhere) -> Registry:
        """The same tools; those that want nothing of the call itself run there."""
        return Registry(self._tools.values(), self._sources, elsewhere)

    async def ready(self, agent: Agent, call_sid: str) -> None:
        """Open what this agent's tools will need; comes back when it stands, or is known to be away."""
        for source in self._sources:
            await source.ready(agent, call_sid)

    async def release(self, call_sid: str) -> None:
        """Let go of what was opened for this call."""
        for source in self._sources:
            await source.release(call_sid)

    def get(self, name: str) -> AnyTool:
        """The shared tool of this name. Raises UnknownTool."""
        try:
            return self._tools[name]
        except KeyError:
            raise UnknownTool(f"there is no tool {name!r}; there are {', '.join(sorted(self._tools))}") from None

    def tools_of(self, agent: Agent) -> dict[str, AnyTool]:
        """Everything this agent may call, by name. Raises UnknownTool."""
        found = {name: self.get(name) for name in agent.tools}
        for source in self._sources:
            for tool in source.tools_of(agent):
                found.setdefault(tool.name, tool)
        return found

    def traits_of(self, agent: Agent, name: str) -> Traits:
        """How this tool of an agent may be run; of one that there is not, as any."""
        try:
            tool = self.tools_of(agent).get(name)
        except UnknownTool:
            return Traits()
        return Traits() if tool is None else tool.traits

    def start(self, name: str, arguments: Mapping[str, Any], context: ToolContext) -> asyncio.Task[ToolOutcome]:
        """Run a tool to its end, also when the call that wanted it is over: half a booking helps nobody."""
        return self._running.begin(self.run(name, arguments, context))

    async def settle(self, within_s: float) -> None:
        """Let what runs come to its end, but not for ever, and let go of everything."""
        await self._running.settle(within_s)
        for source in self._sources:
            await source.release(None)
        if self._elsewhere is not None:
            await self._elsewhere.close()

    def declared(self, agent: Agent) -> list[Declaration]:
        """What the model can be told of. One that it has no words for is left out and said, or the call would fail."""
        fitting = []
        for tool in self.tools_of(agent).values():
            declaration = Declaration(tool.name, tool.description, tool.parameters(agent))
            try:
                check_tool_name(declaration.name)
                gemini_schema(declaration.parameters)
            except SchemaRefused as refused:
                log.error("tool cannot be declared", extra={"agent": agent.id, "tool": tool.name, "why": str(refused)})
                continue
            fitting.append(declaration)
        return fitting

    async def run(self, name: str, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutcome:
        """Run a tool for the agent of this call. Every failure is an answer that the model can act on."""
        try:
            tool = self.tools_of(context.agent).get(name)
        except UnknownTool:
            tool = None
        if tool is None:
            return failed("refused", f"There is no tool called {name[:64]}. Go on without it.")
        needs = tool.traits.needs | set(context.agent.tool_needs.get(name, ()))
        if missing := sorted(needs - context.facts):
            return failed("refused", NEEDED.get(missing[0], f"This needs {missing[0]} first, which is not known."))
        try:
            begun = tool.begin(arguments)
        except BadArguments as error:
            return failed("error", f"The arguments are not right: {error}. Ask the caller, then try again.")
        if self._elsewhere is not None and not tool.traits.beside_the_call:
            return await self._elsewhere.run(name, arguments, context, tool.traits.timeout_s)
        once = Once(context.store, context.clock)
        return await once.run(context, name, arguments, tool.traits, lambda: _act(tool, begun, context))


async def _act(tool: AnyTool, begun: Callable[[ToolContext], Awaitable[Answer]], context: ToolContext) -> ToolOutcome:
    try:
        async with asyncio.timeout(tool.traits.timeout_s):
            result, wish = await begun(context)
    except TimeoutError:
        return failed("timeout", "This takes too long right now. Tell the caller, and offer to call back.")
    except Exception as error:
        # The caller must not hear of a bug, and the model must not fall silent over it. A message may hold what the
        # tool was given, so the log says what failed and where, and no more.
        extra = {"call": context.call_sid, "tool": tool.name, "error": type(error).__name__, "where": _where(error)}
        log.error("tool failed", extra=extra)
        return failed("error", "This did not work because of a fault on our side. Apologise and offer a call back.")
    status = "ok" if result.status == "ok" else "error"
    return ToolOutcome(status, _capped(result), wish, keeps_secret=tool.traits.keeps_secret)


def _where(error: Exception) -> str:
    """File and line that raised it."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""


def _capped(result: Result) -> dict[str, Any]:
    """Never empty, never too long, and always with something to go on."""
    response = result.model_dump(mode="json")
    message = result.message.strip() or "Done. Go on."
    if len(json.dumps(response, ensure_ascii=False)) <= MOST_RESULT_CHARS:
        return {**response, "message": message}
    return {"status": result.status, "message": message[:MOST_RESULT_CHARS], "shortened": True}
