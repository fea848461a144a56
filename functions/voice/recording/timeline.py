"""What both parties heard and said, on one time line: stereo out of frames that came and frames that were played.

Time is that of the stream, in milliseconds; positions are samples of 8 kHz mu-law. The caller's frames stand where
Twilio's own clock puts them. The agent's stand where Twilio plays them: at once when nothing is waiting, else behind
what is, moved by the time that a mark takes to come back, because the caller's answer takes as long. What a clear kept
from being played is taken out. Sound is given away LAG_MS late, when nothing can change it any more.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from shared.domain.recording import SILENCE

SAMPLES_PER_MS = 8
LAG_MS = 3_000
"""So late a frame of the caller may come and still be put in its place."""
JITTER_MS = 40
"""A frame that is not further from its place than this belongs to the one before."""
AHEAD_MS = 1_000
"""The caller cannot be further in the future than this, whatever a message says."""
MOST_AHEAD_MS = 120_000
"""Of the agent's voice that waits to be played; more is not kept, and would not be listened to."""
MOST_ROUND_TRIP_MS = 400
"""A mark that takes longer than this says nothing about the distance."""


class Kind(IntEnum):
    """What happened."""

    CALLER = 0
    AGENT = 1
    MARK = 2
    CLEAR = 3
    NOTICE = 4
    """By now_ms the caller had heard that the call is recorded; it may be told later, within the lag."""


class Happened(NamedTuple):
    """One thing that happened on a stream. A tuple, because a hundred of them are made in a second of call."""

    kind: Kind
    now_ms: float
    ulaw: bytes = b""
    """Of a frame."""
    timestamp_ms: int = 0
    """The caller's frame on Twilio's clock."""
    mark: str = ""


class Timeline:
    """One stream's sound. Without a notice to wait for, the caller is kept from the beginning."""

    def __init__(self, *, notice: bool = False) -> None:
        self._caller = bytearray()
        self._agent = bytearray()
        self._base = 0
        """Position of the first sample that has not been given away."""
        self._skew: float | None = None
        """The stream's clock against Twilio's, in samples."""
        self._last_timestamp_ms = -1
        self._run_pos, self._run_at = 0, 0.0
        """Where the sound that is being played began: in bytes sent, and in time, as if the line had no length."""
        self._sent = 0
        self._clears = 0
        self._round_trip = 0.0
        """In samples, as the marks of the last run had it."""
        self._this_run = float("inf")
        self.caller_from_ms: float | None = None if notice else 0.0

    # -- what happens

    def take_in(self, happened: Happened) -> None:
        """Put it in its place."""
        match happened.kind:
            case Kind.CALLER:
                self._caller_frame(happened.ulaw, happened.timestamp_ms, happened.now_ms)
            case Kind.AGENT:
                self._agent_frame(happened.ulaw, happened.now_ms)
            case Kind.MARK:
                self._mark(happened.mark, happened.now_ms)
            case Kind.CLEAR:
                self._clear(happened.now_ms)
            case Kind.NOTICE:
                if self.caller_from_ms is None:
                    self.caller_from_ms = happened.now_ms

    def _caller_frame(self, ulaw: bytes, timestamp_ms: int, now_ms: float) -> None:
        latest = now_ms * SAMPLES_PER_MS - len(ulaw)
        end = self._base + len(self._caller)
        if self._skew is None:
            self._skew = latest - timestamp_ms * SAMPLES_PER_MS
        # A clock that stands still or goes back tells nothing; the frame follows the one before.
        tells = timestamp_ms > self._last_timestamp_ms
        self._last_timestamp_ms = max(timestamp_ms, self._last_timestamp_ms)
        at = min(timestamp_ms * SAMPLES_PER_MS + self._skew, latest) if tells else end
        jitter = JITTER_MS * SAMPLES_PER_MS
        if at < end - jitter or end > latest + AHEAD_MS * SAMPLES_PER_MS:
            return
        if at > end + jitter:
            self._caller += SILENCE * (round(at) - end)
        self._caller += ulaw

    def _agent_frame(self, ulaw: bytes, now_ms: float) -> None:
        now = now_ms * SAMPLES_PER_MS
        if now >= self._run_at + self._sent - self._run_pos:
            self._run_pos, self._run_at = self._sent, now
            if self._this_run != float("inf"):
                self._round_trip, self._this_run = self._this_run, float("inf")
            at = max(0, round(now + self._round_trip)) - self._base
            self._agent += SILENCE * (at - len(self._agent))
        self._sent += len(ulaw)
        if self._base + len(self._agent) < now + MOST_AHEAD_MS * SAMPLES_PER_MS:
            self._agent += ulaw

    def _mark(self, name: str, now_ms: float) -> None:
        clears, _, position = name.partition(":")
        is_number = position.isdecimal() and len(position) <= len(str(self._sent))
        if clears != str(self._clears) or not is_number or not self._run_pos < int(position) <= self._sent:
            return
        late = now_ms * SAMPLES_PER_MS - (self._run_at + int(position) - self._run_pos)
        if 0 <= late <= MOST_ROUND_TRIP_MS * SAMPLES_PER_MS:
            self._this_run = min(self._this_run, late)

    def _clear(self, now_ms: float) -> None:
        now = now_ms * SAMPLES_PER_MS
        del self._agent[max(0, round(now + self._round_trip) - self._base) :]
        self._clears += 1
        self._run_pos, self._run_at = self._sent, now

    # -- what comes of it

    @property
    def waiting(self) -> int:
        """Bytes that are held, of both."""
        return len(self._caller) + len(self._agent)

    def take(self, now_ms: float) -> bytes:
        """Stereo that is final by now, from where the last one ended: caller left, agent right."""
        return self._up_to(round((now_ms - LAG_MS) * SAMPLES_PER_MS))

    def end(self, now_ms: float) -> bytes:
        """The rest, when the stream is over: what was not played by now never will be."""
        return self._up_to(max(round(now_ms * SAMPLES_PER_MS), self._base + len(self._caller)))

    def _up_to(self, position: int) -> bytes:
        size = position - self._base
        if size <= 0:
            return b""
        muted = size if self.caller_from_ms is None else round(self.caller_from_ms * SAMPLES_PER_MS) - self._base
        if muted > 0:
            self._caller[:muted] = SILENCE * min(muted, len(self._caller))
        stereo = bytearray(2 * size)
        for side, track in enumerate((self._caller, self._agent)):
            sound = track[:size]
            stereo[side::2] = sound + SILENCE * (size - len(sound))
            del track[:size]
        self._base = position
        return bytes(stereo)
