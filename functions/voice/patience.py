"""Time limits of a conversation: a silent caller is asked, then the call ends; before its limit the agent is told."""

from __future__ import annotations

from dataclasses import dataclass

from functions.voice.actions import Action, HangUp, Note, TellModel
from functions.voice.meter import Meter
from functions.voice.prompts import ASK_IF_THERE, SAY_GOODBYE_TO_SILENCE, WRAP_UP
from shared.domain.call import Ending

WRAP_UP_MS = 30_000
"""The agent is told so long before the call's time limit."""
REPROMPTS = 2
"""How often a silent caller is asked before the goodbye."""
LONGEST_HOLD_MS = 300_000
"""So long a caller may keep us on hold; beyond it the line is taken for dead."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The agent's limits, as a conversation needs them."""

    silence_ms: int
    call_ms: int
    thinking_level: str | None = None
    """How long the model may think before it is taken for stuck."""
    meter: Meter | None = None
    """What the call may cost, and has."""


class Patience:
    """One stream's silence, and the length of its call."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._before_ms = 0.0
        """So long the call had lasted when the stream began."""
        self._longest_ms = float(pace.call_ms)
        self._active_ms = 0.0
        """When something was last said or done by either side."""
        self._reprompts = 0
        self._told_to_wrap_up = False

    def goes_on(self, before_ms: float, spent: float) -> None:
        """The call has lasted so long before this stream, and its model has cost so many dollars.

        One that comes back at the last moment still has the time for a goodbye.
        """
        self._before_ms = before_ms
        self._longest_ms = max(self._pace.call_ms, before_ms + WRAP_UP_MS)
        if self._pace.meter is not None:
            self._pace.meter.before = spent

    def active(self, now_ms: float) -> None:
        """Somebody said or did something."""
        self._active_ms = now_ms

    def caller_is_there(self, now_ms: float) -> None:
        """The caller said or pressed something that can be understood."""
        self._active_ms = now_ms
        self._reprompts = 0

    def caller_comes_back(self) -> None:
        """The caller made a sound after all: should that be everything, they are said goodbye to again."""
        self._reprompts = min(self._reprompts, REPROMPTS)

    def on_hold(self, for_ms: float, now_ms: float) -> list[Action]:
        """Nothing at all comes from the caller, and has not for so long: this is no silence of theirs."""
        self._active_ms = now_ms
        return [HangUp(Ending.SILENCE)] if for_ms >= LONGEST_HOLD_MS else []

    @property
    def gone(self) -> bool:
        """The caller was asked often enough."""
        return self._reprompts > REPROMPTS

    def due(self, now_ms: float, *, busy: bool) -> list[Action]:
        """What the clock asks for. busy: somebody speaks, or an answer is being worked on."""
        call_ms = now_ms + self._before_ms
        if call_ms >= self._longest_ms:
            return [HangUp(Ending.TIME_LIMIT)]
        meter = self._pace.meter
        if meter is not None and meter.is_over(call_ms):
            return [HangUp(Ending.COST_LIMIT)]
        dear = meter is not None and meter.is_near(call_ms)
        if not self._told_to_wrap_up and (dear or call_ms >= self._longest_ms - WRAP_UP_MS):
            self._told_to_wrap_up = True
            return [Note("told_to_wrap_up", {"why": "cost" if dear else "time"}), TellModel(WRAP_UP)]
        if busy or now_ms - self._active_ms < self._pace.silence_ms:
            return []
        self._active_ms = now_ms
        self._reprompts += 1
        text = SAY_GOODBYE_TO_SILENCE if self.gone else ASK_IF_THERE
        return [Note("silence", {"reprompt": self._reprompts}), TellModel(text)]
