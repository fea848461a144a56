"""websockets' client connection with a short way for whole messages; all else is as the library does it.

The library opens, pings and closes it, and reads whatever is odd. google-genai is told to make its connections of this
class (create_connection is an argument of websockets' own connect()), and uses them without knowing.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConcurrencyError
from websockets.frames import CloseCode
from websockets.protocol import State

from functions.voice.frames import BINARY, CLOSE, TEXT, cut, only, whole

MOST_WAITING: Final = 256
"""Messages that nobody has taken, before the network is asked to wait: six seconds of the agent's voice."""
_END_OF_HEAD: Final = b"\r\n\r\n"


class SpeechConnection(ClientConnection):
    """One connection to a speech model. Once something odd comes, the library reads it, and everything after it."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._rest = b""
        self._odd = False
        self._messages: deque[tuple[int, bytes]] = deque()
        self._taker: Callable[[bytes], None] | None = None
        self._raised: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._held_back = False
        self._masks = b""

    # -- receiving

    def data_received(self, data: bytes) -> None:
        """Bytes from the network."""
        if self._odd:
            super().data_received(data)
            return
        if self._rest:
            data = self._rest + data
        if self.protocol.state is State.CONNECTING:
            data = self._opening(data)
        if self.protocol.state is not State.OPEN:
            if data:
                self._leave_to_library(data)
            return
        if data:
            self._read(data)

    def _opening(self, data: bytes) -> bytes:
        """The head of the answer to the upgrade is the library's, and so is all of an answer that is no."""
        end = data.find(_END_OF_HEAD)
        if end < 0:
            self._rest = data
            return b""
        end += len(_END_OF_HEAD)
        self._rest = b""
        super().data_received(data[:end])
        return data[end:]

    def _read(self, data: bytes) -> None:
        most = self.protocol.max_message_size or (1 << 62)
        if (payload := only(data, BINARY, masked=False, most=most)) is not None:
            self._rest = b""
            self._take(BINARY, payload)
            return
        frames, used, odd = cut(data, masked=False, most=most)
        self._rest = data[used:]
        for head, payload, start, end in frames:
            if head == CLOSE:
                self._leave_to_library(data[start:])
                break
            if head < CLOSE:
                self._take(head, payload)
            else:
                super().data_received(data[start:end])
        else:
            if odd:
                self._leave_to_library(self._rest)

    def take(self, taker: Callable[[bytes], None] | None) -> None:
        """Give each message to this as soon as it is here, unless others wait for recv() before it.

        What it raises comes out of recv(), and nothing is given to it after that.
        """
        self._taker = taker

    def _take(self, head: int, payload: bytes) -> None:
        if self._taker is not None and not self._messages:
            try:
                self._taker(payload)
            except Exception as error:  # it is raised again where somebody receives
                self._taker, self._raised = None, error
                self._wake()
            return
        self._messages.append((head, payload))
        self._wake()
        if len(self._messages) > MOST_WAITING and not self._held_back:
            self._held_back = True
            self.transport.pause_reading()

    def _leave_to_library(self, data: bytes) -> None:
        self._odd, self._rest = True, b""
        super().data_received(data)
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone; what came before can still be taken."""
        super().connection_lost(exc)
        self._odd = True
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def recv(self, decode: bool | None = None) -> Any:
        """The next message, as the library's own says it. May be cancelled without losing one."""
        if not await self._any():
            return await super().recv(decode)
        if self._raised is not None:
            error, self._raised = self._raised, None
            raise error
        head, payload = self._messages.popleft()
        self._let_on()
        as_text = head == TEXT if decode is None else decode
        if not as_text:
            return payload
        try:
            return payload.decode()
        except UnicodeDecodeError:
            async with self.send_context():
                self.protocol.fail(CloseCode.INVALID_DATA, "not UTF-8")
            raise self.protocol.close_exc from None

    async def _any(self) -> bool:
        """Wait for a message, or for what a taker raised; False if the library has to be asked."""
        while not self._messages and self._raised is None:
            if self._odd:
                return False
            if self._waiter is not None:
                raise ConcurrencyError("somebody else waits for the next message already")
            self._waiter = self.loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return True

    def _let_on(self) -> None:
        if self._held_back and not self._messages:
            self._held_back = False
            self.transport.resume_reading()

    # -- sending

    def send_whole(self, text: bytes) -> bool:
        """Send a text message now; False where the library has to be asked, because this is not an open connection."""
        if self.protocol.state is not State.OPEN:
            return False
        masks = self._masks
        if not masks:
            masks = os.urandom(4 * 64)
        self._masks = masks[4:]
        self.transport.write(whole(TEXT, text, masks[:4]))
        return True
