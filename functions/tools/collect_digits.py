"""collect_digits: what the caller types on the telephone's keys, for numbers that are better typed than said."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from functions.tools.tool import Answer, Arguments, Result, Tool, ToolContext, Traits

LONGEST_S = 90.0


class CollectDigits(Arguments):
    """How many keys, and how they end."""

    length: int = Field(default=20, ge=1, le=20, description="How many keys at the most.")
    terminator: Literal["#", "*", ""] = Field(default="#", description="The key that ends it before that, or none.")
    timeout_s: float = Field(default=6, ge=2, le=20, description="Seconds to wait for each key.")


class Collected(Result):
    """What was typed."""

    digits: str


async def _collect(arguments: CollectDigits, context: ToolContext) -> Answer:
    if context.line is None:
        return Result(status="error", message="Keys cannot be typed in this call. Ask the caller to say it."), None
    digits = await context.line.collect_keys(arguments.length, arguments.terminator, arguments.timeout_s)
    if not digits:
        return Result(status="error", message="Nothing was typed. Ask once more, or ask the caller to say it."), None
    return Collected(message="This is what they typed. Do not read all of it out.", digits=digits), None


COLLECT_DIGITS = Tool(
    name="collect_digits",
    description=(
        "Waits for the caller to type digits on their telephone, such as a customer number or a PIN. Ask them to type"
        " it first, and to end with the hash key, then call this."
    ),
    arguments=CollectDigits,
    run=_collect,
    traits=Traits(timeout_s=LONGEST_S, beside_the_call=True, takes_its_time=True, keeps_secret=True),
)
