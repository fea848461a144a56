"""When the caller's turn begins and ends, where Parley says so and not the model.

While nobody is being heard, a tenth of a second of speech begins a turn. While the agent is being heard, only speech
that lasts does: "haan", "achha", "hmm" and "ok" are over before it has, and so is the "hello?" of somebody who has just
picked up. What was held back is not lost: if the agent finishes within a second, it was an answer, and becomes a turn.

Pure: a probability of speech per frame goes in, with the present in milliseconds; decisions come out. The table is the
whole of the gate's states; an event with no row cannot happen.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from functions.voice.frame import FRAME_MS

PAUSE_MS: Final = 300
"""Speech with shorter gaps is one utterance."""
ANSWER_WITHIN_MS: Final = 1_000
"""Whoever says a word so shortly before the agent has finished, answers."""
LONGEST_MS: Final = 30_000
"""A turn that will not end is given to the model in pieces; a television never pauses."""
HYSTERESIS: Final = 0.15
"""Speech goes on down to so much below the probability with which it begins."""


class Over(StrEnum):
    """What of ours the caller is speaking over."""

    NOTHING = "nothing"
    ANSWER = "answer"
    GREETING = "greeting"
    """The first words of a call: they are being heard, or about to be."""


class Gate(StrEnum):
    """What the gate does with what it hears."""

    QUIET = "quiet"
    """Nobody speaks."""
    HELD = "held"
    """Somebody speaks; it is not a turn yet."""
    KEPT = "kept"
    """What was too short for a turn is over; it may still become one."""
    OPEN = "open"
    """The caller's turn."""


class GateEvent(StrEnum):
    """What moves the gate."""

    VOICE = "voice"
    """Somebody begins to speak."""
    ENOUGH = "enough"
    """It has lasted."""
    STOPPED = "stopped"
    """It was speech, and is over."""
    CLICK = "click"
    """It was no speech."""
    FREED = "freed"
    """The agent has finished, in time for what was kept to be an answer."""
    FORGOTTEN = "forgotten"
    """The agent speaks on: what was kept asked for nothing."""
    SILENCE = "silence"
    """The caller has said nothing for as long as ends a turn."""


NEXT_GATE: Final[dict[tuple[Gate, GateEvent], Gate]] = {
    (Gate.QUIET, GateEvent.VOICE): Gate.HELD,
    (Gate.HELD, GateEvent.ENOUGH): Gate.OPEN,
    (Gate.HELD, GateEvent.STOPPED): Gate.KEPT,
    (Gate.HELD, GateEvent.CLICK): Gate.QUIET,
    (Gate.KEPT, GateEvent.FREED): Gate.OPEN,
    (Gate.KEPT, GateEvent.FORGOTTEN): Gate.QUIET,
    (Gate.OPEN, GateEvent.SILENCE): Gate.QUIET,
}


@dataclass(frozen=True, slots=True)
class GateRules:
    """The agent's settings, as the gate needs them."""

    threshold: float = 0.6
    """Probability from which a frame holds speech."""
    start_ms: int = 100
    """So much speech begins a turn while nobody is being heard."""
    backchannel_ms: int = 800
    """So much speech cuts an answer off."""
    hello_ms: int = 1_200
    """So much speech cuts the greeting off."""
    silence_ms: int = 600
    """So much silence ends a turn."""

    def enough_ms(self, over: Over) -> int:
        """How long somebody has to speak, over this, for a turn."""
        match over:
            case Over.NOTHING:
                return self.start_ms
            case Over.ANSWER:
                return max(self.start_ms, self.backchannel_ms)
            case Over.GREETING:
                return max(self.start_ms, self.backchannel_ms, self.hello_ms)


@dataclass(frozen=True, slots=True)
class TurnBegan:
    """The caller's turn; their voice began so long ago."""

    back_ms: float


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """The caller has finished; their voice ended so long ago."""

    back_ms: float


@dataclass(frozen=True, slots=True)
class HeldBack:
    """Somebody spoke for so long, and it is nobody's turn."""

    voiced_ms: int


GateDecision = TurnBegan | TurnEnded | HeldBack


class VoiceGate:
    """One caller's gate."""

    def __init__(self, rules: GateRules) -> None:
        self._rules = rules
        self.state = Gate.QUIET
        self._onset_ms = self._last_voice_ms = self._opened_ms = 0.0
        self._voiced_ms = 0

    @property
    def is_open(self) -> bool:
        """The caller has their turn."""
        return self.state is Gate.OPEN

    def is_voice(self, probability: float) -> bool:
        """Whether a frame holds speech, as things stand."""
        eased = HYSTERESIS if self.state in {Gate.HELD, Gate.OPEN} else 0.0
        return probability >= self._rules.threshold - eased

    def frame(self, probability: float, over: Over, now_ms: float) -> GateDecision | None:
        """20 ms that have just arrived hold speech with this probability."""
        voice = self.is_voice(probability)
        if voice:
            self._last_voice_ms = now_ms
        match self.state:
            case Gate.QUIET:
                return self._quiet(voice, over, now_ms)
            case Gate.HELD:
                return self._held(voice, over, now_ms)
            case Gate.KEPT:
                return self._kept(voice, over, now_ms)
            case Gate.OPEN:
                return self._open(voice, now_ms)

    def _moves(self, event: GateEvent) -> None:
        self.state = NEXT_GATE[self.state, event]

    def _quiet(self, voice: bool, over: Over, now_ms: float) -> GateDecision | None:
        if not voice:
            return None
        self._moves(GateEvent.VOICE)
        self._onset_ms, self._voiced_ms = now_ms - FRAME_MS, 0
        return self._held(voice, over, now_ms)

    def _held(self, voice: bool, over: Over, now_ms: float) -> GateDecision | None:
        if voice:
            self._voiced_ms += FRAME_MS
        if self._voiced_ms >= self._rules.enough_ms(over):
            return self._opens(GateEvent.ENOUGH, now_ms)
        if now_ms - self._last_voice_ms >= PAUSE_MS:
            self._moves(GateEvent.STOPPED if self._voiced_ms >= self._rules.start_ms else GateEvent.CLICK)
        return None

    def _kept(self, voice: bool, over: Over, now_ms: float) -> GateDecision | None:
        if over is Over.NOTHING:
            return self._opens(GateEvent.FREED, now_ms)
        voiced_ms = self._voiced_ms
        if voice:
            self._moves(GateEvent.FORGOTTEN)
            self._quiet(voice, over, now_ms)
            return HeldBack(voiced_ms)
        if now_ms - self._last_voice_ms < ANSWER_WITHIN_MS:
            return None
        self._moves(GateEvent.FORGOTTEN)
        return HeldBack(voiced_ms)

    def _opens(self, event: GateEvent, now_ms: float) -> GateDecision:
        self._moves(event)
        self._opened_ms = now_ms
        return TurnBegan(now_ms - self._onset_ms)

    def _open(self, voice: bool, now_ms: float) -> GateDecision | None:
        silent_ms = now_ms - self._last_voice_ms
        if silent_ms < self._rules.silence_ms and now_ms - self._opened_ms < LONGEST_MS:
            return None
        self._moves(GateEvent.SILENCE)
        return TurnEnded(silent_ms)
