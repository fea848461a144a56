"""end_call: say goodbye, then hang up."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from functions.tools.tool import Arguments, EndCall, Result, Tool, ToolContext, Traits, Wish
from shared.domain.disposition import Outcome

OUTCOMES = {
    "completed": Outcome.GOAL_MET,
    "not_interested": Outcome.NOT_INTERESTED,
    "wrong_person": Outcome.WRONG_PERSON,
}
"""What a campaign's call achieved when it ends for this reason; an opt-out or a promised callback weighs more."""


class EndCallArguments(Arguments):
    """Why the call ends."""

    reason: Literal["completed", "caller_asked", "not_interested", "wrong_person", "voicemail", "other"] = Field(
        default="completed", description="Why the call ends."
    )


async def _end_call(arguments: EndCallArguments, context: ToolContext) -> tuple[Result, Wish | None]:
    del context
    wish = EndCall(outcome=OUTCOMES.get(arguments.reason), to_machine=arguments.reason == "voicemail")
    return Result(message="The line drops once your goodbye has been heard. Say nothing more."), wish


END_CALL = Tool(
    name="end_call",
    description="Ends the phone call. Say goodbye first, then call this; say nothing afterwards.",
    arguments=EndCallArguments,
    run=_end_call,
    traits=Traits(beside_the_call=True, may_run_again=True),
)
