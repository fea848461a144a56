"""One conversation, decided: what the caller, Twilio and the model do goes in, what is to be done comes out.

No sockets, no clocks, no waiting: every method takes the present in milliseconds of the stream and returns actions
in the order in which they are to be carried out. What the caller's side causes is decided in caller_events, what the
model's side causes in model_events; here is what the clock, the line to the model and the end of the call cause.
"""

from __future__ import annotations

from collections.abc import Iterator

from functions.voice.actions import Action, HangUp, MoveOn, Note, PlaySound, Recover
from functions.voice.agent_turns import AgentTurns
from functions.voice.caller_events import CallerEvents
from functions.voice.closing import Closing
from functions.voice.model_events import ModelEvents
from functions.voice.patience import Pace
from functions.voice.prompts import NUDGES, carry_on
from functions.voice.speech.model import SpeechEvent
from functions.voice.talk import Talk
from functions.voice.turns import Floor, IllegalTurn
from functions.voice.voice_gate import VoiceGate
from functions.voice.watchdog import Awaiting, Step
from shared.domain.call import Ending, Turn

SOUND_PIECE = 1_600
"""Bytes, 200 ms: the size of a message to Twilio."""
TICK_MS = 30
"""Every second frame tells the time: what the clock decides is decided in tenths of a second, and looking costs."""


class Conversation:
    """Decides for one stream: told what happens, it returns the actions to perform."""

    def __init__(self, pace: Pace, seqs: Iterator[int], gate: VoiceGate | None = None) -> None:
        self._tick_ms = 0.0
        """When a frame is to tell the time again."""
        self._talk = Talk(pace, seqs, gate)
        self._caller = CallerEvents(self._talk)
        self._model = ModelEvents(self._talk)

    @property
    def floor(self) -> Floor:
        """Whose turn it is to be heard."""
        return self._talk.floor

    @property
    def agent(self) -> AgentTurns:
        """What the agent says, and what of it was heard."""
        return self._talk.agent

    @property
    def caller_so_far(self) -> Turn | None:
        """What the caller has said and is not answered yet."""
        return self._talk.caller.so_far

    @property
    def closing(self) -> Closing | None:
        """How the call is about to end; None while it goes on."""
        return self._talk.closing

    @property
    def is_quiet(self) -> bool:
        """Nobody would notice if the model were away for a moment."""
        return self._talk.is_quiet

    @property
    def is_model_done(self) -> bool:
        """The model has ended its turn."""
        return self._talk.model_done

    @property
    def is_caller_unanswered(self) -> bool:
        """What the caller says, or has just said, is not answered yet."""
        return self._caller.is_unanswered

    def is_mid_speech(self, now_ms: float) -> bool:
        """The caller is heard in this very frame, and no turn ends and no interruption begins."""
        return self._caller.is_mid_speech(now_ms)

    def goes_on(self, before_ms: float, spent: float) -> None:
        """The call has lasted so long before this stream, and its model has cost so many dollars."""
        self._talk.patience.goes_on(before_ms, spent)

    # -- what comes from Twilio

    @property
    def is_gated(self) -> bool:
        """When the caller speaks is decided here, by probabilities of speech."""
        return self._talk.gate is not None

    def caller_frame(self, level: float, now_ms: float) -> list[Action]:
        """20 ms of the caller arrived. level: how loud (RMS); with a gate, the probability that they hold speech."""
        gate, caller = self._talk.gate, self._caller
        actions = caller.frame(level, now_ms) if gate is None else caller.gated(gate, level, now_ms)
        if now_ms >= self._tick_ms:
            self._tick_ms = now_ms + TICK_MS
            actions += self.tick(now_ms)
        return actions

    def on_hold(self, for_ms: float, now_ms: float) -> list[Action]:
        """No frames have come for so long."""
        return self._talk.patience.on_hold(for_ms, now_ms) if self._talk.closing is None else []

    def mark_played(self, name: str, now_ms: float) -> list[Action]:
        """Twilio gave a mark back."""
        return self._caller.mark_played(name, now_ms)

    def dtmf(self, digit: str, now_ms: float, *, told: bool = False) -> list[Action]:
        """The caller pressed a key; told: the model learns what it means in another way."""
        return self._caller.dtmf(digit, now_ms, told=told)

    # -- what comes from the model

    def agent_audio(self, ulaw: bytes, now_ms: float) -> list[Action]:
        """A piece of the agent's voice, ready for the line."""
        return self._model.audio(ulaw, now_ms)

    def flawed(self, why: str, now_ms: float) -> list[Action]:
        """What is being heard is no speech: away with it, and with what follows of it."""
        return self._model.flawed(why, now_ms)

    def speech_event(self, event: SpeechEvent, now_ms: float) -> list[Action]:
        """Anything else the model sent."""
        return self._model.event(event, now_ms)

    # -- sounds of Parley's own

    def stored_turn(self, words: str, ulaw: bytes, now_ms: float) -> list[Action]:
        """Play these words as the agent's turn: heard, cut off and kept like one that the model makes."""
        talk, actions = self._talk, list[Action]()
        for at in range(0, len(ulaw), SOUND_PIECE):
            actions += self._model.audio(ulaw[at : at + SOUND_PIECE], now_ms)
        talk.agent.words(words)
        talk.model_done = True
        return actions + talk.mark_end()

    def own_sound(self, ulaw: bytes, now_ms: float, *, secret: bool = False) -> list[Action]:
        """Play this behind whatever is being heard; it is nobody's turn. A secret sound is not recorded.

        An answer that the model is in the middle of ends before it: what comes of it afterwards is the next one.
        """
        actions = self._talk.mark_end()
        pieces = [ulaw[at : at + SOUND_PIECE] for at in range(0, len(ulaw), SOUND_PIECE)]
        mark = self._talk.agent.own_sound(len(ulaw), now_ms)
        self._talk.patience.active(now_ms)
        last = len(pieces) - 1
        return [*actions, *(PlaySound(piece, mark if at == last else None, secret) for at, piece in enumerate(pieces))]

    def is_silent(self, now_ms: float) -> bool:
        """The caller hears nothing, says nothing, and the call is not about to end."""
        talk = self._talk
        heard = talk.agent.is_open or talk.agent.playout.remaining_ms(now_ms) > 0
        return not heard and not talk.voice.speaking and talk.closing is None

    def caller_is_there(self, now_ms: float) -> None:
        """The caller has given a sign that is no word."""
        self._talk.patience.caller_is_there(now_ms)

    # -- tools

    def wants_result(self, tool_call_id: str) -> bool:
        """The model waits for what comes of this call: it has not been answered, nor taken back."""
        return tool_call_id in self._talk.tools

    def result_is_void(self, tool_call_id: str) -> None:
        """This call is not answered, because whoever made it has handed the caller over."""
        self._talk.tools.discard(tool_call_id)

    def tool_answered(self, tool_call_id: str, now_ms: float) -> None:
        """The result is on its way to the model."""
        self._model.tool_answered(tool_call_id, now_ms)

    def handed_over(self, tool_call_id: str, agent_id: str, text: str, now_ms: float) -> None:
        """Another agent goes on: whatever was owed is theirs now, and this is what they are told."""
        talk = self._talk
        talk.tools.discard(tool_call_id)
        talk.watch.calm()
        talk.patience.active(now_ms)
        talk.agent.speaks_as(agent_id)
        self.told(text, now_ms)

    def close_after_goodbye(self, ending: Ending, now_ms: float) -> None:
        """The call is to end once the agent has been heard."""
        if self._talk.closing is None:
            self._talk.closing = Closing(ending, now_ms, said=self._talk.answered_since_caller)

    # -- the line to the model

    def told(self, text: str, now_ms: float) -> None:
        """The model was told something, and is to answer by voice."""
        talk = self._talk
        talk.direction = text
        if talk.watch.awaiting in {Awaiting.NOTHING, Awaiting.DIRECTION}:
            talk.watch.expect(Awaiting.DIRECTION, now_ms)

    def make_way(self, now_ms: float) -> list[Action]:
        """Something else has to be said at once: away with what is being said."""
        return self._model.make_way(now_ms)

    def session_ends(self, now_ms: float) -> list[Action]:
        """The model's session is gone, and with it the rest of an answer that was under way."""
        talk = self._talk
        talk.tenure.ends()
        talk.late_until_ms, talk.model_done = None, True
        if talk.agent.is_open and talk.watch.awaiting is Awaiting.NOTHING:
            talk.watch.expect(Awaiting.REST, now_ms)
        return self._break_off()

    def _break_off(self) -> list[Action]:
        """Nothing more comes of the answer that is open; what was sent of it will be heard."""
        if self._talk.agent.is_open:
            self._talk.broken_off = self._talk.agent.sent_words()
        return self._talk.mark_end()

    def session_stands(self, now_ms: float) -> None:
        """A new session is there, and knows what session_debt() says."""
        self._talk.tenure.opened(now_ms)
        self._talk.watch.opened(now_ms)

    def session_debt(self) -> str | None:
        """What a new session has to be told so that the caller gets what is owed; None where hearing them is enough."""
        match self._talk.watch.awaiting:
            case Awaiting.NOTHING | Awaiting.CALLER_TURN:
                return None
            case Awaiting.DIRECTION:
                return self._talk.direction
            case Awaiting.REST:
                return carry_on(self._talk.broken_off)
            case Awaiting.TOOL_RESULT:
                return NUDGES[Awaiting.TOOL_RESULT]
            case Awaiting.INTERRUPTED:
                return carry_on("")

    # -- time

    def tick(self, now_ms: float) -> list[Action]:
        """What is due by the clock; costs next to nothing when nothing is."""
        talk = self._talk
        actions = talk.agent_heard(now_ms) if talk.agent.is_waiting else []
        if talk.closing is not None:
            unfinished = talk.agent.is_open
            heard = talk.agent.playout.remaining_ms(now_ms) > 0 or (talk.agent.is_waiting and not unfinished)
            if talk.closing.is_due(now_ms, heard=heard, unfinished=unfinished):
                actions.append(HangUp(talk.closing.ending))
            return actions
        owed = talk.watch.awaiting is not Awaiting.NOTHING
        if owed and not talk.tools:
            actions += self._look_after_model(now_ms)
        if talk.tenure.may_end(now_ms) and (talk.tenure.must_end(now_ms) or talk.is_quiet):
            talk.tenure.ends()
            actions.append(MoveOn())
        busy = talk.floor is Floor.AGENT or talk.voice.speaking or bool(talk.tools) or owed
        actions += talk.patience.due(now_ms, busy=busy)
        if talk.patience.gone:
            talk.closing = Closing(Ending.SILENCE, now_ms)
        return actions

    def _look_after_model(self, now_ms: float) -> list[Action]:
        watch = self._talk.watch
        sounding = self._talk.agent.playout.remaining_ms(now_ms) > 0
        step = watch.look(now_ms, sounding=sounding, caller_speaking=self._talk.voice.speaking)
        if step is None:
            return []
        note = Note("model_stuck", {"awaiting": str(watch.awaiting), "why": watch.why, "step": str(step)})
        on_its_way = watch.why == "silent" and watch.awaiting is not Awaiting.REST
        watch.tried()
        if step is Step.GIVE_UP:
            return [note, HangUp(Ending.SPEECH_MODEL_FAILED)]
        return [note, *self._break_off(), Recover(step, watch.awaiting, on_its_way)]

    def end(self, now_ms: float) -> list[Turn]:
        """The stream is over: turns that were still open, as far as they were heard."""
        turns: list[Turn] = self._talk.aside(now_ms) if self._talk.floor is Floor.AGENT else []
        if (turn := self._talk.caller.close(now_ms)) is not None:
            turns.append(turn)
        return turns + self._talk.agent.cut(now_ms)

    def awaits_words(self, now_ms: float) -> bool:
        """The caller has spoken, and not all of their words may have come."""
        return self._talk.caller.awaits_words(now_ms)

    def last_words(self, text: str, now_ms: float) -> list[Turn]:
        """The caller's last turn with these words of it too, which have come when the stream was over."""
        turn = self._talk.caller.words(text, now_ms) or self._talk.caller.close(now_ms)
        return [] if turn is None else [turn]


__all__ = ["Conversation", "IllegalTurn"]
