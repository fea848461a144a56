"""hand_over: another agent goes on with this caller, in the same call, knowing what was said."""

from __future__ import annotations

from pydantic import Field

from functions.tools.tool import Answer, Arguments, HandOver, Result, Tool, ToolContext, Traits, with_choices

MOST_IN_A_CALL = 12
MOST_TO_ONE = 3
"""So often one agent may get the same caller; after that they are being sent in circles."""


class HandOverArguments(Arguments):
    """To whom, and with what."""

    to: str = Field(max_length=63, description="The agent who goes on.")
    brief: str = Field(
        default="",
        max_length=600,
        description="What the other agent has to know: what the caller wants, and what was already found out.",
    )


async def _hand_over(arguments: HandOverArguments, context: ToolContext) -> Answer:
    allowed = context.agent.hands_over_to
    if arguments.to not in allowed:
        message = f"The caller cannot be handed over to them; there is {', '.join(allowed) or 'nobody'}."
        return Result(status="error", message=message), None
    before = context.agents_so_far
    if len(before) > MOST_IN_A_CALL or before.count(arguments.to) >= MOST_TO_ONE:
        message = "The caller has been handed over too often. Help them yourself, or take a message."
        return Result(status="refused", message=message), None
    return Result(message="They go on from here. Say nothing more."), HandOver(arguments.to, arguments.brief)


HAND_OVER = Tool(
    name="hand_over",
    description=(
        "Hands the caller over to a colleague within this call. Tell the caller first, in one short sentence, then call"
        " this and say nothing more: your colleague speaks next and knows what was said."
    ),
    arguments=HandOverArguments,
    run=_hand_over,
    traits=Traits(beside_the_call=True, may_run_again=True),
    fits=lambda agent, schema: with_choices(schema, "to", agent.hands_over_to),
)
