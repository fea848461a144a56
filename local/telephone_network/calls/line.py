"""The audio of an answered call: 20 ms at a time, both ways, on an absolute schedule."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

from local.telephone_network.calls.call import Call
from local.telephone_network.network_time import NetworkTime
from local.telephone_network.people.ear import LOUD_DB
from local.telephone_network.people.person import Person
from local.telephone_network.sound.mulaw import FRAME_BYTES, FRAME_MS, SILENCE, level_db
from local.telephone_network.sound.recording import Recording
from local.telephone_network.stream.play_buffer import PlayBuffer


class Line:
    """Joins a person with whatever the call's TwiML has put at the other end."""

    def __init__(self, call: Call, person: Person, time: NetworkTime, *, measure: bool = True) -> None:
        self._call = call
        self._person = person
        self._time = time
        self._measure = measure
        self._frames = 0
        self._moved = asyncio.Event()
        self.buffer = PlayBuffer()
        self.recording = Recording()
        self.keys: asyncio.Queue[str] = asyncio.Queue()
        self.on_frame: Callable[[bytes | None], None] | None = None
        """Takes the person's voice; None is a frame that never came."""
        self.on_key: Callable[[str], None] | None = None
        self.on_mark: Callable[[str], None] | None = None
        self.first_heard_ms: int | None = None
        """Into the recording: when the person first heard something."""
        self.late_ms = 0.0
        """The furthest that a frame has been behind its time."""
        call.journal.audio_ms = self.position_ms

    def position_ms(self) -> int:
        """How much of the call has gone by on this line."""
        return self._frames * FRAME_MS

    async def run(self) -> None:
        """Carry audio until the person hangs up. Frame n goes at start + n times 20 ms, however late the last was."""
        began_s = self._time.elapsed_s()
        while True:
            if not self._carry():
                self._call.hang_up("person")
                return
            due_s = began_s + self._frames * FRAME_MS / 1000
            wait_s = due_s - self._time.elapsed_s()
            self.late_ms = max(self.late_ms, -wait_s * 1000)
            await self._time.sleep(wait_s)

    async def played(self) -> None:
        """Wait until everything in the buffer has been heard."""
        while not self.buffer.is_empty:
            await self._next_frame()

    async def wait(self, seconds: float) -> None:
        """Wait so long, counted in frames, so that pauses and audio never drift apart."""
        goal = self._frames + math.ceil(seconds * 1000 / FRAME_MS)
        while self._frames < goal:
            await self._next_frame()

    async def _next_frame(self) -> None:
        self._moved.clear()
        await self._moved.wait()

    def _carry(self) -> bool:
        played = self.buffer.play()
        for name in played.reached:
            if self.on_mark is not None:
                self.on_mark(name)
        if played.dry_ms:
            self._call.journal.note("underrun", gap_ms=played.dry_ms)
        moment = self._person.live(played.audio)
        if moment.hangs_up:
            return False
        self._notice_first_sound(played.audio)
        self.recording.add(moment.audio or SILENCE, played.audio)
        self._frames += 1
        if moment.pressed:
            self._press(moment.pressed)
        if self.on_frame is not None:
            self.on_frame(moment.audio)
        self._moved.set()
        return True

    def _notice_first_sound(self, heard: bytes) -> None:
        if self.first_heard_ms is None and self._measure and level_db(heard[:FRAME_BYTES]) >= LOUD_DB:
            self.first_heard_ms = self.position_ms()
            self._call.journal.note("first sound heard")

    def _press(self, digit: str) -> None:
        self.keys.put_nowait(digit)
        if self.on_key is not None:
            self.on_key(digit)
