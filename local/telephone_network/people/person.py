"""A person on the telephone, following a script 20 ms at a time. [pure]"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from local.telephone_network.people.ear import Ear
from local.telephone_network.people.script import Action, Await, HangUp, Hold, Interrupt, Press, Sound
from local.telephone_network.sound import tones
from local.telephone_network.sound.background import Background
from local.telephone_network.sound.mulaw import FRAME_BYTES, FRAME_MS, SILENCE, duration_ms

Note = Callable[..., None]
"""Writes down what happened: note("caller says", line=...)."""

KEY_GAP_MS = 200
INTERRUPT_WAIT_MS = 30_000
"""How long a person who means to interrupt waits for somebody to interrupt."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What a person does in 20 ms."""

    audio: bytes | None = SILENCE
    """None: nothing is sent (hold)."""
    pressed: str = ""
    hangs_up: bool = False


class Person:
    """Hears a frame, does the next thing, again and again."""

    def __init__(
        self,
        actions: Sequence[Action],
        note: Note,
        *,
        done_after_ms: int = 600,
        stays_s: float = 60.0,
        led: bool = False,
        background: Background | None = None,
    ) -> None:
        self._ear = Ear(done_after_ms)
        self._note = note
        self._actions = list(actions)
        self._led = led
        self._background = background
        self._heard_speaking = False
        self._stays_ms = round(stays_s * 1000)
        self._moments = self._live()
        self._left = False
        self.done_steps = 0
        self.gave_up = False

    @property
    def state(self) -> dict[str, Any]:
        """How far the script has come."""
        return {"steps": len(self._actions), "done": self.done_steps, "gave_up": self.gave_up}

    def tell(self, actions: Sequence[Action]) -> None:
        """Do these next, after what was asked for before. Raises ValueError for somebody who follows a script."""
        if not self._led:
            raise ValueError("this person follows a script; one that is led begins with led: true")
        self._actions += actions

    def live(self, heard: bytes) -> Moment:
        """Hear 20 ms of the other side and do the next thing."""
        if self._left:
            return Moment(hangs_up=True)
        self._ear.hear(heard)
        if self._ear.speaking and not self._heard_speaking:
            self._note("agent speaks")
        self._heard_speaking = self._ear.speaking
        moment = next(self._moments)
        self._left = moment.hangs_up
        if self._background is not None and moment.audio is not None:
            moment = replace(moment, audio=self._background.mix(moment.audio))
        return moment

    def other_side_hung_up(self) -> None:
        """The line is dead; whoever was waiting for that has seen it."""
        action = self._actions[self.done_steps] if self.done_steps < len(self._actions) else None
        if isinstance(action, Await) and action.event == "hang_up":
            self.done_steps += 1

    def _live(self) -> Iterator[Moment]:
        stayed_ms = 0
        while not self.gave_up and stayed_ms < self._stays_ms:
            number = self.done_steps
            if number < len(self._actions):
                yield from self._do(number)
                stayed_ms = 0
            else:
                yield Moment()
                stayed_ms += FRAME_MS
        while True:
            yield Moment(hangs_up=True)

    def _do(self, number: int) -> Iterator[Moment]:
        action = self._actions[number]
        self._note("step", number=number, does=type(action).__name__.lower())
        yield from self._perform(action)
        if self.gave_up:
            self._note("gave up", step=number)
        else:
            self.done_steps = number + 1

    def _perform(self, action: Action) -> Iterator[Moment]:
        match action:
            case Await(event, limit_s):
                return self._await(event, round(limit_s * 1000))
            case Sound():
                return self._send(action)
            case Interrupt(after_ms, sound):
                return self._interrupt(after_ms, sound)
            case Press(digits):
                return self._press(digits)
            case Hold(seconds):
                return (Moment(audio=None) for _ in range(round(seconds * 1000) // FRAME_MS))
            case HangUp():
                self.done_steps += 1
                return iter((Moment(hangs_up=True),))

    def _silence(self, ms: int) -> Iterator[Moment]:
        for _ in range(ms // FRAME_MS):
            yield Moment()

    def _await(self, event: str, limit_ms: int) -> Iterator[Moment]:
        waited_ms = 0
        while not self._has_happened(event):
            if waited_ms >= limit_ms:
                self.gave_up = event != "hang_up"
                return
            yield Moment()
            # Whoever is led is patient as long as they are spoken to; a script says how long a whole answer may take.
            waited_ms += 0 if self._led and self._ear.speaking else FRAME_MS
        if event == "agent_done":
            self._note("agent done", heard_ms=self._ear.spoken_ms)
            self._ear.listen_anew()

    def _has_happened(self, event: str) -> bool:
        ear = self._ear
        happened = {"agent_done": ear.agent_done, "agent_speaks": ear.speaking, "agent_quiet": not ear.speaking}
        return happened.get(event, False)

    def _interrupt(self, after_ms: int, sound: Sound) -> Iterator[Moment]:
        waited_ms = 0
        while not (self._ear.speaking and self._ear.spoken_ms >= after_ms):
            if waited_ms >= INTERRUPT_WAIT_MS:
                self.gave_up = True
                return
            yield Moment()
            waited_ms += FRAME_MS
        self._note("interrupts", heard_ms=self._ear.spoken_ms)
        yield from self._send(sound)

    def _send(self, sound: Sound) -> Iterator[Moment]:
        if sound.spoken:
            self._note("says", line=sound.name, text=sound.text, ms=duration_ms(sound.audio))
        for start in range(0, len(sound.audio), FRAME_BYTES):
            yield Moment(sound.audio[start : start + FRAME_BYTES].ljust(FRAME_BYTES, b"\xff"))
        if sound.spoken:
            self._note("said", line=sound.name)
            self._ear.listen_anew()

    def _press(self, digits: str) -> Iterator[Moment]:
        for digit in digits:
            if digit in "wW ":
                yield from self._silence(1000 if digit == "W" else 500)
                continue
            self._note("presses", digit=digit)
            tone = tones.key(digit)
            for start in range(0, len(tone), FRAME_BYTES):
                frame = tone[start : start + FRAME_BYTES].ljust(FRAME_BYTES, b"\xff")
                yield Moment(frame, pressed="" if start else digit)
            yield from self._silence(KEY_GAP_MS)
        self._ear.listen_anew()
