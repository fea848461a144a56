"""The TwiML verbs that the network follows, with their attributes read. [pure]"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Say:
    """Speak these words."""

    text: str
    language: str | None = None
    voice: str | None = None


@dataclass(frozen=True, slots=True)
class Play:
    """Play a file, or keys."""

    url: str = ""
    digits: str | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait."""

    length_s: float = 1.0


@dataclass(frozen=True, slots=True)
class Gather:
    """Collect keys while something is said."""

    prompts: tuple[Say | Play | Pause, ...] = ()
    action: str | None = None
    method: str = "POST"
    input: str = "dtmf"
    digits: int | None = None
    timeout_s: float = 5.0
    finish_on_key: str = "#"
    action_on_empty: bool = False


@dataclass(frozen=True, slots=True)
class Number:
    """Somebody to dial, and what they hear before they are joined."""

    number: str
    url: str | None = None
    method: str = "POST"
    status_callback: str | None = None
    status_callback_events: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Dial:
    """Join the caller with somebody else."""

    number: Number
    action: str | None = None
    method: str = "POST"
    timeout_s: float = 30.0
    time_limit_s: float = 14_400.0
    answer_on_bridge: bool = False
    caller_id: str | None = None


@dataclass(frozen=True, slots=True)
class Stream:
    """Hand the caller's audio to a WebSocket, and the caller what comes back."""

    url: str
    name: str | None = None
    parameters: tuple[tuple[str, str], ...] = ()
    status_callback: str | None = None
    status_callback_method: str = "POST"


@dataclass(frozen=True, slots=True)
class Connect:
    """Stay with the stream until it ends."""

    stream: Stream
    action: str | None = None
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Redirect:
    """Go on with other TwiML."""

    url: str
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Hangup:
    """End the call."""


@dataclass(frozen=True, slots=True)
class Reject:
    """Do not answer the call."""

    reason: str = "rejected"


Verb = Say | Play | Pause | Gather | Dial | Connect | Redirect | Hangup | Reject
