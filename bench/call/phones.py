"""Twilio with many calls: frames in real time, a play-out buffer, marks, and callers who listen or interrupt."""

from __future__ import annotations

import asyncio
import json
import time
from base64 import b64encode
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any, Final

import picows

from bench.call import shape
from bench.call.shape import (
    ANSWER_MS,
    BARGE_IN_AFTER_MS,
    BARGE_IN_EVERY,
    CALLER_TURN_MS,
    FRAME_MS,
    LOST_AFTER_S,
    LOUD_FRAMES,
    PAUSE_MS,
    QUIET_FRAMES,
    THINK_MS,
)

TEXT: Final = picows.WSMsgType.TEXT
WHOLE_ANSWER: Final = ANSWER_MS * 8
ALMOST: Final = WHOLE_ANSWER - 8 * 60
"""Bytes after which a gap is the answer's end: a filter may keep its last milliseconds to itself."""
LATE_S: Final = 0.002


@dataclass
class Seen:
    """What all calls saw, from the moment that counting began."""

    counting: bool = False
    added_ms: list[float] = field(default_factory=list)
    barge_ins_ms: list[float] = field(default_factory=list)
    first_audio_ms: list[float] = field(default_factory=list)
    """Of every call, whether counting or not: from the start message, without the model's thinking."""
    underruns: int = 0
    missing: int = 0
    missed_barge_ins: int = 0
    lost_calls: int = 0
    clock: Callable[[], float] = time.monotonic
    late_ticks_ms: list[float] = field(default_factory=list)
    """How late this process itself was; what it is late is in the latencies too."""


class Call(picows.WSListener):
    """One call, moved on by tick() every 20 ms."""

    def __init__(self, number: int, call_sid: str, account: str, token: str, seen: Seen) -> None:
        self._seen = seen
        self._sid = f"MZ{number:032x}"
        self._start = start_message(self._sid, call_sid, account, token)
        self._transport: Any = None
        self._frames = 0
        self._say = cycle(voice_messages(self._sid))
        self._hush = media_message(self._sid, shape.QUIET_FRAME)
        self._marks: deque[tuple[float, str]] = deque()
        self._played_until_s = 0.0
        self._phase = "hear"
        self._since_s = seen.clock()
        self._said = 0
        self._turns = number
        self._heard_end_s = 0.0
        self._barged_s: float | None = None
        self._got = 0
        self._waiting = True
        """The next audio is the beginning of an answer."""
        self._greeted = False
        self.closed = False

    def on_ws_connected(self, transport: Any) -> None:
        self._transport = transport
        transport.send(TEXT, b'{"event":"connected","protocol":"Call","version":"1.0.0"}')
        transport.send(TEXT, self._start)
        self._heard_end_s = self._since_s = self._seen.clock()

    def on_ws_disconnected(self, transport: Any) -> None:
        del transport
        if not self.closed:
            self._seen.lost_calls += 1
        self._transport = None

    def hang_up(self) -> None:
        if self._transport is not None:
            self.closed = True
            stop = {"event": "stop", "sequenceNumber": "9", "streamSid": self._sid, "stop": {}}
            self._transport.send(TEXT, json.dumps(stop).encode())
            self._transport.disconnect()

    # -- what the caller does

    def tick(self, now_s: float) -> None:
        if self._transport is None:
            return
        self._frames += 1
        while self._marks and self._marks[0][0] <= now_s:
            self._give_back(self._marks.popleft()[1])
        speaking = self._phase == "speak"
        self._transport.send(TEXT, next(self._say) if speaking else self._hush)
        if speaking:
            self._speak(now_s)
        elif self._phase == "hush":
            self._hush_after(now_s)
        else:
            self._hear(now_s)

    def _speak(self, now_s: float) -> None:
        self._said += 1
        if self._said == LOUD_FRAMES and self._barged_s == 0.0:
            self._barged_s = now_s
        if self._said * FRAME_MS >= CALLER_TURN_MS:
            if self._barged_s is not None and self._seen.counting:
                self._seen.missed_barge_ins += 1
            self._barged_s = None
            self._phase, self._said = "hush", 0

    def _hush_after(self, now_s: float) -> None:
        self._said += 1
        if self._said == QUIET_FRAMES:
            self._phase, self._said = "hear", 0
            self._waiting, self._heard_end_s, self._since_s, self._got = True, now_s, now_s, 0

    def _hear(self, now_s: float) -> None:
        if self._waiting:
            if now_s - self._since_s > LOST_AFTER_S:
                self._seen.missing += self._seen.counting
                self._begin(now_s)
            return
        heard_ms = (now_s - self._since_s) * 1000
        if self._turns % BARGE_IN_EVERY == 0 and heard_ms >= BARGE_IN_AFTER_MS:
            self._barged_s = 0.0
            self._begin(now_s)
        elif heard_ms > ANSWER_MS and now_s > self._played_until_s + PAUSE_MS / 1000:
            self._begin(now_s)

    def _begin(self, now_s: float) -> None:
        self._phase, self._said, self._since_s = "speak", 0, now_s
        self._turns += 1

    # -- what comes from the bridge

    def on_ws_frame(self, transport: Any, frame: Any) -> None:
        if frame.msg_type == picows.WSMsgType.CLOSE:
            transport.disconnect()
            return
        message = frame.get_payload_as_bytes()
        now_s = self._seen.clock()
        if b'"payload"' in message:
            begin = message.index(b'"', message.index(b'"payload"') + 9) + 1
            text = message[begin : message.index(b'"', begin)]
            self._audio(len(text) * 3 // 4 - text.count(b"="), now_s)
        elif b'"mark"' in message:
            name = json.loads(message)["mark"]["name"]
            self._marks.append((max(self._played_until_s, now_s), name))
        elif b'"clear"' in message:
            self._clear(now_s)

    def _audio(self, size: int, now_s: float) -> None:
        if self._phase == "speak" and self._barged_s is None:
            return
        if self._waiting and self._phase == "hear":
            self._answer_begins(now_s)
        elif self._played_until_s + LATE_S < now_s and 0 < self._got < ALMOST and self._phase == "hear":
            self._seen.underruns += self._seen.counting
        self._got += size
        self._played_until_s = max(self._played_until_s, now_s) + size / 8000

    def _answer_begins(self, now_s: float) -> None:
        self._waiting, self._got, self._since_s = False, 0, now_s
        added_ms = (now_s - self._heard_end_s) * 1000 - THINK_MS
        if not self._greeted:
            self._greeted = True
            self._seen.first_audio_ms.append(added_ms)
        elif self._seen.counting:
            self._seen.added_ms.append(added_ms)

    def _clear(self, now_s: float) -> None:
        for _, name in self._marks:
            self._give_back(name)
        self._marks.clear()
        self._played_until_s = now_s
        if self._barged_s and self._seen.counting:
            self._seen.barge_ins_ms.append((now_s - self._barged_s) * 1000)
        self._barged_s = None

    def _give_back(self, name: str) -> None:
        mark = {"event": "mark", "sequenceNumber": str(self._frames), "streamSid": self._sid, "mark": {"name": name}}
        self._transport.send(TEXT, json.dumps(mark).encode())


def media_message(stream_sid: str, ulaw: bytes) -> bytes:
    return (
        f'{{"event":"media","sequenceNumber":"4","media":{{"track":"inbound","chunk":"2","timestamp":"160",'
        f'"payload":"{b64encode(ulaw).decode()}"}},"streamSid":"{stream_sid}"}}'
    ).encode()


def voice_messages(stream_sid: str) -> list[bytes]:
    return [media_message(stream_sid, frame) for frame in shape.voice_frames()]


def start_message(stream_sid: str, call_sid: str, account: str, token: str) -> bytes:
    start = {
        "streamSid": stream_sid,
        "accountSid": account,
        "callSid": call_sid,
        "tracks": ["inbound"],
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        "customParameters": {"token": token},
    }
    return json.dumps({"event": "start", "sequenceNumber": "1", "streamSid": stream_sid, "start": start}).encode()


async def keep_time(calls: list[Call], seen: Seen) -> None:
    """Tick every call each 20 ms, spread over the frame as calls are that know nothing of each other."""
    slots = FRAME_MS
    loop = asyncio.get_running_loop()
    due_s, slot = loop.time(), 0
    while True:
        due_s += FRAME_MS / 1000 / slots
        wait_s = due_s - loop.time()
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        elif slot == 0:
            await asyncio.sleep(0)
        if seen.counting:
            seen.late_ticks_ms.append((loop.time() - due_s) * 1000)
        now_s = seen.clock()
        for call in calls[slot::slots]:
            call.tick(now_s)
        slot = (slot + 1) % slots
