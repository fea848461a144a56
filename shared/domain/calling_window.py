"""When a contact may be called: open hours in every time zone the contact may be in, holidays taken out.

All arithmetic is on UTC seconds; local clocks are looked at once per zone, hours and day, and remembered, so asking
for a million contacts costs a dictionary look-up each.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from shared.domain.weekly_hours import Span, WeeklyHours

DAY_S = 86_400
HORIZON_DAYS = 40
"""How far ahead an opening is looked for; longer than any run of holidays and closed days."""
CLOCK_SKEW_S = 90
"""Two of our clocks, or ours and the network's, are never further apart than this."""
AFTER_RING_S = 60
"""What a call may take from our request to its first ring, with room to spare."""

Calendars = frozenset[tuple[str, str | None]]


@dataclass(frozen=True, slots=True)
class CallingWindow:
    """Open only while every one of the zones is within its hours and has no holiday. No zone: never open."""

    zones: tuple[str, ...]
    hours: WeeklyHours
    closed_on: Calendars = frozenset()

    def is_open(self, at: datetime) -> bool:
        """Whether it is open at this instant."""
        return self.is_open_around(at)

    def is_open_around(self, at: datetime, *, before_s: float = 0, after_s: float = 0) -> bool:
        """Whether it is open at this instant, has been for before_s and stays so for after_s."""
        first, last = _seconds(at) - before_s, _seconds(at) + after_s
        for start, end in self._spans(first):
            return start <= first and last < end
        return False

    def closes(self, at: datetime) -> datetime | None:
        """The end of the span that is open at this instant; None when none is."""
        moment = _seconds(at)
        for start, end in self._spans(moment):
            return _instant(end) if start <= moment else None
        return None

    def next_opening(self, after: datetime, *, before_s: float = 0, after_s: float = 0) -> datetime | None:
        """The first instant from `after` on around which it is open so long; None when there is none in 40 days."""
        moment = _seconds(after)
        for start, end in self._spans(moment - before_s):
            earliest = max(moment, start + before_s)
            if earliest + after_s < end:
                return _instant(earliest)
        return None

    def allows_dispatch(self, at: datetime, ring_timeout_s: float) -> bool:
        """Whether a call sent at this instant rings inside the window only, on any clock within the skew."""
        return self.is_open_around(at, before_s=CLOCK_SKEW_S, after_s=_guard_s(ring_timeout_s))

    def next_dispatch(self, after: datetime, ring_timeout_s: float) -> datetime | None:
        """The first instant from `after` on at which a call may be sent."""
        return self.next_opening(after, before_s=CLOCK_SKEW_S, after_s=_guard_s(ring_timeout_s))

    def narrowed(self, hours: WeeklyHours) -> CallingWindow:
        """Open only where these hours are, too."""
        return CallingWindow(self.zones, self.hours & hours, self.closed_on)

    def _spans(self, moment: float) -> Iterator[tuple[int, int]]:
        """Open spans in UTC seconds that end after the moment, in order; spans that touch are one."""
        if not self.zones:
            return
        first_day = int(moment // DAY_S)
        held: tuple[int, int] | None = None
        for day in range(first_day - 1, first_day + HORIZON_DAYS):
            for start, end in _open_everywhere(self.zones, self.hours, self.closed_on, day):
                if held and held[1] == start:
                    held = held[0], end
                    continue
                if held and held[1] > moment:
                    yield held
                held = start, end
        if held and held[1] > moment:
            yield held


def _guard_s(ring_timeout_s: float) -> float:
    return ring_timeout_s + AFTER_RING_S + CLOCK_SKEW_S


def _seconds(at: datetime) -> float:
    if at.tzinfo is None:
        raise ValueError("a calling window wants an instant, not a wall clock without its zone")
    return at.timestamp()


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@lru_cache(maxsize=50_000)
def _open_everywhere(
    zones: tuple[str, ...], hours: WeeklyHours, closed_on: Calendars, day: int
) -> tuple[tuple[int, int], ...]:
    """Spans of one UTC day (numbered from 1970) in which it is open in all zones."""
    spans = _open_in(zones[0], hours, closed_on, day)
    for zone in zones[1:]:
        others = _open_in(zone, hours, closed_on, day)
        spans = tuple((max(a, c), min(b, d)) for a, b in spans for c, d in others if max(a, c) < min(b, d))
    return spans


@lru_cache(maxsize=50_000)
def _open_in(zone: str, hours: WeeklyHours, closed_on: Calendars, day: int) -> tuple[tuple[int, int], ...]:
    """The same for one zone. The day is cut where its offset from UTC changes, so clocks that jump are read right."""
    spans: list[tuple[int, int]] = []
    for start, end, offset in _constant_offsets(zone, day):
        spans.extend(_open_piece(start, end, offset, hours, closed_on))
    return tuple(spans)


def _open_piece(
    start: int, end: int, offset: int, hours: WeeklyHours, closed_on: Calendars
) -> Iterator[tuple[int, int]]:
    for local_day in range((start + offset) // DAY_S, (end - 1 + offset) // DAY_S + 1):
        midnight = local_day * DAY_S - offset
        for opens, closes in _open_minutes(local_day, hours, closed_on):
            first, last = max(start, midnight + opens * 60), min(end, midnight + closes * 60)
            if first < last:
                yield first, last


def _open_minutes(local_day: int, hours: WeeklyHours, closed_on: Calendars) -> tuple[Span, ...]:
    the_date = date(1970, 1, 1) + timedelta(days=local_day)
    if any(is_holiday(country, state, the_date) for country, state in closed_on):
        return ()
    return hours.days[the_date.weekday()]


def _constant_offsets(zone: str, day: int) -> list[tuple[int, int, int]]:
    """The UTC day cut into pieces (start, end, seconds that local clocks are ahead); two pieces when clocks change."""
    clocks = ZoneInfo(zone)
    start, end = day * DAY_S, (day + 1) * DAY_S
    first, last = _offset_s(clocks, start), _offset_s(clocks, end - 1)
    if first == last:
        return [(start, end, first)]
    change = start + bisect_left(range(start, end), True, key=lambda second: _offset_s(clocks, second) != first)
    return [(start, change, first), (change, end, last)]


def _offset_s(clocks: ZoneInfo, second: int) -> int:
    offset = clocks.utcoffset(datetime.fromtimestamp(second, UTC).astimezone(clocks))
    return int(offset.total_seconds()) if offset is not None else 0


@lru_cache(maxsize=100_000)
def is_holiday(country: str, state: str | None, on: date) -> bool:
    """Whether this is a public holiday there. Raises for a country whose holidays nobody lists."""
    return on in _holidays(country, state, on.year)


@lru_cache(maxsize=2_000)
def _holidays(country: str, state: str | None, year: int) -> frozenset[date]:
    import holidays  # a calendar is needed for few contacts; it costs 50 ms to load

    known = state if state in _subdivisions(country) else None
    return frozenset(holidays.country_holidays(country, subdiv=known, years=year))


@lru_cache(maxsize=300)
def _subdivisions(country: str) -> frozenset[str]:
    import holidays

    calendar = holidays.country_holidays(country)
    return frozenset((*calendar.subdivisions, *getattr(calendar, "subdivisions_aliases", {})))
