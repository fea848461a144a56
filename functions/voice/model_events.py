"""How a conversation reacts to the model: to its voice, the words of both sides, ends of turns, calls of tools."""

from __future__ import annotations

from functions.voice.actions import Action, CancelTools, ClearPlayout, Note, Play, RunTool, SaveTurn
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
from functions.voice.talk import LATE_AUDIO_MS, Talk
from functions.voice.turns import Floor, FloorEvent
from functions.voice.watchdog import Awaiting

SPOILT = frozenset({"RESPONSE_REJECTED", "MALFORMED_FUNCTION_CALL"})
"""Reasons for which a turn ends that leave the caller without an answer."""


class ModelEvents:
    """The model's side of a talk."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk

    # -- the agent's voice

    def audio(self, ulaw: bytes, now_ms: float) -> list[Action]:
        """A piece of the agent's voice, ready for the line."""
        talk = self._talk
        if talk.late_until_ms is not None:
            if now_ms < talk.late_until_ms:
                talk.late_until_ms = now_ms + LATE_AUDIO_MS
                return []
            talk.late_until_ms = None
        actions: list[Action] = []
        if not talk.agent.is_open:
            actions += self._answer_begins(now_ms)
        if talk.watch.awaiting is not Awaiting.REST:
            talk.watch.answer_begins(now_ms)
        talk.model_done = False
        talk.patience.active(now_ms)
        mark = talk.agent.audio(len(ulaw), now_ms)
        talk.moves(FloorEvent.AGENT_SPOKE)
        return [*actions, Play(ulaw, mark)]

    def _answer_begins(self, now_ms: float) -> list[Action]:
        talk = self._talk
        actions: list[Action] = []
        if talk.floor is Floor.AGENT:
            actions += map(SaveTurn, talk.aside(now_ms))
        asked = talk.caller.is_open
        if (turn := talk.caller.close(now_ms)) is not None:
            actions.append(SaveTurn(turn))
        last_voice_ms = talk.voice.last_voice_ms
        if asked and last_voice_ms is not None and not talk.answered_since_caller:
            actions.append(Note("answer", {"latency_ms": round(now_ms - last_voice_ms)}))
        talk.answered_since_caller = True
        return actions

    def flawed(self, why: str, now_ms: float) -> list[Action]:
        """What is being heard is no speech: away with it, and with what follows of it."""
        talk = self._talk
        if not talk.agent.is_open:
            return []
        turns = talk.agent.cut(now_ms)
        talk.late_until_ms = now_ms + LATE_AUDIO_MS
        if talk.floor is Floor.AGENT:
            talk.moves(FloorEvent.AGENT_HEARD)
        talk.watch.flawed(why, now_ms)
        return [ClearPlayout(), *map(SaveTurn, turns), Note("flawed_answer", {"why": why})]

    def make_way(self, now_ms: float) -> list[Action]:
        """Nothing more of what is being said is to be heard, and nothing of it is owed."""
        talk = self._talk
        talk.watch.calm()
        if not talk.agent.is_waiting:
            return []
        if talk.agent.is_open:
            talk.late_until_ms = now_ms + LATE_AUDIO_MS
        turns = talk.agent.cut(now_ms)
        if talk.floor is Floor.AGENT:
            talk.moves(FloorEvent.AGENT_HEARD)
        return [ClearPlayout(), *map(SaveTurn, turns), Note("made_way")]

    # -- anything else it sends

    def event(self, event: SpeechEvent, now_ms: float) -> list[Action]:
        """Anything else the model sent."""
        talk = self._talk
        match event:
            case AgentText(text):
                if talk.late_until_ms is None or now_ms >= talk.late_until_ms:
                    talk.agent.words(text)
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
                talk.tools.difference_update(ids)
                return [CancelTools(ids), Note("tools_cancelled", {"count": len(ids)})]
            case GoAway(left_s):
                talk.tenure.go_away(left_s * 1000, now_ms)
                return [Note("go_away", {"time_left_s": left_s})]
            case _:
                return []

    def _caller_words(self, text: str, now_ms: float) -> list[Action]:
        talk = self._talk
        actions = talk.caller_is_there(now_ms)
        if talk.floor is not Floor.AGENT and not talk.caller.is_open and talk.voice.speaking:
            actions += talk.caller_speaks(now_ms)
        over_agent = talk.floor is Floor.AGENT
        if (turn := talk.caller.words(text, now_ms, over_agent=over_agent)) is not None:
            return [*actions, SaveTurn(turn)]
        if not over_agent and not talk.voice.speaking and talk.watch.awaiting is Awaiting.NOTHING:
            talk.watch.expect(Awaiting.CALLER_TURN, now_ms)
        return actions

    def _interrupted(self, now_ms: float) -> list[Action]:
        self._talk.late_until_ms = now_ms + LATE_AUDIO_MS
        if self._talk.floor is Floor.AGENT:
            return self._talk.barge_in(now_ms, "model")
        return [Note("interrupted_unheard")]

    def _answer_ends(self) -> list[Action]:
        if self._talk.agent.is_open:
            self._talk.watch.calm()
        return self._talk.mark_end()

    def _turn_complete(self, reason: str | None, now_ms: float) -> list[Action]:
        talk = self._talk
        was_cut, talk.late_until_ms = talk.late_until_ms is not None, None
        was_silent = talk.floor is Floor.CALLER and not talk.agent.is_open and not was_cut
        actions = self._answer_ends()
        if talk.model_done and not was_cut:
            talk.watch.empty_turn(now_ms)
        talk.model_done = True
        if reason in SPOILT:
            talk.watch.flawed(reason.lower(), now_ms)
        elif reason is not None:
            talk.watch.calm()
        if talk.closing is not None:
            talk.closing.turn_over = True
        if reason is not None or (was_silent and not talk.voice.speaking):
            actions.append(Note("empty_turn" if was_silent else "turn_ended_oddly", {"reason": reason}))
        return actions + talk.agent_heard(now_ms)

    # -- tools

    def _tool_call(self, call: ToolCall, now_ms: float) -> list[Action]:
        talk = self._talk
        talk.patience.active(now_ms)
        talk.tools.add(call.id)
        talk.watch.calm()
        actions: list[Action] = []
        if (turn := talk.caller.close(now_ms)) is not None:
            actions.append(SaveTurn(turn))
        return [*actions, RunTool(call)]

    def tool_answered(self, tool_call_id: str, now_ms: float) -> None:
        """The result is on its way to the model."""
        talk = self._talk
        talk.tools.discard(tool_call_id)
        talk.patience.active(now_ms)
        if not talk.tools:
            directed = talk.watch.awaiting is Awaiting.DIRECTION
            talk.watch.expect(Awaiting.DIRECTION if directed else Awaiting.TOOL_RESULT, now_ms)
