"""When the caller's frames go to the model: each with its own sound, two by two in silence that nobody waits for."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

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


def test_the_silence_after_the_callers_turn_is_not_kept_waiting() -> None:
    ear = Ear()
    ear.hears(*[LOUD] * 30)
    assert ear.hears(*[QUIET] * 40) == [FRAME] * 40
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
