"""How a conversation reacts to Twilio: to the caller's frames and keys, and to marks that tell what was heard."""

from __future__ import annotations

from functions.voice.actions import Action, BeginTurn, EndTurn, Note, TellModel
from functions.voice.prompts import pressed
from functions.voice.talk import LATE_AUDIO_MS, Talk
from functions.voice.turns import Floor
from functions.voice.voice_gate import HeldBack, TurnBegan, TurnEnded, VoiceGate
from functions.voice.watchdog import LEAST_VOICE_MS, Awaiting

LOCAL_BARGE_IN_MS = 300
"""So long the caller speaks over an answer that the model believes finished, before the rest is cleared."""

SETTLED_MS = 300
"""Voice that has gone on so long has been noticed by everybody who waits for its beginning."""


class CallerEvents:
    """The caller's side of a talk."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk

    def gated(self, gate: VoiceGate, probability: float, now_ms: float) -> list[Action]:
        """20 ms of the caller arrived, which hold speech with this probability; the gate decides."""
        talk = self._talk
        talk.voice.hear(gate.is_voice(probability), now_ms)
        if talk.voice.speaking:
            talk.patience.active(now_ms)
        match gate.frame(probability, talk.over, now_ms):
            case TurnBegan(back_ms):
                return self._turn_begins(back_ms, now_ms)
            case TurnEnded(back_ms):
                if talk.floor is Floor.CALLER:
                    talk.watch.expect(Awaiting.CALLER_TURN, now_ms - back_ms)
                return [EndTurn()]
            case HeldBack(voiced_ms):
                return [Note("backchannel", {"voiced_ms": voiced_ms})]
            case None:
                return []

    def _turn_begins(self, back_ms: float, now_ms: float) -> list[Action]:
        talk = self._talk
        if talk.floor is not Floor.AGENT:
            return [*talk.caller_speaks(now_ms), BeginTurn(back_ms)]
        actions = talk.barge_in(now_ms, "gate")
        # The model learns of it only now: what it sends until then belongs to the answer that was cut.
        talk.late_until_ms = now_ms + LATE_AUDIO_MS
        return [*actions, BeginTurn(back_ms)]

    def frame(self, rms: float, now_ms: float) -> list[Action]:
        """20 ms of the caller, of this loudness, arrived; the model decides."""
        talk = self._talk
        voice = talk.voice
        was_speaking = voice.speaking
        voice.frame(rms, now_ms)
        if voice.speaking:
            talk.patience.active(now_ms)
            begins = not was_speaking or talk.is_silence_ending_it
            if begins and talk.floor is not Floor.AGENT:
                return talk.caller_speaks(now_ms)
            if self._talks_over_finished_answer(now_ms):
                return talk.barge_in(now_ms, "local")
        elif was_speaking and talk.floor is Floor.CALLER:
            self._pauses()
        return []

    def _pauses(self) -> None:
        voice, watch = self._talk.voice, self._talk.watch
        if watch.awaiting is Awaiting.TOOL_RESULT and not self._talk.caller.is_open:
            return  # the model has acted on what was said before its pause was known
        ended_ms = voice.last_voice_ms or 0.0
        if ended_ms - voice.started_ms >= LEAST_VOICE_MS:
            watch.expect(Awaiting.CALLER_TURN, ended_ms)

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

    def is_mid_speech(self, now_ms: float) -> bool:
        """The caller is heard in this very frame and has been without a pause for a while, and the agent is not.

        In such a moment no turn ends, and no interruption begins.
        """
        talk = self._talk
        voice = talk.voice
        return (
            voice.speaking
            and voice.last_voice_ms == now_ms
            and voice.unbroken_ms > SETTLED_MS
            and talk.floor is Floor.CALLER
        )

    def mark_played(self, name: str, now_ms: float) -> list[Action]:
        """Twilio gave a mark back."""
        self._talk.agent.playout.mark_played(name, now_ms)
        return self._talk.agent_heard(now_ms)

    def dtmf(self, digit: str, now_ms: float, *, told: bool) -> list[Action]:
        """The caller pressed a key; told: the model learns what it means in another way."""
        actions = [*self._talk.caller_is_there(now_ms), Note("dtmf")]
        return actions if told else [*actions, TellModel(pressed(digit))]
