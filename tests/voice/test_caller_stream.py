"""What a session that takes over hears of the caller: all that has had no answer, in order, and each word once."""

from __future__ import annotations

import pytest

from functions.voice.caller_stream import MOST_KEPT, PRE_ROLL_FRAMES, CallerStream, TurnStream, WholeStream
from functions.voice.frame import FRAME_MS
from functions.voice.speech.model import SessionEnded, SessionSetup
from tests.voice.scripted_model import ScriptedSession


class Session(ScriptedSession):
    """Keeps the frames, which are numbers here; may break after so many."""

    def __init__(self, breaks_after: int | None = None) -> None:
        super().__init__(SessionSetup("m", "", "Kore"))
        self.heard: list[int] = []
        self.breaks_after = breaks_after

    def send_audio(self, pcm: bytes) -> None:
        if len(self.heard) == self.breaks_after:
            raise SessionEnded("gone", resumable=True)
        self.heard.append(int.from_bytes(pcm))


def says(stream: CallerStream, frames: range, session: Session | None, *, unanswered: bool = True) -> None:
    for number in frames:
        stream.send(number.to_bytes(4), session, unanswered=unanswered)


@pytest.mark.parametrize("stream", [WholeStream(), TurnStream()], ids=["the model listens", "the gate listens"])
async def test_a_speech_of_half_a_minute_over_a_change_of_sessions_is_heard_whole(stream: CallerStream) -> None:
    seconds, before, after = 1_000 // FRAME_MS, Session(), Session()
    stream.begin(0, before)
    says(stream, range(25 * seconds), before)
    says(stream, range(25 * seconds, 28 * seconds), None)
    await stream.replay(after)
    says(stream, range(28 * seconds, 29 * seconds), after)
    assert before.heard == list(range(25 * seconds))
    assert after.heard == list(range(29 * seconds))


async def test_of_a_longer_speech_the_newest_part_is_kept() -> None:
    stream, after = WholeStream(), Session()
    says(stream, range(MOST_KEPT), Session())
    says(stream, range(MOST_KEPT, MOST_KEPT + 100), None)
    await stream.replay(after)
    assert after.heard == list(range(100, MOST_KEPT + 100))


async def test_what_was_answered_is_not_heard_again_and_what_was_not_sent_is() -> None:
    stream, after = WholeStream(), Session()
    says(stream, range(100), Session())
    stream.answered()
    says(stream, range(100, 150), None, unanswered=False)
    await stream.replay(after)
    assert after.heard == list(range(100, 150))


async def test_before_a_turn_that_begins_a_moment_of_what_was_sent_is_kept() -> None:
    stream, after = WholeStream(), Session()
    says(stream, range(100), Session(), unanswered=False)
    says(stream, range(100, 110), Session())
    await stream.replay(after)
    assert after.heard == list(range(100 - PRE_ROLL_FRAMES, 110))


async def test_a_session_that_breaks_while_it_is_told_leaves_the_rest_to_the_next() -> None:
    for unanswered, again in ((True, range(110)), (False, range(104, 110))):
        stream, broken, after = WholeStream(), Session(breaks_after=4 if not unanswered else 104), Session()
        says(stream, range(100), Session(), unanswered=True)
        says(stream, range(100, 110), None, unanswered=unanswered)
        with pytest.raises(SessionEnded):
            await stream.replay(broken)
        await stream.replay(after)
        assert after.heard == list(again)
