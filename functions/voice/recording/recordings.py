"""All recordings of a process: which streams are recorded, where, and what their calls' records say of it."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from functions.voice.recording.part_writer import Outage, PartWriter
from functions.voice.recording.recorder import Recorder, StreamRecorder
from shared.clock import Clock
from shared.domain.agent import Agent
from shared.domain.call import call_path
from shared.domain.recording import RecordingState, StreamRecording, delete_at, folder_of, recording_path
from shared.domain.recording_law import decision
from shared.objects.objects import Objects
from shared.store.journal import Journal
from shared.store.store import Merge, Put

log = logging.getLogger(__name__)

THREADS: Final = 4
"""A part takes a tenth of a second to store, and a call makes one in five seconds."""


class Recordings:
    """Of a process without a place for them: nothing is recorded, and nothing is said about it."""

    def of(self, call_sid: str, stream: int, agent: Agent, number: str) -> Recorder:
        """The recorder of a stream that begins now; number is the other party's."""
        del call_sid, stream, agent, number
        return Recorder()

    async def flush(self, deadline_s: float) -> bool:
        """Wait until the recordings of streams that are over are stored, but no longer than this; whether they are."""
        del deadline_s
        return True

    def close(self) -> None:
        """Let the threads go; nothing can be recorded any more."""


class StoredRecordings(Recordings):
    """Of a process that has one."""

    def __init__(self, objects: Objects, journal: Journal, clock: Clock) -> None:
        self._objects = objects
        self._journal = journal
        self._clock = clock
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="recording")
        self._outage = Outage()
        self._open = 0
        self._all_done = asyncio.Event()

    def of(self, call_sid: str, stream: int, agent: Agent, number: str) -> Recorder:
        """One that writes to the store, unless the agent or the law is against it; the call's record says which."""
        may = decision(agent.recording.enabled, number)
        if not may.recorded:
            self._tell(call_sid, StreamRecording(stream, RecordingState.OFF, why=may.why))
            return Recorder()
        deleted = delete_at(self._clock.now(), agent.recording.retention_days)
        folder = folder_of(call_sid, deleted)
        writer = PartWriter(self._objects, folder, stream, deleted, self._outage)
        self._tell(call_sid, StreamRecording(stream, RecordingState.RECORDING, folder, delete_at=deleted))
        self._open += 1
        self._all_done.clear()

        def done(described: StreamRecording) -> None:
            self._ended(call_sid, described)

        return StreamRecorder(call_sid, stream, writer, self._threads, done)

    def _ended(self, call_sid: str, described: StreamRecording) -> None:
        self._open -= 1
        if not self._open:
            self._all_done.set()
        if described.state is RecordingState.FAILED:
            log.error("recording is not whole", extra={"call": call_sid, "lost_ms": described.lost_ms})
        self._tell(call_sid, described)

    def _tell(self, call_sid: str, described: StreamRecording) -> None:
        document = described.to_document()
        self._journal.put(Put(recording_path(call_sid, described.stream), document))
        where = f"{self._objects.url}/{described.folder}" if described.folder else None
        of_call = {name: document[name] for name in ("state", "ms", "stream", "lost_ms", "why", "delete_at")}
        self._journal.put(Merge(call_path(call_sid), {"recording": {**of_call, "where": where}}))

    async def flush(self, deadline_s: float) -> bool:
        """Wait for the threads."""
        if not self._open:
            return True
        try:
            async with asyncio.timeout(deadline_s):
                await self._all_done.wait()
        except TimeoutError:
            log.error("recordings were not finished", extra={"recordings": self._open})
            return False
        return True

    def close(self) -> None:
        """What has not begun by now is not done."""
        self._threads.shutdown(wait=False, cancel_futures=True)
