"""The state of one conversation, and the changes that both sides cause: the floor moves, an answer is cut off."""

from __future__ import annotations

from collections.abc import Iterator

from functions.voice.actions import Action, ClearPlayout, Note, SaveTurn, SendMark, TellHeard
from functions.voice.agent_turns import AgentTurns
from functions.voice.caller_turns import CallerTurns
from functions.voice.closing import Closing
from functions.voice.patience import Pace, Patience
from functions.voice.tenure import Tenure
from functions.voice.turns import Floor, FloorEvent, next_floor
from functions.voice.voice_activity import VoiceActivity
from functions.voice.voice_gate import ANSWER_WITHIN_MS, Over, VoiceGate
from functions.voice.watchdog import Awaiting, Watchdog
from shared.domain.call import Ending, Turn

LATE_AUDIO_MS = 700
"""After an interruption, audio that follows without such a gap still belongs to the answer that was cut."""


class Talk:
    """Floor, turns, playout, silence and ending of one stream."""

    def __init__(self, pace: Pace, seqs: Iterator[int], gate: VoiceGate | None = None) -> None:
        self.gate = gate
        """Says when the caller's turns begin and end; None: the model does."""
        self.patience = Patience(pace)
        self.watch = Watchdog(pace.thinking_level)
        self.tenure = Tenure()
        self.voice = VoiceActivity()
        self.agent = AgentTurns(seqs)
        self.caller = CallerTurns(seqs, self.voice)
        self.floor = Floor.NOBODY
        self.closing: Closing | None = None
        self.tools: set[str] = set()
        """Calls of the model that have not been answered."""
        self.model_done = True
        """The model has ended its turn."""
        self.late_until_ms: float | None = None
        """Audio before this moment belongs to the answer that was cut."""
        self.greeted = False
        """The first words have been heard, or cut off."""
        self.answered_since_caller = False
        self.direction = ""
        """What the model was last told to say."""
        self.broken_off = ""
        """What was sent of the last answer that stopped in the middle."""

    def moves(self, event: FloorEvent) -> None:
        """The floor passes on as the table says. Raises IllegalTurn."""
        self.floor = next_floor(self.floor, event)

    def caller_speaks(self, now_ms: float) -> list[Action]:
        """The caller has the floor."""
        self.moves(FloorEvent.CALLER_SPOKE)
        self.caller.begin(now_ms)
        self.answered_since_caller = False
        self.watch.caller_speaks()
        return self._cancel_closing(Ending.SILENCE)

    def caller_is_there(self, now_ms: float) -> list[Action]:
        """The caller said or pressed something that can be understood."""
        self.patience.caller_is_there(now_ms)
        return self._cancel_closing(Ending.SILENCE)

    def _cancel_closing(self, *endings: Ending) -> list[Action]:
        """The caller has something to say before the line drops: it stays, if this is why it was to drop."""
        if self.closing is None or self.closing.ending not in endings:
            return []
        self.closing = None
        self.patience.caller_comes_back()
        return [Note("closing_cancelled")]

    @property
    def is_silence_ending_it(self) -> bool:
        """The caller was asked in vain, and is being told goodbye."""
        return self.closing is not None and self.closing.ending is Ending.SILENCE

    def barge_in(self, now_ms: float, noticed_by: str) -> list[Action]:
        """The caller takes the floor from an answer that is being heard: it is cut off."""
        playing_ms = self.agent.playout.remaining_ms(now_ms)
        turns = self.agent.cut(now_ms)
        self.moves(FloorEvent.BARGED_IN)
        self.greeted = True
        actions: list[Action] = [ClearPlayout()]
        actions += [SaveTurn(turn) for turn in turns]
        actions += [TellHeard(turn.text, turn.unheard) for turn in turns if turn.unheard]
        fields = {"by": noticed_by, "discarded_ms": round(playing_ms), "heard_ms": sum(turn.heard_ms for turn in turns)}
        if (onset_ms := self.voice.onset_ms) is not None:
            fields["reaction_ms"] = round(now_ms - onset_ms)
        actions.append(Note("barge_in", fields))
        self.caller.begin(now_ms)
        self.answered_since_caller = False
        self.watch.calm()
        if not self.voice.speaking:
            self.watch.expect(Awaiting.INTERRUPTED, now_ms)
        return actions + self._cancel_closing(Ending.AGENT_ENDED, Ending.SILENCE)

    def mark_end(self) -> list[Action]:
        """Nothing more comes of the answer that is open: ask Twilio when it has been heard."""
        mark = self.agent.complete()
        return [] if mark is None else [SendMark(mark)]

    def agent_heard(self, now_ms: float) -> list[Action]:
        """Turns that have been heard to their end; the last of them leaves the floor to nobody."""
        turns = self.agent.take_heard(now_ms)
        if turns and not self.agent.is_waiting and self.floor is Floor.AGENT:
            self.moves(FloorEvent.AGENT_HEARD)
            self.greeted = True
            self.patience.active(now_ms)
            turns += self.aside(now_ms, ended_ms=ANSWER_WITHIN_MS)
        return [SaveTurn(turn) for turn in turns]

    def aside(self, now_ms: float, *, ended_ms: float = 0.0) -> list[Turn]:
        """What the caller said while the agent spoke on, if it was a mere backchannel: kept, and nobody's turn."""
        turn = self.caller.close_aside(now_ms, ended_ms=ended_ms)
        return [] if turn is None else [turn]

    @property
    def over(self) -> Over:
        """What of ours the caller would speak over now."""
        if not self.greeted and (self.floor is Floor.AGENT or self.watch.awaiting is Awaiting.DIRECTION):
            return Over.GREETING
        if self.is_silence_ending_it:
            return Over.NOTHING  # whatever they say, they are there
        # A tool at work is an answer under way: the model would take its call back for a mere "ok".
        return Over.ANSWER if self.floor is Floor.AGENT or self.tools else Over.NOTHING

    @property
    def is_quiet(self) -> bool:
        """Nobody would notice if the model were away for a moment."""
        return (
            self.floor is Floor.NOBODY
            and self.model_done
            and not self.tools
            and self.voice.onset_ms is None
            and self.watch.awaiting is Awaiting.NOTHING
        )
