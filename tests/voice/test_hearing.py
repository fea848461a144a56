"""When the caller's frames go to the model: each with its own sound, two by two in silence that nobody waits for."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.voice.audio import Upsampler, decode_ulaw
from functions.voice.conversation import Conversation
from functions.voice.hearing import Hearing
from functions.voice.patience import Pace
from functions.voice.recording.recorder import Recorder
from tests.voice.phone import LOUD, QUIET

FRAME = 640


class Line:
    """Keeps what it is sent."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def send_audio(self, pcm: bytes, *, unanswered: bool = False) -> None:
        self.sent.append(pcm)

    @property
    def sizes(self) -> list[int]:
        return [len(pcm) for pcm in self.sent]


class Ear:
    """A hearing with frames every 20 ms."""

    def __init__(self) -> None:
        self.line = Line()
        self.now_ms = 0.0
        self.conversation = Conversation(Pace(8_000, 600_000), count(1))
        line: Any = self.line
        now: Callable[[], float] = lambda: self.now_ms  # noqa: E731
        self.hearing = Hearing(line, self.conversation, Recorder(), now, lambda actions: None)

    def hears(self, *frames: bytes) -> list[int]:
        """Sizes of what went out for these."""
        before = len(self.line.sent)
        for frame in frames:
            self.now_ms += 20
            self.hearing.frame(frame, round(self.now_ms))
        return self.line.sizes[before:]


def test_silence_goes_two_frames_at_a_time() -> None:
    assert Ear().hears(*[QUIET] * 7) == [2 * FRAME] * 3


@pytest.mark.parametrize("silent", [4, 5])
def test_a_sound_takes_the_silence_before_it_along_at_once(silent: int) -> None:
    ear = Ear()
    ear.hears(*[QUIET] * silent)
    assert ear.hears(LOUD) == [FRAME * (1 + silent % 2)]
    assert ear.hears(LOUD, LOUD, LOUD) == [FRAME] * 3


@pytest.mark.parametrize("loud", [30, 31])
def test_in_the_middle_of_speech_two_frames_go_at_a_time(loud: int) -> None:
    ear = Ear()
    assert ear.hears(*[LOUD] * 15) == [FRAME] * 15
    assert ear.hears(*[LOUD] * (loud - 15)) == [2 * FRAME] * ((loud - 15) // 2)
    # The first silent frame takes along what waits, and no other waits until the turn is answered.
    assert ear.hears(*[QUIET] * 3) == [FRAME * (1 + (loud - 15) % 2), FRAME, FRAME]


def test_after_a_pause_speech_begins_anew_for_a_model_that_may_be_answering() -> None:
    ear = Ear()
    ear.hears(*[LOUD] * 40, *[QUIET] * 3)
    assert ear.hears(*[LOUD] * 15) == [FRAME] * 15


def test_speech_over_the_agent_never_waits() -> None:
    ear = Ear()
    ear.conversation.agent_audio(bytes(8_000), ear.now_ms)
    assert ear.hears(QUIET, QUIET) == [2 * FRAME]
    assert ear.hears(*[LOUD] * 40) == [FRAME] * 40


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 40), st.booleans()), max_size=12))
def test_every_frame_goes_once_in_order_and_none_waits_where_a_turn_begins_or_ends(
    stretches: list[tuple[bool, int, bool]],
) -> None:
    ear, alone, frames = Ear(), Upsampler(), 0
    whole = b""
    unbroken = silent = 0
    for is_loud, length, answers in stretches:
        if answers and ear.conversation.is_caller_unanswered:
            ear.conversation.agent_audio(bytes(1_600), ear.now_ms)
        for _ in range(length):
            frame = LOUD if is_loud else QUIET
            whole += alone.push(decode_ulaw(frame))
            frames += 1
            unanswered = ear.conversation.is_caller_unanswered
            ear.hears(frame)
            waits = frames * FRAME - sum(ear.line.sizes)
            assert waits in {0, FRAME}
            silent = 0 if is_loud else silent + 1
            unbroken = unbroken + 1 if is_loud else 0 if silent >= 2 else unbroken
            if is_loud and unbroken <= 15:
                assert not waits  # an onset
            if not is_loud and unanswered and ear.conversation.is_caller_unanswered:
                assert not waits  # by this the model knows that a turn is over
    assert whole.startswith(b"".join(ear.line.sent))


def test_the_silence_after_the_callers_turn_is_not_kept_waiting() -> None:
    ear = Ear()
    ear.hears(*[LOUD] * 30)
    assert ear.hears(*[QUIET] * 40) == [2 * FRAME] + [FRAME] * 39  # the first takes along what was waiting
    ear.conversation.agent_audio(bytes(320), ear.now_ms)  # the answer
    assert ear.hears(*[QUIET] * 4) == [2 * FRAME] * 2


def test_the_sound_is_the_same_as_if_each_frame_went_alone() -> None:
    frames = [QUIET] * 5 + [LOUD] * 9 + [QUIET] * 30 + [LOUD] + [QUIET] * 31
    ear, alone = Ear(), Upsampler()
    ear.hears(*frames)
    whole = b"".join(alone.push(decode_ulaw(frame)) for frame in frames)
    heard = b"".join(ear.line.sent)
    assert whole.startswith(heard)
    assert len(whole) - len(heard) <= FRAME


# -- messages of any length


@pytest.mark.parametrize("message_ms", [10, 20, 30, 40, 100])
def test_how_long_twilios_messages_are_changes_nothing(message_ms: int) -> None:
    """The words are the same, a second of silence, 700 ms of voice and a second of silence."""
    sound = QUIET * 50 + LOUD * 35 + QUIET * 50
    ear, size = Ear(), message_ms * 8
    spoke: set[bool] = set()
    for start in range(0, len(sound), size):
        ear.now_ms += message_ms
        ear.hearing.frame(sound[start : start + size], round(ear.now_ms))
        talk = ear.conversation._talk
        spoke.add(talk.voice.speaking)
        if talk.voice.speaking and start >= 85 * 160:
            assert ear.now_ms - 1_700 <= 300 + message_ms, "speech is over within END_MS of the voice"
    assert spoke == {True, False}
    assert ear.conversation._talk.voice.started_ms == pytest.approx(1_000, abs=message_ms)
    alone = Upsampler()
    whole = b"".join(alone.push(decode_ulaw(sound[start : start + 160])) for start in range(0, len(sound), 160))
    heard = b"".join(ear.line.sent)
    assert whole.startswith(heard)
    assert len(whole) - len(heard) <= 2 * FRAME


@pytest.mark.parametrize("message_ms", [10, 20, 40])
def test_a_keys_tone_is_kept_from_the_model_for_as_long_in_messages_of_any_length(message_ms: int) -> None:
    ear = Ear()
    ear.hearing.key()
    for _ in range(480 // message_ms):
        ear.now_ms += message_ms
        ear.hearing.frame((LOUD * 2)[: message_ms * 8], round(ear.now_ms))
    heard = np.frombuffer(b"".join(ear.line.sent), "<i2")
    assert np.flatnonzero(np.abs(heard) > 1_000)[0] / 16 == pytest.approx(240, abs=5)
