"""When a callee asked to be called back, in their own words and zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from shared.domain.spoken_time import Contradiction, DayPart, OClock, SpokenTime, spoken_time

FURTHEST_DAYS = 30
"""Nobody promises a call later than that."""
_USUAL = {
    DayPart.MORNING: time(10, 0),
    DayPart.AFTERNOON: time(14, 0),
    DayPart.EVENING: time(18, 0),
    DayPart.NIGHT: time(20, 0),
}
"""What "in the evening" is taken for."""
_BEFORE = timedelta(hours=1)
"""How long before a time "before" it is."""


def asked_time(text: str, now: datetime, zone: str) -> datetime | None:
    """The instant that the sentence asks for, aware in the zone and later than now; None when it is not clear."""
    try:
        spoken = spoken_time(text)
    except Contradiction:
        return None
    if spoken is None:
        return None
    clocks = ZoneInfo(zone)
    local = now.astimezone(clocks)
    asked = _asked(spoken, local, clocks)
    if asked is None or not now < asked <= now + timedelta(days=FURTHEST_DAYS + 1):
        return None
    return asked


def _asked(spoken: SpokenTime, local: datetime, clocks: ZoneInfo) -> datetime | None:
    if spoken.minutes_from_now is not None:
        later = (local.astimezone(UTC) + timedelta(minutes=spoken.minutes_from_now)).astimezone(clocks)
        if spoken.minutes_from_now < 1440 or (spoken.clock is None and spoken.part is None):
            return later
        return _on(later.date(), _wall_clock(spoken, later), clocks)
    day = _day(spoken, local.date())
    if day is None:
        return _next_such_time(spoken, local, clocks) if not spoken.says_a_day else None
    if day == local.date():
        return _today(spoken, local, clocks)
    return _on(day, _wall_clock(spoken, local), clocks)


def _day(spoken: SpokenTime, today: date) -> date | None:
    if spoken.day_of_month is not None:
        return _date(spoken.day_of_month, spoken.month, today)
    if spoken.weekday is not None:
        ahead = (spoken.weekday - today.weekday() - 1) % 7 + 1
        return today + timedelta(days=ahead)
    if spoken.days_from_now is not None:
        return today + timedelta(days=spoken.days_from_now)
    return None


def _date(day: int, month: int | None, today: date) -> date | None:
    """The next such date from today on; None when the calendar has none within a year."""
    for ahead in range(366):
        candidate = today + timedelta(days=ahead)
        if candidate.day == day and month in (None, candidate.month):
            return candidate
    return None


def _next_such_time(spoken: SpokenTime, local: datetime, clocks: ZoneInfo) -> datetime | None:
    """No day was named: today if the time is still ahead, else tomorrow."""
    wanted = _wall_clock(spoken, local)
    today = _on(local.date(), wanted, clocks)
    return today if today > local else _on(local.date() + timedelta(days=1), wanted, clocks)


def _today(spoken: SpokenTime, local: datetime, clocks: ZoneInfo) -> datetime | None:
    """Today was named: an hour that is past in the morning is meant for the evening; None without any hour."""
    if spoken.clock is None and spoken.part is None:
        return None
    asked = _on(local.date(), _wall_clock(spoken, local), clocks)
    if asked <= local and asked.hour < 12 and spoken.clock is not None and spoken.clock.half is None:
        return asked + timedelta(hours=12)
    return asked


def _wall_clock(spoken: SpokenTime, local: datetime) -> time:
    """The time of day asked for: the hour, else the usual hour of the part, else what the clock shows now."""
    if spoken.clock is not None:
        return _hour(spoken.clock, spoken.part)
    if spoken.part is not None:
        return _USUAL[spoken.part]
    return local.time().replace(tzinfo=None)


def _hour(clock: OClock, part: DayPart | None) -> time:
    hour = clock.hour if clock.hour > 12 else _on_the_dial(clock, part)
    asked = datetime(2000, 1, 1, hour, clock.minute)  # noqa: DTZ001 - a wall clock of any day
    return (asked - _BEFORE if clock.earlier and hour >= 1 else asked).time()


def _on_the_dial(clock: OClock, part: DayPart | None) -> int:
    """The hour of a day of 24 that somebody who says 0 to 12 means."""
    dial = clock.hour % 12
    if clock.half is not None:
        return dial + (12 if clock.half == "pm" else 0)
    match part:
        case DayPart.MORNING:
            return dial or 12
        case DayPart.AFTERNOON | DayPart.EVENING:
            return dial + 12
        case DayPart.NIGHT:
            return dial + 12 if dial >= 6 else dial
        case _:
            return dial + 12 if dial < 8 else dial  # nobody wants a call at five in the morning


def _on(day: date, wall_clock: time, clocks: ZoneInfo) -> datetime:
    """The instant; a wall clock time that a change of clocks skips is the same span after midnight instead."""
    there = datetime.combine(day, wall_clock, clocks)
    return there.astimezone(UTC).astimezone(clocks)
