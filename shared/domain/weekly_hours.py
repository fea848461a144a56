"""The hours of a week in which something is open, on the wall clock of whoever is called."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES = 24 * 60

Span = tuple[int, int]
"""Minutes since local midnight: from, up to but not including."""

_CLOCK = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)(?::00)?")


@dataclass(frozen=True, slots=True)
class WeeklyHours:
    """Open spans for each day, Monday first; a day without a span is closed. Spans never cross midnight."""

    days: tuple[tuple[Span, ...], ...]

    def __and__(self, other: WeeklyHours) -> WeeklyHours:
        """Open when both are."""
        return WeeklyHours(
            tuple(
                tuple((max(a, c), min(b, d)) for a, b in mine for c, d in theirs if max(a, c) < min(b, d))
                for mine, theirs in zip(self.days, other.days, strict=True)
            )
        )

    def __le__(self, other: WeeklyHours) -> bool:
        """True when this is never open while the other is closed."""
        return self & other == self

    def is_open(self, wall_clock: datetime) -> bool:
        """Whether it is open when a clock on the wall shows this; its zone is not looked at."""
        minute = wall_clock.hour * 60 + wall_clock.minute
        return any(start <= minute < end for start, end in self.days[wall_clock.weekday()])

    def to_text(self) -> dict[str, str]:
        """As people write it: {"mon-fri": "09:00-20:00", "sat": "10:00-17:00"}; closed days are left out."""
        text: dict[str, str] = {}
        first = 0
        while first < len(DAYS):
            last = first
            while last + 1 < len(DAYS) and self.days[last + 1] == self.days[first]:
                last += 1
            if self.days[first]:
                name = DAYS[first] if first == last else f"{DAYS[first]}-{DAYS[last]}"
                text[name] = ", ".join(f"{_clock(start)}-{_clock(end)}" for start, end in self.days[first])
            first = last + 1
        return text


ALWAYS = WeeklyHours((((0, DAY_MINUTES),),) * 7)
NEVER = WeeklyHours(((),) * 7)


def weekly_hours(written: object) -> WeeklyHours:
    """Hours as people write them.

    Either by day, {"mon-fri": "09:00-13:00, 14:00-20:00", "sat": "10:00-17:00"}, days not named being closed, or one
    span for some days, {"start": "10:00", "end": "19:00", "days": ["mon", "tue"]}, days being all seven when left out.
    """
    if isinstance(written, WeeklyHours):
        return written
    if not isinstance(written, Mapping):
        raise ValueError('calling hours look like {"mon-fri": "09:00-20:00"} or {"start": "10:00", "end": "19:00"}')
    if {"start", "end"} & set(written):
        written = _by_day(written)
    days: list[list[Span]] = [[] for _ in DAYS]
    for names, spans in written.items():
        for day in _days(str(names)):
            days[day].extend(_spans(spans))
    return WeeklyHours(tuple(_merged(spans) for spans in days))


def _by_day(written: Mapping[Any, Any]) -> dict[str, str]:
    unknown = set(written) - {"start", "end", "days"}
    if unknown or "start" not in written or "end" not in written:
        raise ValueError("one span of calling hours has start and end, and may have days")
    named = written.get("days") or ["daily"]
    if isinstance(named, str) or not isinstance(named, Iterable):
        raise ValueError('days is a list such as ["mon", "tue"]')
    start, end = (_minute_text(written[edge]) for edge in ("start", "end"))
    return {",".join(str(day) for day in named): f"{start}-{end}"}


def _minute_text(written: object) -> str:
    return written.strftime("%H:%M") if isinstance(written, time) else str(written)


def _days(names: str) -> list[int]:
    """Days of "mon-fri", "sat,sun", "Monday" or "daily"."""
    found: list[int] = []
    for name in names.lower().split(","):
        first, dash, last = name.strip().partition("-")
        if first == "daily" and not dash:
            found.extend(range(len(DAYS)))
            continue
        start = _day(first)
        end = _day(last) if dash else start
        if end < start:
            raise ValueError(f"{name.strip()} runs backwards; write two entries")
        found.extend(range(start, end + 1))
    return found


def _day(name: str) -> int:
    short = name.strip()[:3]
    full = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    for number, day in enumerate(full):
        if short == day[:3] and day.startswith(name.strip()):
            return number
    raise ValueError(f"{name.strip()!r} is not a day; write one of {', '.join(DAYS)} or daily")


def _spans(written: object) -> list[Span]:
    if not isinstance(written, str):
        raise ValueError('the hours of a day look like "09:00-13:00, 14:00-20:00"')
    if written.strip().lower() in {"", "closed"}:
        return []
    return [_span(part) for part in written.split(",")]


def _span(part: str) -> Span:
    start, dash, end = part.partition("-")
    if not dash:
        raise ValueError(f"{part.strip()!r} is not a span such as 09:00-20:00")
    minutes = _minute(start), _minute(end)
    if minutes[0] >= minutes[1]:
        raise ValueError(f"{part.strip()} ends before it begins; hours do not cross midnight")
    return minutes


def _minute(clock: str) -> int:
    match = _CLOCK.fullmatch(clock.strip())
    minute = int(match[1]) * 60 + int(match[2]) if match else DAY_MINUTES + 1
    if minute > DAY_MINUTES:
        raise ValueError(f"{clock.strip()!r} is not a time of day such as 09:30")
    return minute


def _merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


Hours = Annotated[
    WeeklyHours,
    BeforeValidator(weekly_hours),
    PlainSerializer(lambda hours: hours.to_text(), return_type=dict[str, str]),
]
"""A pydantic field: read as weekly_hours() reads, written by day."""
