"""One media stream as a socket: messages in, audio and marks out. Nothing above it knows of JSON or base64."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from functions.voice.media_stream import BadMessage, Media, Message, OutgoingStream, Start, Unknown, parse, voice_of

log = logging.getLogger(__name__)

SHORT_WAY: Final = "parley.stream"
"""Where it stands among the extensions of an ASGI scope."""
RAISED: Final = "raised"
MOST_BAD_MESSAGES = 50
"""A second of nothing but bad messages is not a media stream."""


Taker = Callable[[bytes], None]
"""Takes a message, UTF-8. What it raises comes out of receive(), and nothing is given to it after that."""


class ShortWay(Protocol):
    """What a server that knows us offers beside the framework's own way."""

    def take(self, taker: Taker | None) -> None:
        """Give each message to this as soon as it is here, unless others wait for receive() before it."""
        ...

    async def receive(self) -> Mapping[str, Any]:
        """The next ASGI event; or what a taker raised, under RAISED."""
        ...

    def write_texts(self, *texts: str) -> None:
        """Send messages now, at once. Raises OSError when there is nobody to take it."""
        ...


def short_way(websocket: WebSocket) -> ShortWay | None:
    """None where this server offers none."""
    return (websocket.scope.get("extensions") or {}).get(SHORT_WAY)


class LegEnded(Exception):
    """The socket is gone, without a stop message."""


class Listener(Protocol):
    """Who hears the leg, at once and without waiting."""

    def hear_voice(self, ulaw: bytes, timestamp_ms: int) -> None:
        """A frame of the caller's voice, and when it was spoken."""
        ...

    def hear(self, message: Message) -> None:
        """Any other message."""
        ...


class TwilioLeg:
    """The call's socket, once it has been accepted."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket
        self._short = short_way(websocket)
        self._receive = websocket.receive if self._short is None else self._short.receive
        self._hear_voice: Callable[[bytes, int], None]
        self._hear: Callable[[Message], None]
        self._unsent: asyncio.Queue[str] = asyncio.Queue()
        """What waits where there is no short way."""
        self._gone = False
        self._stream_sid = ""
        self._out = OutgoingStream("")
        self.unknown_messages = 0
        self.bad_messages = 0

    async def start(self) -> Start:
        """The start message, which says whose stream this is. Raises LegEnded."""
        while True:
            message = await self.receive()
            if isinstance(message, Start):
                self._stream_sid = message.stream_sid
                self._out = OutgoingStream(message.stream_sid)
                return message

    async def receive(self) -> Message:
        """The next message of the stream; unknown and bad ones are counted and passed over. Raises LegEnded."""
        while True:
            try:
                received = await self._receive()
            except (WebSocketDisconnect, RuntimeError):
                self._gone = True
                raise LegEnded from None
            if received["type"] == "websocket.disconnect":
                self._gone = True
                raise LegEnded
            if RAISED in received:
                raise received[RAISED]
            text = received.get("text")
            binary = text is None
            message = self._read(received.get("bytes") or b"" if text is None else text, binary=binary)
            if message is not None:
                return message

    async def listen(self, listener: Listener) -> None:
        """Let this one hear all that comes, until it raises something, which this raises then, or LegEnded."""
        self._hear_voice, self._hear = listener.hear_voice, listener.hear
        if self._short is not None:
            self._short.take(self._take)
        try:
            while True:
                message = await self.receive()
                if isinstance(message, Media):
                    self._hear_voice(message.ulaw, message.timestamp_ms)
                else:
                    self._hear(message)
        finally:
            if self._short is not None:
                self._short.take(None)

    def _take(self, text: bytes) -> None:
        """A message straight from the socket: no task has to wake up for it."""
        voice = voice_of(text)
        if voice is not None:
            self._hear_voice(voice.payload, voice.timestamp)
        elif (message := self._read(text)) is not None:
            self._hear(message)

    def _read(self, text: str | bytes, *, binary: bool = False) -> Message | None:
        """The message, if it is one of those we know; others are counted. Raises LegEnded at too many bad ones."""
        try:
            message = parse(text, binary=binary)
        except BadMessage as error:
            self._count_bad(error)
            return None
        if isinstance(message, Unknown):
            self.unknown_messages += 1
            return None
        return message

    def _count_bad(self, error: BadMessage) -> None:
        self.bad_messages += 1
        if self.bad_messages == 1:
            log.warning("bad media stream message", extra={"stream": self._stream_sid, "why": str(error)})
        if self.bad_messages >= MOST_BAD_MESSAGES:
            raise LegEnded

    # -- sending: none of these waits, all raise LegEnded

    def play(self, ulaw: bytes, mark: str | None) -> None:
        """Queue audio at Twilio, and a mark behind it."""
        if mark is None:
            self._send(self._out.media(ulaw))
        else:
            self._send(self._out.media(ulaw), self._out.mark(mark))

    def mark(self, name: str) -> None:
        """Ask to be told when everything queued so far has been played."""
        self._send(self._out.mark(name))

    def clear(self) -> None:
        """Drop what is queued at Twilio."""
        self._send(self._out.clear)

    def _send(self, *texts: str) -> None:
        if self._short is None:
            if self._gone:
                raise LegEnded
            for text in texts:
                self._unsent.put_nowait(text)
            return
        try:
            self._short.write_texts(*texts)
        except OSError:
            raise LegEnded from None

    async def send_the_long_way(self) -> None:
        """Run beside listen(): sends what waits, where there is no short way."""
        while self._short is None:
            await self._send_now(await self._unsent.get())

    async def _send_now(self, text: str) -> None:
        try:
            await self._websocket.send_text(text)
        except (WebSocketDisconnect, RuntimeError, OSError):
            self._gone = True
            raise LegEnded from None

    async def close(self, code: int = 1000) -> None:
        """Let Twilio go on with the verb behind the stream. Closing twice is fine."""
        if self._websocket.application_state is WebSocketState.CONNECTED:
            try:
                while not self._unsent.empty():
                    await self._send_now(self._unsent.get_nowait())
                await self._websocket.close(code)
            except (WebSocketDisconnect, RuntimeError, OSError, LegEnded):
                log.info("stream was gone before it was closed")
