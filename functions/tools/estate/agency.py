"""The agency as its file describes it: homes, when they are shown, the rate for estimates, and the first tenants."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from importlib import resources
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict

from functions.tools.appointment_book import Calendar
from shared.domain.packaged import parsed_yaml
from shared.domain.weekly_hours import WeeklyHours, weekly_hours

Offer = Literal["sale", "rent"]


class Part(BaseModel):
    """A part of the file: unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Home(Part):
    """A home on offer; price in euros, a month's where it is to let."""

    offer: Offer
    address: str
    area: str
    bedrooms: int
    price: int
    about: str


class FirstTenant(Part):
    """A tenant of the new register."""

    contract: str
    name: str
    account_digits: str
    rent: int
    paid_until: str
    """The last month that was paid."""
    open: int
    """Euros."""


class Agency(Part):
    """All of it."""

    name: str
    zone: str
    viewing_min: int
    viewing_hours: Annotated[WeeklyHours, BeforeValidator(weekly_hours)]
    mortgage_rate: float
    properties: dict[str, Home]
    tenants: tuple[FirstTenant, ...]

    def calendar(self, home_id: str) -> Calendar:
        """When a home is shown."""
        return Calendar(home_id, self.viewing_hours, self.viewing_min)

    def wall_clock(self, instant: datetime) -> datetime:
        """The instant on the agency's own clock, without a zone; one that has none is taken to be that already."""
        return instant if instant.tzinfo is None else instant.astimezone(ZoneInfo(self.zone)).replace(tzinfo=None)

    def home(self, said: str) -> str | None:
        """The id of the home that is meant, by its id or its address."""
        wanted = said.strip().casefold()
        if wanted in self.properties:
            return wanted
        in_street: list[str] = []
        for home_id, home in self.properties.items():
            number, _, street = home.address.casefold().partition(" ")
            if street in wanted:
                if number in wanted.split():
                    return home_id
                in_street.append(home_id)
        return in_street[0] if len(in_street) == 1 and not any(map(str.isdigit, wanted)) else None


@cache
def agency() -> Agency:
    """The one that ships."""
    text = resources.files(__package__).joinpath("agency.yaml").read_text("utf-8")
    return Agency.model_validate(parsed_yaml(text))
