"""take_message: something for the people behind the agent to read."""

from __future__ import annotations

from hashlib import sha256

from pydantic import Field

from functions.tools.tool import Arguments, Result, Tool, ToolContext, Traits, Wish
from shared.store.messages import Message, leave_message


class TakeMessage(Arguments):
    """A message."""

    message: str = Field(min_length=1, max_length=1000, description="What the caller wants to have passed on.")
    name: str = Field(default="", max_length=80, description="Who it is from.")
    urgent: bool = Field(default=False, description="Whether it cannot wait until tomorrow.")


async def _take(arguments: TakeMessage, context: ToolContext) -> tuple[Result, Wish | None]:
    message = Message(
        # The same call of the tool, seen twice, leaves one message.
        id=sha256(context.idempotency_key.encode()).hexdigest()[:16],
        call_sid=context.call_sid,
        agent_id=context.agent.id,
        message=arguments.message,
        name=arguments.name,
        urgent=arguments.urgent,
        phone=context.caller,
        created_at=context.now(),
    )
    await leave_message(context.store, message)
    return Result(message="The message is written down. Tell the caller that it will be passed on."), None


TAKE_MESSAGE = Tool(
    name="take_message",
    description="Writes down a message for the team. Repeat it to the caller before you call this.",
    arguments=TakeMessage,
    run=_take,
    traits=Traits(may_run_again=True),
)
