"""end_call: say goodbye, then hang up."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from functions.tools.tool import Arguments, EndCall, Result, Tool, ToolContext, Wish


class EndCallArguments(Arguments):
    """Why the call ends."""

    reason: Literal["completed", "caller_asked", "not_interested", "wrong_person", "voicemail", "other"] = Field(
        default="completed", description="Why the call ends."
    )


async def _end_call(arguments: EndCallArguments, context: ToolContext) -> tuple[Result, Wish | None]:
    del arguments, context
    return Result(message="The line drops once your goodbye has been heard. Say nothing more."), EndCall()


END_CALL = Tool(
    name="end_call",
    description="Ends the phone call. Say goodbye first, then call this; say nothing afterwards.",
    arguments=EndCallArguments,
    run=_end_call,
)
