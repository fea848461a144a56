"""The practice as its file describes it: doctors, hours, the way there, insurers, and the first patients."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from importlib import resources
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict

from functions.tools.appointment_book import Calendar
from shared.domain.packaged import parsed_yaml
from shared.domain.weekly_hours import WeeklyHours, weekly_hours

Hours = Annotated[WeeklyHours, BeforeValidator(weekly_hours)]


class Part(BaseModel):
    """A part of the file: unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Doctor(Part):
    """Who sees patients."""

    name: str
    field: str
    hours: Hours


class FirstVisit(Part):
    """A visit that a patient has when the register is new: so many days ahead, or on the next day with such hours."""

    doctor: str
    in_days: int
    at: str
    reason: str


class FirstPatient(Part):
    """A patient of the new register."""

    id: str
    name: str
    born: str
    phone: str
    medicines: dict[str, str]
    """What may be prescribed again, and what people call it."""
    visits: tuple[FirstVisit, ...]


class Practice(Part):
    """All of it."""

    name: str
    zone: str
    hours: Hours
    closed: str
    visit_min: int
    step_min: int
    doctors: dict[str, Doctor]
    directions: dict[str, str]
    insurers: dict[str, str]
    patients: tuple[FirstPatient, ...]

    def calendar(self, doctor: str) -> Calendar:
        """A doctor's."""
        return Calendar(doctor, self.doctors[doctor].hours, self.step_min)

    def wall_clock(self, instant: datetime) -> datetime:
        """The instant on the practice's own clock, without a zone; one that has none is taken to be that already."""
        return instant if instant.tzinfo is None else instant.astimezone(ZoneInfo(self.zone)).replace(tzinfo=None)


@cache
def practice() -> Practice:
    """The one that ships."""
    return Practice.model_validate(
        parsed_yaml(resources.files(__package__).joinpath("practice.yaml").read_text("utf-8"))
    )
