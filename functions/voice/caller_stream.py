"""The caller's voice on its way to the model, and again to a session that cannot know it: no word is lost.

With the model listening for itself the stream is continuous. Where Parley says when the caller speaks, only what lies
between the beginning and the end of a turn goes out: the service drops the rest, and nobody needs to pay for it.
"""

from __future__ import annotations

from collections import deque
from typing import Final, Protocol

from functions.voice.speech.model import SessionEnded, SpeechSession

FRAME_MS: Final = 20
MOST_WAITING_FRAMES: Final = 500
"""Ten seconds of the caller; older frames go first."""
MOST_UNANSWERED_FRAMES: Final = 750
PRE_ROLL_FRAMES: Final = 15
"""300 to 600 ms. Kept while the caller is silent: the beginning of a word comes before we know that it is one."""
MOST_HELD_FRAMES: Final = 250
"""Five seconds that may still turn out to be the beginning of a turn."""


class CallerStream(Protocol):
    """What a line does with the caller's frames, at once; session is None while none stands. All raise SessionEnded."""

    def send(self, pcm: bytes, session: SpeechSession | None, *, unanswered: bool) -> None:
        """20 ms; unanswered: they belong to something that has had no answer yet."""
        ...

    def begin(self, back_ms: float, session: SpeechSession | None) -> None:
        """The caller's turn began so long ago."""
        ...

    def end(self, session: SpeechSession | None) -> None:
        """The caller's turn is over."""
        ...

    def answered(self) -> None:
        """What was said before is dealt with; no new session is to hear it."""
        ...

    def replay(self, session: SpeechSession) -> None:
        """A new session stands: it gets what it cannot know."""
        ...


class WholeStream:
    """Everything, as it comes: the model finds the turns."""

    def __init__(self) -> None:
        self._waiting: deque[bytes] = deque(maxlen=MOST_WAITING_FRAMES)
        self._unanswered: deque[bytes] = deque(maxlen=MOST_UNANSWERED_FRAMES)
        self._is_unanswered = False

    def send(self, pcm: bytes, session: SpeechSession | None, *, unanswered: bool) -> None:
        self._is_unanswered = unanswered
        if session is None:
            self._waiting.append(pcm)
            return
        try:
            session.send_audio(pcm)
        except SessionEnded:
            self._waiting.append(pcm)
            raise
        recent = self._unanswered
        recent.append(pcm)
        if not unanswered:
            while len(recent) > PRE_ROLL_FRAMES:
                recent.popleft()

    def begin(self, back_ms: float, session: SpeechSession | None) -> None:
        """Not ours to say."""

    def end(self, session: SpeechSession | None) -> None:
        """Not ours to say."""

    def answered(self) -> None:
        self._is_unanswered = False
        self._unanswered.clear()

    def replay(self, session: SpeechSession) -> None:
        if self._is_unanswered:
            self._waiting.extendleft(reversed(self._unanswered))
        self._unanswered.clear()
        while self._waiting:
            frame = self._waiting[0]
            session.send_audio(frame)
            self._waiting.popleft()
            self._unanswered.append(frame)


class TurnStream:
    """Turns alone, each with its beginning and its end."""

    def __init__(self) -> None:
        self._held: deque[bytes] = deque(maxlen=MOST_HELD_FRAMES)
        """What came last, outside a turn."""
        self._turn: deque[bytes] = deque(maxlen=MOST_UNANSWERED_FRAMES)
        """The turn that is open, or that has had no answer yet."""
        self._is_open = False

    def send(self, pcm: bytes, session: SpeechSession | None, *, unanswered: bool) -> None:
        if self._is_open:
            self._turn.append(pcm)
            if session is not None:
                session.send_audio(pcm)
            return
        self._held.append(pcm)
        if self._turn and not unanswered:
            self._turn.clear()

    def begin(self, back_ms: float, session: SpeechSession | None) -> None:
        frames = round(back_ms / FRAME_MS) + PRE_ROLL_FRAMES
        before = list(self._held)[-frames:]
        self._held.clear()
        self._turn.extend(before)
        self._is_open = True
        if session is not None:
            session.send_activity(True)
            for frame in before:
                session.send_audio(frame)

    def end(self, session: SpeechSession | None) -> None:
        self._is_open = False
        if session is not None:
            session.send_activity(False)

    def answered(self) -> None:
        if not self._is_open:
            self._turn.clear()

    def replay(self, session: SpeechSession) -> None:
        if self._turn or self._is_open:
            session.send_activity(True)
            for frame in self._turn:
                session.send_audio(frame)
            if not self._is_open:
                session.send_activity(False)
