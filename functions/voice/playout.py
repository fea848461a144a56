"""Agent audio on its way to the caller: what was sent, what Twilio has played of it, what a barge-in cut off.

Positions are bytes of mu-law since the stream began (8 bytes a millisecond), answers are spans of them. Twilio
tells by mark how far it has come; between two marks the position is read off the clock, because Twilio plays in
real time, but never past a mark that has not come back. A mark that is overdue by LOST_MARK_MS is taken as lost.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

BYTES_PER_MS = 8
MARK_EVERY_MS = 200
"""A mark costs a message each way; the clock fills in between, so one in ten frames is enough."""
LOST_MARK_MS = 1_000


@dataclass(slots=True)
class Span:
    """One answer's audio: where it starts, how far it reaches, and how much of it was heard once that is known."""

    answer: int
    start: int
    end: int
    complete: bool = False
    heard: int | None = None

    @property
    def audio_ms(self) -> int:
        """How long it sounds."""
        return (self.end - self.start) // BYTES_PER_MS


class Playout:
    """One stream's outgoing audio. Every method takes the present in milliseconds; nothing here waits."""

    def __init__(self) -> None:
        self._epoch = 0
        """Rises with every clear, so that marks given back because of it are not taken for played ones."""
        self._sent = 0
        self._anchor = 0
        """A position Twilio is known to have played..."""
        self._anchor_ms = 0.0
        """...and when that was."""
        self._marked = 0
        self._pending: deque[int] = deque()
        """Positions of marks sent and not yet back."""
        self._spans: deque[Span] = deque()
        self.stale_marks = 0
        self.underruns = 0
        """Times the caller heard a gap inside an answer because the next piece came too late."""

    def send(self, answer: int, size: int, now_ms: float) -> str | None:
        """Count audio that goes out now; returns the name of the mark to send behind it, if one is due."""
        if self._played(now_ms) >= self._sent:
            self._note_underrun(answer)
            self._anchor, self._anchor_ms = self._sent, now_ms
        if not self._spans or self._spans[-1].answer != answer:
            self._spans.append(Span(answer, self._sent, self._sent))
        self._sent += size
        self._spans[-1].end = self._sent
        if self._sent - self._marked >= MARK_EVERY_MS * BYTES_PER_MS:
            return self._mark()
        return None

    def _note_underrun(self, answer: int) -> None:
        if self._spans and self._spans[-1].answer == answer and not self._spans[-1].complete:
            self.underruns += 1

    def complete(self, answer: int) -> str | None:
        """Nothing more will be sent of this answer; returns the last mark's name, if its end is not marked yet."""
        if not self._spans or self._spans[-1].answer != answer:
            return None
        self._spans[-1].complete = True
        return self._mark() if self._sent > self._marked else None

    def _mark(self) -> str:
        self._marked = self._sent
        self._pending.append(self._sent)
        return f"{self._epoch}:{self._sent}"

    def mark_played(self, name: str, now_ms: float) -> None:
        """Twilio gave a mark back: everything before it was played, unless a clear is the reason."""
        # Compared as they were sent: what a name holds that is not one of ours is never read as a number.
        position = next((sent for sent in self._pending if name == f"{self._epoch}:{sent}"), None)
        if position is None:
            self.stale_marks += 1
            return
        while self._pending and self._pending[0] <= position:
            self._pending.popleft()
        self._anchor, self._anchor_ms = position, now_ms

    def clear(self, now_ms: float) -> None:
        """Everything that has not been played by now never will be."""
        played = self._played(now_ms)
        for span in self._spans:
            if span.heard is None:
                span.heard = max(0, min(span.end, played) - span.start)
                span.complete = True
        self._epoch += 1
        self._pending.clear()
        self._marked = self._anchor = self._sent
        self._anchor_ms = now_ms

    def _played(self, now_ms: float) -> int:
        by_clock = min(self._sent, self._anchor + int(max(0.0, now_ms - self._anchor_ms) * BYTES_PER_MS))
        while self._pending and by_clock >= self._pending[0]:
            overdue_ms = now_ms - self._anchor_ms - (self._pending[0] - self._anchor) / BYTES_PER_MS
            if overdue_ms < LOST_MARK_MS:
                return self._pending[0]
            # The mark is lost. Go on from where the clock says it was passed, so that the next one is judged by itself.
            passed_at_ms = self._anchor_ms + (self._pending[0] - self._anchor) / BYTES_PER_MS
            self._anchor, self._anchor_ms = self._pending.popleft(), passed_at_ms
        return by_clock

    def _played_to(self, end: int, now_ms: float) -> bool:
        """Whether Twilio has said that it played so far, or would have, had its mark not been lost."""
        return self._played(now_ms) >= end and not (self._pending and self._pending[0] <= end)

    def heard_ms(self, answer: int, now_ms: float) -> int:
        """How much of this answer the caller has heard, in milliseconds, rounded down."""
        span = next((span for span in reversed(self._spans) if span.answer == answer), None)
        if span is None:
            return 0
        heard = span.heard if span.heard is not None else min(span.end, self._played(now_ms)) - span.start
        return max(0, heard) // BYTES_PER_MS

    def sent_ms(self, answer: int) -> int:
        """How much of this answer has been sent, in milliseconds."""
        span = next((span for span in reversed(self._spans) if span.answer == answer), None)
        return 0 if span is None else span.audio_ms

    def remaining_ms(self, now_ms: float) -> float:
        """How long the caller will still hear what has been sent, as far as is known now."""
        return max(0, self._sent - self._played(now_ms)) / BYTES_PER_MS

    def take_heard(self, now_ms: float) -> list[Span]:
        """Answers that are complete and were played to their end since the last time asked."""
        done: list[Span] = []
        while self._spans and self._spans[0].complete:
            span = self._spans[0]
            if span.heard is None and not self._played_to(span.end, now_ms):
                break
            self._spans.popleft()
            if span.heard is None:
                done.append(span)
        return done
