"""What a conversation may ask the bridge to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from functions.voice.speech.model import ToolCall
from functions.voice.watchdog import Awaiting, Step
from shared.domain.call import Ending, Turn


@dataclass(frozen=True, slots=True)
class Play:
    """Send this mu-law to the caller, then the mark if there is one."""

    ulaw: bytes
    mark: str | None


@dataclass(frozen=True, slots=True)
class PlaySound:
    """Send a sound of Parley's own, which is nobody's turn; a secret one is not recorded."""

    ulaw: bytes
    mark: str | None
    secret: bool = False


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


@dataclass(frozen=True, slots=True)
class Recover:
    """The model does not do what it owes: try this."""

    step: Step
    awaiting: Awaiting
    on_its_way: bool = False
    """It may merely be slow: nothing at all has come of what it owes."""


@dataclass(frozen=True, slots=True)
class MoveOn:
    """Leave the model's connection for a new one, before the service closes it."""


@dataclass(frozen=True, slots=True)
class BeginTurn:
    """Tell the model that the caller speaks, and has since so long ago; only where that is ours to say."""

    back_ms: float


@dataclass(frozen=True, slots=True)
class EndTurn:
    """Tell the model that the caller has finished."""


@dataclass(frozen=True, slots=True)
class TellHeard:
    """Let the model know, without asking for an answer, what of its cut answer was heard."""

    heard: str
    unheard: str


Action = (
    Play
    | PlaySound
    | SendMark
    | ClearPlayout
    | TellModel
    | RunTool
    | CancelTools
    | SaveTurn
    | Note
    | HangUp
    | Recover
    | MoveOn
    | TellHeard
    | BeginTurn
    | EndTurn
)
