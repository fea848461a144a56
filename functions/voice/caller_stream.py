"""The caller's voice on its way to the model, and again to a session that cannot know it: no word is lost.

With the model listening for itself the stream is continuous. Where Parley says when the caller speaks, only what lies
between the beginning and the end of a turn goes out: the service drops the rest, and nobody needs to pay for it.
"""

from __future__ import annotations

from collections import deque
from typing import Final, Protocol

from functions.voice.frame import FRAME_MS
from functions.voice.speech.model import SpeechSession

MOST_KEPT: Final = 1_500
"""Pieces of the caller, of one frame or of two: the last 30 s of them at least, in 1 to 2 MB. Only a caller who speaks
on without an answer, or whose session is away, is kept for so long; the rest is dropped as it is sent."""
AT_ONCE: Final = 50
"""Pieces that are sent again before it is asked whether the network takes them."""
PRE_ROLL_FRAMES: Final = 15
"""300 to 600 ms. Kept while the caller is silent: the beginning of a word comes before we know that it is one."""
MOST_HELD_FRAMES: Final = 250
"""Five seconds that may still turn out to be the beginning of a turn."""
LAST_SILENCE_FRAMES: Final = 75
"""1.5 s, sent at once: more than any model waits for before it takes a turn for ended."""
SILENT_FRAME: Final = bytes(640)


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

    def over(self, session: SpeechSession) -> None:
        """Nothing more of the caller comes: the model is to take their turn for ended."""
        ...

    def answered(self) -> None:
        """What was said before is dealt with; no new session is to hear it."""
        ...

    async def replay(self, session: SpeechSession) -> None:
        """A new session stands: it gets what it cannot know, as fast as the network takes it. What comes meanwhile is
        given with session None, and is sent as well."""
        ...


class Backlog:
    """The latest of the caller, in order."""

    def __init__(self) -> None:
        self._frames: deque[bytes] = deque(maxlen=MOST_KEPT)
        self.unsent = 0
        """So many of the last of them have not been sent to the present session."""

    def __len__(self) -> int:
        return len(self._frames)

    def add(self, *frames: bytes) -> None:
        """These came, and are not sent yet."""
        self._frames.extend(frames)
        self.unsent = min(self.unsent + len(frames), MOST_KEPT)

    def keep(self, frames: int) -> None:
        """Forget all but the last so many."""
        while len(self._frames) > frames:
            self._frames.popleft()
        self.unsent = min(self.unsent, frames)

    async def send(self, session: SpeechSession) -> None:
        """What is unsent, until nothing is. Raises SessionEnded."""
        while self.unsent:
            session.send_audio(self._frames[-self.unsent])
            self.unsent -= 1
            if self.unsent % AT_ONCE == 0:
                await session.flush()


class WholeStream:
    """Everything, as it comes: the model finds the turns."""

    def __init__(self) -> None:
        self._kept = Backlog()
        """What has had no answer yet, or has not been sent."""
        self._is_unanswered = False

    def send(self, pcm: bytes, session: SpeechSession | None, *, unanswered: bool) -> None:
        self._is_unanswered = unanswered
        self._kept.add(pcm)
        if session is None:
            return
        session.send_audio(pcm)
        self._kept.unsent = 0
        if not unanswered:
            self._kept.keep(PRE_ROLL_FRAMES)

    def begin(self, back_ms: float, session: SpeechSession | None) -> None:
        """Not ours to say."""

    def end(self, session: SpeechSession | None) -> None:
        """Not ours to say."""

    def over(self, session: SpeechSession) -> None:
        for _ in range(LAST_SILENCE_FRAMES):
            session.send_audio(SILENT_FRAME)

    def answered(self) -> None:
        self._is_unanswered = False
        self._kept.keep(self._kept.unsent)

    async def replay(self, session: SpeechSession) -> None:
        if self._is_unanswered:
            self._kept.unsent = len(self._kept)
        await self._kept.send(session)


class TurnStream:
    """Turns alone, each with its beginning and its end."""

    def __init__(self) -> None:
        self._held: deque[bytes] = deque(maxlen=MOST_HELD_FRAMES)
        """What came last, outside a turn."""
        self._turn = Backlog()
        """The turn that is open, or that has had no answer yet."""
        self._is_open = False

    def send(self, pcm: bytes, session: SpeechSession | None, *, unanswered: bool) -> None:
        if self._is_open:
            self._turn.add(pcm)
            if session is not None:
                session.send_audio(pcm)
            return
        self._held.append(pcm)
        if self._turn and not unanswered:
            self._turn.keep(0)

    def begin(self, back_ms: float, session: SpeechSession | None) -> None:
        frames = round(back_ms / FRAME_MS) + PRE_ROLL_FRAMES
        before = list(self._held)[-frames:]
        self._held.clear()
        self._turn.add(*before)
        self._is_open = True
        if session is not None:
            session.send_activity(True)
            for frame in before:
                session.send_audio(frame)

    def end(self, session: SpeechSession | None) -> None:
        self._is_open = False
        if session is not None:
            session.send_activity(False)

    def over(self, session: SpeechSession) -> None:
        if self._is_open:
            self.end(session)

    def answered(self) -> None:
        if not self._is_open:
            self._turn.keep(0)

    async def replay(self, session: SpeechSession) -> None:
        if not self._turn and not self._is_open:
            return
        session.send_activity(True)
        self._turn.unsent = len(self._turn)
        await self._turn.send(session)
        if not self._is_open:
            session.send_activity(False)
