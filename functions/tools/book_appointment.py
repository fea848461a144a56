"""book_appointment: a promise kept in the store, made once however often it is asked for."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from hashlib import sha256

from pydantic import Field

from functions.tools.tool import Arguments, Result, Tool, ToolContext, Traits, Wish
from shared.store.store import AlreadyExists, Data

FURTHEST = timedelta(days=366)


class BookAppointment(Arguments):
    """What an appointment needs."""

    name: str = Field(min_length=1, max_length=80, description="The caller's name, as they said it.")
    starts_at: datetime = Field(description="Start, ISO 8601, in the caller's local time, such as 2026-11-24T16:00.")
    reason: str = Field(default="", max_length=200, description="What it is for, in a few words.")


class Booked(Result):
    """An appointment was made."""

    appointment_id: str
    starts_at: str


async def _book(arguments: BookAppointment, context: ToolContext) -> tuple[Result, Wish | None]:
    wanted = arguments.starts_at.replace(tzinfo=None)
    now = context.now().replace(tzinfo=None)
    if wanted < now - timedelta(days=1) or wanted > now + FURTHEST:
        return Result(
            status="error", message="That day is not within the coming year. Ask the caller for the day."
        ), None
    appointment_id = sha256(context.idempotency_key.encode()).hexdigest()[:16]
    document: Data = {
        "call_sid": context.call_sid,
        "agent_id": context.agent.id,
        "name": arguments.name,
        "phone": context.caller,
        "starts_at": wanted.isoformat(timespec="minutes"),
        "reason": arguments.reason,
        "created_at": context.now(),
    }
    # The same call of the tool, seen twice, finds what it made.
    with suppress(AlreadyExists):
        await context.store.create(f"appointments/{appointment_id}", document)
    return Booked(
        message="Booked. Confirm the day and time to the caller.",
        appointment_id=appointment_id,
        starts_at=wanted.isoformat(timespec="minutes"),
    ), None


BOOK_APPOINTMENT = Tool(
    name="book_appointment",
    description="Books an appointment. Call it only after the caller has confirmed the day and the time.",
    arguments=BookAppointment,
    run=_book,
    traits=Traits(may_run_again=True),
)
