"""The short way to a speech model and websockets' own: whatever a server sends, both receive the same."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConcurrencyError, ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode

from functions.voice.speech.connection import MOST_WAITING, SpeechConnection

pytestmark = [pytest.mark.portable, pytest.mark.loop_of_calls]

MOST = 100_000


def frame(opcode: Opcode, payload: bytes = b"", *, fin: bool = True, mask: bool = False) -> bytes:
    return bytes(Frame(opcode, payload, fin).serialize(mask=mask))


def binary(payload: bytes, **options: Any) -> bytes:
    return frame(Opcode.BINARY, payload, **options)


BYE = frame(Opcode.CLOSE, b"\x03\xf0no")
CASES: dict[str, list[bytes]] = {
    "with the answer to the upgrade": [binary(b"one") + frame(Opcode.TEXT, b"two"), BYE],
    "several at once": [b"", binary(b"one") + binary(b"two") + binary(b"") + BYE],
    "byte by byte": [b"", *(bytes([byte]) for byte in binary(b"one") + BYE)],
    "long": [b"", binary(b"x" * 70_000)[:9], binary(b"x" * 70_000)[9:] + binary(b"two"), BYE],
    "in fragments": [b"", binary(b"a", fin=False), frame(Opcode.CONT, b"b"), binary(b"two"), BYE],
    "messages, then fragments": [b"", binary(b"one") + binary(b"a", fin=False) + frame(Opcode.CONT, b"b"), BYE],
    "pings": [b"", frame(Opcode.PING, b"?") + binary(b"one"), frame(Opcode.PING), BYE],
    "after a close": [b"", binary(b"one") + BYE + binary(b"two")],
    "not UTF-8": [b"", frame(Opcode.TEXT, b"\xc3\x28"), BYE],
    "too long": [b"", binary(b"one") + binary(bytes(MOST + 1))],
    "masked": [b"", binary(b"one", mask=True)],
    "an extension's bit": [b"", bytes([0xC2, 1, 0])],
    "a ping too long": [b"", bytes([0x89, 126, 0, 126]) + bytes(126)],
    "continuation of nothing": [b"", frame(Opcode.CONT, b"x")],
    "cut off": [b"", binary(b"one") + binary(b"half")[:3]],
}


@asynccontextmanager
async def server_of(pieces: list[bytes]) -> AsyncIterator[int]:
    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        key = re.search(rb"Sec-WebSocket-Key: (\S+)", request, re.I)
        assert key is not None
        digest = hashlib.sha1(key[1] + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
        head = (
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
        )
        writer.write(head + base64.b64encode(digest) + b"\r\n\r\n" + pieces[0])
        for piece in pieces[1:]:
            await asyncio.sleep(0.002)
            writer.write(piece)
        await asyncio.sleep(0.03)
        writer.write_eof()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(one, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def received(kind: type[ClientConnection], case: str, decode: bool | None) -> tuple[list[Any], Any, str]:
    messages: list[Any] = []
    async with server_of(CASES[case]) as port:
        url = f"ws://127.0.0.1:{port}"
        client = await connect(url, create_connection=kind, proxy=None, compression=None, max_size=MOST)
        try:
            while True:
                messages.append(await asyncio.wait_for(client.recv(decode), 5))
        except (ConnectionClosed, UnicodeDecodeError) as error:
            how = error
        await client.close()
        return messages, type(how).__name__, f"{client.close_code} {client.close_reason}"


@pytest.mark.parametrize("decode", [False, None])
@pytest.mark.parametrize("case", CASES)
async def test_both_ways_receive_the_same(case: str, decode: bool | None) -> None:
    assert await received(SpeechConnection, case, decode) == await received(ClientConnection, case, decode)


@asynccontextmanager
async def connected(serving: Any) -> AsyncIterator[SpeechConnection]:
    async with serve(serving, "127.0.0.1", 0, compression=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        client = await connect(
            f"ws://127.0.0.1:{port}", create_connection=SpeechConnection, proxy=None, compression=None
        )
        assert isinstance(client, SpeechConnection)
        yield client
        await client.close()


async def echo(server: ServerConnection) -> None:
    async for message in server:
        await server.send(message)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536])
async def test_what_is_sent_in_one_piece_arrives(size: int) -> None:
    async with connected(echo) as client:
        for byte in b"abc":
            assert client.send_whole(bytes([byte]) * size)
            assert await client.recv() == chr(byte) * size
        await client.send("the library's own way goes beside it")
        assert await client.recv(decode=False) == b"the library's own way goes beside it"
        await client.close()
        assert not client.send_whole(b"closed")
        with pytest.raises(ConnectionClosed):
            await client.recv()


async def test_a_receiver_that_is_cancelled_loses_nothing() -> None:
    async with connected(echo) as client:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.recv(), 0.01)
        waiting = asyncio.create_task(client.recv())
        await asyncio.sleep(0)
        with pytest.raises(ConcurrencyError):
            await client.recv()
        client.send_whole(b"one")
        assert await waiting == "one"


async def test_a_receiver_that_is_busy_makes_the_network_wait() -> None:
    async def flood(server: ServerConnection) -> None:
        for _ in range(4 * MOST_WAITING):
            await server.send(bytes(64 * 1024))

    async with connected(flood) as client:
        await asyncio.sleep(0.3)
        assert not client.transport.is_reading()
        count = 0
        while count < 4 * MOST_WAITING:
            count += len(await client.recv()) // (64 * 1024)
        assert client.transport.is_reading()


async def test_a_server_that_says_no_is_understood() -> None:
    async def no(connection: Any, request: Any) -> Any:
        del request
        return connection.respond(429, "too many\r\n\r\nreally")

    async with serve(echo, "127.0.0.1", 0, process_request=no) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"ws://127.0.0.1:{port}", create_connection=SpeechConnection, proxy=None)
    assert refused.value.response.status_code == 429
    assert refused.value.response.body == b"too many\r\n\r\nreally"
