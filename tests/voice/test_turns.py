"""The floor, by its table."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from functions.voice.turns import NEXT_FLOOR, Floor, FloorEvent, IllegalTurn, next_floor


def test_a_call_with_a_barge_in() -> None:
    floor = Floor.NOBODY
    for event, expected in [
        (FloorEvent.AGENT_SPOKE, Floor.AGENT),  # the greeting
        (FloorEvent.AGENT_HEARD, Floor.NOBODY),
        (FloorEvent.CALLER_SPOKE, Floor.CALLER),
        (FloorEvent.AGENT_SPOKE, Floor.AGENT),
        (FloorEvent.BARGED_IN, Floor.CALLER),
        (FloorEvent.AGENT_SPOKE, Floor.AGENT),
    ]:
        floor = next_floor(floor, event)
        assert floor is expected


@given(st.lists(st.sampled_from(FloorEvent)))
def test_an_event_with_no_row_raises_and_changes_nothing(events: list[FloorEvent]) -> None:
    floor = Floor.NOBODY
    for event in events:
        if (floor, event) in NEXT_FLOOR:
            floor = next_floor(floor, event)
        else:
            with pytest.raises(IllegalTurn):
                next_floor(floor, event)


def test_only_the_agent_can_be_barged_in_on_and_only_the_agent_can_be_heard_out() -> None:
    for event in (FloorEvent.BARGED_IN, FloorEvent.AGENT_HEARD):
        assert [floor for floor in Floor if (floor, event) in NEXT_FLOOR] == [Floor.AGENT]
