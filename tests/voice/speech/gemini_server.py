"""A server that speaks just enough of Gemini Live's wire to see what we send, and to answer what a test wants."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

SETUP_COMPLETE: dict[str, Any] = {"setupComplete": {}}


class GeminiServer:
    """One listening server; `said` is what the client sent, `say` what the model sends."""

    def __init__(self) -> None:
        self.url = ""
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.setups: list[dict[str, Any]] = []
        self.said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.binary_frames = 0
        self.status: HTTPStatus | None = None
        self.body = ""
        self.first: dict[str, Any] | None = SETUP_COMPLETE
        """What the setup is answered with; None for silence."""
        self.close_on_setup: tuple[int, str] | None = None
        self.close_codes: list[int | None] = []
        self._connected: asyncio.Queue[ServerConnection] = asyncio.Queue()
        self._connection: ServerConnection | None = None

    @property
    def setup(self) -> dict[str, Any]:
        """The last session's setup message."""
        return self.setups[-1]

    async def connection(self) -> ServerConnection:
        """The last session's socket."""
        while self._connection is None or not self._connected.empty():
            self._connection = await self._connected.get()
        return self._connection

    async def say(self, *messages: dict[str, Any] | bytes) -> None:
        """Send messages as Gemini does: JSON in binary frames."""
        connection = await self.connection()
        for message in messages:
            await connection.send(message if isinstance(message, bytes) else json.dumps(message).encode())

    async def close(self, code: int, reason: str = "") -> None:
        """Close the session."""
        await (await self.connection()).close(code, reason)

    async def break_off(self) -> None:
        """Lose the session's connection."""
        (await self.connection()).transport.abort()

    async def stop_reading(self) -> None:
        """The machine behind the session freezes."""
        (await self.connection()).transport.pause_reading()

    def _before(self, connection: ServerConnection, request: Request) -> Response | None:
        self.paths.append(request.path)
        self.headers.append({name.lower(): value for name, value in request.headers.raw_items()})
        return connection.respond(self.status, self.body) if self.status is not None else None

    async def _serve(self, connection: ServerConnection) -> None:
        try:
            self.setups.append(json.loads(await connection.recv())["setup"])
            if self.close_on_setup is not None:
                await connection.close(*self.close_on_setup)
                return
            if self.first is not None:
                await connection.send(json.dumps(self.first).encode())
            self._connected.put_nowait(connection)
            async for frame in connection:
                self.binary_frames += isinstance(frame, bytes)
                self.said.put_nowait(json.loads(frame))
        except ConnectionClosed:
            pass
        finally:
            await connection.wait_closed()
            self.close_codes.append(connection.close_code)


@asynccontextmanager
async def gemini_server(tls: ssl.SSLContext) -> AsyncIterator[GeminiServer]:
    """A server on a free port of loopback."""
    gemini = GeminiServer()
    async with serve(
        gemini._serve, "127.0.0.1", 0, ssl=tls, process_request=gemini._before, close_timeout=0.1
    ) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        gemini.url = f"https://127.0.0.1:{port}"
        yield gemini
