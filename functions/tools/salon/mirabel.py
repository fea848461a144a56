"""The salon as its file describes it: stylists, treatments, prices, gift cards."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from importlib import resources
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict

from functions.tools.appointment_book import Calendar
from shared.domain.nearest import nearest
from shared.domain.packaged import parsed_yaml
from shared.domain.weekly_hours import WeeklyHours, weekly_hours


class Part(BaseModel):
    """A part of the file: unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Stylist(Part):
    """Who works there."""

    name: str
    does: tuple[str, ...]


class Treatment(Part):
    """What can be booked; price in euros."""

    name: str
    minutes: int
    price: int
    helps: str


class Salon(Part):
    """All of it."""

    name: str
    zone: str
    step_min: int
    hours: Annotated[WeeklyHours, BeforeValidator(weekly_hours)]
    stylists: dict[str, Stylist]
    treatments: dict[str, Treatment]
    gift_cards: dict[str, int]
    """What is left on the first cards."""
    least_gift: int
    most_gift: int

    def calendars(self, treatment: str, stylist: str = "") -> list[Calendar]:
        """Of everybody who does it, or of the one who is wanted."""
        wanted = stylist.strip().casefold()
        return [
            Calendar(key, self.hours, self.step_min)
            for key, one in self.stylists.items()
            if treatment in one.does and wanted in {"", key, one.name.casefold()}
        ]

    def treatment(self, said: str) -> str | None:
        """The id of the treatment that is meant."""
        wanted = said.strip().casefold().replace(" ", "_")
        for key, one in self.treatments.items():
            if wanted in {key, one.name.replace(" ", "_")}:
                return key
        names = {one.name: key for key, one in self.treatments.items()} | {key: key for key in self.treatments}
        like = nearest(said, names)
        return names[like] if like else None

    def wall_clock(self, instant: datetime) -> datetime:
        """The instant on the salon's own clock, without a zone; one that has none is taken to be that already."""
        return instant if instant.tzinfo is None else instant.astimezone(ZoneInfo(self.zone)).replace(tzinfo=None)


@cache
def salon() -> Salon:
    """The one that ships."""
    text = resources.files(__package__).joinpath("salon.yaml").read_text("utf-8")
    return Salon.model_validate(parsed_yaml(text))
