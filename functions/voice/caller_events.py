"""What comes from Twilio: the caller's frames and keys, and the marks that tell what was heard."""

from __future__ import annotations

from functions.voice.actions import Action, Note, TellModel
from functions.voice.prompts import pressed
from functions.voice.talk import Talk
from functions.voice.turns import Floor
from functions.voice.watchdog import LEAST_VOICE_MS, Awaiting

LOCAL_BARGE_IN_MS = 300
"""So long the caller speaks over an answer that the model believes finished, before the rest is cleared."""


class CallerEvents:
    """The caller's side of a talk."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk

    def frame(self, rms: int, now_ms: float) -> list[Action]:
        """20 ms of the caller, of this loudness, arrived."""
        talk = self._talk
        voice = talk.voice
        was_speaking = voice.speaking
        voice.frame(rms, now_ms)
        if voice.speaking:
            talk.patience.active(now_ms)
            if not was_speaking and talk.floor is not Floor.AGENT:
                talk.caller_speaks(now_ms)
            elif self._talks_over_finished_answer(now_ms):
                return talk.barge_in(now_ms, "local")
        elif was_speaking and talk.floor is Floor.CALLER:
            self._pauses()
        return []

    def _pauses(self) -> None:
        voice = self._talk.voice
        ended_ms = voice.last_voice_ms or 0.0
        if ended_ms - voice.started_ms >= LEAST_VOICE_MS:
            self._talk.watch.expect(Awaiting.CALLER_TURN, ended_ms)

    def _talks_over_finished_answer(self, now_ms: float) -> bool:
        talk = self._talk
        return (
            talk.floor is Floor.AGENT
            and talk.model_done
            and not talk.agent.is_open
            and talk.voice.last_voice_ms == now_ms
            and now_ms - talk.voice.started_ms >= LOCAL_BARGE_IN_MS
            and talk.agent.playout.remaining_ms(now_ms) > LOCAL_BARGE_IN_MS
        )

    @property
    def is_unanswered(self) -> bool:
        """What the caller says, or has just said, is not answered yet."""
        return self._talk.caller.is_open or self._talk.voice.onset_ms is not None

    def mark_played(self, name: str, now_ms: float) -> list[Action]:
        """Twilio gave a mark back."""
        self._talk.agent.playout.mark_played(name, now_ms)
        return self._talk.agent_heard(now_ms)

    def dtmf(self, digit: str, now_ms: float) -> list[Action]:
        """The caller pressed a key."""
        self._talk.patience.caller_is_there(now_ms)
        return [Note("dtmf"), TellModel(pressed(digit))]
