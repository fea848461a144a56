"""Where both parties' sound lands on the time line. Sound is named by its byte: each frame is 20 ms of one value."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.voice.recording.timeline import LAG_MS, MOST_AHEAD_MS, Happened, Kind, Timeline

FRAME_MS = 20
QUIET = 0xFF


def heard(side: bytes) -> list[tuple[int, float, float]]:
    """(value, from, to) in milliseconds of what is no silence."""
    found: list[tuple[int, float, float]] = []
    for position, value in enumerate(side):
        at = position / 8
        if value == QUIET:
            continue
        if found and found[-1][0] == value and found[-1][2] == at:
            found[-1] = (value, found[-1][1], at + 0.125)
        else:
            found.append((value, at, at + 0.125))
    return found


class Stream:
    """A stream that is recorded."""

    def __init__(self, **how: Any) -> None:
        self.line = Timeline(**how)

    def caller(self, value: int, spoken_ms: int, late_ms: float = 0, frames: int = 1) -> None:
        """Frames that Twilio stamps from spoken_ms on and that arrive when they have been spoken, or later."""
        for number in range(frames):
            stamp = spoken_ms + number * FRAME_MS
            arrives = stamp + FRAME_MS + late_ms
            self.line.take_in(Happened(Kind.CALLER, arrives, bytes([value]) * 160, timestamp_ms=stamp))

    def agent(self, value: int, now_ms: float, frames: int = 1) -> None:
        """Frames that are sent at once."""
        for _ in range(frames):
            self.line.take_in(Happened(Kind.AGENT, now_ms, bytes([value]) * 160))

    def clear(self, now_ms: float) -> None:
        self.line.take_in(Happened(Kind.CLEAR, now_ms))

    def mark(self, name: str, now_ms: float) -> None:
        self.line.take_in(Happened(Kind.MARK, now_ms, mark=name))

    def end(self, now_ms: float) -> tuple[list[tuple[int, float, float]], list[tuple[int, float, float]]]:
        """What is heard of the caller and of the agent."""
        stereo = self.line.end(now_ms)
        return heard(stereo[0::2]), heard(stereo[1::2])


@pytest.fixture
def stream() -> Stream:
    return Stream()


def test_both_sides_stand_where_they_were_said(stream: Stream) -> None:
    stream.caller(1, 0, frames=5)
    stream.agent(9, 100, frames=10)
    stream.caller(2, 100, frames=5)
    caller, agent = stream.end(400)
    assert caller == [(1, 0, 100), (2, 100, 200)]
    assert agent == [(9, 100, 300)]


def test_what_is_sent_while_something_plays_is_heard_after_it(stream: Stream) -> None:
    stream.agent(1, 0, frames=10)
    stream.agent(2, 50, frames=5)
    stream.agent(3, 1000, frames=1)
    assert stream.end(2000)[1] == [(1, 0, 200), (2, 200, 300), (3, 1000, 1020)]


def test_what_a_barge_in_cut_is_not_in_it(stream: Stream) -> None:
    stream.agent(1, 0, frames=100)
    stream.clear(730)
    stream.agent(2, 900, frames=5)
    assert stream.end(3000)[1] == [(1, 0, 730), (2, 900, 1000)]


def test_what_had_not_been_played_when_the_line_dropped_is_not_in_it(stream: Stream) -> None:
    stream.agent(1, 0, frames=100)
    assert stream.end(500)[1] == [(1, 0, 500)]


def test_a_caller_on_hold_leaves_a_gap(stream: Stream) -> None:
    stream.caller(1, 0, frames=2)
    stream.caller(2, 5_000, frames=2)
    assert stream.end(6_000)[0] == [(1, 0, 40), (2, 5_000, 5_040)]


def test_frames_that_come_late_and_all_at_once_stand_where_they_were_spoken(stream: Stream) -> None:
    stream.caller(1, 0, frames=2)
    for number in range(100):
        stream.caller(2, 40 + number * FRAME_MS, late_ms=2_000 - number * FRAME_MS)
    stream.caller(3, 2_040, frames=2)
    assert stream.end(3_000)[0] == [(1, 0, 40), (2, 40, 2_040), (3, 2_040, 2_080)]


def test_a_clock_that_stands_still_does_not_lose_the_caller(stream: Stream) -> None:
    for number in range(5):
        stream.line.take_in(Happened(Kind.CALLER, 20 + number * 20, bytes([number]) * 160, timestamp_ms=0))
    assert [value for value, _, _ in stream.end(200)[0]] == [0, 1, 2, 3, 4]


def test_a_frame_that_comes_twice_is_heard_once(stream: Stream) -> None:
    stream.caller(1, 0)
    stream.caller(2, 20)
    for _ in range(200):
        stream.line.take_in(Happened(Kind.CALLER, 60, bytes([3]) * 160, timestamp_ms=20))
    assert len(stream.line.end(1_000)) <= 2 * 8 * 1_100


def test_the_distance_to_twilio_moves_the_agent_to_where_the_caller_answers(stream: Stream) -> None:
    stream.agent(1, 0, frames=20)
    stream.mark("0:1600", 320)  # played at 200 ms as we reckon: the mark took 120 ms
    stream.mark("0:3200", 540)
    stream.agent(2, 1_000, frames=5)
    assert stream.end(2_000)[1] == [(1, 0, 400), (2, 1_120, 1_220)]


def test_marks_of_another_answer_and_nonsense_say_nothing_of_the_distance(stream: Stream) -> None:
    stream.agent(1, 0, frames=20)
    stream.clear(100)
    for name in ("0:1600", "1:99999999", "1:", "", "x:y", "1:-5", "1:١"):
        stream.mark(name, 300)
    stream.agent(2, 1_000)
    assert stream.end(2_000)[1] == [(1, 0, 100), (2, 1_000, 1_020)]


def test_the_caller_is_not_kept_before_the_notice_and_the_agent_is(stream: Stream) -> None:
    told = Stream(notice=True)
    told.caller(1, 0, frames=10)
    told.agent(9, 0, frames=5)
    told.line.take_in(Happened(Kind.NOTICE, 200))
    told.line.take_in(Happened(Kind.NOTICE, 900))
    told.caller(2, 200, frames=10)
    caller, agent = told.end(400)
    assert caller == [(2, 200, 400)]
    assert agent == [(9, 0, 100)]
    assert told.line.caller_from_ms == 200


def test_a_caller_who_was_never_told_is_never_kept() -> None:
    never = Stream(notice=True)
    never.caller(1, 0, frames=100)
    assert never.end(2_000)[0] == []
    assert never.line.caller_from_ms is None


def test_taken_bit_by_bit_it_is_the_same_as_at_once() -> None:
    def carried(line: Timeline, every: int) -> bytes:
        out = b""
        for number in range(600):
            now = 20.0 + number * 20
            line.take_in(Happened(Kind.CALLER, now, bytes([number % 200]) * 160, timestamp_ms=number * 20))
            if number % 100 == 0:
                for _ in range(60):
                    line.take_in(Happened(Kind.AGENT, now, bytes([number // 100]) * 160))
            if number % 250 == 249:
                line.take_in(Happened(Kind.CLEAR, now))
            if number % every == 0:
                out += line.take(now)
        return out + line.end(12_020)

    at_once = carried(Timeline(), 10_000)
    assert at_once == carried(Timeline(), 1) == carried(Timeline(), 37)
    assert len(at_once) == 12_020 * 16


HAPPENING = st.tuples(
    st.sampled_from(Kind),
    st.floats(0, 500),
    st.integers(0, 400),
    st.integers(0, 2**40),
    st.text("0123456789:x", max_size=8),
)


@given(st.lists(HAPPENING, max_size=80), st.booleans())
def test_whatever_happens_the_sound_is_as_long_as_the_time_and_memory_is_bounded(
    happenings: list[tuple[Kind, float, int, int, str]], notice: bool
) -> None:
    line, now_ms, out = Timeline(notice=notice), 0.0, 0
    for kind, later, size, stamp, mark in happenings:
        now_ms += later
        line.take_in(Happened(kind, now_ms, b"\x00" * size, stamp, mark))
        out += len(line.take(now_ms))
        assert out <= max(0.0, now_ms - LAG_MS) * 16 + 16
        assert line.waiting <= (2 * LAG_MS + MOST_AHEAD_MS + 2_000) * 8
    out += len(line.end(now_ms))
    assert now_ms * 16 - 16 <= out <= (now_ms + 1_050) * 16
