"""Twilio's end of a media stream: the client that connects to us and carries a call's audio."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from local.telephone_network.calls.call import Call
from local.telephone_network.calls.line import Line
from local.telephone_network.faults import Fault, FaultKind, Faults
from local.telephone_network.network_time import NetworkTime
from local.telephone_network.race import first_of
from local.telephone_network.sound.mulaw import FRAME_MS
from local.telephone_network.stream import messages
from local.telephone_network.stream.socket import StreamFailed
from local.telephone_network.twiml.verbs import Stream

STOP_S = 1.0
"""How long to try to say `stop` to a server that may be gone."""


@dataclass(slots=True)
class StreamReport:
    """What went over one stream."""

    sid: str
    frames_sent: int = 0
    received: Counter[str] = field(default_factory=Counter)
    warnings: Counter[int] = field(default_factory=Counter)
    media: list[tuple[int, int]] = field(default_factory=list)
    """(milliseconds since the stream began, bytes) of every piece of the agent's audio."""
    ended: str | None = None
    close_code: int | None = None

    def as_json(self) -> dict[str, Any]:
        """For the log."""
        return {
            "sid": self.sid,
            "frames_sent": self.frames_sent,
            "received": dict(self.received),
            "warnings": {str(code): count for code, count in self.warnings.items()},
            "media": self.media,
            "ended": self.ended,
            "close_code": self.close_code,
        }


class MediaStream:
    """One stream of one call, from its opening handshake to its end."""

    def __init__(
        self,
        call: Call,
        line: Line,
        stream: Stream,
        report: StreamReport,
        time: NetworkTime,
        faults: Faults,
        rng: Random,
    ) -> None:
        self._call = call
        self._line = line
        self._stream = stream
        self._report = report
        self._time = time
        self._faults = faults
        self._rng = rng
        self._outbox: asyncio.Queue[tuple[float, str | bytes]] = asyncio.Queue()
        self._sent_until_s = 0.0
        self._began_ms = 0
        self._hold: Fault | None = None
        self._jitter: Fault | None = None
        self._late_marks: list[tuple[int, str]] = []

    async def run(self, socket: ClientConnection, account_sid: str) -> None:
        """Carry audio until our server closes the socket. Raises StreamFailed if it breaks."""
        self._outgoing = messages.Outgoing(self._report.sid, self._call.sid, account_sid)
        self._began_ms = self._line.position_ms()
        self._hold = self._faults.strike(FaultKind.HOLD, call=self._call)
        self._jitter = self._faults.strike(FaultKind.JITTER, call=self._call)
        self._send(messages.CONNECTED)
        self._send(self._outgoing.start(self._stream.parameters))
        self._line.on_frame = self._carry
        self._line.on_key = lambda digit: self._send(self._outgoing.dtmf(digit))
        self._line.on_mark = self._return_mark
        try:
            await first_of(self._receive(socket), self._deliver(socket), *self._mishaps(socket))
            self._report.ended = "closed by server"
        except ConnectionClosed as error:
            self._report.ended = "closed by server" if error.rcvd is not None else "broken"
            if error.rcvd is None or error.rcvd.code not in {1000, 1001, 1005}:
                raise StreamFailed(31921, "the server closed the stream abnormally") from error
        finally:
            self._line.on_frame = self._line.on_key = self._line.on_mark = None
            self._line.buffer.clear()
            self._report.ended = self._report.ended or "call ended"
            await self._stop(socket)
            self._report.close_code = socket.close_code

    @property
    def _at_ms(self) -> int:
        return self._line.position_ms() - self._began_ms

    def _send(self, message: str | bytes, late_s: float = 0.0) -> None:
        # A late message holds up those behind it: the network may be slow, but it keeps the order.
        due_s = max(self._time.elapsed_s() + late_s, self._sent_until_s)
        self._sent_until_s = due_s
        self._outbox.put_nowait((due_s, message))

    async def _deliver(self, socket: ClientConnection) -> None:
        while True:
            due_s, message = await self._outbox.get()
            wait_s = due_s - self._time.elapsed_s()
            if wait_s > 0:
                await self._time.sleep(wait_s)
            await socket.send(message)

    def _carry(self, audio: bytes | None) -> None:
        while self._late_marks and self._late_marks[0][0] <= self._at_ms:
            self._send(self._outgoing.mark(self._late_marks.pop(0)[1]))
        if audio is None or self._is_on_hold():
            return
        late_s = 0.0 if self._jitter is None else self._rng.uniform(0, self._jitter.ms / 1000)
        self._send(self._outgoing.media(audio, self._at_ms - FRAME_MS), late_s)
        self._report.frames_sent += 1

    def _is_on_hold(self) -> bool:
        hold = self._hold
        return hold is not None and hold.after_s * 1000 <= self._at_ms < (hold.after_s + hold.seconds) * 1000

    def _return_mark(self, name: str) -> None:
        lost = self._faults.strike(FaultKind.MARKS_LOST, call=self._call)
        self._call.journal.note("mark reached", name=name, lost=lost is not None)
        if lost is not None:
            return
        late = self._faults.strike(FaultKind.MARKS_LATE, call=self._call)
        if late is None:
            self._send(self._outgoing.mark(name))
        else:
            self._late_marks.append((self._at_ms + late.ms, name))

    async def _receive(self, socket: ClientConnection) -> None:
        async for message in socket:
            self._take(messages.read(message, self._report.sid))
        # A socket closed in the ordinary way ends the loop without an exception.

    def _take(self, message: messages.AgentMessage) -> None:
        match message:
            case messages.AgentMedia(audio):
                self._report.received["media"] += 1
                self._report.media.append((self._at_ms, len(audio)))
                if not self._line.buffer.put(audio):
                    self._warn(messages.MEDIA_DISCARDED, "more than ten minutes of audio wait")
            case messages.AgentMark(name):
                self._report.received["mark"] += 1
                if self._line.buffer.mark(name):
                    self._return_mark(name)
            case messages.AgentClear():
                self._report.received["clear"] += 1
                dropped_ms = self._line.buffer.waiting_bytes // 8
                names = self._line.buffer.clear()
                self._call.journal.note("clear", dropped_ms=dropped_ms, marks=list(names))
                for name in names:
                    self._return_mark(name)
            case messages.Dropped(code, reason):
                self._report.received["dropped"] += 1
                self._warn(code, reason)

    def _warn(self, code: int, reason: str) -> None:
        self._report.warnings[code] += 1
        if self._report.warnings[code] == 1:
            self._call.journal.note("warning", code=code, reason=reason)

    def _mishaps(self, socket: ClientConnection) -> list[Any]:
        mishaps: list[Any] = []
        dropped = self._faults.strike(FaultKind.SOCKET_DROPPED, call=self._call)
        if dropped is not None:
            mishaps.append(self._drop(socket, dropped.seconds))
        garbage = self._faults.strike(FaultKind.STREAM_GARBAGE, call=self._call)
        if garbage is not None:
            mishaps.append(self._talk_nonsense(garbage.seconds))
        return mishaps

    async def _drop(self, socket: ClientConnection, after_s: float) -> None:
        await self._line.wait(after_s)
        socket.transport.abort()
        self._report.ended = "broken"
        await socket.wait_closed()
        raise StreamFailed(31921, "the connection broke")

    async def _talk_nonsense(self, after_s: float) -> None:
        await self._line.wait(after_s)
        for nonsense in ('{"event":"media","media":', '{"event":"weather","streamSid":"MZ0"}', "[]", b"\x00\x01"):
            self._send(nonsense)
        await asyncio.Event().wait()

    async def _stop(self, socket: ClientConnection) -> None:
        try:
            async with asyncio.timeout(STOP_S):
                if self._report.ended == "call ended":
                    await socket.send(self._outgoing.stop())
                await socket.close()
        except (ConnectionClosed, TimeoutError):
            socket.transport.abort()
