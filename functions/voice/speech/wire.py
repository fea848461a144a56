"""The hot path of a session: audio to the model and messages from it, past the SDK's converters.

google-genai opens and sets up the session, and keeps its WebSocket in a private attribute. What its own methods do with
a message costs ten to fifty times what is done here (bench/speech.py), which at two hundred calls is a third of a core.
This module alone touches that attribute; where it is not what we know, the SDK's own methods serve instead.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from binascii import b2a_base64
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, Final, Protocol

from websockets.protocol import State

from functions.voice.speech.connection import SpeechConnection
from functions.voice.speech.model import SessionEnded, SpeechEvent, UnknownMessage
from functions.voice.speech.sdk_message import events_of
from functions.voice.speech.server_message import read

if TYPE_CHECKING:
    from google.genai.live import AsyncSession

log = logging.getLogger(__name__)

SDK_MAJOR: Final = "3"
"""Releases of google-genai whose inside we know; tests hold it against the one that is pinned."""
CALLER_MIME: Final = "audio/pcm;rate=16000"
STALLED_BYTES: Final = 256 * 1024
"""Six seconds of the caller's voice that the network has not taken: nobody waits so long for an answer."""
DEAD_PEER_MS: Final = 10_000
"""So long may sent bytes stay without acknowledgement until the kernel gives the connection up. It takes the place of
WebSocket pings, whose answers were measured to take Google up to 30 s."""

_HEAD: Final = f'{{"realtime_input":{{"audio":{{"mime_type":"{CALLER_MIME}","data":"'.encode()
_TAIL: Final = b'"}}}'
_ACTIVITY: Final = {
    True: b'{"realtime_input":{"activityStart":{}}}',
    False: b'{"realtime_input":{"activityEnd":{}}}',
}


class Wire(Protocol):
    """What must be fast."""

    @property
    def unsent_bytes(self) -> int:
        """What the network has not taken yet, roughly."""
        ...

    def send_audio(self, pcm: bytes) -> None:
        """The caller's voice, PCM16 at 16 kHz. Never waits; raises SessionEnded or ConnectionClosed."""
        ...

    def take(self, taker: Callable[[Sequence[SpeechEvent]], None] | None) -> None:
        """Give what comes to this at once, if that can be done."""
        ...

    def send_activity(self, started: bool) -> None:
        """The caller begins or stops speaking. Never waits, as above."""
        ...

    async def receive(self) -> Sequence[SpeechEvent]:
        """The next message. May be cancelled without losing one."""
        ...

    def abort(self) -> None:
        """Let go of the connection without a goodbye."""
        ...


class LightWire:
    """The session's WebSocket itself."""

    def __init__(self, websocket: SpeechConnection) -> None:
        self._websocket = websocket
        self._transport = websocket.transport
        tcp = websocket.transport.get_extra_info("socket")
        if tcp is not None and hasattr(socket, "TCP_USER_TIMEOUT"):
            with suppress(OSError):
                tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, DEAD_PEER_MS)

    @property
    def unsent_bytes(self) -> int:
        return self._transport.get_write_buffer_size()

    def send_audio(self, pcm: bytes) -> None:
        """Raises SessionEnded when the network no longer takes what is sent."""
        if self.unsent_bytes > STALLED_BYTES:
            raise SessionEnded("the line to the speech model stalled", resumable=True)
        self._send(_HEAD + b2a_base64(pcm, newline=False) + _TAIL)

    def send_activity(self, started: bool) -> None:
        self._send(_ACTIVITY[started])

    def _send(self, message: bytes) -> None:
        if not self._websocket.send_whole(message):
            if self._websocket.state is State.CLOSED:
                raise self._websocket.protocol.close_exc
            raise SessionEnded("the line to the speech model is closing", resumable=True)

    def take(self, taker: Callable[[Sequence[SpeechEvent]], None] | None) -> None:
        self._websocket.take(None if taker is None else lambda message: taker(read(message)))

    async def receive(self) -> Sequence[SpeechEvent]:
        return read(await self._websocket.recv(decode=False))

    def abort(self) -> None:
        self._transport.abort()


class SdkWire:
    """The SDK's own methods."""

    def __init__(self, session: AsyncSession) -> None:
        from google.genai import types

        self._session = session
        self._blob = types.Blob
        self._unsent: deque[bytes | bool] = deque()
        """Voice, and that the caller begins or stops to speak."""
        self._sender: asyncio.Task[None] | None = None

    @property
    def unsent_bytes(self) -> int:
        return sum(len(news) for news in self._unsent if isinstance(news, bytes))

    def send_audio(self, pcm: bytes) -> None:
        if len(self._unsent) * len(pcm) > STALLED_BYTES:
            raise SessionEnded("the line to the speech model stalled", resumable=True)
        self._wait(pcm)

    def send_activity(self, started: bool) -> None:
        self._wait(started)

    def _wait(self, news: bytes | bool) -> None:
        if self._sender is not None and self._sender.done() and self._unsent:
            self._sender.result()  # raises what it ended with
        self._unsent.append(news)
        if self._sender is None or self._sender.done():
            self._sender = asyncio.get_running_loop().create_task(self._send())

    async def _send(self) -> None:
        send = self._session.send_realtime_input
        while self._unsent:
            match self._unsent[0]:
                case True:
                    await send(activity_start={})
                case False:
                    await send(activity_end={})
                case pcm:
                    await send(audio=self._blob(data=pcm, mime_type=CALLER_MIME))
            self._unsent.popleft()

    def take(self, taker: Callable[[Sequence[SpeechEvent]], None] | None) -> None:
        """The SDK offers no such thing; all is received."""

    async def receive(self) -> Sequence[SpeechEvent]:
        # The SDK's generator ends with every turn; a new one for each message is simplest, and loses nothing.
        try:
            async with aclosing(self._session.receive()) as messages:  # type: ignore[type-var]
                async for message in messages:
                    return events_of(message)
        except TypeError:
            # This is how it answers a message of which it knows no key; the socket stays open.
            return (UnknownMessage(()),)
        return ()

    def abort(self) -> None:
        """The socket is let go with the session; the SDK offers no other way."""
        if self._sender is not None:
            self._sender.cancel()


def wire_of(session: AsyncSession) -> Wire:
    """The fast way if this SDK is one we know, else its own."""
    from google.genai import __version__

    websocket = getattr(session, "_ws", None)
    if __version__.partition(".")[0] == SDK_MAJOR and isinstance(websocket, SpeechConnection):
        return LightWire(websocket)
    log.warning("google-genai keeps its socket elsewhere; using its own methods", extra={"sdk": __version__})
    return SdkWire(session)
