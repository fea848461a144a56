"""transfer_call: the caller is joined to a person; the stream ends once the agent has been heard."""

from __future__ import annotations

from pydantic import Field

from functions.tools.tool import Arguments, Result, Tool, ToolContext, Transfer, Wish


class TransferCall(Arguments):
    """To whom."""

    to: str = Field(default="", max_length=60, description="Who is wanted, by the name in your instructions.")


async def _transfer(arguments: TransferCall, context: ToolContext) -> tuple[Result, Wish | None]:
    numbers = context.agent.transfer_numbers
    number = numbers.get(arguments.to) or (next(iter(numbers.values())) if len(numbers) == 1 else None)
    if number is None:
        names = ", ".join(numbers) or "nobody"
        return Result(status="error", message=f"There is no such person to transfer to; there is {names}."), None
    return Result(message="Say in one sentence that you are connecting them, and nothing more."), Transfer(number)


TRANSFER_CALL = Tool(
    name="transfer_call",
    description="Connects the caller to a person. Tell them first; the call with you ends.",
    arguments=TransferCall,
    run=_transfer,
)
