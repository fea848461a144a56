"""A clock that moves when a test moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

MONDAY_MORNING = datetime(2026, 11, 23, 4, 30, tzinfo=UTC)
"""Ten o'clock in India: inside everybody's calling window."""


class ManualClock:
    """Tells the time it was given."""

    def __init__(self, now: datetime = MONDAY_MORNING) -> None:
        self._now = now.astimezone(UTC)

    def now(self) -> datetime:
        """This instant: aware, in UTC."""
        return self._now

    def set(self, now: datetime) -> None:
        """It is so late now."""
        self._now = now.astimezone(UTC)

    def advance(self, **parts: float) -> None:
        """So much later, in timedelta's words: advance(minutes=5)."""
        self._now += timedelta(**parts)
