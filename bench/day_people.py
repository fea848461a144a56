"""Five thousand people in three countries, how their telephones behave, and what they say: for bench/campaign_day.py"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shared.domain.campaign import Campaign
from shared.domain.contact import Consent, ConsentStatus, ConsentType, Contact
from shared.domain.disposition import Outcome, Talk
from shared.domain.phone_number import number_hash

KEY = b"the key of a bench's day"
TALKS: dict[str, Any] = {"talk_s": 60, "after_s": 6, "answered_by": "human"}
MACHINE: dict[str, Any] = {"talk_s": 12, "after_s": 18, "answered_by": "machine_start"}
AWAY: dict[str, Any] = {"reaction": "no_answer"}
ENGAGED: dict[str, Any] = {"reaction": "busy", "after_s": 2}


@dataclass(frozen=True, slots=True)
class Place:
    """Some people of one time zone."""

    name: str
    country: str
    states: tuple[str, ...]
    zone: str
    prefix: str
    language: str
    share: float

    def phone(self, number: int) -> str:
        """The n-th of them."""
        return f"{self.prefix}{number:05d}"


PLACES = (
    Place("India", "IN", (), "Asia/Kolkata", "+9198100", "hi", 0.4),
    Place("Germany", "DE", ("BE",), "Europe/Berlin", "+4915112", "de", 0.2),
    Place("New York", "US", ("NY",), "America/New_York", "+121255", "en", 0.2),
    Place("Chicago", "US", ("IL",), "America/Chicago", "+131255", "en", 0.2),
)


@dataclass(frozen=True, slots=True)
class Person:
    """One of them."""

    place: Place
    number: int

    @property
    def phone(self) -> str:
        """E.164."""
        return self.place.phone(self.number)

    @property
    def id(self) -> str:
        """As a contact."""
        return number_hash(self.phone, KEY)

    @property
    def telephone(self) -> list[dict[str, Any]]:
        """What happens on the first call, the second ..."""
        match self.number % 20:
            case 0 | 1 | 2 | 3 | 4:
                return [AWAY, TALKS]
            case 5 | 6:
                return [AWAY, AWAY, TALKS]
            case 7 | 8:
                return [ENGAGED, TALKS]
            case 9:
                return [ENGAGED, ENGAGED, AWAY, TALKS]
            case 10 | 11:
                return [MACHINE, TALKS]
            case 12:
                return [{"reaction": "fails", "sip_code": 404}]
            case 13:
                return [{"reaction": "fails", "sip_code": 503}, TALKS]
            case _:
                return [TALKS]

    @property
    def opts_out(self) -> bool:
        """Says so in the first talk."""
        return self.number % 50 == 14

    @property
    def wants_callback(self) -> bool:
        """Asks to be called in two hours, in the first talk."""
        return self.number % 50 == 35

    def talk(self, *, is_machine: bool, is_first: bool) -> tuple[Talk, Outcome | None]:
        """What our side knows of a call that was answered."""
        if is_machine:
            return Talk(caller_turns=0), None
        if self.opts_out:
            return Talk(caller_turns=2), Outcome.DO_NOT_CALL
        if self.wants_callback and is_first:
            return Talk(caller_turns=4), Outcome.CALLBACK_SCHEDULED
        return Talk(caller_turns=5), Outcome.GOAL_MET if self.number % 3 else Outcome.NOT_INTERESTED

    def contact(self, campaign: Campaign) -> Contact:
        """In a campaign."""
        place = self.place
        consent = Consent(status=ConsentStatus.GRANTED, type=ConsentType.EXPRESS)
        return Contact(
            id=self.id, campaign_id=campaign.id, phone=self.phone, country=place.country, states=place.states,
            time_zones=(place.zone,), language=place.language, consent=consent,
        )  # fmt: skip


def people(contacts: int) -> list[Person]:
    """So many, spread over the places."""
    return [Person(place, number) for place in PLACES for number in range(round(contacts * place.share))]
