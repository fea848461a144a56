"""viewing_times, book_viewing and cancel_viewing: a home is shown to one caller at a time."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import Field

from functions.tools.appointment_book import AppointmentBook, Refusal, spoken_times
from functions.tools.estate.agency import agency
from functions.tools.tool import Arguments, Result, Tool, ToolContext, Traits, Wish

NO_HOME = Result(status="error", message="There is no such home on offer. Ask which one it is.")
REFUSED = {
    Refusal.TAKEN: "That time is taken by now. Look with viewing_times and offer another.",
    Refusal.CLOSED: "Homes are not shown then. Look with viewing_times and offer another time.",
    Refusal.PAST: "That time is past. Ask for the day again.",
    Refusal.TOO_FAR: "That is more than a year ahead. Ask for the day again.",
    Refusal.GONE: "There is no viewing to cancel.",
}


class ViewingTimes(Arguments):
    """Which home, and when."""

    property: str = Field(min_length=1, max_length=80, description="Its id or its address.")
    day: date = Field(description="ISO 8601, such as 2026-12-02.")


class BookViewing(Arguments):
    """A viewing."""

    property: str = Field(min_length=1, max_length=80, description="Its id or its address.")
    starts_at: datetime = Field(description="One of the free times, such as 2026-12-02T10:00.")
    name: str = Field(default="", max_length=80, description="Who comes, if they said it.")


class CancelViewing(Arguments):
    """Which viewing."""

    property: str = Field(default="", max_length=80, description="Which home's; empty when there is only one.")


class Times(Result):
    """Free times."""

    times: list[str]


class Viewing(Result):
    """A viewing."""

    address: str
    starts_at: str


def _book(context: ToolContext) -> AppointmentBook:
    return AppointmentBook(context.store, "marlow")


def _person(context: ToolContext) -> str:
    """Whoever calls from the same telephone; without a number, the call."""
    return context.caller or context.call_sid


async def _times(arguments: ViewingTimes, context: ToolContext) -> tuple[Result, Wish | None]:
    home = agency().home(arguments.property)
    if home is None:
        return NO_HOME, None
    now = agency().wall_clock(context.now())
    free = await _book(context).free(agency().calendar(home), arguments.day, agency().viewing_min, now)
    if not free:
        return Result(status="error", message="Nothing is free on that day. Offer another."), None
    return Times(message="Offer one or two of these times, not all.", times=spoken_times(free)), None


async def _booked(arguments: BookViewing, context: ToolContext) -> tuple[Result, Wish | None]:
    home = agency().home(arguments.property)
    if home is None:
        return NO_HOME, None
    made = await _book(context).book(
        agency().calendar(home),
        agency().wall_clock(arguments.starts_at),
        agency().viewing_min,
        _person(context),
        {"name": arguments.name, "call_sid": context.call_sid},
        key=context.idempotency_key,
        now=agency().wall_clock(context.now()),
    )
    if isinstance(made, Refusal):
        return Result(status="error", message=REFUSED[made]), None
    address, at = agency().properties[home].address, made.starts_at.isoformat(timespec="minutes")
    message = "Booked. Say day, time and address back in one sentence."
    return Viewing(message=message, address=address, starts_at=at), None


async def _cancelled(arguments: CancelViewing, context: ToolContext) -> tuple[Result, Wish | None]:
    home = agency().home(arguments.property) if arguments.property else None
    if arguments.property and home is None:
        return NO_HOME, None
    ahead = await _book(context).of(_person(context), agency().wall_clock(context.now()))
    meant = [one for one in ahead if home is None or one.calendar == home]
    if len(meant) != 1:
        named = ", ".join(agency().properties[one.calendar].address for one in meant)
        message = f"Which one? There are viewings of {named}." if meant else REFUSED[Refusal.GONE]
        return Result(status="error", message=message), None
    gone = await _book(context).cancel(meant[0].id, key=context.idempotency_key)
    if isinstance(gone, Refusal):
        return Result(status="error", message=REFUSED[gone]), None
    address, at = agency().properties[gone.calendar].address, gone.starts_at.isoformat(timespec="minutes")
    return Viewing(message="Cancelled. Say so in one sentence.", address=address, starts_at=at), None


VIEWING_TIMES = Tool(
    name="viewing_times",
    description="When a home can be seen on a day. Look here before you offer any time.",
    arguments=ViewingTimes,
    run=_times,
    traits=Traits(may_run_again=True),
)
BOOK_VIEWING = Tool(
    name="book_viewing",
    description="Books a viewing. Call it only after a clear yes to home, day and time.",
    arguments=BookViewing,
    run=_booked,
    traits=Traits(may_run_again=True),
)
CANCEL_VIEWING = Tool(
    name="cancel_viewing",
    description="Cancels a viewing that was booked from the caller's telephone.",
    arguments=CancelViewing,
    run=_cancelled,
    traits=Traits(may_run_again=True),
)
