"""The recorder's own troubles: a writer that breaks or is slow, and where in a turn the notice was heard."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
import pytest_asyncio

from functions.voice.recording.recorder import MOST_WAITING, StreamRecorder
from functions.voice.recording.timeline import Happened, Kind
from shared.domain.call import Speaker, Turn
from shared.domain.recording import RecordingState, StreamRecording


class Writer:
    """Keeps what it is given; breaks or waits when told to."""

    def __init__(self) -> None:
        self.happened: list[Happened] = []
        self.breaks = False
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def take_in(self, happened: Sequence[Happened], now_ms: float) -> None:
        self.may_go_on.wait(5)
        if self.breaks:
            raise ZeroDivisionError
        self.happened += happened

    def finish(self, now_ms: float) -> StreamRecording:
        return StreamRecording(1, RecordingState.COMPLETE, ms=round(now_ms))


class Studio:
    """A recorder and its writer."""

    def __init__(self, threads: ThreadPoolExecutor) -> None:
        self.writer = Writer()
        self.done: asyncio.Future[StreamRecording] = asyncio.get_running_loop().create_future()
        self.recorder = StreamRecorder("CA1", 1, self.writer, threads, self.done.set_result)

    def seconds(self, start: int, count: int) -> None:
        for frame in range(start * 50, (start + count) * 50):
            self.recorder.caller(b"\x01" * 160, frame * 20, frame * 20.0 + 20)

    async def ends(self, now_ms: float) -> StreamRecording:
        self.recorder.close(now_ms)
        self.recorder.close(now_ms)
        async with asyncio.timeout(10):
            return await self.done


@pytest_asyncio.fixture
async def studio() -> AsyncIterator[Studio]:
    with ThreadPoolExecutor(1) as threads:
        yield Studio(threads)


async def test_everything_arrives_in_order_and_the_end_last(studio: Studio) -> None:
    studio.seconds(0, 10)
    assert (await studio.ends(10_000)).ms == 10_000
    assert [one.timestamp_ms for one in studio.writer.happened] == [frame * 20 for frame in range(500)]


async def test_a_fault_of_ours_ends_the_recording_and_not_the_call(studio: Studio) -> None:
    studio.writer.breaks = True
    studio.seconds(0, 5)
    async with asyncio.timeout(10):
        described = await studio.done
    assert (described.state, described.why) == (RecordingState.FAILED, "a fault of ours")
    studio.seconds(5, 200)
    studio.recorder.close(205_000)


async def test_a_thread_that_falls_far_behind_keeps_the_newest_minute(studio: Studio) -> None:
    studio.writer.may_go_on.clear()
    studio.seconds(0, 300)
    studio.writer.may_go_on.set()
    await studio.ends(300_000)
    kept = {one.timestamp_ms // 1000 for one in studio.writer.happened}
    assert len(kept) <= MOST_WAITING + 4
    assert 299 in kept


@pytest.mark.parametrize(
    ("text", "unheard", "speaker", "expected"),
    [
        ("Hello. This call is recorded. How can I help you?", "", Speaker.AGENT, 3_700),
        ("Hello. This call is recorded.", "How can I help you?", Speaker.AGENT, 3_700),
        ("Hello. This call is", "recorded. How can I help you?", Speaker.AGENT, None),
        ("Is this recorded?", "", Speaker.CALLER, None),
    ],
)
async def test_where_in_a_turn_the_notice_was_heard(
    text: str, unheard: str, speaker: Speaker, expected: int | None, studio: Studio
) -> None:
    turn = Turn(1, speaker, text, "en", start_ms=100, end_ms=5_000, unheard=unheard, audio_ms=6_000, heard_ms=6_000)
    studio.recorder.heard_turn(turn, 5_000.0)
    await studio.ends(6_000)
    notices = [one.now_ms for one in studio.writer.happened if one.kind is Kind.NOTICE]
    assert notices == ([] if expected is None else [expected])


async def test_later_talk_of_records_is_no_notice(studio: Studio) -> None:
    for seq, text in enumerate(["Hello.", "Yes.", "No.", "Your medical records are here."]):
        turn = Turn(seq, Speaker.AGENT, text, "en", start_ms=0, end_ms=1_000, audio_ms=1_000, heard_ms=1_000)
        studio.recorder.heard_turn(turn, 1_000.0)
    await studio.ends(2_000)
    assert all(one.kind is not Kind.NOTICE for one in studio.writer.happened)
