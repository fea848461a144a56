"""How many calls start, when, and whose: never above the pace, never into the reserve, fair over many beats."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.pacing import Capacity, Demand, Slots, shares


def a_demand(campaign_id: str = "diwali", **changes: Any) -> Demand:
    """A campaign with much to do and wide limits."""
    fields: dict[str, Any] = {
        "due": 1000,
        "open_calls": 0,
        "max_concurrent": 1000,
        "calls_per_second": 100.0,
        **changes,
    }
    return Demand(campaign_id=campaign_id, **fields)


@settings(deadline=None)
@given(
    st.floats(0.2, 100),
    st.lists(st.tuples(st.floats(0.01, 5), st.integers(0, 500)), min_size=1, max_size=8),
)
def test_no_second_sees_more_starts_than_the_account_has(per_second: float, beats: list[tuple[float, int]]) -> None:
    slots, now_s, starts = Slots(), 1000.0, list[float]()
    for beat_s, wanted in beats:
        taken, slots = slots.taken(wanted, per_second, now_s, now_s + beat_s)
        assert len(taken) <= wanted
        assert all(now_s <= start_s < now_s + beat_s + 1e-6 for start_s in taken)
        starts.extend(taken)
        now_s += beat_s
    assert starts == sorted(starts)
    for index, start_s in enumerate(starts):
        assert bisect_left(starts, start_s + 1.0) - index <= math.ceil(per_second)


def test_thirty_calls_a_second_are_nearly_thirty() -> None:
    slots, started = Slots(), 0
    for second in range(60):
        starts, slots = slots.taken(1000, 30, float(second), float(second + 1))
        started += len(starts)
    assert 27 <= started / 60 <= 30


def test_time_in_which_nobody_was_due_is_not_made_up_for() -> None:
    starts, slots = Slots().taken(1, 1, 0.0, 60.0)
    assert starts == (0.0,)
    starts, _ = slots.taken(100, 1, 600.0, 601.0)
    assert starts == (600.0,)


def test_no_slots_without_pace_or_time() -> None:
    slots = Slots(next_s=50.0)
    assert slots.taken(10, 0, 0.0, 60.0) == ((), slots)
    assert slots.taken(10, 1, 0.0, 10.0) == ((), slots)
    assert slots.taken(0, 1, 60.0, 70.0) == ((), slots)


@pytest.mark.parametrize(
    ("capacity", "free"),
    [
        (Capacity(max_calls=100, model_sessions=50), 40),  # a fifth is kept for callers
        (Capacity(max_calls=100, model_sessions=50, inbound_calls=5), 40),
        (Capacity(max_calls=100, model_sessions=50, inbound_calls=20), 30),  # more callers than the reserve
        (Capacity(max_calls=100, model_sessions=50, outbound_calls=40), 0),
        (Capacity(max_calls=10, model_sessions=50, outbound_calls=4, inbound_calls=3), 3),
        (Capacity(max_calls=10, model_sessions=3), 2),
        (Capacity(max_calls=10, model_sessions=1), 0),  # the only session is a caller's
        (Capacity(max_calls=10, model_sessions=5, outbound_calls=9), 0),
        (Capacity(max_calls=10, model_sessions=10, inbound_reserve=0.0), 10),
    ],
)
def test_callers_find_a_session_free(capacity: Capacity, free: int) -> None:
    assert capacity.free_calls == free


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, 1000),
        ({"due": 7}, 7),
        ({"max_concurrent": 5, "open_calls": 3}, 2),
        ({"max_concurrent": 5, "open_calls": 9}, 0),
        ({"calls_per_second": 2.0}, 20),
        ({"calls_per_second": 0.01}, 1),
    ],
)
def test_a_campaign_starts_no_more_than_its_own_limits(changes: dict[str, Any], wanted: int) -> None:
    assert a_demand(**changes).wanted(10.0) == wanted


def test_weight_decides_between_campaigns_that_want_everything() -> None:
    turns, _ = shares(30, [a_demand("diwali", weight=2), a_demand("holi")], 10)
    assert Counter(turns) == {"diwali": 20, "holi": 10}


def test_what_one_does_not_want_goes_to_the_others() -> None:
    turns, _ = shares(30, [a_demand("diwali", due=4), a_demand("holi")], 10)
    assert Counter(turns) == {"diwali": 4, "holi": 26}


def test_beats_with_room_for_one_are_fair_over_time() -> None:
    served: dict[str, float] = {}
    calls: Counter[str] = Counter()
    for _ in range(90):
        turns, served = shares(1, [a_demand("diwali", weight=2), a_demand("holi")], 1, served)
        calls.update(turns)
    assert calls == {"diwali": 60, "holi": 30}


def test_a_newcomer_neither_waits_nor_catches_up() -> None:
    served: dict[str, float] = {}
    for _ in range(50):
        _, served = shares(1, [a_demand("diwali"), a_demand("holi")], 1, served)
    calls: Counter[str] = Counter()
    for _ in range(30):
        turns, served = shares(1, [a_demand("diwali"), a_demand("holi"), a_demand("eid")], 1, served)
        calls.update(turns)
    assert calls == {"diwali": 10, "holi": 10, "eid": 10}


def test_who_had_the_line_alone_does_not_pay_for_it_later() -> None:
    _, served = shares(10, [a_demand("diwali", due=10), a_demand("holi", due=0)], 10)
    turns, _ = shares(10, [a_demand("diwali"), a_demand("holi")], 10, served)
    assert Counter(turns) == {"diwali": 5, "holi": 5}


demands = st.lists(
    st.builds(
        a_demand,
        st.sampled_from(["diwali", "holi", "eid", "onam"]),
        due=st.integers(0, 50),
        open_calls=st.integers(0, 20),
        max_concurrent=st.integers(1, 30),
        calls_per_second=st.floats(0.1, 10),
        weight=st.floats(0.1, 10),
    ),
    max_size=4,
    unique_by=lambda demand: demand.campaign_id,
)


@settings(deadline=None)
@given(st.integers(0, 100), demands, st.floats(0.1, 60))
def test_all_room_is_used_and_no_limit_passed(room: int, wanting: list[Demand], beat_s: float) -> None:
    turns, served = shares(room, wanting, beat_s)
    calls = Counter(turns)
    wanted = {demand.campaign_id: demand.wanted(beat_s) for demand in wanting}
    assert len(turns) == min(room, sum(wanted.values()))
    assert all(calls[campaign] <= wanted[campaign] for campaign in calls)
    assert set(served) == set(wanted)
    assert all(credit >= 0 for credit in served.values())
