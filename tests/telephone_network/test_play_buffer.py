"""What Twilio keeps of our audio, and when it says that it has been heard."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from local.telephone_network.stream.play_buffer import MOST_BYTES, PlayBuffer

pytestmark = pytest.mark.portable


def test_nothing_is_silence() -> None:
    played = PlayBuffer().play()
    assert (played.audio, played.real_bytes, played.reached) == (b"\xff" * 160, 0, ())


def test_audio_comes_out_in_order_whatever_its_pieces() -> None:
    buffer = PlayBuffer()
    buffer.put(b"\x01" * 100)
    buffer.put(b"\x02" * 300)
    assert buffer.play().audio == b"\x01" * 100 + b"\x02" * 60
    assert buffer.play().audio == b"\x02" * 160
    last = buffer.play()
    assert (last.audio, last.real_bytes) == (b"\x02" * 80 + b"\xff" * 80, 80)


def test_a_mark_is_reached_when_the_audio_before_it_has_been_heard_to_its_end() -> None:
    buffer = PlayBuffer()
    buffer.put(b"\x01" * 160)
    assert not buffer.mark("end")
    assert buffer.play().reached == ()  # it is being heard now
    assert not buffer.is_empty
    assert buffer.play().reached == ("end",)
    assert buffer.is_empty


def test_a_mark_with_nothing_before_it_is_reached_at_once() -> None:
    assert PlayBuffer().mark("now")


def test_marks_in_one_place_come_back_in_order() -> None:
    buffer = PlayBuffer()
    buffer.put(b"\x01" * 10)
    buffer.mark("a")
    buffer.mark("b")
    buffer.put(b"\x01" * 160)
    buffer.mark("c")
    buffer.play()
    assert buffer.play().reached == ("a", "b")
    assert buffer.play().reached == ("c",)


def test_clear_gives_every_pending_mark_back_and_leaves_nothing() -> None:
    buffer = PlayBuffer()
    buffer.put(b"\x01" * 800)
    buffer.mark("a")
    buffer.put(b"\x01" * 800)
    buffer.mark("b")
    buffer.play()
    assert buffer.clear() == ("a", "b")
    assert buffer.is_empty
    assert buffer.play().real_bytes == 0
    assert buffer.mark("after")


def test_ten_minutes_and_no_more() -> None:
    buffer = PlayBuffer()
    assert buffer.put(b"\xff" * MOST_BYTES)
    assert not buffer.put(b"\xff")
    buffer.play()
    assert buffer.put(b"\xff")


def test_a_short_gap_is_an_underrun_a_long_one_a_pause() -> None:
    buffer = PlayBuffer()
    gaps = []
    for dry_frames in (0, 1, 30, 31):
        buffer.put(b"\x01" * 160)
        gaps.append(buffer.play().dry_ms)
        for _ in range(dry_frames):
            buffer.play()
    buffer.put(b"\x01" * 160)
    gaps.append(buffer.play().dry_ms)
    assert gaps == [0, 0, 20, 600, 0]


def test_what_comes_after_a_clear_is_no_underrun() -> None:
    buffer = PlayBuffer()
    buffer.put(b"\x01" * 320)
    buffer.play()
    buffer.clear()
    buffer.play()
    buffer.put(b"\x01" * 160)
    assert buffer.play().dry_ms == 0


Move = tuple[str, int]


@given(st.lists(st.tuples(st.sampled_from(["put", "mark", "play", "clear"]), st.integers(0, 500)), max_size=60))
@example([("put", 0), ("mark", 0), ("play", 0)])
@example([("put", 160), ("mark", 1), ("play", 0), ("clear", 0), ("play", 0)])
def test_every_mark_comes_back_once_and_no_byte_is_lost_or_doubled(moves: list[Move]) -> None:
    buffer = PlayBuffer()
    put, heard, dropped = 0, 0, 0
    asked: list[str] = []
    back: list[str] = []
    for n, (move, size) in enumerate(moves):
        match move:
            case "put":
                buffer.put(b"\x01" * size)
                put += size
            case "mark":
                asked.append(str(n))
                if buffer.mark(str(n)):
                    back.append(str(n))
            case "play":
                played = buffer.play()
                heard += played.real_bytes
                back.extend(played.reached)
            case _:
                dropped += buffer.waiting_bytes
                back.extend(buffer.clear())
    assert put == heard + dropped + buffer.waiting_bytes
    while not buffer.is_empty:
        played = buffer.play()
        heard += played.real_bytes
        back.extend(played.reached)
    back.extend(buffer.play().reached)
    assert put == heard + dropped
    assert back == asked
