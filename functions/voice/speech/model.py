"""The speech-model port: open a session, send what the caller says, receive what the agent says.

Audio is raw PCM, 16-bit little-endian, mono; rates are named. Text, tools and audio of one session share
one order: what receive() returns is what the model sent, in the order it sent it.

SpeechError
├── SpeechRefused      the model will not have this session or message (bad key, model, configuration); final
├── SpeechUnavailable  it could not be reached or set up in time; another try, region or model may do
└── SessionEnded       an open session closed; .resumable says whether its handle may be used again

Each has .code, and .quota where the account's limits are the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from uuid import uuid4


class SpeechError(Exception):
    """The speech model could not do what was asked."""

    def __init__(
        self, message: str = "", *, code: int | None = None, quota: bool = False, detail: str | None = None
    ) -> None:
        super().__init__(message or self.__doc__)
        self.code = code
        """WebSocket close code or HTTP status, where there was one."""
        self.quota = quota
        """The account has used up what it may use, or is throttled; it sounds like a fault of ours and is none."""
        self.detail = detail
        """The service's own words, for an operator who looks; never for a log."""
        self.place: str | None = None
        """Where, as "platform/region/model"; whoever chose the place says so."""


class SpeechRefused(SpeechError):
    """The speech model refused the session; trying again would not help."""


class SpeechUnavailable(SpeechError):
    """The speech model could not be reached in time."""


class SessionEnded(SpeechError):
    """The session closed."""

    def __init__(
        self,
        message: str = "",
        *,
        code: int | None = None,
        quota: bool = False,
        detail: str | None = None,
        resumable: bool = False,
    ) -> None:
        super().__init__(message, code=code, quota=quota, detail=detail)
        self.resumable = resumable


_OURS: Final = "unnamed-"


def id_of_ours() -> str:
    """The id of a tool call that came without one, so that no two of them are taken for one and the same."""
    return f"{_OURS}{uuid4().hex}"


def is_of_ours(tool_call_id: str) -> bool:
    """Whether the model does not know this id, and is answered without one."""
    return tool_call_id.startswith(_OURS)


@dataclass(frozen=True, slots=True)
class ToolDeclaration:
    """A tool as the model is told about it; parameters is a JSON Schema object, or None for no arguments."""

    name: str
    description: str
    parameters: Mapping[str, Any] | None = None
    blocking: bool = True
    """The model waits for the result before it goes on."""


@dataclass(frozen=True, slots=True)
class ActivityDetection:
    """How the model decides that the caller speaks. None leaves a value to the model."""

    automatic: bool = True
    """False: activity_start and activity_end come from us."""
    start_sensitivity: str | None = None
    """"high" or "low"."""
    end_sensitivity: str | None = None
    prefix_padding_ms: int | None = None
    silence_ms: int | None = None
    interrupts: bool = True
    """The caller's speech cuts the model's answer off."""


@dataclass(frozen=True, slots=True)
class SessionSetup:
    """Everything a session is opened with."""

    model: str
    """The service's own id, without a prefix: gemini-3.1-flash-live-preview."""
    instructions: str
    voice: str
    language: str | None = None
    """BCP-47 of the start language; native-audio models take it as a hint at most."""
    tools: Sequence[ToolDeclaration] = ()
    activity: ActivityDetection = field(default_factory=ActivityDetection)
    thinking_level: str | None = None
    """"minimal", "low", "medium" or "high"; None where the model takes none."""
    temperature: float | None = None
    resume_handle: str | None = None
    compress_at_tokens: int | None = 25_600
    compress_to_tokens: int | None = 12_800
    history: Sequence[tuple[str, str]] = ()
    """Earlier turns to start from, as (role, text) with role "user" or "model"."""


@dataclass(frozen=True, slots=True)
class AgentAudio:
    """A piece of the agent's voice, of any even length."""

    pcm: bytes
    rate_hz: int


@dataclass(frozen=True, slots=True)
class AgentText:
    """A fragment of the transcript of the agent's voice; its timing is loose against the audio."""

    text: str


@dataclass(frozen=True, slots=True)
class CallerText:
    """A fragment of the transcript of the caller's voice; may come after the answer has begun."""

    text: str


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The model heard the caller speak and dropped the rest of its answer."""


@dataclass(frozen=True, slots=True)
class GenerationComplete:
    """All audio of this answer has been sent (it may still be playing)."""


@dataclass(frozen=True, slots=True)
class TurnComplete:
    """The model believes that its turn is over; reason is set when it ended oddly."""

    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The model asks for a tool. Every call wants an answer, also an unknown one."""

    id: str
    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ToolCallsCancelled:
    """The model no longer wants these results."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ResumeHandle:
    """What the session can be resumed with from here on; None while it cannot be."""

    handle: str | None


@dataclass(frozen=True, slots=True)
class GoAway:
    """The service will close this connection after so many seconds."""

    time_left_s: float


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of the turn that ended, by direction and modality ("audio", "text")."""

    input_tokens: Mapping[str, int]
    output_tokens: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class UnknownMessage:
    """A message we do not know; counted, otherwise ignored."""

    keys: tuple[str, ...]


SpeechEvent = (
    AgentAudio
    | AgentText
    | CallerText
    | Interrupted
    | GenerationComplete
    | TurnComplete
    | ToolCall
    | ToolCallsCancelled
    | ResumeHandle
    | GoAway
    | Usage
    | UnknownMessage
)


@dataclass(frozen=True, slots=True)
class ToolAnswer:
    """A tool's result on its way to the model. Never empty: the model calls again, or falls silent, on that."""

    id: str
    name: str
    response: Mapping[str, Any]


class SpeechSession(Protocol):
    """One open conversation with the model. Sending never waits for an answer."""

    def send_audio(self, pcm: bytes) -> None:
        """The caller's voice: PCM16 at 16 kHz, any even length (20 ms = 640 bytes). Raises SessionEnded."""
        ...

    async def send_text(self, text: str) -> None:
        """Say something to the model that the caller did not say; it answers by voice."""
        ...

    async def add_context(self, text: str) -> bool:
        """Something for the model to know and not to answer; goes with the caller's turn or the next text where it
        cannot go alone. Whether it has gone."""
        ...

    def send_activity(self, started: bool) -> None:
        """The caller began or stopped speaking; only when activity detection is ours."""
        ...

    async def flush(self) -> None:
        """Wait until the network has taken most of what was sent. Raises SessionEnded when it does not."""
        ...

    async def send_tool_answers(self, answers: Sequence[ToolAnswer]) -> None:
        """Results of tool calls."""
        ...

    async def receive(self) -> Sequence[SpeechEvent]:
        """What the next message holds, waiting for it. Raises SessionEnded. One caller at a time."""
        ...

    def take(self, taker: Callable[[Sequence[SpeechEvent]], None] | None) -> None:
        """Give each message to this as soon as it is here, unless others wait for receive() before it.

        What it raises comes out of receive(), and nothing is given to it after that. A session that cannot do this
        goes on giving everything to receive().
        """
        ...

    async def close(self) -> None:
        """End the session. Closing twice is fine."""
        ...


class SpeechModel(Protocol):
    """A place that voices agents."""

    async def open(self, setup: SessionSetup) -> SpeechSession:
        """A session that is set up and listening. Raises SpeechRefused or SpeechUnavailable."""
        ...
