"""uvicorn's WebSocket protocol with a short way for whole messages; all else is as uvicorn and websockets do it.

An app that knows of it finds it in its scope and may write and read past the framework's layers; to any other app it
is a WebSocket like uvicorn's own.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any, Final

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from functions.voice.frames import CLOSE, TEXT, cut, only, whole
from functions.voice.leg import RAISED, SHORT_WAY, Taker

STALLED_BYTES: Final = 2 * 1024 * 1024
"""Three minutes of the agent's voice that the other side has not taken: it never will."""


class StreamProtocol(WebSocketsSansIOProtocol):
    """One connection. Once something odd comes, the library reads it, and everything after it."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._rest = b""
        self._odd = False
        self._taker: Taker | None = None
        self.queue = _Waiting(self.loop)  # type: ignore[assignment]  # it has what is used of the library's

    def handle_connect(self, event: Request) -> None:
        """The upgrade request."""
        super().handle_connect(event)
        if not self.close_sent:
            extensions: dict[str, Any] = {**(self.scope["extensions"] or {}), SHORT_WAY: self}
            self.scope["extensions"] = extensions

    def data_received(self, data: bytes) -> None:
        """Bytes from the network."""
        if self._odd or not self.handshake_initiated:
            super().data_received(data)
            return
        if not self.handshake_complete:
            # Nobody sends before they have been let in, so nothing is lost by being slow.
            self._leave_to_library(data)
            return
        if self._rest:
            data = self._rest + data
        elif (payload := only(data, TEXT, masked=True, most=self.config.ws_max_size)) is not None and payload.isascii():
            self._received(payload)
            return
        frames, used, odd = cut(data, masked=True, most=self.config.ws_max_size)
        self._rest = data[used:]
        for head, payload, start, end in frames:
            if head == TEXT and _is_utf_8(payload):
                self._received(payload)
                continue
            if head in (CLOSE, TEXT):  # the library closes for what is not UTF-8
                self._leave_to_library(data[start:])
                return
            super().data_received(data[start:end])
        if odd:
            self._leave_to_library(self._rest)

    def _leave_to_library(self, data: bytes) -> None:
        self._odd, self._rest = True, b""
        super().data_received(data)

    def take(self, taker: Taker | None) -> None:
        """Give each message to this as soon as it is here, unless others wait for the app before it."""
        self._taker = taker

    def _received(self, text: bytes) -> None:
        if self.close_sent:
            return
        if self._taker is None or not self.queue.empty():
            self.queue.put_nowait({"type": "websocket.receive", "text": text.decode()})
        else:
            try:
                self._taker(text)
            except Exception as error:  # it is raised again where the app receives
                self._taker = None
                self.queue.put_nowait({"type": "websocket.receive", RAISED: error})  # type: ignore[arg-type]
            return
        if not self.read_paused and self.queue.qsize() >= self.config.ws_max_queue:
            self.read_paused = True
            self.transport.pause_reading()

    def write_texts(self, *texts: str) -> None:
        """Send messages now, at once. Raises OSError when there is nobody to take it."""
        transport = self.transport
        if self.disconnected or self.close_sent or transport.get_write_buffer_size() > STALLED_BYTES:
            raise ClientDisconnected
        transport.write(b"".join([whole(TEXT, text.encode()) for text in texts]))


def _is_utf_8(payload: bytes) -> bool:
    try:
        payload.decode()
    except UnicodeDecodeError:
        return False
    return True


class _Waiting:
    """Events that the app has not taken yet; as much of asyncio.Queue as one reader needs, at a third of its cost."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._events: deque[Any] = deque()
        self._reader: asyncio.Future[None] | None = None

    def put_nowait(self, event: Any) -> None:
        self._events.append(event)
        reader = self._reader
        if reader is not None and not reader.done():
            reader.set_result(None)

    async def get(self) -> Any:
        events = self._events
        while not events:
            self._reader = self._loop.create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        return events.popleft()

    def empty(self) -> bool:
        return not self._events

    def qsize(self) -> int:
        return len(self._events)
