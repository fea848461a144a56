"""Where a row's contact may be, remembered, because a list asks the same a million times. [pure]"""

from __future__ import annotations

from typing import Protocol

from phonenumbers.tzdata import TIMEZONE_DATA, TIMEZONE_LONGEST_PREFIX

from shared.domain.phone_number import PhoneNumber
from shared.domain.time_zone import Whereabouts, whereabouts

MOST_REMEMBERED = 50_000


class WhereaboutsFor(Protocol):
    """Every time zone the contact may be in (none: nobody can tell), what told, and whose law may hold."""

    def __call__(self, number: PhoneNumber, timezone: str, postal_code: str, state: str) -> Whereabouts:
        """timezone, postal_code and state as the row has them; empty where it has none."""
        ...


class RememberedWhereabouts:
    """The whereabouts of shared.domain.time_zone, asked once for all numbers of which it says the same.

    It looks at a number's country and kind, at its area code in North America, and at the longest beginning of it
    that stands in the library's time-zone data.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], Whereabouts] = {}
        self._countries: dict[str, Whereabouts | None] = {}

    def __call__(self, number: PhoneNumber, timezone: str, postal_code: str, state: str) -> Whereabouts:
        """Where a contact with this number and these cells may be."""
        country = number.country
        if not (timezone or postal_code or state):
            try:
                of_country = self._countries[country]
            except KeyError:
                of_country = self._of_country(country)
            if of_country is not None:
                return of_country
        key = (country, number.kind, _beginning(number.e164), timezone, postal_code, state)
        found = self._known.get(key)
        if found is None:
            found = whereabouts(number.e164, country, time_zone=timezone, postal_code=postal_code, state=state)
            if len(self._known) < MOST_REMEMBERED:
                self._known[key] = found
        return found

    def _of_country(self, country: str) -> Whereabouts | None:
        """A country that has one zone; None for the others, where the number tells."""
        found = whereabouts("", country)
        return self._countries.setdefault(country, found if len(found.zones) == 1 else None)


def _beginning(e164: str) -> str:
    """What time_zone.py could tell a number by: its entry in the data, and at least a North American area code."""
    digits = e164[1:]
    for length in range(TIMEZONE_LONGEST_PREFIX, 0, -1):
        if digits[:length] in TIMEZONE_DATA:
            return digits[: max(length, 4 if digits[0] == "1" else 0)]
    return digits
