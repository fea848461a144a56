"""The end of a call: the goodbye is heard to its end, and the line always drops."""

from __future__ import annotations

from dataclasses import dataclass

from shared.domain.call import Ending

GOODBYE_STARTS_MS = 2_500
"""So long the model may take to begin its goodbye after end_call was answered; most have said it before."""
SAID_MS = 1_800
"""The same where the agent has spoken since the caller did: that was the goodbye, and the line drops within 2 s. So
long an answer may pause as well that the model has not ended: what has stopped for longer is frozen."""
TAIL_MS = 300
"""Between the last of the goodbye and the drop, so that it does not sound cut."""
LONGEST_MS = 15_000
"""The line drops by then whatever happens."""


@dataclass(slots=True)
class Closing:
    """A call that is to end once its goodbye has been heard."""

    ending: Ending
    since_ms: float
    said: bool = False
    """The agent had spoken since the caller did when the end was decided."""
    turn_over: bool = False
    """The model has ended its turn since."""
    quiet_since_ms: float | None = None

    def is_due(self, now_ms: float, *, heard: bool, unfinished: bool) -> bool:
        """Whether to drop the line now; heard: the agent is, at this moment; unfinished: it is in mid answer."""
        if now_ms - self.since_ms >= LONGEST_MS:
            return True
        self.said = self.said or heard or unfinished
        if heard:
            self.quiet_since_ms = None
            return False
        if self.quiet_since_ms is None:
            self.quiet_since_ms = now_ms
        if unfinished:
            return now_ms - self.quiet_since_ms >= SAID_MS
        if now_ms - self.quiet_since_ms < TAIL_MS:
            return False
        if self.turn_over or now_ms - self.since_ms >= GOODBYE_STARTS_MS:
            return True
        return self.said and now_ms - self.quiet_since_ms >= SAID_MS
