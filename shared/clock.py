"""What time it is. Whoever needs the time is given a clock; nobody else asks the machine."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time of day. Durations are measured with the event loop's time instead."""

    def now(self) -> datetime:
        """This instant: aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock, or one that starts at a given instant and runs on from there at the same speed."""

    def __init__(self, start_at: datetime | None = None) -> None:
        if start_at is not None and start_at.utcoffset() is None:
            raise ValueError("a clock starts at an instant with an offset, such as 2026-11-23T10:00:00+05:30")
        self._start = None if start_at is None else start_at.astimezone(UTC)
        self._started_s = time.monotonic()

    def now(self) -> datetime:
        """This instant: aware, in UTC."""
        if self._start is None:
            return datetime.now(UTC)
        return self._start + timedelta(seconds=time.monotonic() - self._started_s)
