"""Whether the model still does what a conversation needs of it, and what to try when it does not.

Pure: it is told what happened and asked, with the present in milliseconds, whether it is time to act. What is awaited
has a deadline; each try that brings nothing is followed by a stronger one, and a whole answer sets it back to calm.
"""

from __future__ import annotations

from collections import deque
from enum import StrEnum
from typing import Final

BEYOND_MS: Final = 2_500
"""So much later than usual is too late: callers say "hello?" at about three seconds."""
USUAL_MS: Final[dict[str | None, int]] = {None: 1_500, "minimal": 1_500, "low": 2_000, "medium": 3_000, "high": 5_000}
"""From the end of a caller's turn to the answer, by thinking level, until a call has shown its own pace."""
LEAST_USUAL_MS: Final = 800
MOST_USUAL_MS: Final = 6_000
ENOUGH_ANSWERS: Final = 5
REMEMBERED_ANSWERS: Final = 20
EMPTY_GRACE_MS: Final = 300
"""A turn that ended without a sound may still be followed by one that has some."""
LEAST_VOICE_MS: Final = 240
"""A shorter sound of the caller's is a cough or a click, and may stay without an answer."""


class Awaiting(StrEnum):
    """What the model owes the caller."""

    NOTHING = "nothing"
    DIRECTION = "direction"
    """The answer to a text of ours: the greeting, a question whether somebody is there."""
    CALLER_TURN = "caller_turn"
    """The answer to what the caller said."""
    INTERRUPTED = "interrupted"
    """The answer after an answer was cut off."""
    TOOL_RESULT = "tool_result"
    """What comes of a tool's result."""
    REST = "rest"
    """The rest of an answer that has begun."""


class Step(StrEnum):
    """What is tried."""

    NUDGE = "nudge"
    """The model is told to speak."""
    RESUME = "resume"
    """The session is closed and taken up again on a new connection."""
    REPLACE = "replace"
    """A fresh session with what was said so far; by the next model or region, where the agent names one."""
    GIVE_UP = "give_up"
    """The caller hears an apology."""


NEXT_STEP: Final[dict[Step | None, Step]] = {
    None: Step.NUDGE,
    Step.NUDGE: Step.RESUME,
    Step.RESUME: Step.REPLACE,
    Step.REPLACE: Step.GIVE_UP,
}
PATIENCE_MS: Final[dict[Step, int]] = {Step.NUDGE: 2_000, Step.RESUME: 2_500, Step.REPLACE: 3_000}
"""What a step may take to be heard; with the first deadline the apology comes after some 11 s at the latest."""


class Watchdog:
    """One stream's model, watched."""

    def __init__(self, thinking_level: str | None = None) -> None:
        self.awaiting = Awaiting.NOTHING
        self.step: Step | None = None
        """The last thing that was tried and has not led to a whole answer yet."""
        self.why = "silent"
        self._usual_ms = USUAL_MS[thinking_level]
        self._answers_ms: deque[float] = deque(maxlen=REMEMBERED_ANSWERS)
        self._since_ms = 0.0
        self._deadline_ms = 0.0

    @property
    def usual_ms(self) -> float:
        """How long an answer usually takes: the 95th percentile of this call's, once it has had some."""
        if len(self._answers_ms) < ENOUGH_ANSWERS:
            return self._usual_ms
        ordered = sorted(self._answers_ms)
        slow = ordered[-(-95 * len(ordered) // 100) - 1]
        return min(MOST_USUAL_MS, max(LEAST_USUAL_MS, slow))

    def expect(self, what: Awaiting, since_ms: float) -> None:
        """The model owes this from now on. While something is being tried its deadline stands."""
        self.awaiting, self._since_ms = what, since_ms
        if self.step is None:
            beyond_ms = BEYOND_MS if what is Awaiting.REST else BEYOND_MS + self.usual_ms
            self._deadline_ms = since_ms + beyond_ms
            self.why = "silent"

    def calm(self) -> None:
        """The model owes nothing: it has done what it had to, or is at work."""
        self.awaiting, self.step = Awaiting.NOTHING, None

    def caller_speaks(self) -> None:
        """The caller goes on: what was owed is owed later, unless something is being tried already."""
        if self.step is None:
            self.awaiting = Awaiting.NOTHING

    def answer_begins(self, now_ms: float) -> None:
        """The first sound of an answer."""
        if self.awaiting is Awaiting.CALLER_TURN and self.step is None:
            self._answers_ms.append(now_ms - self._since_ms)
        self.awaiting, self._since_ms = Awaiting.REST, now_ms
        self._deadline_ms = now_ms + BEYOND_MS

    def empty_turn(self, now_ms: float) -> None:
        """The model believes that it has answered, and nothing was heard."""
        if self.awaiting is not Awaiting.NOTHING:
            self._deadline_ms = min(self._deadline_ms, now_ms + EMPTY_GRACE_MS)
            self.why = "empty_turn"

    def flawed(self, why: str, now_ms: float) -> None:
        """The answer was rejected, or is no speech: there is nothing to wait for."""
        if self.awaiting is Awaiting.NOTHING:
            self.awaiting, self._since_ms = Awaiting.REST, now_ms
        self._deadline_ms, self.why = now_ms, why

    def opened(self, now_ms: float) -> None:
        """A new session stands, and has been told what is owed."""
        if self.awaiting is not Awaiting.NOTHING:
            patience_ms = self.usual_ms + 1_000 if self.step is None else PATIENCE_MS[self.step]
            self._deadline_ms = max(self._deadline_ms, now_ms + patience_ms)

    def look(self, now_ms: float, *, sounding: bool, caller_speaking: bool) -> Step | None:
        """What to do now, if anything. sounding: the caller still hears something of ours."""
        if self.awaiting is Awaiting.NOTHING:
            return None
        if sounding and self.why == "silent":
            # Silence begins when the last that was sent has been played.
            wait_ms = BEYOND_MS if self.step is None else PATIENCE_MS[self.step]
            self._deadline_ms = max(self._deadline_ms, now_ms + wait_ms)
        if now_ms < self._deadline_ms or caller_speaking:
            return None
        self.step = NEXT_STEP.get(self.step, Step.GIVE_UP)
        self._deadline_ms = now_ms + PATIENCE_MS.get(self.step, 0)
        return self.step

    def tried(self) -> None:
        """The step that look() named is under way."""
        self.why = "silent"
