"""A book of appointments in the store: nobody is booked twice for the same time, however many calls ask at once.

Each calendar (a doctor, a stylist, a house to be shown) has a document for every step of time that is taken. They are
created, never overwritten, in one batch with the appointment, so of two who want the same time one is refused. Times
are on the house's own wall clock, without a zone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any

from shared.domain.weekly_hours import WeeklyHours
from shared.store.store import AlreadyExists, Conflict, Create, Data, Delete, Document, Store, Update, Where, Write

FURTHEST = timedelta(days=366)
TRIES = 5
"""Of a change that somebody else's change got in the way of."""


class Refusal(StrEnum):
    """Why a time cannot be had."""

    TAKEN = "taken"
    CLOSED = "closed"
    PAST = "past"
    TOO_FAR = "too_far"
    GONE = "gone"
    """There is no such appointment any more."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """What can be booked."""

    id: str
    hours: WeeklyHours
    step_min: int = 30
    """Appointments begin on the hour and every so many minutes after it."""


@dataclass(frozen=True, slots=True)
class Appointment:
    """A promise kept in the book."""

    id: str
    calendar: str
    starts_at: datetime
    minutes: int
    person: str
    about: Mapping[str, Any] = field(default_factory=dict)


class AppointmentBook:
    """One house's book. All methods raise StoreError."""

    def __init__(self, store: Store, house: str) -> None:
        self._store = store
        self._house = house

    async def free(self, calendar: Calendar, day: date, minutes: int, now: datetime) -> list[datetime]:
        """When such an appointment could begin on that day, the earliest first; now is the house's wall clock."""
        taken = await self._taken(calendar, day)
        starts: list[datetime] = []
        for opens, closes in calendar.hours.days[day.weekday()]:
            minute = -(-opens // calendar.step_min) * calendar.step_min
            while minute + minutes <= closes:
                start = datetime.combine(day, time()) + timedelta(minutes=minute)
                if start > now and not taken & set(_steps(calendar, start, minutes)):
                    starts.append(start)
                minute += calendar.step_min
        return sorted(starts)

    async def book(
        self,
        calendar: Calendar,
        starts_at: datetime,
        minutes: int,
        person: str,
        about: Data,
        *,
        key: str,
        now: datetime,
    ) -> Appointment | Refusal:
        """Take that time for this person. The same key again finds what it booked."""
        appointment_id = sha256(key.encode()).hexdigest()[:16]
        path = self._path(appointment_id)
        if (refusal := _refused(calendar, starts_at, minutes, now)) is not None:
            return refusal
        steps = _steps(calendar, starts_at, minutes)
        document = _document(calendar, starts_at, minutes, person, about)
        writes: list[Write] = [self._take(calendar, step, appointment_id) for step in steps]
        try:
            await self._store.batch([*writes, Create(path, document)])
        except AlreadyExists:
            kept = await self._store.get(path)
            return Refusal.TAKEN if kept is None else _appointment(kept)
        return Appointment(appointment_id, calendar.id, starts_at, minutes, person, dict(about))

    async def move(
        self, appointment_id: str, calendar: Calendar, starts_at: datetime, *, key: str, now: datetime
    ) -> Appointment | Refusal:
        """Another time, maybe in another calendar; the old one is free from then on. The same key acts once."""
        for _ in range(TRIES):
            document = await self._kept(appointment_id)
            if document is None:
                return Refusal.GONE
            before = _appointment(document)
            if document.data.get("changed_by") == key:
                return before
            if (refusal := _refused(calendar, starts_at, before.minutes, now)) is not None:
                return refusal
            old, new = _paths(self._house, document), self._step_paths(calendar, starts_at, before.minutes)
            writes: list[Write] = [Delete(path) for path in sorted(set(old) - set(new))]
            writes += [
                self._take(calendar, step, appointment_id)
                for step, path in zip(_steps(calendar, starts_at, before.minutes), new, strict=True)
                if path not in old
            ]
            changed = _document(calendar, starts_at, before.minutes, before.person, before.about)
            changes = {**changed, "changed_by": key}
            try:
                await self._store.batch([*writes, Update(document.path, changes, document.version)])
            except AlreadyExists:
                after = await self._kept(appointment_id)
                return _appointment(after) if after and after.data.get("changed_by") == key else Refusal.TAKEN
            except Conflict:
                continue
            return Appointment(appointment_id, calendar.id, starts_at, before.minutes, before.person, before.about)
        return Refusal.TAKEN

    async def cancel(self, appointment_id: str, *, key: str) -> Appointment | Refusal:
        """Give the time back. The same key again finds that it was done."""
        for _ in range(TRIES):
            document = await self._store.get(self._path(appointment_id))
            if document is None:
                return Refusal.GONE
            if document.data["state"] != "booked":
                return _appointment(document) if document.data.get("changed_by") == key else Refusal.GONE
            changes = {"state": "cancelled", "changed_by": key}
            writes: list[Write] = [Delete(path) for path in _paths(self._house, document)]
            try:
                await self._store.batch([*writes, Update(document.path, changes, document.version)])
            except Conflict:
                continue
            return _appointment(document)
        return Refusal.GONE

    async def of(self, person: str, now: datetime) -> list[Appointment]:
        """What this person has ahead, the next first."""
        found: list[Appointment] = []
        cursor: str | None = None
        while True:
            page = await self._store.query(
                f"books/{self._house}/appointments", [Where("person", "==", person)], cursor=cursor
            )
            found += [_appointment(one) for one in page.documents if one.data["state"] == "booked"]
            cursor = page.next
            if cursor is None:
                return sorted((one for one in found if one.starts_at > now), key=lambda one: one.starts_at)

    async def _taken(self, calendar: Calendar, day: date) -> set[str]:
        taken: set[str] = set()
        cursor: str | None = None
        while True:
            page = await self._store.query(
                f"books/{self._house}/steps", [Where("day", "==", _day(calendar, day))], cursor=cursor
            )
            taken |= {str(one.data["step"]) for one in page.documents}
            cursor = page.next
            if cursor is None:
                return taken

    async def _kept(self, appointment_id: str) -> Document | None:
        document = await self._store.get(self._path(appointment_id))
        return document if document is not None and document.data["state"] == "booked" else None

    def _path(self, appointment_id: str) -> str:
        return f"books/{self._house}/appointments/{appointment_id}"

    def _step_paths(self, calendar: Calendar, starts_at: datetime, minutes: int) -> list[str]:
        return [_step_path(self._house, calendar.id, step) for step in _steps(calendar, starts_at, minutes)]

    def _take(self, calendar: Calendar, step: str, appointment_id: str) -> Create:
        day = _day(calendar, datetime.fromisoformat(step).date())
        fields: Data = {"day": day, "step": step, "appointment_id": appointment_id}
        return Create(_step_path(self._house, calendar.id, step), fields)


def _refused(calendar: Calendar, starts_at: datetime, minutes: int, now: datetime) -> Refusal | None:
    if starts_at <= now:
        return Refusal.PAST
    if starts_at > now + FURTHEST:
        return Refusal.TOO_FAR
    begins = starts_at.hour * 60 + starts_at.minute
    on_time = starts_at.second == 0 and begins % calendar.step_min == 0
    spans = calendar.hours.days[starts_at.weekday()]
    inside = any(opens <= begins and begins + minutes <= closes for opens, closes in spans)
    return None if on_time and inside else Refusal.CLOSED


def _steps(calendar: Calendar, starts_at: datetime, minutes: int) -> list[str]:
    """2026-12-02T10:00 and every step after it that the appointment covers."""
    count = -(-minutes // calendar.step_min)
    return [
        (starts_at + timedelta(minutes=number * calendar.step_min)).isoformat(timespec="minutes")
        for number in range(count)
    ]


def _day(calendar: Calendar, day: date) -> str:
    return f"{calendar.id}_{day.isoformat()}"


def _step_path(house: str, calendar_id: str, step: str) -> str:
    return f"books/{house}/steps/{calendar_id}_{step}"


def _paths(house: str, document: Document) -> list[str]:
    steps = document.data["steps"]
    assert isinstance(steps, Sequence)
    return [_step_path(house, str(document.data["calendar"]), str(step)) for step in steps]


def _document(calendar: Calendar, starts_at: datetime, minutes: int, person: str, about: Mapping[str, Any]) -> Data:
    return {
        "calendar": calendar.id,
        "starts_at": starts_at.isoformat(timespec="minutes"),
        "minutes": minutes,
        "steps": _steps(calendar, starts_at, minutes),
        "person": person,
        "about": dict(about),
        "state": "booked",
    }


def _appointment(document: Document) -> Appointment:
    data: Any = document.data
    starts_at = datetime.fromisoformat(data["starts_at"])
    return Appointment(document.id, data["calendar"], starts_at, data["minutes"], data["person"], data["about"])


def spoken_times(starts: Iterable[datetime], most: int = 6) -> list[str]:
    """For the model to choose from: 2026-12-02T10:00; spread over the day when there are more."""
    times = [start.isoformat(timespec="minutes") for start in starts]
    if len(times) <= most:
        return times
    return [times[round(number * (len(times) - 1) / (most - 1))] for number in range(most)]
