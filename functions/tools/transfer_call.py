"""transfer_call: the caller is joined to a person; the stream ends once the agent has been heard.

Cold: the two are joined at once. Warm: the person hears a summary first and takes the call, or the caller comes back.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from functions.tools.tool import Answer, Arguments, Result, Tool, ToolContext, Traits, Transfer, with_choices
from shared.domain.agent import Agent
from shared.domain.languages import base_of, language_name

CONNECTING = "Say in one sentence that you are connecting them, and nothing more."
ASKING = "Say in one sentence that you are trying to reach them and that it will ring, and nothing more."


class TransferCall(Arguments):
    """To whom, and what they should know."""

    to: str = Field(default="", max_length=60, description="Who is wanted, by the name in your instructions.")
    summary: str = Field(default="", max_length=400, description="What the person should know.")


async def _transfer(arguments: TransferCall, context: ToolContext) -> Answer:
    numbers = context.agent.transfer_numbers
    number = numbers.get(arguments.to) or (next(iter(numbers.values())) if len(numbers) == 1 else None)
    if number is None:
        names = ", ".join(numbers) or "nobody"
        return Result(status="error", message=f"There is no such person to transfer to; there is {names}."), None
    if not context.agent.warm_transfers:
        return Result(message=CONNECTING), Transfer(number, arguments.to)
    if not arguments.summary.strip():
        message = "Give a summary: who is calling and what they want, in one or two sentences."
        return Result(status="error", message=message), None
    return Result(message=ASKING), Transfer(number, arguments.to, arguments.summary.strip())


def _fits(agent: Agent, schema: dict[str, Any]) -> dict[str, Any]:
    """Names from the document; a summary only where somebody hears it, and in a language that they speak."""
    schema = with_choices(schema, "to", tuple(agent.transfer_numbers))
    properties = dict(schema["properties"])
    if not agent.warm_transfers:
        del properties["summary"]
        return {**schema, "properties": properties}
    language = language_name(base_of(agent.languages.start))
    description = f"Who is calling and what they want, in one or two sentences in {language}; the person hears it."
    properties["summary"] = {**properties["summary"], "description": description}
    return {**schema, "properties": properties, "required": [*schema.get("required", ()), "summary"]}


TRANSFER_CALL = Tool(
    name="transfer_call",
    description="Connects the caller to a person. Tell them first; the call with you ends.",
    arguments=TransferCall,
    run=_transfer,
    traits=Traits(beside_the_call=True, may_run_again=True),
    fits=_fits,
)
