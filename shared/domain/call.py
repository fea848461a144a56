"""A call and what was said in it, as the store keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import Any


class Direction(StrEnum):
    """Who dialled."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


class CallState(StrEnum):
    """How far a call has come."""

    RINGING = "ringing"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    """It ended through a fault on our side."""


class Ending(StrEnum):
    """Why a conversation ended."""

    AGENT_ENDED = "agent_ended"
    """The agent said goodbye and hung up."""
    CALLER_HUNG_UP = "caller_hung_up"
    TRANSFERRED = "transferred"
    SILENCE = "silence"
    """The caller said nothing, also when asked."""
    TIME_LIMIT = "time_limit"
    COST_LIMIT = "cost_limit"
    """It had cost what the agent's calls may cost."""
    SPEECH_MODEL_UNAVAILABLE = "speech_model_unavailable"
    """No session could be opened; the caller heard an apology."""
    SPEECH_MODEL_FAILED = "speech_model_failed"
    """The session broke and could not be replaced; the caller heard an apology."""
    STREAM_LOST = "stream_lost"
    """Twilio's socket broke; the call may go on with another stream."""
    INTERNAL_ERROR = "internal_error"

    @property
    def is_our_fault(self) -> bool:
        """True when the caller was failed by us or by the speech model."""
        return self in {
            Ending.SPEECH_MODEL_UNAVAILABLE,
            Ending.SPEECH_MODEL_FAILED,
            Ending.STREAM_LOST,
            Ending.INTERNAL_ERROR,
        }


class Speaker(StrEnum):
    """Whose turn it was."""

    CALLER = "caller"
    AGENT = "agent"


@dataclass(frozen=True, slots=True)
class Turn:
    """What one party said while it had the floor. Times are milliseconds since the stream began."""

    seq: int
    speaker: Speaker
    text: str
    """The caller's words as the model understood them; of the agent's, only those that were heard."""
    language: str | None
    """BCP-47 without region, "hi-en" where Hindi and English mix; None until the turn has been tagged."""
    start_ms: int
    end_ms: int
    cut_off: bool = False
    unheard: str = ""
    """The agent's words that a barge-in kept from being heard."""
    audio_ms: int = 0
    """Agent only: how much audio was sent."""
    heard_ms: int = 0
    """Agent only: how much of it was played, by Twilio's marks."""
    agent_id: str | None = None
    """Agent only: which one, where several share a call."""
    script: str | None = None
    """ISO 15924, the letters of the text as the model wrote them: Deva, Latn; "Deva+Latn" where both are used."""
    aside: bool = False
    """Caller only: "haan", "ok" and the like, said while the agent spoke on. It took nobody's turn."""

    def to_document(self) -> dict[str, Any]:
        """Plain values for the store."""
        return {**asdict(self), "speaker": str(self.speaker)}

    @classmethod
    def from_document(cls, data: Mapping[str, Any]) -> Turn:
        """The turn that to_document() wrote; fields of a newer version are read over."""
        known = {one.name: data[one.name] for one in fields(cls) if one.name in data}
        return cls(**{**known, "speaker": Speaker(known["speaker"])})


@dataclass(frozen=True, slots=True)
class CallEvent:
    """Something that happened in a call, enough to explain it later. Fields hold no words and no numbers of people."""

    seq: int
    kind: str
    at: datetime
    ms: int
    fields: dict[str, Any] = field(default_factory=dict)

    def to_document(self) -> dict[str, Any]:
        """Plain values for the store."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class ToolResult:
    """A tool that was run in a call."""

    tool_call_id: str
    name: str
    arguments: dict[str, Any]
    status: str
    """ok, error, refused, timeout."""
    result: dict[str, Any]
    ms: int
    at: datetime
    idempotency_key: str

    def to_document(self) -> dict[str, Any]:
        """Plain values for the store."""
        return asdict(self)


def turn_path(call_sid: str, seq: int) -> str:
    """Where a turn is kept."""
    return f"calls/{call_sid}/turns/{seq:06d}"


def event_path(call_sid: str, seq: int) -> str:
    """Where an event is kept."""
    return f"calls/{call_sid}/events/{seq:06d}"


def tool_result_path(call_sid: str, tool_call_id: str) -> str:
    """Where a tool's result is kept; slashes in a model's ids would break the path."""
    return f"calls/{call_sid}/tool_results/{tool_call_id.replace('/', '_')}"


SEQS_PER_STREAM = 100_000
"""A call has at most a few streams; each numbers its turns and events, some thousands an hour, in its own range."""


def stream_of(seq: int) -> int:
    """Which stream of its call a turn or an event belongs to."""
    return (seq - 1) // SEQS_PER_STREAM + 1


def call_path(call_sid: str) -> str:
    """Where a call is kept."""
    return f"calls/{call_sid}"
