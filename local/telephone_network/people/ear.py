"""What a caller can tell from the sound alone: is the agent speaking, for how long, has it finished? [pure]"""

from __future__ import annotations

from local.telephone_network.sound.mulaw import FRAME_MS, level_db

LOUD_DB = -45.0
"""Recorded speech on the telephone lies around -20 dB, a quiet line below -60."""
ONSET_FRAMES = 3
"""A click is shorter than 60 ms."""
GOES_ON_MS = 700
"""Speech that had begun before one finished speaking counts as an answer once it goes on for so long after; what is
left of an interrupted sentence is shorter."""
NO_ANSWER_MS = 4000
"""If it stopped sooner after all, and nothing came for so long, it is taken to have been the answer."""


class Ear:
    """Listens to the agent, 20 ms at a time."""

    def __init__(self, done_after_ms: int = 600) -> None:
        self.speaking = False
        self.spoken_ms = 0
        """How long the speech going on, or the last one, has been heard, pauses inside it included."""
        self._done_after_ms = done_after_ms
        self._loud_in_a_row = 0
        self._quiet_ms = 0
        self._answered = False
        self._listening_ms = 0
        self._spoke_into_listening = False

    @property
    def agent_done(self) -> bool:
        """The agent has spoken since one began to listen, and is silent now."""
        if self.speaking:
            return False
        return self._answered or (self._spoke_into_listening and self._quiet_ms >= NO_ANSWER_MS)

    def listen_anew(self) -> None:
        """Forget what has been said so far; only what begins (or goes on for long) after this is an answer."""
        self._answered = False
        self._listening_ms = 0
        self._spoke_into_listening = self.speaking

    def hear(self, frame: bytes) -> None:
        """The next 20 ms of what comes out of the receiver."""
        self._listening_ms += FRAME_MS
        if level_db(frame) >= LOUD_DB:
            self._hear_sound()
        else:
            self._hear_nothing()

    def _hear_sound(self) -> None:
        self._loud_in_a_row += 1
        self._quiet_ms = 0
        if self.speaking:
            self.spoken_ms += FRAME_MS
            self._answered = self._answered or self._listening_ms >= GOES_ON_MS
        elif self._loud_in_a_row >= ONSET_FRAMES:
            self.speaking = True
            self.spoken_ms = self._loud_in_a_row * FRAME_MS
            self._answered = True

    def _hear_nothing(self) -> None:
        self._loud_in_a_row = 0
        self._quiet_ms += FRAME_MS
        if not self.speaking:
            return
        self.spoken_ms += FRAME_MS
        if self._quiet_ms >= self._done_after_ms:
            self.speaking = False
            self.spoken_ms -= self._quiet_ms
