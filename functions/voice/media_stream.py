"""Twilio Media Streams messages: what comes in, parsed once into closed types, and what goes out.

Every message is one JSON object in one text frame. Twilio writes numbers as strings. Events and fields that we do
not know are let be; anything that breaks the shape we rely on is a BadMessage, whose text never quotes the message.

Shapes: https://www.twilio.com/docs/voice/media-streams/websocket-messages
"""

from __future__ import annotations

import json
from binascii import b2a_base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Final

import msgspec

MAX_MESSAGE_BYTES: Final = 64 * 1024
"""A frame of audio is 0.4 kB; a start message holds some parameters of at most 500 characters each."""

CALLER_TRACK: Final = "inbound"


class BadMessage(ValueError):
    """A message on the stream that is not what Twilio sends."""


@dataclass(frozen=True, slots=True)
class Connected:
    """The socket stands; start follows."""

    protocol: str
    version: str


@dataclass(frozen=True, slots=True)
class Start:
    """Which call this stream belongs to, and what its audio is like."""

    stream_sid: str
    call_sid: str
    account_sid: str
    encoding: str
    rate_hz: int
    channels: int
    parameters: Mapping[str, str] = field(repr=False)
    """The <Parameter>s of our own TwiML."""
    sequence: int = 0

    @property
    def is_telephone_audio(self) -> bool:
        """Mu-law at 8 kHz, mono: the only audio that Twilio documents, and that we carry."""
        return (self.encoding, self.rate_hz, self.channels) == ("audio/x-mulaw", 8000, 1)


@dataclass(frozen=True, slots=True)
class Media:
    """A piece of the caller's voice: mu-law, 20 ms as a rule, though nobody promises it."""

    ulaw: bytes = field(repr=False)
    timestamp_ms: int
    """When it was spoken, from the start of the stream."""
    sequence: int
    """Rises by one with every message of the stream."""


@dataclass(frozen=True, slots=True)
class Dtmf:
    """The caller pressed a key."""

    digit: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class MarkEcho:
    """Twilio gives a mark back: all audio before it has been played, or has been dropped by a clear."""

    name: str


@dataclass(frozen=True, slots=True)
class Stop:
    """The call, or its stream, has ended."""

    call_sid: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """An event we do not know, or audio of a track that is not the caller's; counted, otherwise ignored."""

    event: str


Message = Connected | Start | Media | Dtmf | MarkEcho | Stop | Unknown

_Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class _Connected(msgspec.Struct, tag_field="event", tag="connected", rename="camel"):
    protocol: str = ""
    version: str = ""

    def read(self) -> Message:
        return Connected(self.protocol, self.version)


class _Format(msgspec.Struct, rename="camel"):
    encoding: str = ""
    sample_rate: _Count = 0
    channels: _Count = 0


class _StartBody(msgspec.Struct, rename="camel"):
    call_sid: str
    account_sid: str = ""
    stream_sid: str = ""
    media_format: _Format = msgspec.field(default_factory=_Format)
    custom_parameters: dict[str, str] | None = None


class _Start(msgspec.Struct, tag_field="event", tag="start", rename="camel"):
    start: _StartBody
    stream_sid: str = ""
    sequence_number: _Count = 0

    def read(self) -> Message:
        start, audio = self.start, self.start.media_format
        stream_sid = start.stream_sid or self.stream_sid
        if not stream_sid or not start.call_sid:
            raise BadMessage("start without a stream or a call")
        return Start(
            stream_sid,
            start.call_sid,
            start.account_sid,
            audio.encoding,
            audio.sample_rate,
            audio.channels,
            start.custom_parameters or {},
            self.sequence_number,
        )


class Voice(msgspec.Struct, rename="camel"):
    """A piece of a party's voice, as it stands in the message."""

    payload: bytes
    """Mu-law; msgspec reads base64 itself."""
    timestamp: _Count = 0
    """Milliseconds from the start of the stream."""
    track: str = CALLER_TRACK


class _Media(msgspec.Struct, tag_field="event", tag="media", rename="camel"):
    media: Voice
    sequence_number: _Count = 0

    def read(self) -> Message:
        media = self.media
        if media.track != CALLER_TRACK:
            return Unknown("media of another track")
        return Media(media.payload, media.timestamp, self.sequence_number)


class _DtmfBody(msgspec.Struct):
    digit: Annotated[str, msgspec.Meta(pattern=r"\A[0-9*#A-D]\Z")]


class _Dtmf(msgspec.Struct, tag_field="event", tag="dtmf"):
    dtmf: _DtmfBody

    def read(self) -> Message:
        return Dtmf(self.dtmf.digit)


class _MarkBody(msgspec.Struct):
    name: str


class _Mark(msgspec.Struct, tag_field="event", tag="mark"):
    mark: _MarkBody

    def read(self) -> Message:
        return MarkEcho(self.mark.name)


class _StopBody(msgspec.Struct, rename="camel"):
    call_sid: str = ""


class _Stop(msgspec.Struct, tag_field="event", tag="stop"):
    stop: _StopBody = msgspec.field(default_factory=_StopBody)

    def read(self) -> Message:
        return Stop(self.stop.call_sid)


class _AnyEvent(msgspec.Struct):
    event: str


_Wire = _Media | _Mark | _Dtmf | _Start | _Connected | _Stop

# Not strict: a number may come as a string.
_WIRE: Final[msgspec.json.Decoder[_Wire]] = msgspec.json.Decoder(_Wire, strict=False)
_ANY_EVENT: Final = msgspec.json.Decoder(_AnyEvent)
_KNOWN_EVENTS: Final = frozenset({"connected", "start", "media", "dtmf", "mark", "stop"})


def parse(message: str | bytes, *, binary: bool = False) -> Message:
    """What a frame of the stream says. Raises BadMessage, and nothing else, for any frame at all.

    The text may come as UTF-8; binary tells that the frame itself was a binary one, which Twilio never sends.
    """
    if binary:
        raise BadMessage("binary frame")
    if len(message) > MAX_MESSAGE_BYTES:
        raise BadMessage("message too long")
    try:
        return _WIRE.decode(message).read()
    except msgspec.ValidationError:
        pass
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise BadMessage("not JSON, or nested too deeply") from None
    return _unknown(message)


def voice_of(message: bytes) -> Voice | None:
    """The body of a message that is a piece of the caller's voice, as nearly all are; None of any other at all.

    What parse() says of a Media, in half the time.
    """
    try:
        wire = _WIRE.decode(message)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    if type(wire) is not _Media or wire.media.track != CALLER_TRACK or len(message) > MAX_MESSAGE_BYTES:
        return None
    return wire.media


def _unknown(message: str | bytes) -> Unknown:
    try:
        event = _ANY_EVENT.decode(message).event
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise BadMessage("not an object with an event") from None
    if event in _KNOWN_EVENTS:
        raise BadMessage(f"{event} of another shape")
    return Unknown(event[:40])


class OutgoingStream:
    """Messages to one stream, with the fields that Twilio allows and no other: a field more is its error 31951."""

    def __init__(self, stream_sid: str) -> None:
        sid = json.dumps(stream_sid)
        self._media = f'{{"event":"media","streamSid":{sid},"media":{{"payload":"'
        self._mark = f'{{"event":"mark","streamSid":{sid},"mark":{{"name":'
        self.clear = f'{{"event":"clear","streamSid":{sid}}}'
        """Drop what has not been played yet; marks that waited behind it come back."""

    def media(self, ulaw: bytes) -> str:
        """Play this, after what is already waiting. Mu-law of any length, without a header."""
        return f'{self._media}{b2a_base64(ulaw, newline=False).decode("ascii")}"}}}}'

    def mark(self, name: str) -> str:
        """Give this name back when all audio before it has been played."""
        return f"{self._mark}{json.dumps(name)}}}}}"
