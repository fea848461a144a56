"""salon_times, book_treatment and cancel_treatment: a stylist has one head of hair at a time."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import Field

from functions.tools.appointment_book import Appointment, AppointmentBook, Refusal, spoken_times
from functions.tools.salon.mirabel import salon
from functions.tools.tool import Arguments, Result, Tool, ToolContext, Traits, Wish

REFUSED = {
    Refusal.TAKEN: "That time is taken by now. Look with salon_times and offer another.",
    Refusal.CLOSED: "The salon is closed then, or would close before it is done. Look with salon_times.",
    Refusal.PAST: "That time is past. Ask for the day again.",
    Refusal.TOO_FAR: "That is more than a year ahead. Ask for the day again.",
    Refusal.GONE: "There is no booking to cancel.",
}


class SalonTimes(Arguments):
    """For what, and when."""

    treatment: str = Field(min_length=2, max_length=60, description="Its id or name, such as haircut or repair_care.")
    day: date = Field(description="ISO 8601, such as 2026-12-02.")
    stylist: str = Field(default="", max_length=40, description="If they want somebody in particular.")


class BookTreatment(Arguments):
    """A time in the book."""

    treatment: str = Field(min_length=2, max_length=60, description="Its id or name, such as haircut or repair_care.")
    starts_at: datetime = Field(description="One of the free times, such as 2026-12-02T10:00.")
    name: str = Field(default="", max_length=80, description="Who comes, if they said it.")
    stylist: str = Field(default="", max_length=40, description="If they want somebody in particular.")


class CancelTreatment(Arguments):
    """Which booking."""

    starts_at: datetime | None = Field(default=None, description="Left out when there is only one.")


class Times(Result):
    """Free times."""

    times: list[str]


class Booking(Result):
    """A booking."""

    treatment: str
    starts_at: str
    stylist: str


def _book(context: ToolContext) -> AppointmentBook:
    return AppointmentBook(context.store, "mirabel")


def _person(context: ToolContext) -> str:
    """Whoever calls from the same telephone; without a number, the call."""
    return context.caller or context.call_sid


def _nobody(treatment: str | None) -> Result:
    if treatment is None:
        names = ", ".join(one.name for one in salon().treatments.values())
        return Result(status="error", message=f"There is no such treatment; there is {names}.")
    return Result(status="error", message="They do not do that here. Offer it without naming a stylist, or a message.")


async def _times(arguments: SalonTimes, context: ToolContext) -> tuple[Result, Wish | None]:
    treatment = salon().treatment(arguments.treatment)
    calendars = salon().calendars(treatment, arguments.stylist) if treatment else []
    if treatment is None or not calendars:
        return _nobody(treatment), None
    now, minutes = salon().wall_clock(context.now()), salon().treatments[treatment].minutes
    free = {one for calendar in calendars for one in await _book(context).free(calendar, arguments.day, minutes, now)}
    if not free:
        return Result(status="error", message="Nothing is free on that day. Offer another."), None
    return Times(message="Offer one or two of these times, not all.", times=spoken_times(sorted(free))), None


async def _booked(arguments: BookTreatment, context: ToolContext) -> tuple[Result, Wish | None]:
    treatment = salon().treatment(arguments.treatment)
    calendars = salon().calendars(treatment, arguments.stylist) if treatment else []
    if treatment is None or not calendars:
        return _nobody(treatment), None
    about = {"treatment": treatment, "name": arguments.name, "call_sid": context.call_sid}
    made: Appointment | Refusal = Refusal.TAKEN
    for calendar in calendars:
        made = await _book(context).book(
            calendar,
            salon().wall_clock(arguments.starts_at),
            salon().treatments[treatment].minutes,
            _person(context),
            about,
            key=context.idempotency_key,
            now=salon().wall_clock(context.now()),
        )
        if made is not Refusal.TAKEN:
            break
    return _told(made, "Booked. Say day, time and treatment back in one sentence."), None


async def _cancelled(arguments: CancelTreatment, context: ToolContext) -> tuple[Result, Wish | None]:
    ahead = await _book(context).of(_person(context), salon().wall_clock(context.now()))
    wanted = arguments.starts_at and salon().wall_clock(arguments.starts_at)
    meant = [one for one in ahead if wanted is None or one.starts_at == wanted]
    if len(meant) != 1:
        times = ", ".join(one.starts_at.isoformat(timespec="minutes") for one in meant)
        message = f"Which one? There are bookings at {times}. Give starts_at." if meant else REFUSED[Refusal.GONE]
        return Result(status="error", message=message), None
    gone = await _book(context).cancel(meant[0].id, key=context.idempotency_key)
    return _told(gone, "Cancelled. Say so in one sentence."), None


def _told(made: Appointment | Refusal, message: str) -> Result:
    if isinstance(made, Refusal):
        return Result(status="error", message=REFUSED[made])
    treatment = salon().treatments[str(made.about["treatment"])].name
    stylist, at = salon().stylists[made.calendar].name, made.starts_at.isoformat(timespec="minutes")
    return Booking(message=message, treatment=treatment, starts_at=at, stylist=stylist)


SALON_TIMES = Tool(
    name="salon_times",
    description="When a treatment can begin on a day. Look here before you offer any time.",
    arguments=SalonTimes,
    run=_times,
    traits=Traits(may_run_again=True),
)
BOOK_TREATMENT = Tool(
    name="book_treatment",
    description="Books a treatment. Call it only after a clear yes to treatment, day and time.",
    arguments=BookTreatment,
    run=_booked,
    traits=Traits(may_run_again=True),
)
CANCEL_TREATMENT = Tool(
    name="cancel_treatment",
    description="Cancels a booking that was made from the caller's telephone.",
    arguments=CancelTreatment,
    run=_cancelled,
    traits=Traits(may_run_again=True),
)
