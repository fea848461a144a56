"""What a conversation may ask the bridge to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from functions.voice.speech.model import ToolCall
from shared.domain.call import Ending, Turn


@dataclass(frozen=True, slots=True)
class Play:
    """Send this mu-law to the caller, then the mark if there is one."""

    ulaw: bytes
    mark: str | None


@dataclass(frozen=True, slots=True)
class SendMark:
    """Ask Twilio to say when it has played everything sent so far."""

    name: str


@dataclass(frozen=True, slots=True)
class ClearPlayout:
    """Make Twilio forget what it has not played yet."""


@dataclass(frozen=True, slots=True)
class TellModel:
    """Say something to the model that the caller did not say."""

    text: str


@dataclass(frozen=True, slots=True)
class RunTool:
    """Run this tool and bring its result back."""

    call: ToolCall


@dataclass(frozen=True, slots=True)
class CancelTools:
    """The model no longer wants these results."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SaveTurn:
    """Keep this turn, over an earlier version of it if there is one."""

    turn: Turn


@dataclass(frozen=True, slots=True)
class Note:
    """Keep that this happened. Fields hold figures and codes, never words or numbers of people."""

    kind: str
    fields: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HangUp:
    """Drop the line now."""

    ending: Ending


Action = Play | SendMark | ClearPlayout | TellModel | RunTool | CancelTools | SaveTurn | Note | HangUp
