"""free_slots, book_visit, move_visit and cancel_visit: a doctor's time, and the verified patient's own visits."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from functions.tools.appointment_book import Appointment, Refusal, spoken_times
from functions.tools.clinic.practice import practice
from functions.tools.clinic.register import Patient, book, verified_patient
from functions.tools.tool import Arguments, Result, Tool, ToolContext, Traits, Wish
from shared.domain.nearest import nearest

NOON = 12
NOT_VERIFIED = Result(
    status="error", message="The caller is not verified. Use find_patient, then verify_date_of_birth, then try again."
)
REFUSED = {
    Refusal.TAKEN: "That time is taken by now. Look with free_slots and offer another.",
    Refusal.CLOSED: "The doctor does not see patients then. Look with free_slots and offer another time.",
    Refusal.PAST: "That time is past. Ask for the day again.",
    Refusal.TOO_FAR: "That is more than a year ahead. Ask for the day again.",
    Refusal.GONE: "There is no such visit any more. Say so, and offer to book one.",
}


class FreeSlots(Arguments):
    """When a doctor has time."""

    doctor: str = Field(max_length=60, description="A doctor's id or name, from list_doctors.")
    day: date = Field(description="ISO 8601, such as 2026-12-02.")
    part_of_day: Literal["any", "morning", "afternoon"] = "any"


class BookVisit(Arguments):
    """A visit for the verified patient."""

    doctor: str = Field(max_length=60, description="A doctor's id or name, from list_doctors.")
    starts_at: datetime = Field(description="One of the free slots, such as 2026-12-02T10:00.")
    reason: str = Field(default="", max_length=200, description="What it is for, in a few words.")


class MoveVisit(Arguments):
    """Another time for a visit of the verified patient."""

    starts_at: datetime = Field(description="The new time, one of the free slots, such as 2026-12-02T10:00.")
    doctor: str = Field(default="", max_length=60, description="Empty: the doctor of the visit.")
    visit_at: datetime | None = Field(default=None, description="Which visit; left out when there is only one.")


class CancelVisit(Arguments):
    """Which visit is not to take place."""

    visit_at: datetime | None = Field(default=None, description="Which visit; left out when there is only one.")


class Slots(Result):
    """Free times."""

    doctor: str
    slots: list[str]


class Visit(Result):
    """A visit of the caller's own."""

    doctor: str
    starts_at: str


async def _free(arguments: FreeSlots, context: ToolContext) -> tuple[Result, Wish | None]:
    doctor = _doctor(arguments.doctor)
    if doctor is None:
        return _no_doctor(), None
    now = practice().wall_clock(context.now())
    minutes = practice().visit_min
    free = await book(context).free(practice().calendar(doctor), arguments.day, minutes, now)
    wanted = {
        "morning": [one for one in free if one.hour < NOON],
        "afternoon": [one for one in free if one.hour >= NOON],
    }
    slots = spoken_times(wanted.get(arguments.part_of_day, free))
    if not slots:
        message = "Nothing is free then. Offer another day or part of the day, or another doctor."
        return Result(status="error", message=message), None
    return Slots(
        message="Offer one or two of these times, not all.", doctor=practice().doctors[doctor].name, slots=slots
    ), None


async def _book(arguments: BookVisit, context: ToolContext) -> tuple[Result, Wish | None]:
    patient, doctor = await verified_patient(context), _doctor(arguments.doctor)
    if patient is None:
        return NOT_VERIFIED, None
    if doctor is None:
        return _no_doctor(), None
    made = await book(context).book(
        practice().calendar(doctor),
        practice().wall_clock(arguments.starts_at),
        practice().visit_min,
        patient.id,
        {"reason": arguments.reason, "call_sid": context.call_sid},
        key=context.idempotency_key,
        now=practice().wall_clock(context.now()),
    )
    return _told(made, "Booked. Say day, time and doctor back in one sentence."), None


async def _move(arguments: MoveVisit, context: ToolContext) -> tuple[Result, Wish | None]:
    patient = await verified_patient(context)
    if patient is None:
        return NOT_VERIFIED, None
    now = practice().wall_clock(context.now())
    if arguments.doctor and _doctor(arguments.doctor) is None:
        return _no_doctor(), None
    which = await _which(patient, arguments.visit_at, context, now)
    if isinstance(which, Result):
        return which, None
    doctor = _doctor(arguments.doctor) or which.calendar
    starts_at = practice().wall_clock(arguments.starts_at)
    moved = await book(context).move(
        which.id, practice().calendar(doctor), starts_at, key=context.idempotency_key, now=now
    )
    return _told(moved, "Moved; the old time is free again. Say the new day and time back in one sentence."), None


async def _cancel(arguments: CancelVisit, context: ToolContext) -> tuple[Result, Wish | None]:
    patient = await verified_patient(context)
    if patient is None:
        return NOT_VERIFIED, None
    which = await _which(patient, arguments.visit_at, context, practice().wall_clock(context.now()))
    if isinstance(which, Result):
        return which, None
    gone = await book(context).cancel(which.id, key=context.idempotency_key)
    return _told(gone, "Cancelled. Say so, and ask whether they want another time."), None


async def _which(patient: Patient, at: datetime | None, context: ToolContext, now: datetime) -> Appointment | Result:
    """The visit that is meant, among those ahead."""
    ahead = await book(context).of(patient.id, now)
    meant = ahead if at is None else [one for one in ahead if one.starts_at == practice().wall_clock(at)]
    if len(meant) == 1:
        return meant[0]
    if not ahead:
        return Result(status="error", message="This patient has no visit ahead.")
    times = ", ".join(one.starts_at.isoformat(timespec="minutes") for one in ahead)
    return Result(status="error", message=f"Which one? There are visits at {times}. Ask, and give visit_at.")


def _told(made: Appointment | Refusal, message: str) -> Result:
    if isinstance(made, Refusal):
        return Result(status="error", message=REFUSED[made])
    doctor = practice().doctors[made.calendar].name
    return Visit(message=message, doctor=doctor, starts_at=made.starts_at.isoformat(timespec="minutes"))


def _doctor(said: str) -> str | None:
    """The id of the doctor that is meant, by id or by any part of the name."""
    wanted = said.strip().casefold()
    for doctor_id, doctor in practice().doctors.items():
        if wanted and (wanted == doctor_id or wanted in doctor.name.casefold()):
            return doctor_id
    return nearest(wanted.removeprefix("doctor ").removeprefix("dr. ").removeprefix("dr "), practice().doctors)


def _no_doctor() -> Result:
    names = ", ".join(doctor.name for doctor in practice().doctors.values())
    return Result(status="error", message=f"There is no such doctor here; there are {names}.")


FREE_SLOTS = Tool(
    name="free_slots",
    description="When a doctor has time on a day. Look here before you offer any time.",
    arguments=FreeSlots,
    run=_free,
    traits=Traits(may_run_again=True),
)
BOOK_VISIT = Tool(
    name="book_visit",
    description="Books a visit for the verified patient. Call it only after a clear yes to day, time and doctor.",
    arguments=BookVisit,
    run=_book,
    traits=Traits(may_run_again=True),
)
MOVE_VISIT = Tool(
    name="move_visit",
    description="Moves a visit of the verified patient to another free slot, after a clear yes.",
    arguments=MoveVisit,
    run=_move,
    traits=Traits(may_run_again=True),
)
CANCEL_VISIT = Tool(
    name="cancel_visit",
    description="Cancels a visit of the verified patient, after a clear yes.",
    arguments=CancelVisit,
    run=_cancel,
    traits=Traits(may_run_again=True),
)
