"""One conversation, decided: what the caller, Twilio and the model do goes in, what is to be done comes out.

No sockets, no clocks, no waiting: every method takes the present in milliseconds of the stream and returns actions
in the order in which they are to be carried out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from functions.voice.actions import (
    Action,
    CancelTools,
    ClearPlayout,
    HangUp,
    Note,
    Play,
    RunTool,
    SaveTurn,
    SendMark,
    TellModel,
)
from functions.voice.agent_turns import AgentTurns
from functions.voice.caller_turns import CallerTurns
from functions.voice.closing import Closing
from functions.voice.prompts import ASK_IF_THERE, SAY_GOODBYE_TO_SILENCE, WRAP_UP, pressed
from functions.voice.speech.model import (
    AgentText,
    CallerText,
    GenerationComplete,
    Interrupted,
    SpeechEvent,
    ToolCall,
    ToolCallsCancelled,
    TurnComplete,
)
from functions.voice.turns import Floor, FloorEvent, IllegalTurn, next_floor
from functions.voice.voice_activity import VoiceActivity
from shared.domain.call import Ending, Turn

LATE_AUDIO_MS = 700
"""After an interruption, audio that follows without such a gap still belongs to the answer that was cut."""
LOCAL_BARGE_IN_MS = 300
"""So long the caller speaks over an answer that the model believes finished, before the rest is cleared."""
WRAP_UP_MS = 30_000
"""The agent is told so long before the call's time limit."""
REPROMPTS = 2
"""How often a silent caller is asked before the goodbye."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The agent's limits, as a conversation needs them."""

    silence_ms: int
    call_ms: int


class Conversation:
    """Floor, turns, playout, silence and ending of one stream."""

    def __init__(self, pace: Pace, seqs: Iterator[int]) -> None:
        self._pace = pace
        self.voice = VoiceActivity()
        self.agent = AgentTurns(seqs)
        self.caller = CallerTurns(seqs, self.voice)
        self.floor = Floor.NOBODY
        self.closing: Closing | None = None
        self._tools: set[str] = set()
        self._model_done = True
        """The model has ended its turn."""
        self._late_until_ms: float | None = None
        """Audio before this moment belongs to the answer that was cut."""
        self._active_ms = 0.0
        """When something was last said or done by either side."""
        self._reprompts = 0
        self._told_to_wrap_up = False
        self._answered_since_caller = False

    # -- what comes from Twilio

    def caller_frame(self, rms: int, now_ms: float) -> list[Action]:
        """20 ms of the caller, of this loudness, arrived."""
        was_speaking = self.voice.speaking
        self.voice.frame(rms, now_ms)
        actions: list[Action] = []
        if self.voice.speaking:
            self._active_ms = now_ms
            if not was_speaking and self.floor is not Floor.AGENT:
                actions += self._caller_speaks(now_ms)
            elif self._talks_over_finished_answer(now_ms):
                actions += self._barge_in(now_ms, "local")
        return actions + self.tick(now_ms)

    def _talks_over_finished_answer(self, now_ms: float) -> bool:
        return (
            self.floor is Floor.AGENT
            and self._model_done
            and not self.agent.is_open
            and now_ms - self.voice.started_ms >= LOCAL_BARGE_IN_MS
            and self.agent.playout.remaining_ms(now_ms) > LOCAL_BARGE_IN_MS
        )

    def mark_played(self, name: str, now_ms: float) -> list[Action]:
        """Twilio gave a mark back."""
        self.agent.playout.mark_played(name, now_ms)
        return self._agent_heard(now_ms)

    def dtmf(self, digit: str, now_ms: float) -> list[Action]:
        """The caller pressed a key."""
        self._active_ms = now_ms
        self._reprompts = 0
        return [Note("dtmf"), TellModel(pressed(digit))]

    # -- what comes from the model

    def agent_audio(self, ulaw: bytes, now_ms: float) -> list[Action]:
        """A piece of the agent's voice, ready for the line."""
        if self._late_until_ms is not None:
            if now_ms < self._late_until_ms:
                self._late_until_ms = now_ms + LATE_AUDIO_MS
                return []
            self._late_until_ms = None
        actions: list[Action] = []
        if not self.agent.is_open:
            actions += self._answer_begins(now_ms)
        self._model_done = False
        self._active_ms = now_ms
        mark = self.agent.audio(len(ulaw), now_ms)
        self.floor = next_floor(self.floor, FloorEvent.AGENT_SPOKE)
        return [*actions, Play(ulaw, mark)]

    def _answer_begins(self, now_ms: float) -> list[Action]:
        actions: list[Action] = []
        asked = self.caller.is_open
        if (turn := self.caller.close(now_ms)) is not None:
            actions.append(SaveTurn(turn))
        last_voice_ms = self.voice.last_voice_ms
        if asked and last_voice_ms is not None and not self._answered_since_caller:
            actions.append(Note("answer", {"latency_ms": round(now_ms - last_voice_ms)}))
        self._answered_since_caller = True
        return actions

    def speech_event(self, event: SpeechEvent, now_ms: float) -> list[Action]:
        """Anything else the model sent."""
        match event:
            case AgentText(text):
                if self._late_until_ms is None or now_ms >= self._late_until_ms:
                    self.agent.words(text)
                return []
            case CallerText(text):
                return self._caller_words(text, now_ms)
            case Interrupted():
                return self._interrupted(now_ms)
            case GenerationComplete():
                return self._mark_end()
            case TurnComplete(reason):
                return self._turn_complete(reason, now_ms)
            case ToolCall():
                return self._tool_call(event, now_ms)
            case ToolCallsCancelled(ids):
                self._tools.difference_update(ids)
                return [CancelTools(ids), Note("tools_cancelled", {"count": len(ids)})]
            case _:
                return []

    def _caller_words(self, text: str, now_ms: float) -> list[Action]:
        self._active_ms = now_ms
        self._reprompts = 0
        actions: list[Action] = []
        if self.floor is not Floor.AGENT and not self.caller.is_open and self.voice.speaking:
            actions += self._caller_speaks(now_ms)
        if (turn := self.caller.words(text, now_ms)) is not None:
            actions.append(SaveTurn(turn))
        return actions

    def _caller_speaks(self, now_ms: float) -> list[Action]:
        self.floor = next_floor(self.floor, FloorEvent.CALLER_SPOKE)
        self.caller.begin(now_ms)
        self._answered_since_caller = False
        return []

    def _interrupted(self, now_ms: float) -> list[Action]:
        self._late_until_ms = now_ms + LATE_AUDIO_MS
        if self.floor is Floor.AGENT:
            return self._barge_in(now_ms, "model")
        return [Note("interrupted_unheard")]

    def _barge_in(self, now_ms: float, noticed_by: str) -> list[Action]:
        playing_ms = self.agent.playout.remaining_ms(now_ms)
        turns = self.agent.cut(now_ms)
        self.floor = next_floor(self.floor, FloorEvent.BARGED_IN)
        actions: list[Action] = [ClearPlayout()]
        actions += [SaveTurn(turn) for turn in turns]
        fields = {"by": noticed_by, "discarded_ms": round(playing_ms), "heard_ms": sum(turn.heard_ms for turn in turns)}
        if (onset_ms := self.voice.onset_ms) is not None:
            fields["reaction_ms"] = round(now_ms - onset_ms)
        actions.append(Note("barge_in", fields))
        self.caller.begin(now_ms)
        self._answered_since_caller = False
        if self.closing is not None and self.closing.ending is Ending.AGENT_ENDED:
            self.closing = None
            actions.append(Note("closing_cancelled"))
        return actions

    def _mark_end(self) -> list[Action]:
        mark = self.agent.complete()
        return [] if mark is None else [SendMark(mark)]

    def _turn_complete(self, reason: str | None, now_ms: float) -> list[Action]:
        was_cut, self._late_until_ms = self._late_until_ms is not None, None
        was_silent = self.floor is Floor.CALLER and not self.agent.is_open and not was_cut
        actions = self._mark_end()
        self._model_done = True
        if self.closing is not None:
            self.closing.turn_over = True
        if reason is not None or (was_silent and not self.voice.speaking):
            actions.append(Note("empty_turn" if was_silent else "turn_ended_oddly", {"reason": reason}))
        return actions + self._agent_heard(now_ms)

    def _agent_heard(self, now_ms: float) -> list[Action]:
        turns = self.agent.take_heard(now_ms)
        if turns and not self.agent.is_waiting and self.floor is Floor.AGENT:
            self.floor = next_floor(self.floor, FloorEvent.AGENT_HEARD)
            self._active_ms = now_ms
        return [SaveTurn(turn) for turn in turns]

    # -- tools

    def _tool_call(self, call: ToolCall, now_ms: float) -> list[Action]:
        self._active_ms = now_ms
        self._tools.add(call.id)
        actions: list[Action] = []
        if (turn := self.caller.close(now_ms)) is not None:
            actions.append(SaveTurn(turn))
        return [*actions, RunTool(call)]

    def tool_answered(self, tool_call_id: str, now_ms: float) -> None:
        """The result is on its way to the model."""
        self._tools.discard(tool_call_id)
        self._active_ms = now_ms

    def close_after_goodbye(self, ending: Ending, now_ms: float) -> None:
        """The call is to end once the agent has been heard."""
        if self.closing is None:
            self.closing = Closing(ending, now_ms)

    # -- time

    def tick(self, now_ms: float) -> list[Action]:
        """What is due by the clock; costs next to nothing when nothing is."""
        actions = self._agent_heard(now_ms) if self.agent.is_waiting else []
        if self.closing is not None:
            speaking = self.agent.is_open or self.agent.is_waiting
            if self.closing.is_due(now_ms, speaking=speaking):
                actions.append(HangUp(self.closing.ending))
        elif now_ms >= self._pace.call_ms:
            actions.append(HangUp(Ending.TIME_LIMIT))
        elif not self._told_to_wrap_up and now_ms >= self._pace.call_ms - WRAP_UP_MS:
            self._told_to_wrap_up = True
            actions += [Note("told_to_wrap_up"), TellModel(WRAP_UP)]
        elif self._is_silent(now_ms):
            actions += self._reprompt(now_ms)
        return actions

    def _is_silent(self, now_ms: float) -> bool:
        busy = self.floor is Floor.AGENT or self.voice.speaking or self._tools
        return not busy and now_ms - self._active_ms >= self._pace.silence_ms

    def _reprompt(self, now_ms: float) -> list[Action]:
        self._active_ms = now_ms
        self._reprompts += 1
        if self._reprompts > REPROMPTS:
            self.closing = Closing(Ending.SILENCE, now_ms)
            return [Note("silence", {"reprompt": self._reprompts}), TellModel(SAY_GOODBYE_TO_SILENCE)]
        return [Note("silence", {"reprompt": self._reprompts}), TellModel(ASK_IF_THERE)]

    def end(self, now_ms: float) -> list[Turn]:
        """The stream is over: turns that were still open, as far as they were heard."""
        turns: list[Turn] = []
        if (turn := self.caller.close(now_ms)) is not None:
            turns.append(turn)
        return turns + self.agent.cut(now_ms)


__all__ = ["Conversation", "IllegalTurn", "Pace"]
