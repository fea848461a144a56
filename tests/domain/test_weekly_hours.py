"""Hours of a week: as people write them, cut with one another, and read from a clock on the wall."""

from __future__ import annotations

from datetime import datetime, time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.weekly_hours import ALWAYS, DAY_MINUTES, NEVER, WeeklyHours, weekly_hours


@st.composite
def hours(draw: st.DrawFn) -> WeeklyHours:
    """Any weekly hours, made of up to three spans a day."""
    days = []
    for _ in range(7):
        edges = sorted(draw(st.sets(st.integers(0, DAY_MINUTES), max_size=6)))
        days.append(tuple(zip(edges[::2], edges[1::2], strict=False)))
    return WeeklyHours(tuple(days))


minutes = st.tuples(st.integers(0, 6), st.integers(0, DAY_MINUTES - 1)).map(
    lambda at: datetime(2026, 11, 23 + at[0], at[1] // 60, at[1] % 60)  # noqa: DTZ001 - a wall clock, Monday first
)


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ({"mon-fri": "09:00-20:00", "sat": "10:00-17:00"}, {"mon-fri": "09:00-20:00", "sat": "10:00-17:00"}),
        ({"daily": "10:00-21:00"}, {"mon-sun": "10:00-21:00"}),
        ({"Monday": "9:00-10:00", "tue,thu": "09:00-10:00"}, {"mon-tue": "09:00-10:00", "thu": "09:00-10:00"}),
        ({"mon": "14:00-20:00, 10:00-13:00"}, {"mon": "10:00-13:00, 14:00-20:00"}),
        ({"mon": "10:00-14:00", "mon-tue": "13:00-15:00"}, {"mon": "10:00-15:00", "tue": "13:00-15:00"}),
        ({"start": "10:00", "end": "19:00"}, {"mon-sun": "10:00-19:00"}),
        (
            {"start": "10:00", "end": "19:00", "days": ["mon", "Wednesday"]},
            {"mon": "10:00-19:00", "wed": "10:00-19:00"},
        ),
        ({"start": time(10, 0), "end": "24:00", "days": ["mon-fri"]}, {"mon-fri": "10:00-24:00"}),
        ({"sun": "closed"}, {}),
        ({}, {}),
    ],
)
def test_hours_are_read_as_people_write_them(written: object, text: dict[str, str]) -> None:
    assert weekly_hours(written).to_text() == text


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("09:00-20:00", "calling hours look like"),
        ({"start": "10:00"}, "start and end"),
        ({"start": "10:00", "end": "11:00", "zone": "IST"}, "start and end"),
        ({"start": "10:00", "end": "11:00", "days": "mon"}, "days is a list"),
        ({"someday": "10:00-11:00"}, "not a day"),
        ({"m": "10:00-11:00"}, "not a day"),
        ({"fri-mon": "10:00-11:00"}, "runs backwards"),
        ({"mon": 10}, "the hours of a day"),
        ({"mon": "10:00"}, "not a span"),
        ({"mon": "20:00-09:00"}, "ends before it begins"),
        ({"mon": "10:00-10:00"}, "ends before it begins"),
        ({"mon": "10:00-24:30"}, "not a time of day"),
        ({"mon": "25:00-26:00"}, "not a time of day"),
        ({"mon": "ten-eleven"}, "not a time of day"),
    ],
)
def test_hours_that_cannot_be_read_are_refused_with_the_reason(written: object, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        weekly_hours(written)


def test_the_last_minute_before_the_end_is_open_and_the_end_is_not() -> None:
    day = weekly_hours({"tue": "10:00-13:00"})
    on_tuesday = [datetime(2026, 11, 24, hour, minute) for hour, minute in ((9, 59), (10, 0), (12, 59), (13, 0))]  # noqa: DTZ001
    assert [day.is_open(at) for at in on_tuesday] == [False, True, True, False]
    assert not day.is_open(datetime(2026, 11, 25, 11, 0))  # noqa: DTZ001


@settings(deadline=None)
@given(hours(), hours(), minutes)
def test_hours_cut_with_others_are_open_exactly_when_both_are(
    one: WeeklyHours, other: WeeklyHours, at: datetime
) -> None:
    assert (one & other).is_open(at) == (one.is_open(at) and other.is_open(at))


@settings(deadline=None)
@given(hours(), hours())
def test_a_cut_is_never_wider_than_its_parts(one: WeeklyHours, other: WeeklyHours) -> None:
    both = one & other
    assert both <= one
    assert both <= other
    assert both == other & one
    assert NEVER <= one <= ALWAYS


@settings(deadline=None)
@given(hours())
def test_hours_survive_being_written_down(one: WeeklyHours) -> None:
    again = weekly_hours(one.to_text())
    assert weekly_hours(again) == again
    assert again <= ALWAYS
    for day in range(7):
        for minute in range(0, DAY_MINUTES, 37):
            at = datetime(2026, 11, 23 + day, minute // 60, minute % 60)  # noqa: DTZ001
            assert again.is_open(at) == one.is_open(at)
