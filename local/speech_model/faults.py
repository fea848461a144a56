"""What the model can be asked to do wrong, when, and in which session. Real ones were seen to do each of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Moment(StrEnum):
    """A point in the life of a session."""

    CONNECT = "connect"
    """Before the WebSocket stands."""
    SETUP = "setup"
    """The setup has been read, nothing has been answered."""
    SETUP_DONE = "setup_done"
    """setupComplete has been sent."""
    TEXT = "text"
    """A text (a greeting, a nudge) is about to be answered."""
    CALLER_TURN = "caller_turn"
    """The caller has finished a turn that is about to be answered."""
    MID_ANSWER = "mid_answer"
    """after_ms (400) of the answer's audio have been sent."""
    TOOL_CALL = "tool_call"
    """A tool is about to be called."""
    TOOL_RESULT = "tool_result"
    """A tool's result has come and is about to be used."""
    INTERRUPT = "interrupt"
    """The caller has cut the answer off."""
    GO_AWAY = "go_away"
    """goAway has been sent."""
    GENERATE = "generate"
    """A text model has been asked, by generateContent; only for faults that name this moment."""
    NOW = "now"
    """At once; only for a session that is open."""


class Kind(StrEnum):
    """What goes wrong."""

    REFUSE = "refuse"
    """The handshake is answered with an HTTP status."""
    SLOW_SETUP = "slow_setup"
    """setupComplete comes after_ms late."""
    NO_SETUP_COMPLETE = "no_setup_complete"
    FREEZE = "freeze"
    """The socket stays open and nothing comes any more, until what `lasts` says."""
    CLOSE = "close"
    """A close frame with code and reason."""
    DROP = "drop"
    """The connection breaks without a close frame (1006)."""
    QUOTA = "quota"
    """Closed with 1011 because the quota is used up."""
    GO_AWAY = "go_away"
    """goAway, and the end after time_left_ms."""
    UNKNOWN_MESSAGE = "unknown_message"
    GARBAGE = "garbage"
    """A frame that is not JSON."""
    EMPTY_TURN = "empty_turn"
    """turnComplete without a sound."""
    REJECTED = "rejected"
    """turnComplete with turnCompleteReason (RESPONSE_REJECTED unless reason says otherwise)."""
    NEAR_SILENT = "near_silent"
    """Audio of full length and next to no amplitude."""
    TONE = "tone"
    """after_ms (14 s) of a steady tone instead of the line."""
    REPEAT = "repeat"
    """The line is said count times."""
    TWO_BYTE_CHUNK = "two_byte_chunk"
    """The first chunk is one sample."""
    EARLY_TRANSCRIPT = "early_transcript"
    """The whole output transcript comes before the audio."""
    LATE_INPUT_TRANSCRIPT = "late_input_transcript"
    """The caller's words come after the answer has begun."""
    NO_INPUT_TRANSCRIPT = "no_input_transcript"
    MID_SENTENCE_TOOL = "mid_sentence_tool"
    """The tool is called in the middle of the sentence before it."""
    DUPLICATE_TOOL = "duplicate_tool"
    """The same call twice: with one id, or (other_id) with two."""
    BAD_ARGUMENTS = "bad_arguments"
    """Arguments that the declaration does not allow; `arguments` says which."""
    UNKNOWN_TOOL = "unknown_tool"
    """A tool that was never declared."""
    LATE_PONGS = "late_pongs"
    """Pings are answered after_ms late."""
    LOST_HANDLE = "lost_handle"
    """The resumption handle is not known."""
    STILL_OPEN = "still_open"
    """A resumption is refused with 1011 as if the old connection still stood."""


ANYWHERE = frozenset(Moment) - {Moment.CONNECT, Moment.SETUP, Moment.GENERATE}
ANSWERS = frozenset({Moment.TEXT, Moment.CALLER_TURN, Moment.TOOL_RESULT})
MOMENTS: dict[Kind, frozenset[Moment]] = {
    Kind.REFUSE: frozenset({Moment.CONNECT, Moment.GENERATE}),
    Kind.EMPTY_TURN: ANSWERS | {Moment.GENERATE},
    Kind.LATE_PONGS: frozenset({Moment.CONNECT}),
    Kind.SLOW_SETUP: frozenset({Moment.SETUP}),
    Kind.NO_SETUP_COMPLETE: frozenset({Moment.SETUP}),
    Kind.LOST_HANDLE: frozenset({Moment.SETUP}),
    Kind.STILL_OPEN: frozenset({Moment.SETUP}),
    Kind.FREEZE: ANYWHERE,
    Kind.CLOSE: ANYWHERE | {Moment.SETUP},
    Kind.DROP: ANYWHERE | {Moment.SETUP},
    Kind.QUOTA: ANYWHERE | {Moment.SETUP},
    Kind.GO_AWAY: ANYWHERE,
    Kind.UNKNOWN_MESSAGE: ANYWHERE,
    Kind.GARBAGE: ANYWHERE | {Moment.GENERATE},
    Kind.MID_SENTENCE_TOOL: frozenset({Moment.TOOL_CALL}),
    Kind.DUPLICATE_TOOL: frozenset({Moment.TOOL_CALL}),
    Kind.BAD_ARGUMENTS: frozenset({Moment.TOOL_CALL}),
    Kind.UNKNOWN_TOOL: frozenset({Moment.TOOL_CALL}),
}
"""Where a kind can happen; all others happen to an answer."""
INCIDENTS = frozenset(
    {Kind.FREEZE, Kind.CLOSE, Kind.DROP, Kind.QUOTA, Kind.GO_AWAY, Kind.UNKNOWN_MESSAGE, Kind.GARBAGE}
)
"""What can happen at nearly any moment."""
MID_ANSWER_MS = 400


class Fault(BaseModel):
    """One thing to do wrong, once unless times says more often."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind
    at: Moment | None = None
    """None: wherever the kind can happen first; for incidents, when a caller's turn is about to be answered."""
    session: int | None = Field(default=None, ge=1)
    """Only in the n-th session of this server."""
    dialogue: str | None = None
    state: str | None = None
    """Only when the dialogue is in this state, or about to enter it."""
    times: int = Field(default=1, ge=1)
    after_ms: int | None = Field(default=None, ge=0)
    code: int = Field(default=1011, ge=1000, le=4999)
    reason: str = ""
    status: int = Field(default=503, ge=400, le=599)
    lasts: str = Field(default="session", pattern="^(session|text|speech)$")
    """When a freeze ends: never in this session, at the next text, or at the caller's next turn."""
    time_left_ms: int = Field(default=1000, ge=0)
    silent: bool = False
    """After goAway nothing else comes."""
    closes: bool = True
    """goAway is followed by the end of the connection."""
    count: int = Field(default=2, ge=2)
    other_id: bool = False
    arguments: Any = None
    message: dict[str, Any] = Field(default_factory=lambda: {"somethingNew": {"value": 1}})

    def happens_at(self, moment: Moment) -> bool:
        """Whether this is its moment."""
        if self.at is not None or moment is Moment.GENERATE:
            return self.at is moment
        if self.kind in INCIDENTS:
            return moment is Moment.CALLER_TURN
        return moment in MOMENTS.get(self.kind, ANSWERS)

    def possible(self) -> bool:
        """Whether it can happen where it is wanted."""
        return self.at is None or self.at in MOMENTS.get(self.kind, ANSWERS)


@dataclass(frozen=True, slots=True)
class Where:
    """A moment of a session."""

    moment: Moment
    session: int
    dialogue: str = ""
    states: frozenset[str] = frozenset()
    """The dialogue's state, and the one that it is about to enter."""
    sent_ms: float = 0.0
    """Audio of the answer so far; for MID_ANSWER."""

    def fits(self, fault: Fault) -> bool:
        """Whether it is this moment that the fault waits for."""
        if not fault.happens_at(self.moment) or fault.session not in (None, self.session):
            return False
        if fault.dialogue not in (None, self.dialogue) or (fault.state is not None and fault.state not in self.states):
            return False
        mid_ms = MID_ANSWER_MS if fault.after_ms is None else fault.after_ms
        return self.moment is not Moment.MID_ANSWER or self.sent_ms >= mid_ms


@dataclass(slots=True)
class _Planned:
    fault: Fault
    left: int


class FaultBook:
    """Faults that wait for their moment, in the order in which they were asked for."""

    def __init__(self, faults: Collection[Fault] = ()) -> None:
        self._planned: list[_Planned] = []
        self.add(*faults)

    def add(self, *faults: Fault) -> None:
        """Ask for more. Raises ValueError for a fault that can never happen."""
        for fault in faults:
            if not fault.possible():
                raise ValueError(f"{fault.kind.value} cannot happen at {fault.at.value if fault.at else None}")
            self._planned.append(_Planned(fault, fault.times))

    def clear(self) -> None:
        """Forget all of them."""
        self._planned.clear()

    def __bool__(self) -> bool:
        return bool(self._planned)

    def waiting(self) -> list[Fault]:
        """Those that have not happened yet."""
        return [planned.fault for planned in self._planned]

    def take(self, kinds: Collection[Kind], where: Where) -> Fault | None:
        """The first fault of these kinds whose moment this is; it counts as having happened."""
        for planned in self._planned:
            fault = planned.fault
            if fault.kind not in kinds or not where.fits(fault):
                continue
            planned.left -= 1
            if not planned.left:
                self._planned.remove(planned)
            return fault
        return None
