"""The machine's clock, and one that starts when it is told to."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from shared.clock import Clock, SystemClock
from tests.manual_clock import MONDAY_MORNING, ManualClock

pytestmark = pytest.mark.portable


def test_the_system_clock_tells_the_real_time_in_utc() -> None:
    before = datetime.now(UTC)
    now = SystemClock().now()
    assert before <= now <= datetime.now(UTC)
    assert now.tzinfo is UTC


def test_a_started_clock_runs_on_from_its_instant() -> None:
    clock = SystemClock(datetime.fromisoformat("2026-11-23T10:00:00+05:30"))
    first = clock.now()
    time.sleep(0.05)
    assert first.tzinfo is UTC
    assert timedelta() <= first - MONDAY_MORNING < timedelta(seconds=1)
    assert timedelta(seconds=0.04) < clock.now() - first < timedelta(seconds=2)


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        SystemClock(datetime(2026, 11, 23, 10))  # noqa: DTZ001  # that is the point


def test_a_tests_clock_is_a_clock_that_moves_by_hand() -> None:
    manual = ManualClock()
    clock: Clock = manual
    manual.advance(minutes=5)
    assert clock.now() == MONDAY_MORNING + timedelta(minutes=5)
    manual.set(MONDAY_MORNING)
    assert clock.now() == MONDAY_MORNING
