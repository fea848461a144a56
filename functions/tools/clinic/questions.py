"""What anybody may ask: doctors, opening hours, the way there, insurers. No patient's data, so no verification."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from functions.tools.clinic.practice import practice
from functions.tools.tool import Arguments, Result, Tool, ToolContext, Traits, Wish
from shared.domain.nearest import nearest


class ListDoctors(Arguments):
    """Which doctors."""

    field: str = Field(default="", max_length=60, description="What is wanted, such as skin or heart; empty for all.")


class OpeningHours(Arguments):
    """When."""

    day: date | None = Field(default=None, description="ISO 8601; left out for the whole week.")


class Directions(Arguments):
    """From where."""

    by: Literal["train", "car", "foot"] = Field(default="train", description="How they come.")


class CheckInsurance(Arguments):
    """Whose."""

    insurer: str = Field(min_length=2, max_length=80, description="The insurer, as the caller said it.")


class Listed(Result):
    """Doctors."""

    doctors: list[dict[str, str]]


async def _doctors(arguments: ListDoctors, context: ToolContext) -> tuple[Result, Wish | None]:
    del context
    known = practice().doctors
    fields = {doctor.field for doctor in known.values()}
    wanted = arguments.field.strip().casefold()
    field = next((one for one in fields if wanted and (wanted in one or one in wanted)), nearest(wanted, fields))
    listed = [
        {"id": key, "name": one.name, "field": one.field, "hours": str(one.hours.to_text())}
        for key, one in known.items()
        if field is None or one.field == field
    ]
    return Listed(message="Name the one that fits, not all of them.", doctors=listed), None


async def _hours(arguments: OpeningHours, context: ToolContext) -> tuple[Result, Wish | None]:
    del context
    week = practice().hours
    if arguments.day is None:
        open_at = ", ".join(f"{days} {hours}" for days, hours in week.to_text().items())
        return Result(message=f"Open {open_at}. {practice().closed}"), None
    spans = week.days[arguments.day.weekday()]
    if not spans:
        return Result(message=f"Closed on that day. {practice().closed}"), None
    text = ", ".join(f"{start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}" for start, end in spans)
    return Result(message=f"Open {text} on that day, unless it is a public holiday."), None


async def _directions(arguments: Directions, context: ToolContext) -> tuple[Result, Wish | None]:
    del context
    return Result(message=practice().directions[arguments.by]), None


async def _insurance(arguments: CheckInsurance, context: ToolContext) -> tuple[Result, Wish | None]:
    del context
    insurer = nearest(arguments.insurer, practice().insurers)
    if insurer is None:
        message = "We have no contract with that insurer. The caller can come and pays at the desk."
        return Result(status="error", message=message), None
    return Result(message=f"We work with {insurer}. {practice().insurers[insurer]}"), None


LIST_DOCTORS = Tool(
    name="list_doctors",
    description="The doctors of the practice, what they treat and when they are there.",
    arguments=ListDoctors,
    run=_doctors,
    traits=Traits(may_run_again=True),
)
OPENING_HOURS = Tool(name="opening_hours", description="When the practice is open.", arguments=OpeningHours, run=_hours)
DIRECTIONS = Tool(name="directions", description="How to get to the practice.", arguments=Directions, run=_directions)
CHECK_INSURANCE = Tool(
    name="check_insurance",
    description="Whether the practice works with an insurer, and what the caller should bring.",
    arguments=CheckInsurance,
    run=_insurance,
    traits=Traits(may_run_again=True),
)
