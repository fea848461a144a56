"""What Twilio keeps of the agent's audio: queued, played in real time, marked, cleared. [pure]"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from local.telephone_network.sound.mulaw import FRAME_BYTES, RATE_HZ

MOST_BYTES = 10 * 60 * RATE_HZ
"""Ten minutes; what comes while so much waits is discarded (Twilio's 31931)."""
PAUSE_MS = 600
"""Audio that comes back sooner after running dry was an under-run; later, it is a new answer."""


@dataclass(frozen=True, slots=True)
class Played:
    """20 ms of what the caller hears, and the marks that had been reached when they began."""

    audio: bytes
    """A whole frame; silence where there was nothing to play."""
    real_bytes: int
    """How many bytes of it came from the agent."""
    reached: tuple[str, ...]
    dry_ms: int = 0
    """How long nothing played before this frame, where that was an under-run."""


class PlayBuffer:
    """Audio in the order in which it came, with marks between."""

    def __init__(self) -> None:
        self._chunks: deque[memoryview] = deque()
        self._marks: deque[tuple[int, str]] = deque()
        self._queued = 0
        self._taken = 0
        self._played = 0
        self._dry_frames: int | None = None

    @property
    def waiting_bytes(self) -> int:
        """Audio not handed out yet."""
        return self._queued - self._taken

    @property
    def is_empty(self) -> bool:
        """Everything queued has been heard to its end."""
        return self._played == self._queued

    def put(self, audio: bytes) -> bool:
        """Queue audio. False if it was discarded because ten minutes wait already."""
        if self.waiting_bytes + len(audio) > MOST_BYTES:
            return False
        if audio:
            self._chunks.append(memoryview(audio))
            self._queued += len(audio)
        return True

    def mark(self, name: str) -> bool:
        """Remember a point. True if there is nothing before it to be played, so that it is reached at once."""
        if self.is_empty and not self._marks:
            return True
        self._marks.append((self._queued, name))
        return False

    def clear(self) -> tuple[str, ...]:
        """Drop what has not been played; every pending mark comes back, in order."""
        self._chunks.clear()
        self._queued = self._played = self._taken
        self._dry_frames = None
        names = tuple(name for _, name in self._marks)
        self._marks.clear()
        return names

    def play(self) -> Played:
        """The next 20 ms. What the last call handed out has now been heard."""
        self._played = self._taken
        reached = []
        while self._marks and self._marks[0][0] <= self._played:
            reached.append(self._marks.popleft()[1])
        audio = self._take(FRAME_BYTES)
        real_bytes = len(audio)
        return Played(audio + b"\xff" * (FRAME_BYTES - real_bytes), real_bytes, tuple(reached), self._dry(real_bytes))

    def _take(self, size: int) -> bytes:
        parts = []
        while size and self._chunks:
            chunk = self._chunks.popleft()
            if len(chunk) > size:
                self._chunks.appendleft(chunk[size:])
                chunk = chunk[:size]
            parts.append(chunk)
            size -= len(chunk)
            self._taken += len(chunk)
        return b"".join(parts)

    def _dry(self, real_bytes: int) -> int:
        if not real_bytes:
            if self._dry_frames is not None:
                self._dry_frames += 1
            return 0
        dry_ms = (self._dry_frames or 0) * 20
        self._dry_frames = 0
        return dry_ms if dry_ms <= PAUSE_MS else 0
