"""One stream's sound on its way into the object store: parts as the call goes, one WAV at its end. For a thread.

A part that the store does not take waits and is tried again with the next one; when too many wait, the oldest is given
up and silence of its length takes its place, so that what follows stays where it belongs.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from functions.voice.recording.timeline import Happened, Timeline
from shared.domain.recording import (
    BYTES_PER_MS,
    PART_TYPE,
    SILENCE,
    WAV_TYPE,
    RecordingState,
    StreamRecording,
    part_name,
    wav_header,
    wav_name,
)
from shared.objects.objects import Objects, ObjectsError

PART_BYTES: Final = 5_000 * BYTES_PER_MS
"""Five seconds: what a crash may lose, beside the time line's lag."""
MOST_WAITING: Final = 6
"""Half a megabyte of a call, while the store is away."""
LAST_TRIES_S: Final = (0.0, 1.0, 3.0)
AWAY_S: Final = 5.0
"""A store that has just failed is not asked again for so long, by any call."""


class Outage:
    """What all calls of a process know of the store."""

    def __init__(self) -> None:
        self._until_s = 0.0

    @property
    def lasts(self) -> bool:
        """It failed a moment ago."""
        return time.monotonic() < self._until_s

    def noticed(self) -> None:
        """It has just failed."""
        self._until_s = time.monotonic() + AWAY_S


class PartWriter:
    """Writes one stream's recording. One thread at a time."""

    def __init__(
        self,
        objects: Objects,
        folder: str,
        stream: int,
        delete_at: datetime,
        outage: Outage,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._objects = objects
        self._folder = folder
        self._stream = stream
        self._delete_at = delete_at
        self._outage = outage
        self._sleep = sleep
        self._line = Timeline(notice=True)
        self._sound = bytearray()
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._parts = 0
        self._bytes = 0
        self._lost: dict[int, int] = {}
        """Parts that were given up, and how many bytes they had."""

    def take_in(self, happened: Sequence[Happened], now_ms: float) -> None:
        """What happened since the last time; writes what is due."""
        for one in happened:
            self._line.take_in(one)
        self._sound += self._line.take(now_ms)
        while len(self._sound) >= PART_BYTES:
            self._cut()
        if self._waiting and not self._outage.lasts:
            self._send()
        while len(self._waiting) > MOST_WAITING:
            self._give_up()

    def _cut(self) -> None:
        part = bytes(memoryview(self._sound)[:PART_BYTES])
        del self._sound[:PART_BYTES]
        self._waiting.append((self._parts, part))
        self._parts += 1
        self._bytes += len(part)

    def _give_up(self) -> None:
        number, part = self._waiting.popleft()
        self._lost[number] = len(part)

    def _send(self) -> bool:
        """Whether nothing waits any more."""
        while self._waiting:
            number, part = self._waiting[0]
            if not self._put(number, part):
                return False
            self._waiting.popleft()
        return True

    def _put(self, number: int, part: bytes) -> bool:
        name = part_name(self._folder, self._stream, number)
        try:
            self._objects.put(name, part, content_type=PART_TYPE, delete_at=self._delete_at)
        except ObjectsError:
            self._outage.noticed()
            return False
        return True

    def finish(self, now_ms: float) -> StreamRecording:
        """Write the rest and make one file of it; what came of it. Takes some seconds when the store is away."""
        self._sound += self._line.end(now_ms)
        while self._sound:
            self._cut()
        for wait_s in LAST_TRIES_S:
            if wait_s:
                self._sleep(wait_s)
            if self._send():
                break
        lost_ms = self._lost_ms()
        gaps = [self._put(number, SILENCE * size) for number, size in self._lost.items() if not self._outage.lasts]
        whole = not self._waiting and len(gaps) == len(self._lost) and all(gaps)
        if whole and self._parts:
            self._join()
        if lost_ms or not whole:
            return self._described(RecordingState.FAILED, "the store did not take all of it", lost_ms)
        return self._described(RecordingState.COMPLETE, None, 0)

    def _lost_ms(self) -> int:
        waiting = sum(len(part) for _, part in self._waiting)
        return (sum(self._lost.values()) + waiting) // BYTES_PER_MS

    def _join(self) -> None:
        """One file of all parts. If that fails the parts stay, and are listened to one behind the other."""
        head = f"{self._folder}{self._stream}.head"
        parts = [part_name(self._folder, self._stream, number) for number in range(self._parts)]
        try:
            self._objects.put(head, wav_header(self._bytes), content_type=WAV_TYPE, delete_at=self._delete_at)
            name = wav_name(self._folder, self._stream)
            self._objects.join(name, [head, *parts], content_type=WAV_TYPE, delete_at=self._delete_at)
            self._objects.delete([head, *parts])
        except ObjectsError:
            self._outage.noticed()

    def _described(self, state: RecordingState, why: str | None, lost_ms: int) -> StreamRecording:
        caller_from_ms = self._line.caller_from_ms
        return StreamRecording(
            stream=self._stream,
            state=state,
            folder=self._folder,
            ms=self._bytes // BYTES_PER_MS,
            bytes=self._bytes,
            lost_ms=lost_ms,
            caller_from_ms=None if caller_from_ms is None else round(caller_from_ms),
            why=why,
            delete_at=self._delete_at,
        )
