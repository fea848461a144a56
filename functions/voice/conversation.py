"""One conversation, decided: what the caller, Twilio and the model do goes in, what is to be done comes out.

No sockets, no clocks, no waiting: every method takes the present in milliseconds of the stream and returns actions
in the order in which they are to be carried out.
"""

from __future__ import annotations

from collections.abc import Iterator

from functions.voice.actions import (
    Action,
    CancelTools,
    ClearPlayout,
    HangUp,
    MoveOn,
    Note,
    Play,
    Recover,
    RunTool,
    SaveTurn,
    SendMark,
    TellHeard,
    TellModel,
)
from functions.voice.agent_turns import AgentTurns
from functions.voice.caller_turns import CallerTurns
from functions.voice.closing import Closing
from functions.voice.patience import Pace, Patience
from functions.voice.prompts import carry_on, pressed
from functions.voice.speech.model import (
    AgentText,
    CallerText,
    GenerationComplete,
    GoAway,
    Interrupted,
    SpeechEvent,
    ToolCall,
    ToolCallsCancelled,
    TurnComplete,
)
from functions.voice.tenure import Tenure
from functions.voice.turns import Floor, FloorEvent, IllegalTurn, next_floor
from functions.voice.voice_activity import VoiceActivity
from functions.voice.watchdog import LEAST_VOICE_MS, Awaiting, Step, Watchdog
from shared.domain.call import Ending, Turn

LATE_AUDIO_MS = 700
"""After an interruption, audio that follows without such a gap still belongs to the answer that was cut."""
LOCAL_BARGE_IN_MS = 300
"""So long the caller speaks over an answer that the model believes finished, before the rest is cleared."""
SPOILT = frozenset({"RESPONSE_REJECTED", "MALFORMED_FUNCTION_CALL"})
"""Reasons for which a turn ends that leave the caller without an answer."""


class Conversation:
    """Floor, turns, playout, silence and ending of one stream."""

    def __init__(self, pace: Pace, seqs: Iterator[int]) -> None:
        self._patience = Patience(pace)
        self.watch = Watchdog(pace.thinking_level)
        self.tenure = Tenure()
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
        self._answered_since_caller = False
        self._direction = ""
        """What the model was last told to say."""
        self._broken_off = ""
        """What was sent of the last answer that stopped in the middle."""

    # -- what comes from Twilio

    def caller_frame(self, rms: int, now_ms: float) -> list[Action]:
        """20 ms of the caller, of this loudness, arrived."""
        was_speaking = self.voice.speaking
        self.voice.frame(rms, now_ms)
        actions: list[Action] = []
        if self.voice.speaking:
            self._patience.active(now_ms)
            if not was_speaking and self.floor is not Floor.AGENT:
                actions += self._caller_speaks(now_ms)
            elif self._talks_over_finished_answer(now_ms):
                actions += self._barge_in(now_ms, "local")
        elif was_speaking and self.floor is Floor.CALLER:
            self._caller_pauses()
        return actions + self.tick(now_ms)

    def _caller_pauses(self) -> None:
        ended_ms = self.voice.last_voice_ms or 0.0
        if ended_ms - self.voice.started_ms >= LEAST_VOICE_MS:
            self.watch.expect(Awaiting.CALLER_TURN, ended_ms)

    @property
    def is_caller_unanswered(self) -> bool:
        """What the caller says, or has just said, is not answered yet."""
        return self.caller.is_open or self.voice.onset_ms is not None

    def _talks_over_finished_answer(self, now_ms: float) -> bool:
        return (
            self.floor is Floor.AGENT
            and self._model_done
            and not self.agent.is_open
            and self.voice.last_voice_ms == now_ms
            and now_ms - self.voice.started_ms >= LOCAL_BARGE_IN_MS
            and self.agent.playout.remaining_ms(now_ms) > LOCAL_BARGE_IN_MS
        )

    def mark_played(self, name: str, now_ms: float) -> list[Action]:
        """Twilio gave a mark back."""
        self.agent.playout.mark_played(name, now_ms)
        return self._agent_heard(now_ms)

    def dtmf(self, digit: str, now_ms: float) -> list[Action]:
        """The caller pressed a key."""
        self._patience.caller_is_there(now_ms)
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
        if self.watch.awaiting is not Awaiting.REST:
            self.watch.answer_begins(now_ms)
        self._model_done = False
        self._patience.active(now_ms)
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

    def flawed(self, why: str, now_ms: float) -> list[Action]:
        """What is being heard is no speech: away with it, and with what follows of it."""
        if not self.agent.is_open:
            return []
        turns = self.agent.cut(now_ms)
        self._late_until_ms = now_ms + LATE_AUDIO_MS
        if self.floor is Floor.AGENT:
            self.floor = next_floor(self.floor, FloorEvent.AGENT_HEARD)
        self.watch.flawed(why, now_ms)
        return [ClearPlayout(), *map(SaveTurn, turns), Note("flawed_answer", {"why": why})]

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
                return self._answer_ends()
            case TurnComplete(reason):
                return self._turn_complete(reason, now_ms)
            case ToolCall():
                return self._tool_call(event, now_ms)
            case ToolCallsCancelled(ids):
                self._tools.difference_update(ids)
                return [CancelTools(ids), Note("tools_cancelled", {"count": len(ids)})]
            case GoAway(left_s):
                self.tenure.go_away(left_s * 1000, now_ms)
                return [Note("go_away", {"time_left_s": left_s})]
            case _:
                return []

    def _caller_words(self, text: str, now_ms: float) -> list[Action]:
        self._patience.caller_is_there(now_ms)
        actions: list[Action] = []
        if self.floor is not Floor.AGENT and not self.caller.is_open and self.voice.speaking:
            actions += self._caller_speaks(now_ms)
        if (turn := self.caller.words(text, now_ms)) is not None:
            actions.append(SaveTurn(turn))
        elif self.floor is not Floor.AGENT and not self.voice.speaking and self.watch.awaiting is Awaiting.NOTHING:
            self.watch.expect(Awaiting.CALLER_TURN, now_ms)
        return actions

    def _caller_speaks(self, now_ms: float) -> list[Action]:
        self.floor = next_floor(self.floor, FloorEvent.CALLER_SPOKE)
        self.caller.begin(now_ms)
        self._answered_since_caller = False
        self.watch.caller_speaks()
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
        actions += [TellHeard(turn.text, turn.unheard) for turn in turns if turn.unheard]
        fields = {"by": noticed_by, "discarded_ms": round(playing_ms), "heard_ms": sum(turn.heard_ms for turn in turns)}
        if (onset_ms := self.voice.onset_ms) is not None:
            fields["reaction_ms"] = round(now_ms - onset_ms)
        actions.append(Note("barge_in", fields))
        self.caller.begin(now_ms)
        self._answered_since_caller = False
        self.watch.calm()
        if not self.voice.speaking:
            self.watch.expect(Awaiting.INTERRUPTED, now_ms)
        if self.closing is not None and self.closing.ending is Ending.AGENT_ENDED:
            self.closing = None
            actions.append(Note("closing_cancelled"))
        return actions

    def _answer_ends(self) -> list[Action]:
        if self.agent.is_open:
            self.watch.calm()
        return self._mark_end()

    def _mark_end(self) -> list[Action]:
        mark = self.agent.complete()
        return [] if mark is None else [SendMark(mark)]

    def _turn_complete(self, reason: str | None, now_ms: float) -> list[Action]:
        was_cut, self._late_until_ms = self._late_until_ms is not None, None
        was_silent = self.floor is Floor.CALLER and not self.agent.is_open and not was_cut
        actions = self._answer_ends()
        if self._model_done and not was_cut:
            self.watch.empty_turn(now_ms)
        self._model_done = True
        if reason in SPOILT:
            self.watch.flawed(reason.lower(), now_ms)
        elif reason is not None:
            self.watch.calm()
        if self.closing is not None:
            self.closing.turn_over = True
        if reason is not None or (was_silent and not self.voice.speaking):
            actions.append(Note("empty_turn" if was_silent else "turn_ended_oddly", {"reason": reason}))
        return actions + self._agent_heard(now_ms)

    def _agent_heard(self, now_ms: float) -> list[Action]:
        turns = self.agent.take_heard(now_ms)
        if turns and not self.agent.is_waiting and self.floor is Floor.AGENT:
            self.floor = next_floor(self.floor, FloorEvent.AGENT_HEARD)
            self._patience.active(now_ms)
        return [SaveTurn(turn) for turn in turns]

    # -- tools

    def _tool_call(self, call: ToolCall, now_ms: float) -> list[Action]:
        self._patience.active(now_ms)
        self._tools.add(call.id)
        self.watch.calm()
        actions: list[Action] = []
        if (turn := self.caller.close(now_ms)) is not None:
            actions.append(SaveTurn(turn))
        return [*actions, RunTool(call)]

    def tool_answered(self, tool_call_id: str, now_ms: float) -> None:
        """The result is on its way to the model."""
        self._tools.discard(tool_call_id)
        self._patience.active(now_ms)
        if not self._tools:
            self.watch.expect(Awaiting.TOOL_RESULT, now_ms)

    def close_after_goodbye(self, ending: Ending, now_ms: float) -> None:
        """The call is to end once the agent has been heard."""
        if self.closing is None:
            self.closing = Closing(ending, now_ms)

    # -- the line to the model

    def told(self, text: str, now_ms: float) -> None:
        """The model was told something, and is to answer by voice."""
        self._direction = text
        if self.watch.awaiting in {Awaiting.NOTHING, Awaiting.DIRECTION}:
            self.watch.expect(Awaiting.DIRECTION, now_ms)

    def session_ends(self, now_ms: float) -> list[Action]:
        """The model's session is gone, and with it the rest of an answer that was under way."""
        self.tenure.ends()
        self._late_until_ms, self._model_done = None, True
        if self.agent.is_open and self.watch.awaiting is Awaiting.NOTHING:
            self.watch.expect(Awaiting.REST, now_ms)
        return self._break_off()

    def _break_off(self) -> list[Action]:
        """Nothing more comes of the answer that is open; what was sent of it will be heard."""
        if self.agent.is_open:
            self._broken_off = self.agent.sent_words()
        return self._mark_end()

    def session_stands(self, now_ms: float) -> None:
        """A new session is there, and knows what session_debt() says."""
        self.tenure.opened(now_ms)
        self.watch.opened(now_ms)

    def session_debt(self) -> str | None:
        """What a new session has to be told so that the caller gets what is owed; None where hearing them is enough."""
        match self.watch.awaiting:
            case Awaiting.NOTHING | Awaiting.CALLER_TURN:
                return None
            case Awaiting.DIRECTION:
                return self._direction
            case Awaiting.REST:
                return carry_on(self._broken_off)
            case _:
                return carry_on("")

    # -- time

    def tick(self, now_ms: float) -> list[Action]:
        """What is due by the clock; costs next to nothing when nothing is."""
        actions = self._agent_heard(now_ms) if self.agent.is_waiting else []
        if self.closing is not None:
            speaking = self.agent.is_open or self.agent.is_waiting
            if self.closing.is_due(now_ms, speaking=speaking):
                actions.append(HangUp(self.closing.ending))
            return actions
        owed = self.watch.awaiting is not Awaiting.NOTHING
        if owed and not self._tools:
            actions += self._look_after_model(now_ms)
        if self.tenure.may_end(now_ms) and (self.tenure.must_end(now_ms) or self.is_quiet):
            self.tenure.ends()
            actions.append(MoveOn())
        busy = self.floor is Floor.AGENT or self.voice.speaking or bool(self._tools) or owed
        actions += self._patience.due(now_ms, busy=busy)
        if self._patience.gone:
            self.closing = Closing(Ending.SILENCE, now_ms)
        return actions

    def _look_after_model(self, now_ms: float) -> list[Action]:
        watch = self.watch
        sounding = self.agent.playout.remaining_ms(now_ms) > 0
        step = watch.look(now_ms, sounding=sounding, caller_speaking=self.voice.speaking)
        if step is None:
            return []
        note = Note("model_stuck", {"awaiting": str(watch.awaiting), "why": watch.why, "step": str(step)})
        watch.tried()
        if step is Step.GIVE_UP:
            return [note, HangUp(Ending.SPEECH_MODEL_FAILED)]
        return [note, *self._break_off(), Recover(step, watch.awaiting)]

    @property
    def is_quiet(self) -> bool:
        """Nobody would notice if the model were away for a moment."""
        return (
            self.floor is Floor.NOBODY
            and self._model_done
            and not self._tools
            and self.voice.onset_ms is None
            and self.watch.awaiting is Awaiting.NOTHING
        )

    def end(self, now_ms: float) -> list[Turn]:
        """The stream is over: turns that were still open, as far as they were heard."""
        turns: list[Turn] = []
        if (turn := self.caller.close(now_ms)) is not None:
            turns.append(turn)
        return turns + self.agent.cut(now_ms)


__all__ = ["Conversation", "IllegalTurn"]
