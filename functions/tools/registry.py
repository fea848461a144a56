"""The tools there are, and the one way to run one: checked, timed, and never without an answer."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from functions.tools.tool import Result, Tool, ToolContext, Wish

log = logging.getLogger(__name__)

MOST_RESULT_CHARS = 8_000
"""Larger tool responses have ended sessions with 1011 (reported for Gemini Live)."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How running a tool ended."""

    status: str
    """ok, error, refused or timeout."""
    response: dict[str, Any]
    """What the model is told; holds status and message at least."""
    wish: Wish | None = None


class UnknownTool(Exception):
    """An agent's document names a tool that does not exist."""


class Registry:
    """Tools by name."""

    def __init__(self, tools: Iterable[Tool[Any]]) -> None:
        self._tools = {tool.name: tool for tool in tools}

    @property
    def names(self) -> Sequence[str]:
        """All there are."""
        return tuple(self._tools)

    def get(self, name: str) -> Tool[Any]:
        """The tool of this name. Raises UnknownTool."""
        try:
            return self._tools[name]
        except KeyError:
            raise UnknownTool(f"there is no tool {name!r}; there are {', '.join(sorted(self._tools))}") from None

    async def run(self, name: str, arguments: Mapping[str, Any], context: ToolContext) -> Outcome:
        """Run a tool for the agent of this call. Every failure is an answer that the model can act on."""
        tool = self._tools.get(name)
        if tool is None or name not in context.agent.tools:
            return _failed("refused", f"There is no tool called {name[:64]}. Go on without it.")
        try:
            parsed = tool.arguments.model_validate(dict(arguments))
        except ValidationError as error:
            return _failed("error", f"The arguments are not right: {_explain(error)}. Ask the caller, then try again.")
        return await _run(tool, parsed, context)


async def _run(tool: Tool[Any], arguments: BaseModel, context: ToolContext) -> Outcome:
    try:
        async with asyncio.timeout(tool.timeout_s):
            result, wish = await tool.run(arguments, context)
    except TimeoutError:
        return _failed("timeout", "This takes too long right now. Tell the caller, and offer to call back.")
    except Exception as error:
        # The caller must not hear of a bug, and the model must not fall silent over it.
        log.exception("tool failed", extra={"call": context.call_sid, "tool": tool.name, "error": type(error).__name__})
        return _failed("error", "This did not work because of a fault on our side. Apologise and offer a call back.")
    response = _capped(result)
    return Outcome("ok" if result.status == "ok" else "error", response, wish)


def _capped(result: Result) -> dict[str, Any]:
    response = result.model_dump(mode="json")
    if len(json.dumps(response, ensure_ascii=False)) <= MOST_RESULT_CHARS:
        return response
    return {"status": result.status, "message": result.message[:MOST_RESULT_CHARS], "shortened": True}


def _failed(status: str, message: str) -> Outcome:
    return Outcome(status, {"status": status, "message": message})


def _explain(error: ValidationError) -> str:
    """Which arguments are wrong, and how, without repeating what was given."""
    return "; ".join(
        f"{'.'.join(str(part) for part in problem['loc']) or 'arguments'}: {problem['msg']}"
        for problem in error.errors(include_url=False, include_input=False, include_context=False)
    )
