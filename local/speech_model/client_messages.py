"""What a client sends after its setup, read once into a closed set of types."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import Field, ValidationError

from local.speech_model.refusal import INVALID_ARGUMENT, POLICY, Refusal, malformed
from local.speech_model.setup_message import Content, Message

CALLER_HZ = 16_000
URL_SAFE = bytes.maketrans(b"-_", b"+/")


@dataclass(frozen=True, slots=True)
class CallerAudio:
    """PCM16, mono."""

    pcm: bytes
    rate_hz: int


@dataclass(frozen=True, slots=True)
class Text:
    """Words from the system, not from the caller."""

    text: str


@dataclass(frozen=True, slots=True)
class Activity:
    """The client says that the caller began or stopped speaking."""

    started: bool


@dataclass(frozen=True, slots=True)
class AudioStreamEnd:
    """No more audio for a while."""


class FunctionResponse(Message):
    """A tool's result."""

    id: str | None = None
    name: str | None = None
    response: dict[str, Any] = Field(default_factory=dict)
    scheduling: str | None = None
    will_continue: bool | None = None
    parts: list[dict[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class ToolResponse:
    """Results of tool calls."""

    responses: tuple[FunctionResponse, ...]


@dataclass(frozen=True, slots=True)
class ClientContent:
    """Turns for the context; complete: and now answer."""

    turns: tuple[Content, ...]
    complete: bool


@dataclass(frozen=True, slots=True)
class ContextUpdate:
    """New instructions or tools in mid-session."""

    fields: Mapping[str, Any]


ClientMessage = CallerAudio | Text | Activity | AudioStreamEnd | ToolResponse | ClientContent | ContextUpdate


class _Blob(Message):
    data: str = ""
    mime_type: str = ""


class _Realtime(Message):
    audio: _Blob | None = None
    video: _Blob | None = None
    media_chunks: list[_Blob] | None = None
    text: str | None = None
    activity_start: dict[str, Any] | None = None
    activity_end: dict[str, Any] | None = None
    audio_stream_end: bool | None = None


class _ClientContent(Message):
    turns: list[Content] = Field(default_factory=list)
    turn_complete: bool = False


class _ToolResponse(Message):
    function_responses: list[FunctionResponse] = Field(default_factory=list)


def read_json(frame: str | bytes) -> dict[str, Any]:
    """The object in a frame. Raises Refusal."""
    try:
        fields = json.loads(frame)
    except (ValueError, RecursionError):
        raise Refusal(
            INVALID_ARGUMENT, "Invalid JSON payload received. Parsing terminated before end of input."
        ) from None
    if not isinstance(fields, dict):
        raise Refusal(INVALID_ARGUMENT, "Invalid JSON payload received. Root element must be a message.")
    return fields


def setup_fields(frame: str | bytes) -> dict[str, Any]:
    """What the first frame must hold, and it alone. Raises Refusal."""
    fields = read_json(frame)
    setup = fields.get("setup")
    if list(fields) != ["setup"] or not isinstance(setup, dict):
        raise Refusal(INVALID_ARGUMENT, "setup must be the first message and only the first")
    return setup


def read_message(frame: str | bytes, *, media_chunks: bool) -> ClientMessage:
    """The message in a frame. media_chunks: whether the old form of audio is still taken. Raises Refusal."""
    fields = read_json(frame)
    if len(fields) != 1:
        raise Refusal(INVALID_ARGUMENT, "Invalid JSON payload received. Exactly one message per frame.")
    key, body = next(iter(fields.items()))
    try:
        match key:
            case "realtime_input" | "realtimeInput":
                return _realtime(body, media_chunks)
            case "client_content" | "clientContent":
                content = _ClientContent.model_validate(body)
                return ClientContent(tuple(content.turns), content.turn_complete)
            case "tool_response" | "toolResponse":
                return ToolResponse(tuple(_ToolResponse.model_validate(body).function_responses))
            case "context_update" | "contextUpdate":
                return ContextUpdate(body if isinstance(body, dict) else {})
            case "setup":
                raise Refusal(INVALID_ARGUMENT, "setup must be the first message and only the first")
    except ValidationError as error:
        raise malformed(error, key) from None
    raise Refusal(INVALID_ARGUMENT, f'Invalid JSON payload received. Unknown name "{key}": Cannot find field.')


def _realtime(body: Any, media_chunks: bool) -> ClientMessage:
    if isinstance(body, dict) and len(body) == 1 and isinstance(blob := body.get("audio"), dict):
        # Fifty a second and call: no model validation on this path.
        return _audio(blob.get("data", ""), blob.get("mime_type", blob.get("mimeType", "")))
    realtime = _Realtime.model_validate(body)
    said = realtime.model_fields_set
    if not said:
        raise Refusal(POLICY, "realtime_input must not be empty.")
    if realtime.media_chunks is not None:
        if not media_chunks:
            reason = "realtime_input.media_chunks is deprecated. Use audio, video, or text instead."
            raise Refusal(INVALID_ARGUMENT, reason)
        blobs = [_audio(blob.data, blob.mime_type) for blob in realtime.media_chunks]
        return CallerAudio(b"".join(blob.pcm for blob in blobs), blobs[0].rate_hz if blobs else CALLER_HZ)
    if realtime.text is not None:
        return Text(realtime.text)
    if realtime.activity_start is not None or realtime.activity_end is not None:
        return Activity(realtime.activity_start is not None)
    if realtime.audio_stream_end:
        return AudioStreamEnd()
    if realtime.audio is not None:
        return _audio(realtime.audio.data, realtime.audio.mime_type)
    raise Refusal(INVALID_ARGUMENT, "Request contains an invalid argument.")


def _audio(data: object, mime_type: object) -> CallerAudio:
    kind, _, parameters = str(mime_type).partition(";")
    if kind.strip() != "audio/pcm":
        raise Refusal(INVALID_ARGUMENT, "Unsupported MIME type for realtime audio.")
    name, _, rate = parameters.strip().partition("=")
    rate_hz = int(rate) if name == "rate" and rate.isdecimal() and int(rate) else CALLER_HZ
    try:
        text = str(data).encode("ascii").translate(URL_SAFE)
        pcm = base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except (ValueError, binascii.Error):
        raise Refusal(
            INVALID_ARGUMENT, "Invalid value at 'realtime_input.audio.data': Base64 decoding failed"
        ) from None
    return CallerAudio(pcm, rate_hz)
