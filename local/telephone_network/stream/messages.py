"""Media Streams as Twilio speaks it: what it sends, and how it reads what it is sent. [pure]

Twilio reads strictly: a message with a field too many or too few, of an unknown kind, or for another stream is
dropped with a warning (31951); so is a binary frame (31950). Warnings are given once for each stream.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

BINARY_FRAME = 31950
INVALID_MESSAGE = 31951
MEDIA_ERROR = 31930
MEDIA_DISCARDED = 31931

CONNECTED = '{"event":"connected","protocol":"Call","version":"1.0.0"}'


@dataclass(frozen=True, slots=True)
class AgentMedia:
    """Audio to be played to the caller."""

    audio: bytes


@dataclass(frozen=True, slots=True)
class AgentMark:
    """A point in the agent's audio that wants to be reported when it has been reached."""

    name: str


@dataclass(frozen=True, slots=True)
class AgentClear:
    """Drop what has not been played."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """A message that Twilio does not take, its warning and why."""

    code: int
    reason: str


AgentMessage = AgentMedia | AgentMark | AgentClear | Dropped

_SHAPES: dict[str, tuple[frozenset[str], str | None, str | None]] = {
    "media": (frozenset({"event", "streamSid", "media"}), "media", "payload"),
    "mark": (frozenset({"event", "streamSid", "mark"}), "mark", "name"),
    "clear": (frozenset({"event", "streamSid"}), None, None),
}


def read(message: str | bytes, stream_sid: str) -> AgentMessage:
    """One message from the agent's side, as Twilio takes it."""
    if isinstance(message, bytes):
        return Dropped(BINARY_FRAME, "a binary frame")
    try:
        document = json.loads(message)
    except (ValueError, RecursionError):
        return Dropped(INVALID_MESSAGE, "not JSON")
    event = document.get("event") if isinstance(document, dict) else None
    if not isinstance(event, str) or event not in _SHAPES:
        return Dropped(INVALID_MESSAGE, "an unknown kind of message")
    fields, part, value_name = _SHAPES[event]
    if document.keys() != fields:
        return Dropped(INVALID_MESSAGE, "a missing or an extra field")
    if document["streamSid"] != stream_sid:
        return Dropped(INVALID_MESSAGE, "another stream's SID")
    if part is None:
        return AgentClear()
    body = document[part]
    if not isinstance(body, dict) or body.keys() != {value_name} or not isinstance(body[value_name], str):
        return Dropped(INVALID_MESSAGE, "a missing or an extra field")
    return AgentMark(body["name"]) if part == "mark" else _media(body["payload"])


def _media(payload: str) -> AgentMedia | Dropped:
    try:
        return AgentMedia(base64.b64decode(payload, validate=True))
    except (binascii.Error, ValueError):
        return Dropped(MEDIA_ERROR, "a payload that is not base64")


class Outgoing:
    """What Twilio sends on one stream; sequence numbers, chunks and timestamps are strings."""

    def __init__(self, stream_sid: str, call_sid: str, account_sid: str) -> None:
        self._stream_sid = stream_sid
        self._call_sid = call_sid
        self._account_sid = account_sid
        self._sequence = 0
        self._chunk = 0

    def start(self, parameters: tuple[tuple[str, str], ...]) -> str:
        """The stream begins; goes out first, after `connected`."""
        start = {
            "accountSid": self._account_sid,
            "streamSid": self._stream_sid,
            "callSid": self._call_sid,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": dict(parameters),
        }
        return self._message("start", start=start)

    def media(self, audio: bytes, at_ms: int) -> str:
        """20 ms of the caller; at_ms counts from the start of the stream."""
        self._sequence += 1
        self._chunk += 1
        return (
            f'{{"event":"media","sequenceNumber":"{self._sequence}","media":{{"track":"inbound",'
            f'"chunk":"{self._chunk}","timestamp":"{at_ms}","payload":"{base64.b64encode(audio).decode()}"}},'
            f'"streamSid":"{self._stream_sid}"}}'
        )

    def dtmf(self, digit: str) -> str:
        """The caller has pressed a key."""
        return self._message("dtmf", dtmf={"track": "inbound_track", "digit": digit})

    def mark(self, name: str) -> str:
        """A mark has been reached, or cleared away."""
        return self._message("mark", mark={"name": name})

    def stop(self) -> str:
        """The stream ends."""
        return self._message("stop", stop={"accountSid": self._account_sid, "callSid": self._call_sid})

    def _message(self, event: str, **body: Any) -> str:
        self._sequence += 1
        message = {"event": event, "sequenceNumber": str(self._sequence), **body, "streamSid": self._stream_sid}
        return json.dumps(message, separators=(",", ":"))
