"""When a turn begins and ends. Sound is a frame of ones, silence a frame of zeros."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from local.speech_model.ear import FRAME_BYTES, FRAME_MS, Ear, SpeechBegan, SpeechEnded, is_loud
from local.speech_model.setup_message import AutomaticActivityDetection
from tests.speech_model.live_caller import silence, sound

SOUND, SILENCE = b"\x01" * FRAME_BYTES, bytes(FRAME_BYTES)


def ear(**detection: object) -> Ear:
    return Ear(AutomaticActivityDetection.model_validate(detection), 500, lambda frame: frame[0] == 1)


def events(ear: Ear, *frames: bytes) -> list[str]:
    return [type(event).__name__ for event in ear.feed(b"".join(frames))]


def test_three_frames_of_speech_begin_a_turn_and_half_a_second_of_silence_ends_it() -> None:
    caller = ear()
    assert events(caller, *[SILENCE] * 5, SOUND, SOUND) == []
    assert events(caller, SOUND) == ["SpeechBegan"]
    assert caller.speaking
    assert events(caller, *[SOUND] * 10, *[SILENCE] * 24) == []
    assert events(caller, SILENCE) == ["SpeechEnded"]
    assert not caller.speaking


def test_a_click_begins_nothing() -> None:
    assert events(ear(), *[SOUND, SOUND, SILENCE] * 10) == []


def test_low_sensitivity_and_padding_want_more_speech_first() -> None:
    assert events(ear(startOfSpeechSensitivity="START_SENSITIVITY_LOW"), *[SOUND] * 4) == []
    assert events(ear(startOfSpeechSensitivity="START_SENSITIVITY_LOW"), *[SOUND] * 5) == ["SpeechBegan"]
    assert events(ear(prefixPaddingMs=200), *[SOUND] * 9) == []
    assert events(ear(prefixPaddingMs=200), *[SOUND] * 10) == ["SpeechBegan"]


def test_the_turn_has_what_came_just_before_and_knows_how_long_was_spoken() -> None:
    caller = ear(silenceDurationMs=100)
    (_, ended) = list(caller.feed(b"".join([*[SILENCE] * 50, *[SOUND] * 20, *[SILENCE] * 5])))
    assert isinstance(ended, SpeechEnded)
    assert ended.speech_s == pytest.approx(0.4)
    assert len(ended.pcm) == (15 + 20 + 5) * FRAME_BYTES


def test_a_pause_shorter_than_the_end_stays_in_the_turn() -> None:
    assert events(ear(), *[SOUND] * 10, *[SILENCE] * 20, *[SOUND] * 10, *[SILENCE] * 25) == [
        "SpeechBegan",
        "SpeechEnded",
    ]


def test_a_turn_without_end_is_ended() -> None:
    assert events(ear(), *[SOUND] * 1600).count("SpeechEnded") == 1


def test_by_hand_nothing_counts_before_the_beginning() -> None:
    caller = ear(disabled=True)
    assert events(caller, *[SOUND] * 20) == []
    assert isinstance(caller.begin(), SpeechBegan)
    assert caller.begin() is None
    assert events(caller, *[SILENCE] * 40, *[SOUND] * 10) == []
    ended = caller.end()
    assert ended is not None
    assert ended.speech_s == pytest.approx(0.2)
    assert len(ended.pcm) == 50 * FRAME_BYTES
    assert caller.end() is None


@example(runs=[0, 3, 25, 3], size=3)
@given(st.lists(st.integers(0, 40), max_size=12), st.integers(20, 3000))
def test_however_the_stream_is_cut_the_turns_are_the_same(runs: list[int], size: int) -> None:
    stream = b"".join((SOUND if turn % 2 else SILENCE) * run for turn, run in enumerate(runs)) + SILENCE * 30
    whole = list(ear().feed(stream))
    cut = ear()
    pieces = [event for at in range(0, len(stream), size * 2) for event in cut.feed(stream[at : at + size * 2])]
    assert pieces == whole


def test_loudness_alone_tells_sound_from_silence() -> None:
    assert is_loud(sound(FRAME_MS))
    assert not is_loud(silence(FRAME_MS))


def test_low_end_sensitivity_is_patient_unless_a_silence_is_given() -> None:
    low = {"endOfSpeechSensitivity": "END_SENSITIVITY_LOW"}
    assert events(ear(**low), *[SOUND] * 5, *[SILENCE] * 39) == ["SpeechBegan"]
    assert events(ear(**low), *[SOUND] * 5, *[SILENCE] * 40) == ["SpeechBegan", "SpeechEnded"]
    assert events(ear(**low, silenceDurationMs=200), *[SOUND] * 5, *[SILENCE] * 10) == ["SpeechBegan", "SpeechEnded"]
