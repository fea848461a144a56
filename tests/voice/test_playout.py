"""What the caller heard, by marks and clock."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import given

from functions.voice.playout import BYTES_PER_MS, LOST_MARK_MS, Playout


def ulaw(ms: int) -> int:
    return ms * BYTES_PER_MS


def heard(playout: Playout, now_ms: float) -> list[int]:
    return [span.answer for span in playout.take_heard(now_ms)]


def test_a_mark_is_due_every_200_ms_and_at_the_end_of_an_answer() -> None:
    playout = Playout()
    assert [playout.send(1, ulaw(100), 0), playout.send(1, ulaw(100), 1), playout.send(1, ulaw(60), 2)] == [
        None,
        "0:1600",
        None,
    ]
    assert playout.complete(1) == "0:2080"
    assert playout.complete(1) is None


def test_audio_sent_in_a_burst_is_heard_in_real_time() -> None:
    playout = Playout()
    for _ in range(10):
        playout.send(1, ulaw(200), 0)
    assert playout.heard_ms(1, 150) == 150
    assert playout.remaining_ms(150) == 1850


def test_what_is_heard_never_runs_past_a_mark_that_has_not_come_back() -> None:
    playout = Playout()
    playout.send(1, ulaw(200), 0)
    playout.send(1, ulaw(200), 0)
    assert playout.heard_ms(1, 390) == 200
    playout.mark_played("0:1600", 400)
    assert playout.heard_ms(1, 450) == 250


def test_a_lost_mark_holds_nothing_up_for_longer_than_a_second() -> None:
    playout = Playout()
    playout.send(1, ulaw(200), 0)
    playout.complete(1)
    assert heard(playout, 200 + LOST_MARK_MS - 1) == []
    assert heard(playout, 200 + LOST_MARK_MS) == [1]


def test_marks_given_back_because_of_a_clear_do_not_count_as_heard() -> None:
    playout = Playout()
    for _ in range(5):
        playout.send(1, ulaw(200), 0)
    playout.mark_played("0:1600", 200)
    playout.clear(300)
    playout.mark_played("0:3200", 301)
    playout.mark_played("0:8000", 301)
    assert playout.heard_ms(1, 5000) == 300
    assert playout.stale_marks == 2


def test_the_next_answer_after_a_clear_is_counted_from_its_own_start() -> None:
    playout = Playout()
    playout.send(1, ulaw(1000), 0)
    playout.clear(400)
    playout.send(2, ulaw(200), 900)
    playout.complete(2)
    assert playout.heard_ms(2, 1000) == 100
    playout.mark_played("1:9600", 1100)
    assert heard(playout, 1100) == [2]
    assert playout.heard_ms(1, 1100) == 0  # forgotten once it was left behind


def test_two_answers_in_a_row_are_heard_one_after_the_other() -> None:
    playout = Playout()
    playout.send(1, ulaw(300), 0)
    playout.complete(1)
    playout.send(2, ulaw(300), 10)
    playout.complete(2)
    playout.mark_played("0:2400", 300)
    assert heard(playout, 300) == [1]
    assert playout.heard_ms(2, 400) == 100


def test_a_gap_inside_an_answer_is_an_underrun_and_one_between_answers_is_not() -> None:
    playout = Playout()
    playout.send(1, ulaw(100), 0)
    playout.send(1, ulaw(100), 500)
    playout.complete(1)
    playout.mark_played("0:1600", 600)
    playout.take_heard(600)
    playout.send(2, ulaw(100), 2000)
    assert playout.underruns == 1


def test_strange_marks_change_nothing() -> None:
    playout = Playout()
    playout.send(1, ulaw(400), 0)
    for name in ("", "0", "0:", "0:x", "0:-1", "7:3200", "0:99", "٠:١"):
        playout.mark_played(name, 100)
    assert playout.heard_ms(1, 100) == 100
    assert playout.stale_marks == 8


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("send"), st.integers(1, 400)),
            st.tuples(st.just("complete"), st.just(0)),
            st.tuples(st.just("mark"), st.integers(0, 5)),
            st.tuples(st.just("clear"), st.just(0)),
            st.tuples(st.just("wait"), st.integers(1, 3000)),
        ),
        max_size=60,
    )
)
def test_nobody_hears_more_than_was_sent_or_less_than_before(steps: list[tuple[str, int]]) -> None:
    playout, answer, now_ms = Playout(), 1, 0.0
    marks: list[str] = []
    heard_before = 0
    for step, value in steps:
        match step:
            case "send":
                mark = playout.send(answer, ulaw(value), now_ms)
                marks += [mark] if mark else []
            case "complete":
                mark = playout.complete(answer)
                marks += [mark] if mark else []
            case "mark" if value < len(marks):
                playout.mark_played(marks.pop(value), now_ms)
            case "clear":
                playout.clear(now_ms)
                answer, heard_before = answer + 1, 0
            case "wait":
                now_ms += value
        heard_ms = playout.heard_ms(answer, now_ms)
        assert heard_before <= heard_ms <= playout.sent_ms(answer)
        assert playout.remaining_ms(now_ms) >= 0
        heard_before = heard_ms


class Ear:
    """Twilio's side: plays in real time what has arrived, and gives marks back when it comes to them."""

    def __init__(self, playout: Playout, delay_ms: int) -> None:
        self._playout = playout
        self._delay_ms = delay_ms
        """Of the network, each way."""
        self._coming: list[tuple[int, int, str | None]] = []
        self._returning: list[tuple[int, str]] = []
        self._queue: list[tuple[int, str | None]] = []
        self.heard_ms = 0
        self._in_piece_ms = 0

    def send(self, at_ms: int, ms: int, mark: str | None) -> None:
        self._coming.append((at_ms + self._delay_ms, ms, mark))

    def passes(self, now_ms: int) -> None:
        """One millisecond goes by."""
        while self._coming and self._coming[0][0] <= now_ms:
            _, ms, mark = self._coming.pop(0)
            self._queue.append((ms, mark))
        if self._queue:
            self.heard_ms += 1
            self._in_piece_ms += 1
            if self._in_piece_ms >= self._queue[0][0]:
                _, mark = self._queue.pop(0)
                self._in_piece_ms = 0
                if mark is not None:
                    self._returning.append((now_ms + self._delay_ms, mark))
        while self._returning and self._returning[0][0] <= now_ms:
            self._playout.mark_played(self._returning.pop(0)[1], now_ms)


@given(
    pieces=st.lists(st.tuples(st.integers(1, 300), st.integers(0, 250)), min_size=1, max_size=25),
    delay_ms=st.integers(0, 40),
    cut_ms=st.integers(0, 6_000),
)
def test_what_was_heard_at_a_cut_is_known_to_within_one_frame_beside_the_networks_delay(
    pieces: list[tuple[int, int]], delay_ms: int, cut_ms: int
) -> None:
    playout = Playout()
    ear = Ear(playout, delay_ms)
    due: dict[int, list[int]] = {}
    at_ms = 0
    for ms, gap_ms in pieces:
        due.setdefault(at_ms, []).append(ms)
        at_ms += gap_ms
    for now_ms in range(cut_ms):
        for ms in due.get(now_ms, []):
            ear.send(now_ms, ms, playout.send(1, ulaw(ms), now_ms))
        ear.passes(now_ms)
    playout.clear(cut_ms)
    assert abs(playout.heard_ms(1, cut_ms) - ear.heard_ms) <= 20 + 2 * delay_ms
