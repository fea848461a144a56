"""Which time zones a contact may be in, and how we know.

The first source that says something decides: the contact's own column, then postal code and state, then the number,
then the country. Several candidates are all kept; a call is placed only when it is open in each of them. A name that
nobody can read is not guessed, and candidates too far apart are worth nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers import timezone as number_time_zones

from shared.domain.packaged import packaged_yaml

WIDEST_SPREAD_S = 4 * 3600
"""Candidates further apart say nothing: Russian mobiles and numbers of no place. The mainland US spans three hours."""


class ZoneSource(StrEnum):
    """What a contact's time zone was read from."""

    CONTACT = "contact"
    POSTAL_CODE = "postal_code"
    STATE = "state"
    NUMBER = "number"
    COUNTRY = "country"


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a contact may be: candidate zones (none: unknown), what told us, and every state whose law may hold."""

    zones: tuple[str, ...]
    source: ZoneSource | None
    states: tuple[str, ...] = ()


def whereabouts(
    phone: str,
    country: str,
    *,
    time_zone: str | None = None,
    postal_code: str | None = None,
    state: str | None = None,
) -> Whereabouts:
    """Where the contact with this E.164 number in this country (ISO 3166, "IN") may be."""
    by_postal_code = _states_of_postal_code(country, postal_code)
    by_state = _states_of_name(country, state)
    of_number = _states_of_area_code(phone) if country in _STATEFUL else ()
    states = _union((by_postal_code, by_state, of_number))
    if _clean(time_zone):
        zones, source = zones_named(time_zone or "", country), ZoneSource.CONTACT
    elif by_postal_code:
        zones, source = _zones_of_states(country, _union((by_postal_code, by_state))), ZoneSource.POSTAL_CODE
    elif _is_pin(country, postal_code):
        zones, source = ("Asia/Kolkata",), ZoneSource.POSTAL_CODE
    elif of_state := _zones_of_states(country, by_state):
        zones, source = of_state, ZoneSource.STATE
    else:
        zones, source = _zones_of_number(phone, country)
    if not zones or _spread_s(zones) > WIDEST_SPREAD_S:
        return Whereabouts((), None, states)
    return Whereabouts(zones, source, states)


def zones_of(phone: str) -> tuple[str, ...]:
    """Candidate zones of an E.164 number about which nothing else is known; none for anything that is not one."""
    try:
        country = phonenumbers.region_code_for_number(phonenumbers.parse(phone))
    except phonenumbers.NumberParseException:
        return ()
    return whereabouts(phone, country).zones if country else ()


def zones_named(name: str, country: str) -> tuple[str, ...]:
    """The zones that a list means by this name: an IANA name, an abbreviation, a city; none when nobody can tell."""
    places = _places()
    wanted = _clean(name)
    spoken = places.spoken.get(wanted)
    if spoken is not None:
        return spoken.get(country, spoken.get("*", ()))
    zone = places.by_name.get(wanted.replace(" ", "_"))
    return (zone,) if zone else ()


class _Places:
    """The tables of places.yaml, turned round for looking up."""

    def __init__(self, tables: Any) -> None:
        self.zones_of_country = {country: tuple(zones) for country, zones in tables["countries"].items()}
        self.spoken = {
            name: {country: tuple(zones) for country, zones in meanings.items()}
            for name, meanings in tables["spoken_names"].items()
        }
        self.renamed: dict[str, str] = tables["renamed"]
        self.by_name = dict(_zone_names(self.zones_of_country.values(), self.renamed))
        self.zones_of_state = {
            (country, state): tuple(entry["zones"])
            for country, states in tables["states"].items()
            for state, entry in states.items()
        }
        self.state_names = dict(_state_names(tables["states"]))
        self.zip_prefixes = dict(_zip_prefixes(tables["states"]["US"]))
        self.postal_starts: dict[str, dict[str, list[str]]] = {**tables["postal_letters"], **tables["postal_digits"]}
        self.area_codes = _area_codes(tables["states"])
        self.number_says_nothing = frozenset(tables["number_says_nothing"])


_STATEFUL = frozenset({"US", "CA"})
"""Countries whose numbers tell a state."""


def _zone_names(listed: Iterable[tuple[str, ...]], renamed: dict[str, str]) -> Iterator[tuple[str, str]]:
    zones = {zone for country in listed for zone in country}
    cities: dict[str, set[str]] = {}
    for zone in zones:
        cities.setdefault(zone.rpartition("/")[2].casefold(), set()).add(zone)
    yield from ((city, min(named)) for city, named in cities.items() if len(named) == 1)
    yield from ((old.casefold(), zone) for old, zone in renamed.items())
    yield from ((zone.casefold(), zone) for zone in zones)


def _state_names(countries: Any) -> Iterator[tuple[tuple[str, str], str]]:
    for country, states in countries.items():
        for code, entry in states.items():
            for name in (code, f"{country}-{code}", *entry["names"]):
                yield (country, _clean(name)), code


def _zip_prefixes(states: Any) -> Iterator[tuple[int, str]]:
    for code, entry in states.items():
        for span in entry.get("zip", ()):
            first, _, last = span.partition("-")
            yield from ((prefix, code) for prefix in range(int(first), int(last or first) + 1))


def _area_codes(countries: Any) -> dict[str, tuple[str, ...]]:
    codes: dict[str, tuple[str, ...]] = {}
    for states in countries.values():
        for state, entry in states.items():
            for area in entry.get("area_codes", ()):
                codes[str(area)] = (*codes.get(str(area), ()), state)
    return codes


@lru_cache(maxsize=1)
def _places() -> _Places:
    return _Places(packaged_yaml("places.yaml"))


def _clean(written: str | None) -> str:
    return re.sub(r"[\s_.]+", " ", written or "").strip().casefold()


def _union(groups: Iterable[Iterable[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item for group in groups for item in group))


def _states_of_name(country: str, state: str | None) -> tuple[str, ...]:
    """The state's code; in countries whose states we do not list, the name as it stands, for their holidays."""
    name = _clean(state)
    if not name:
        return ()
    if any(listed == country for listed, _ in _places().zones_of_state):
        code = _places().state_names.get((country, name))
        return (code,) if code else ()
    return ((state or "").strip()[:40],)


def _states_of_postal_code(country: str, postal_code: str | None) -> tuple[str, ...]:
    code = re.sub(r"\.0+$", "", (postal_code or "").strip()).replace(" ", "").upper()
    places = _places()
    if country == "US":
        match = re.fullmatch(r"(\d{3,5})(-?\d{4})?", code)
        state = places.zip_prefixes.get(int(match[1].zfill(5)[:3])) if match else None
        return (state,) if state else ()
    if country == "CA" and re.fullmatch(r"[A-Z]\d[A-Z](\d[A-Z]\d)?", code):
        return tuple(places.postal_starts["CA"].get(code[0], ()))
    if country == "AU" and re.fullmatch(r"\d{3,4}", code):
        return tuple(places.postal_starts["AU"][code.zfill(4)[0]])
    return ()


def _is_pin(country: str, postal_code: str | None) -> bool:
    return country == "IN" and re.fullmatch(r"[1-9]\d{2} ?\d{3}(\.0+)?", (postal_code or "").strip()) is not None


def _states_of_area_code(phone: str) -> tuple[str, ...]:
    return _places().area_codes.get(phone[2:5], ()) if phone.startswith("+1") else ()


def _zones_of_states(country: str, states: Iterable[str]) -> tuple[str, ...]:
    """All zones of these states; none for states we do not list."""
    return _union(_places().zones_of_state.get((country, state), ()) for state in states)


def _zones_of_number(phone: str, country: str) -> tuple[tuple[str, ...], ZoneSource]:
    places = _places()
    of_country = places.zones_of_country.get(country, ())
    if len(of_country) <= 1 or country in places.number_says_nothing:
        return of_country, ZoneSource.COUNTRY
    code = phonenumbers.country_code_for_region(country)
    digits = phone.removeprefix(f"+{code}")
    if not code or not digits.isdecimal():
        return of_country, ZoneSource.COUNTRY
    number = phonenumbers.PhoneNumber(country_code=code, national_number=int(digits))
    told = {places.renamed.get(zone, zone) for zone in number_time_zones.time_zones_for_number(number)}
    zones = tuple(zone for zone in of_country if zone in told)
    if zones and country in _STATEFUL:  # new area codes of a divided state are not divided in the library's data
        zones = _union((zones, _zones_of_states(country, _states_of_area_code(phone))))
    return (zones, ZoneSource.NUMBER) if zones else (of_country, ZoneSource.COUNTRY)


@lru_cache(maxsize=10_000)
def _spread_s(zones: tuple[str, ...]) -> float:
    """How far apart these zones' clocks are at most, in winter or summer."""
    spreads = []
    for month in (1, 7):
        moment = datetime(2026, month, 15, tzinfo=UTC)
        offsets = [moment.astimezone(ZoneInfo(zone)).utcoffset() for zone in zones]
        ahead = [offset.total_seconds() for offset in offsets if offset is not None]
        spreads.append(max(ahead) - min(ahead))
    return max(spreads)
