"""register_complaint: what went wrong, written down once, with a number that can be asked for."""

from __future__ import annotations

from contextlib import suppress
from hashlib import sha256

from pydantic import Field

from functions.tools.tool import Arguments, Result, Tool, ToolContext, Traits, Wish
from shared.store.store import AlreadyExists, Data


class Complaint(Arguments):
    """A complaint."""

    about: str = Field(min_length=3, max_length=1000, description="What went wrong, in the caller's sense.")
    wanted: str = Field(default="", max_length=300, description="What they want to happen.")
    name: str = Field(default="", max_length=80, description="Who complains, if they said it.")


class Registered(Result):
    """It was written down."""

    number: str


async def _register(arguments: Complaint, context: ToolContext) -> tuple[Result, Wish | None]:
    number = sha256(context.idempotency_key.encode()).hexdigest()[:8].upper()
    document: Data = {
        **arguments.model_dump(),
        "agent_id": context.agent.id,
        "company": context.agent.company,
        "call_sid": context.call_sid,
        "phone": context.caller,
        "state": "new",
        "created_at": context.now(),
    }
    # The same call of the tool, seen twice, finds what it made.
    with suppress(AlreadyExists):
        await context.store.create(f"complaints/{number}", document)
    message = "It is written down. Say who answers and by when, as your instructions tell; the number only if asked."
    return Registered(message=message, number=number), None


REGISTER_COMPLAINT = Tool(
    name="register_complaint",
    description="Writes a complaint down. Say back first what went wrong and what is wanted.",
    arguments=Complaint,
    run=_register,
    traits=Traits(may_run_again=True),
)
