"""The calling window against clocks on the wall, in every zone and across changes of clocks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.domain import calling_window
from shared.domain.calling_window import (
    AFTER_RING_S,
    CLOCK_SKEW_S,
    HORIZON_DAYS,
    CallingWindow,
    is_holiday,
)
from shared.domain.weekly_hours import ALWAYS, NEVER, WeeklyHours, weekly_hours
from tests.domain.builders import at_utc
from tests.domain.test_weekly_hours import hours

ZONES = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "SystemV/")))
INDIA = ("Asia/Kolkata",)
DAYTIME = weekly_hours({"daily": "09:00-20:00"})
HABIT = weekly_hours({"mon-fri": "09:00-20:00", "sat": "10:00-17:00"})
RING_S = 25
GUARD_S = RING_S + AFTER_RING_S + CLOCK_SKEW_S

zones = st.lists(st.sampled_from(ZONES), min_size=1, max_size=3, unique=True).map(tuple)
instants = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
changes = st.sampled_from(
    [
        at_utc("2026-03-08T07:00"),  # New York springs forward
        at_utc("2026-11-01T06:00"),
        at_utc("2026-03-29T01:00"),  # Europe
        at_utc("2026-10-25T01:00"),
        at_utc("2026-04-04T16:00"),  # Sydney
        at_utc("2026-10-03T16:00"),
        at_utc("2026-04-04T15:00"),  # Lord Howe, by half an hour
        at_utc("2026-03-29T00:00"),  # Nuuk and the Azores
    ]
)
near_changes = st.builds(lambda at, minutes: at + timedelta(minutes=minutes), changes, st.integers(-1500, 1500))


def is_open_on_the_wall(window: CallingWindow, at: datetime) -> bool:
    """The definition: every zone's own clock and calendar say that it is open."""
    local = [at.astimezone(ZoneInfo(zone)) for zone in window.zones]
    return bool(local) and all(
        window.hours.is_open(there)
        and not any(is_holiday(country, state, there.date()) for country, state in window.closed_on)
        for there in local
    )


@settings(deadline=None)
@given(zones, hours(), instants | near_changes)
@example(("Australia/Lord_Howe", "Asia/Kathmandu"), weekly_hours({"daily": "01:45-02:15"}), at_utc("2026-04-04T15:10"))
@example(("Pacific/Apia",), ALWAYS, at_utc("2011-12-30T12:00"))  # the day that Samoa left out
@example(("Africa/Casablanca",), DAYTIME, at_utc("2026-02-15T09:00"))
def test_open_is_what_every_clock_on_the_wall_says(places: tuple[str, ...], week: WeeklyHours, at: datetime) -> None:
    window = CallingWindow(places, week)
    assert window.is_open(at) == is_open_on_the_wall(window, at)


@pytest.mark.parametrize("change", ["2026-03-08T07:00", "2026-11-01T06:00"])
def test_every_minute_around_a_change_of_clocks(change: str) -> None:
    window = CallingWindow(("America/New_York",), weekly_hours({"daily": "00:30-02:30, 02:45-03:15"}))
    for minute in range(-300, 300):
        at = at_utc(change) + timedelta(minutes=minute)
        assert window.is_open(at) == is_open_on_the_wall(window, at), at


def test_every_zone_of_the_world_at_every_hour_of_a_year() -> None:
    for index, zone in enumerate(ZONES):
        window = CallingWindow((zone,), HABIT)
        for hour in range(index % 97, 365 * 24, 97):  # 97 hours: no hour of the week is left out
            at = at_utc("2026-01-01T00:30") + timedelta(hours=hour)
            assert window.is_open(at) == is_open_on_the_wall(window, at), (zone, at)


@settings(deadline=None)
@given(zones, hours(), instants | near_changes)
def test_the_next_opening_is_open_and_nothing_before_it_is(
    places: tuple[str, ...], week: WeeklyHours, at: datetime
) -> None:
    window = CallingWindow(places, week)
    opening = window.next_opening(at)
    until = min(opening or at + timedelta(days=4), at + timedelta(days=4))
    probe = at
    while probe < until:
        assert not is_open_on_the_wall(window, probe)
        probe += timedelta(minutes=29, seconds=30)
    if opening is not None:
        assert opening >= at
        assert is_open_on_the_wall(window, opening)
        assert opening == at or not is_open_on_the_wall(window, opening - timedelta(seconds=1))


@settings(deadline=None)
@given(zones, hours(), instants | near_changes)
def test_a_window_closes_at_its_first_closed_instant(places: tuple[str, ...], week: WeeklyHours, at: datetime) -> None:
    window = CallingWindow(places, week)
    closes = window.closes(at)
    assert (closes is not None) == window.is_open(at)
    if closes is not None and closes < at + timedelta(days=HORIZON_DAYS - 2):
        assert not is_open_on_the_wall(window, closes)
        assert is_open_on_the_wall(window, closes - timedelta(seconds=1))
        assert window.is_open_around(at, after_s=(closes - at).total_seconds() - 1)
        assert not window.is_open_around(at, after_s=(closes - at).total_seconds())


@settings(deadline=None, max_examples=200)
@given(zones, hours(), instants | near_changes, st.integers(15, 60), st.data())
def test_nothing_rings_outside_the_window_on_any_clock_within_the_skew(
    places: tuple[str, ...], week: WeeklyHours, around: datetime, ring_s: int, data: st.DataObject
) -> None:
    window = CallingWindow(places, week)
    opening = window.next_opening(around)
    closing = window.closes(opening) if opening else None
    edge = data.draw(st.sampled_from([opening or around, closing or around]))
    at = edge + timedelta(seconds=data.draw(st.integers(-300, 300)))
    if not window.allows_dispatch(at, ring_s):
        return
    for off_s in (-CLOCK_SKEW_S, 0, CLOCK_SKEW_S):
        truly = at + timedelta(seconds=off_s)
        for second in (0, ring_s // 2, ring_s, ring_s + AFTER_RING_S):
            assert is_open_on_the_wall(window, truly + timedelta(seconds=second))


@settings(deadline=None)
@given(zones, hours(), instants | near_changes)
def test_the_next_dispatch_is_allowed_and_a_second_earlier_is_not(
    places: tuple[str, ...], week: WeeklyHours, at: datetime
) -> None:
    window = CallingWindow(places, week)
    allowed = window.next_dispatch(at, RING_S)
    if allowed is None:
        assert not window.allows_dispatch(at, RING_S)
        return
    assert window.allows_dispatch(allowed, RING_S)
    assert allowed == at or not window.allows_dispatch(max(at, allowed - timedelta(seconds=1)), RING_S)


@settings(deadline=None)
@given(zones, st.sampled_from(ZONES), hours(), hours(), instants | near_changes)
def test_more_zones_and_fewer_hours_never_open_anything(
    places: tuple[str, ...], further: str, week: WeeklyHours, other: WeeklyHours, at: datetime
) -> None:
    window = CallingWindow(places, week)
    for narrower in (
        CallingWindow((*places, further), week),
        window.narrowed(other),
        CallingWindow(places, week, frozenset({("IN", None)})),
    ):
        assert window.is_open(at) or not narrower.is_open(at)


def test_the_day_ends_before_the_last_ring_would() -> None:
    window = CallingWindow(INDIA, weekly_hours({"daily": "10:00-21:00"}))
    closing = at_utc("2026-11-24T15:30")
    last = closing - timedelta(seconds=GUARD_S + 1)
    assert window.allows_dispatch(last, RING_S)
    assert not window.allows_dispatch(closing - timedelta(seconds=GUARD_S), RING_S)
    assert window.is_open(closing - timedelta(seconds=1))
    assert window.next_dispatch(closing, RING_S) == at_utc("2026-11-25T04:31:30")


def test_a_window_shorter_than_a_ring_is_never_open_for_a_call() -> None:
    window = CallingWindow(INDIA, weekly_hours({"mon": "10:00-10:04"}))
    assert window.next_opening(at_utc("2026-11-24T00:00")) == at_utc("2026-11-30T04:30")
    assert window.next_dispatch(at_utc("2026-11-24T00:00"), RING_S) is None


def test_zones_that_are_never_awake_together_are_never_called() -> None:
    window = CallingWindow(("Asia/Kolkata", "America/Los_Angeles"), weekly_hours({"mon-fri": "10:00-18:00"}))
    assert window.next_opening(at_utc("2026-11-24T00:00")) is None


def test_florida_is_called_when_both_of_its_zones_are_open() -> None:
    window = CallingWindow(("America/New_York", "America/Chicago"), weekly_hours({"daily": "08:00-20:00"}))
    assert window.next_opening(at_utc("2026-11-24T06:00")) == at_utc("2026-11-24T14:00")  # eight in Pensacola
    assert window.closes(at_utc("2026-11-24T14:00")) == at_utc("2026-11-25T01:00")  # eight in Miami


def test_holidays_are_closed_from_midnight_to_midnight_there() -> None:
    window = CallingWindow(("Europe/Berlin",), ALWAYS, frozenset({("DE", None)}))
    assert window.closes(at_utc("2026-12-24T12:00")) == at_utc("2026-12-24T23:00")
    assert window.next_opening(at_utc("2026-12-25T00:00")) == at_utc("2026-12-26T23:00")


@pytest.mark.parametrize(
    ("country", "state", "day", "closed"),
    [
        ("DE", None, date(2026, 11, 1), False),
        ("DE", "BY", date(2026, 11, 1), True),
        ("DE", "Bayern", date(2026, 11, 1), True),
        ("DE", "Atlantis", date(2026, 11, 1), False),
        ("US", "AL", date(2026, 4, 27), True),
        ("US", None, date(2026, 4, 27), False),
        ("US", None, date(2026, 11, 26), True),
        ("GB", None, date(2026, 12, 28), True),
        ("AU", None, date(2026, 1, 26), True),
    ],
)
def test_public_holidays_by_country_and_state(country: str, state: str | None, day: date, closed: bool) -> None:
    assert is_holiday(country, state, day) is closed


def test_a_country_without_a_calendar_is_an_error_and_not_a_working_day() -> None:
    window = CallingWindow(INDIA, ALWAYS, frozenset({("ZZ", None)}))
    with pytest.raises(NotImplementedError):
        window.is_open(at_utc("2026-11-24T06:30"))


def test_no_zone_is_never_open() -> None:
    window = CallingWindow((), ALWAYS)
    at = at_utc("2026-11-24T06:30")
    assert not window.is_open(at)
    assert window.closes(at) is None
    assert window.next_opening(at) is None
    assert CallingWindow(INDIA, NEVER).next_opening(at) is None


def test_a_window_that_never_closes_is_one_span() -> None:
    window = CallingWindow(INDIA, ALWAYS)
    at = at_utc("2026-11-24T18:29")  # a minute before midnight in India
    assert window.is_open_around(at, before_s=7200, after_s=7200)
    closes = window.closes(at)
    assert closes is not None
    assert closes > at + timedelta(days=30)


def test_a_wall_clock_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="instant"):
        CallingWindow(INDIA, ALWAYS).is_open(datetime(2026, 11, 24, 12, 0))  # noqa: DTZ001 - this is what is refused


def test_a_million_contacts_are_looked_up_and_not_reckoned() -> None:
    calling_window._open_in.cache_clear()
    calling_window._open_everywhere.cache_clear()
    at = at_utc("2026-11-24T06:30")
    for _ in range(1000):
        for zone in ("Asia/Kolkata", "America/New_York"):
            assert CallingWindow((zone,), HABIT).is_open(at) == (zone == "Asia/Kolkata")
    assert calling_window._open_in.cache_info().misses < 2 * (HORIZON_DAYS + 2)


@settings(deadline=None)
@given(st.sampled_from(ZONES), st.integers(19_000, 22_000))
@example("America/New_York", 20520)
@example("Australia/Lord_Howe", 20547)
def test_the_pieces_of_a_day_join_without_gap(zone: str, day: int) -> None:
    pieces = calling_window._constant_offsets(zone, day)
    assert pieces[0][0] == day * 86_400
    assert pieces[-1][1] == (day + 1) * 86_400
    assert all(one[1] == other[0] and one[2] != other[2] for one, other in pairwise(pieces))
    for start, end, ahead in pieces:
        for second in (start, (start + end) // 2, end - 1):
            there = datetime.fromtimestamp(second, UTC).astimezone(ZoneInfo(zone)).utcoffset()
            assert there == timedelta(seconds=ahead)
