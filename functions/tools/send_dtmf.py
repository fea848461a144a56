"""send_dtmf: press keys towards the other end, for menus that want them."""

from __future__ import annotations

from pydantic import Field

from functions.tools.tool import Answer, Arguments, Result, Tool, ToolContext, Traits


class SendDtmf(Arguments):
    """Which keys."""

    digits: str = Field(
        min_length=1,
        max_length=32,
        pattern=r"^[0-9*#wW]+$",
        description="Keys in order; w waits for half a second, W for a second.",
    )


async def _send(arguments: SendDtmf, context: ToolContext) -> Answer:
    if context.line is None:
        return Result(status="error", message="Keys cannot be pressed in this call."), None
    await context.line.send_keys(arguments.digits)
    return Result(message="The keys were pressed. Listen to what the other end says now."), None


SEND_DTMF = Tool(
    name="send_dtmf",
    description="Presses keys on the line, such as an extension or a choice in an automatic menu.",
    arguments=SendDtmf,
    run=_send,
    traits=Traits(timeout_s=45.0, beside_the_call=True, takes_its_time=True, keeps_secret=True),
)
