"""A stream's recording as the call sees it: it says what happens, and never waits.

What happened is kept as it came and handed to a thread every HAND_OVER_MS; there it becomes sound, and parts in the
object store. A frame costs the event loop an append. If the thread falls far behind, what is oldest is not recorded.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from typing import Final, Protocol

from functions.voice.recording.timeline import LAG_MS, Happened, Kind
from shared.domain.call import Speaker, Turn
from shared.domain.recording import RecordingState, StreamRecording
from shared.domain.recording_law import says_it_is_recorded

log = logging.getLogger(__name__)

HAND_OVER_MS: Final = 1_000
MOST_WAITING: Final = 60
"""Batches; a minute of call."""
MOST_TURNS: Final = 3
"""Of the agent's, in which words about recording are the notice and not something else."""


class Recorder:
    """Of a stream that is not recorded; the base of one that is."""

    @property
    def notice_is_owed(self) -> bool:
        """The caller has not heard yet that the call is recorded, and should have."""
        return False

    def caller(self, ulaw: bytes, timestamp_ms: int, now_ms: float) -> None:
        """A frame of the caller came."""

    def agent(self, ulaw: bytes, now_ms: float) -> None:
        """Sound was sent to be played."""

    def mark(self, name: str, now_ms: float) -> None:
        """Twilio gave a mark back."""

    def cleared(self, now_ms: float) -> None:
        """What was not played yet was dropped."""

    def heard_turn(self, turn: Turn, now_ms: float) -> None:
        """A turn is over; it may have held the notice."""

    def said_before(self, turns: Iterable[tuple[str, str]]) -> None:
        """(role, text) of earlier streams of this call."""

    def close(self, now_ms: float) -> None:
        """The stream is over."""


class Writer(Protocol):
    """What the thread does: PartWriter, or a test's."""

    def take_in(self, happened: Sequence[Happened], now_ms: float) -> None:
        """What happened."""
        ...

    def finish(self, now_ms: float) -> StreamRecording:
        """The end."""
        ...


class StreamRecorder(Recorder):
    """Of a stream that is recorded."""

    def __init__(
        self, call_sid: str, stream: int, writer: Writer, threads: Executor, done: Callable[[StreamRecording], None]
    ) -> None:
        self._call_sid = call_sid
        self._stream = stream
        self._writer = writer
        self._threads = threads
        self._done = done
        self._happened: list[Happened] = []
        self._due_ms = float(HAND_OVER_MS)
        self._work: deque[tuple[list[Happened], float]] = deque()
        self._working = False
        self._closed_ms: float | None = None
        self._told = False
        self._agent_turns = 0

    # -- what happens

    def caller(self, ulaw: bytes, timestamp_ms: int, now_ms: float) -> None:
        """Keep it; hand over what is kept when it is time."""
        self._happened.append(Happened(Kind.CALLER, now_ms, ulaw, timestamp_ms))
        if now_ms >= self._due_ms:
            self._hand_over(now_ms)

    def agent(self, ulaw: bytes, now_ms: float) -> None:
        """Keep it."""
        self._happened.append(Happened(Kind.AGENT, now_ms, ulaw))

    def mark(self, name: str, now_ms: float) -> None:
        """Keep it."""
        self._happened.append(Happened(Kind.MARK, now_ms, mark=name))

    def cleared(self, now_ms: float) -> None:
        """Keep it."""
        self._happened.append(Happened(Kind.CLEAR, now_ms))

    # -- the notice

    @property
    def notice_is_owed(self) -> bool:
        """The agent's first turn is over, and was cut off before the notice."""
        return not self._told and self._agent_turns == 1

    def heard_turn(self, turn: Turn, now_ms: float) -> None:
        """The caller is recorded from where the notice was heard; within a turn that is told by its words."""
        if self._told or turn.speaker is not Speaker.AGENT or self._agent_turns >= MOST_TURNS:
            return
        self._agent_turns += 1
        if says_it_is_recorded(turn.text):
            self._notice(max(_notice_heard_ms(turn), now_ms - LAG_MS))

    def said_before(self, turns: Iterable[tuple[str, str]]) -> None:
        """A call that is taken up again was told in its first stream."""
        if any(role == "model" and says_it_is_recorded(text) for role, text in turns):
            self._notice(0.0)

    def _notice(self, at_ms: float) -> None:
        if not self._told:
            self._told = True
            self._happened.append(Happened(Kind.NOTICE, at_ms))

    # -- the thread

    def close(self, now_ms: float) -> None:
        """Hand over the rest. The writer goes on by itself, and says when it is done."""
        if self._closed_ms is None:
            self._closed_ms = now_ms
            self._hand_over(now_ms)

    def _hand_over(self, now_ms: float) -> None:
        self._due_ms = now_ms + HAND_OVER_MS
        self._work.append((self._happened, now_ms))
        self._happened = []
        if len(self._work) > MOST_WAITING:
            self._work.popleft()
        if not self._working:
            self._working = True
            ended = asyncio.get_running_loop().run_in_executor(self._threads, self._write)
            ended.add_done_callback(self._written)

    def _write(self) -> StreamRecording | None:
        """In a thread: all that waits."""
        while True:
            try:
                batch, now_ms = self._work.popleft()
            except IndexError:
                return None
            self._writer.take_in(batch, now_ms)

    def _written(self, ended: asyncio.Future[StreamRecording | None]) -> None:
        self._working = False
        if ended.cancelled():
            return
        if (error := ended.exception()) is not None:
            self._failed(error)
        elif (described := ended.result()) is not None:
            self._done(described)
        elif self._work:
            self._again(self._write)
        elif self._closed_ms is not None:
            self._again(self._finish)

    def _again(self, work: Callable[[], StreamRecording | None]) -> None:
        self._working = True
        asyncio.get_running_loop().run_in_executor(self._threads, work).add_done_callback(self._written)

    def _finish(self) -> StreamRecording:
        assert self._closed_ms is not None
        return self._writer.finish(self._closed_ms)

    def _failed(self, error: BaseException) -> None:
        """Our own mistake; the call goes on, and is not recorded any further."""
        log.error("recording failed", extra={"call": self._call_sid, "error": type(error).__name__})
        self._working = True
        self._work.clear()
        self._done(StreamRecording(self._stream, RecordingState.FAILED, why="a fault of ours"))


def _notice_heard_ms(turn: Turn) -> float:
    """When the words about recording had been heard, if words are spread evenly over the turn's sound.

    The first words that hold the notice end where it was heard; the sentence they stand in may go on.
    """
    words = turn.text.split()
    upto = next(
        (count for count in range(1, len(words) + 1) if says_it_is_recorded(" ".join(words[:count]))), len(words)
    )
    all_words = len(words) + len(turn.unheard.split())
    return turn.start_ms + turn.audio_ms * min(1.0, (upto + 1) / max(1, all_words))
