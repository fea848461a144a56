"""The hot path of a session: audio to the model and messages from it, past the SDK's converters.

google-genai opens and sets up the session, and keeps its WebSocket in a private attribute. What its own methods do with
a message costs ten to fifty times what is done here (bench/speech.py), which at two hundred calls is a third of a core.
This module alone touches that attribute; where it is not what we know, the SDK's own methods serve instead.
"""

from __future__ import annotations

import logging
import socket
from binascii import b2a_base64
from collections.abc import Sequence
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, Final, Protocol

from websockets.asyncio.client import ClientConnection

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

    async def send_audio(self, pcm: bytes) -> None:
        """The caller's voice, PCM16 at 16 kHz."""
        ...

    async def send_activity(self, started: bool) -> None:
        """The caller begins or stops speaking."""
        ...

    async def receive(self) -> Sequence[SpeechEvent]:
        """The next message. May be cancelled without losing one."""
        ...

    def abort(self) -> None:
        """Let go of the connection without a goodbye."""
        ...


class LightWire:
    """The session's WebSocket itself."""

    def __init__(self, websocket: ClientConnection) -> None:
        self._websocket = websocket
        self._short = websocket if isinstance(websocket, SpeechConnection) else None
        self._transport = websocket.transport
        tcp = websocket.transport.get_extra_info("socket")
        if tcp is not None and hasattr(socket, "TCP_USER_TIMEOUT"):
            with suppress(OSError):
                tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, DEAD_PEER_MS)

    async def send_audio(self, pcm: bytes) -> None:
        """Never waits: raises SessionEnded when the network no longer takes what is sent."""
        if self._transport.get_write_buffer_size() > STALLED_BYTES:
            raise SessionEnded("the line to the speech model stalled", resumable=True)
        await self._send(_HEAD + b2a_base64(pcm, newline=False) + _TAIL)

    async def send_activity(self, started: bool) -> None:
        await self._send(_ACTIVITY[started])

    async def _send(self, message: bytes) -> None:
        if self._short is None or not self._short.send_whole(message):
            await self._websocket.send(message, text=True)

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

    async def send_audio(self, pcm: bytes) -> None:
        await self._session.send_realtime_input(audio=self._blob(data=pcm, mime_type=CALLER_MIME))

    async def send_activity(self, started: bool) -> None:
        await (
            self._session.send_realtime_input(activity_start={})
            if started
            else self._session.send_realtime_input(activity_end={})
        )

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
        """The SDK offers no such thing; the socket is let go with the session."""


def wire_of(session: AsyncSession) -> Wire:
    """The fast way if this SDK is one we know, else its own."""
    from google.genai import __version__

    websocket = getattr(session, "_ws", None)
    if __version__.partition(".")[0] == SDK_MAJOR and isinstance(websocket, ClientConnection):
        return LightWire(websocket)
    log.warning("google-genai keeps its socket elsewhere; using its own methods", extra={"sdk": __version__})
    return SdkWire(session)
