"""A server with the short way, and one without: whatever a client sends, both do the same."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode

from functions.voice.leg import RAISED, LegEnded, TwilioLeg, short_way
from functions.voice.media_stream import MarkEcho, Message
from functions.voice.stream_protocol import StreamProtocol
from functions.voice.worker import STREAM_SERVER

pytestmark = pytest.mark.portable

MOST = 64 * 1024


class Told:
    """What the app was given."""

    def __init__(self) -> None:
        self.messages: list[str | bytes] = []
        self.code: int | None = None
        self.short = False
        self.over = asyncio.Event()


def echo_app(told: Told, *, answers: bool = True) -> Starlette:
    async def echo(websocket: WebSocket) -> None:
        if websocket.headers.get("x-refuse"):
            await websocket.close()
            return
        await websocket.accept()
        told.short = short_way(websocket) is not None
        try:
            await converse(websocket)
        except (WebSocketDisconnect, RuntimeError):
            told.messages.append("gone while answering")
        told.over.set()

    async def converse(websocket: WebSocket) -> None:
        while True:
            message = await websocket.receive()
            if message["type"] == "websocket.disconnect":
                told.code = message.get("code")
                break
            said: str | bytes = message["text"] if message.get("text") is not None else message["bytes"]
            told.messages.append(said)
            if said == "leave":
                await websocket.close(4321)
                break
            if said == "big" and answers:
                await websocket.send_text("b" * 200_000)
            elif isinstance(said, str) and answers:
                await websocket.send_text(said.upper())

    return Starlette(routes=[WebSocketRoute("/", echo)])


def taking_app(told: Told) -> Starlette:
    """Takes each message as soon as it is here, and never answers."""

    async def take(websocket: WebSocket) -> None:
        await websocket.accept()
        short = short_way(websocket)
        assert short is not None
        told.short = True

        def taken(message: bytes) -> None:
            told.messages.append(message.decode())
            if message == b"leave":
                raise RuntimeError

        short.take(taken)
        while True:
            message = await short.receive()
            if message["type"] == "websocket.disconnect":
                told.code = message.get("code")
                break
            if RAISED in message:
                assert isinstance(message[RAISED], RuntimeError)
                await websocket.close(4321)
                break
            told.messages.append(message["bytes"])  # of the texts, every one was taken
        told.over.set()

    return Starlette(routes=[WebSocketRoute("/", take)])


@asynccontextmanager
async def served(app: Any, ws: Any) -> AsyncIterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        options = {**STREAM_SERVER, "ws": ws}
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", ws_ping_interval=None, **options))
        serving = asyncio.create_task(server.serve([listener]))
        while not server.started:  # noqa: ASYNC110  # uvicorn offers no event for it
            await asyncio.sleep(0.005)
        yield listener.getsockname()[1]
        server.should_exit = True
        await serving


def frame(opcode: Opcode, payload: bytes = b"", *, fin: bool = True, mask: bool = True) -> bytes:
    return bytes(Frame(opcode, payload, fin).serialize(mask=mask))


def text(payload: bytes, **options: Any) -> bytes:
    return frame(Opcode.TEXT, payload, **options)


CLOSE_1000 = frame(Opcode.CLOSE, b"\x03\xe8bye")
CASES: dict[str, list[bytes]] = {
    "one message": [text(b"one"), CLOSE_1000],
    "several in one piece": [text(b"one") + text(b"two") + text(b"three") + CLOSE_1000],
    "cut within its head": [text(b"one")[:1], text(b"one")[1:3], text(b"one")[3:] + text(b"two")[:5], text(b"two")[5:]],
    "byte by byte": [bytes([byte]) for byte in text("नमस्ते".encode()) + CLOSE_1000],
    "empty": [text(b""), CLOSE_1000],
    "126 and 65,536 bytes": [text(b"x" * 126) + text(b"y" * 65_536), CLOSE_1000],
    "binary": [frame(Opcode.BINARY, b"\x00\xff"), text(b"after"), CLOSE_1000],
    "in fragments": [text(b"a", fin=False), frame(Opcode.CONT, b"b", fin=False) + frame(Opcode.CONT, b"c"), CLOSE_1000],
    "ping between fragments": [
        text(b"a", fin=False) + frame(Opcode.PING, b"?") + frame(Opcode.CONT, b"b"),
        text(b"later") + CLOSE_1000,
    ],
    "ping and pong": [frame(Opcode.PING, b"?"), frame(Opcode.PONG, b"!") + text(b"one"), CLOSE_1000],
    "after a close": [text(b"one") + CLOSE_1000 + text(b"two")],
    "close without a code": [frame(Opcode.CLOSE)],
    "close with a code that is none": [frame(Opcode.CLOSE, b"\x00\x01")],
    "close with half a code": [frame(Opcode.CLOSE, b"\x03")],
    "not UTF-8": [text(b"one"), text(b"\xc3\x28"), text(b"two")],
    "too long": [text(b"one"), text(bytes(MOST + 1))],
    "too long in fragments": [text(bytes(MOST), fin=False) + frame(Opcode.CONT, b"more")],
    "without a mask": [text(b"one"), text(b"two", mask=False)],
    "an extension's bit": [bytes([0xC1, 0x80]) + b"abcd"],
    "an unknown opcode": [bytes([0x83, 0x80]) + b"abcd"],
    "a control frame in pieces": [bytes([0x09, 0x80]) + b"abcd"],
    "a ping too long": [bytes([0x89, 0xFE, 0, 126]) + b"abcd" + bytes(126)],
    "continuation of nothing": [frame(Opcode.CONT, b"x")],
    "a message within another": [text(b"a", fin=False) + text(b"b")],
    "the app leaves": [text(b"leave"), text(b"too late")],
    "a large answer": [text(b"big"), CLOSE_1000],
    "no goodbye": [text(b"one")],
}


class Outcome:
    """What both sides saw."""

    def __init__(self, told: Told, answer: bytes) -> None:
        self.messages, self.code = told.messages, told.code
        self.answer = answer

    def __eq__(self, other: object) -> bool:
        return vars(self) == vars(other)

    def __repr__(self) -> str:
        return f"{self.messages!r:.200} {self.code} {self.answer[-80:]!r}"


UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


async def outcome(ws: Any, pieces: list[bytes], app: Callable[[Told], Starlette] = echo_app) -> Outcome:
    told = Told()
    async with served(app(told), ws) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(UPGRADE)
        await reader.readuntil(b"\r\n\r\n")
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(0.002)
        await asyncio.sleep(0.03)
        answer = b""
        with suppress(OSError):
            writer.write_eof()
            while piece := await asyncio.wait_for(reader.read(1 << 16), 5):
                answer += piece
        writer.close()
        await asyncio.wait_for(told.over.wait(), 5)
        assert told.short is (ws is StreamProtocol)
    return Outcome(told, answer)


@pytest.mark.parametrize("case", CASES)
async def test_both_servers_do_the_same(case: str) -> None:
    pieces = CASES[case]
    assert await outcome(StreamProtocol, pieces) == await outcome("websockets-sansio", pieces)


@pytest.mark.loop_of_calls
@pytest.mark.parametrize("case", [case for case in CASES if "frag" not in case and "within another" not in case])
async def test_messages_that_are_taken_at_once_are_the_same(case: str) -> None:
    pieces = CASES[case]
    silent = partial(echo_app, answers=False)
    assert await outcome(StreamProtocol, pieces, taking_app) == await outcome("websockets-sansio", pieces, silent)


async def test_a_refusal_comes_before_the_upgrade() -> None:
    async with served(echo_app(Told()), StreamProtocol) as port:
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"ws://127.0.0.1:{port}/", additional_headers={"x-refuse": "1"}, proxy=None)
    assert refused.value.response.status_code == 403


class Echo:
    """Gives every mark back, and a clear behind it, until something else comes."""

    def __init__(self, leg: TwilioLeg) -> None:
        self._leg = leg

    def hear_voice(self, ulaw: bytes, timestamp_ms: int) -> None:
        raise AssertionError(ulaw)

    def hear(self, message: Message) -> None:
        if not isinstance(message, MarkEcho):
            raise StopAsyncIteration
        self._leg.mark(message.name)
        self._leg.clear()


def leg_app(legs: asyncio.Queue[TwilioLeg]) -> Starlette:
    async def stream(websocket: WebSocket) -> None:
        await websocket.accept()
        leg = TwilioLeg(websocket)
        legs.put_nowait(leg)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(leg.listen(Echo(leg)))
                group.create_task(leg.send_the_long_way())
        except* LegEnded:
            with pytest.raises(LegEnded):
                leg.mark("too late")
        except* StopAsyncIteration:
            pass
        await leg.close()
        await leg.close()

    return Starlette(routes=[WebSocketRoute("/", stream)])


@pytest.mark.parametrize("ws", [StreamProtocol, "websockets-sansio"])
async def test_a_leg_speaks_either_way(ws: Any) -> None:
    legs: asyncio.Queue[TwilioLeg] = asyncio.Queue()
    async with served(leg_app(legs), ws) as port, connect(f"ws://127.0.0.1:{port}/", proxy=None) as client:
        for name in ("1:160", "1:320"):
            assert await echoed(client, name) == ['{"event":"mark","streamSid":"","mark":{"name":"' + name + '"}}']
        await client.send('{"event":"stop","stop":{}}')
        with pytest.raises(ConnectionClosed) as closed:
            await client.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1000


async def echoed(client: ClientConnection, name: str) -> list[str | bytes]:
    await client.send('{"event":"mark","mark":{"name":"' + name + '"}}')
    marked, cleared = await client.recv(), await client.recv()
    assert cleared == '{"event":"clear","streamSid":""}'
    return [marked]


@pytest.mark.parametrize("ws", [StreamProtocol, "websockets-sansio"])
async def test_a_leg_notices_that_the_line_is_cut(ws: Any) -> None:
    legs: asyncio.Queue[TwilioLeg] = asyncio.Queue()
    async with served(leg_app(legs), ws) as port:
        client = await connect(f"ws://127.0.0.1:{port}/", proxy=None)
        assert len(await echoed(client, "1:160")) == 1
        client.transport.abort()
        leg = await legs.get()
        await asyncio.sleep(0.05)
        with pytest.raises(LegEnded):
            leg.mark("nobody hears")


async def test_who_does_not_read_is_given_up() -> None:
    legs: asyncio.Queue[TwilioLeg] = asyncio.Queue()
    async with served(leg_app(legs), StreamProtocol) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        writer.write(UPGRADE)
        await reader.readuntil(b"\r\n\r\n")
        leg = await legs.get()
        with pytest.raises(LegEnded):
            await play_for_ever(leg)
        writer.transport.abort()


async def play_for_ever(leg: TwilioLeg) -> None:
    while True:
        leg.play(bytes(8_000), None)
        await asyncio.sleep(0)
