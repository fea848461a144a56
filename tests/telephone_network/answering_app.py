"""What Twilio calls in these tests: answers webhooks with the TwiML it was given, and talks on streams."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from twilio.request_validator import RequestValidator

from local.telephone_network.server import QuietServer, bind

AUTH_TOKEN = "a-token-only-the-network-knows"


@dataclass(frozen=True, slots=True)
class Received:
    """A webhook as it came in."""

    path: str
    fields: dict[str, str]
    signed: bool
    headers: dict[str, str]
    method: str = "POST"
    at_s: float = 0.0
    """The loop's time when it came in."""


class AgentStream:
    """Our end of a media stream."""

    def __init__(self, socket: WebSocket, signed: bool) -> None:
        self.socket = socket
        self.signed = signed
        self.messages: list[dict[str, Any]] = []
        self.caller = bytearray()
        self.nonsense: list[Any] = []
        """What was neither text nor JSON nor known."""
        self.start: dict[str, Any] = {}
        self._changed = asyncio.Event()
        self.stopped = False

    @property
    def sid(self) -> str:
        """The stream's SID."""
        return str(self.start["streamSid"])

    async def say(self, audio: bytes, piece: int = 160) -> None:
        """Send audio in pieces of so many bytes."""
        for begin in range(0, len(audio), piece):
            payload = base64.b64encode(audio[begin : begin + piece]).decode()
            await self.send({"event": "media", "streamSid": self.sid, "media": {"payload": payload}})

    async def mark(self, name: str) -> None:
        """Ask to be told when this point is reached."""
        await self.send({"event": "mark", "streamSid": self.sid, "mark": {"name": name}})

    async def clear(self) -> None:
        """Drop what has not been heard."""
        await self.send({"event": "clear", "streamSid": self.sid})

    async def send(self, message: object) -> None:
        """Send anything as JSON."""
        await self.socket.send_text(json.dumps(message))

    async def until(self, condition: Callable[[], bool], within_s: float = 20.0) -> None:
        """Wait until what has been received makes this true."""
        async with asyncio.timeout(within_s):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def mark_back(self, name: str) -> None:
        """Wait until a mark has come back."""
        await self.until(lambda: name in self.marks)

    @property
    def marks(self) -> list[str]:
        """Names of the marks that have come back, in order."""
        return [message["mark"]["name"] for message in self.messages if message["event"] == "mark"]

    @property
    def keys(self) -> str:
        """Keys that were pressed."""
        return "".join(message["dtmf"]["digit"] for message in self.messages if message["event"] == "dtmf")

    async def listen(self) -> None:
        """Take in messages until the other side closes."""
        while (received := await self.socket.receive())["type"] == "websocket.receive":
            try:
                self._take(json.loads(received["text"]))
            except (KeyError, TypeError, ValueError):
                self.nonsense.append(received.get("text") or received.get("bytes"))
            self._changed.set()

    def _take(self, message: dict[str, Any]) -> None:
        match message["event"]:
            case "start":
                self.start = message["start"]
            case "media":
                self.caller += base64.b64decode(message["media"]["payload"])
            case "stop":
                self.stopped = True
            case "connected" | "mark" | "dtmf":
                pass
            case event:
                raise ValueError(event)
        self.messages.append(message)


Talk = Callable[[AgentStream], Awaitable[None]]
Twiml = str | Response | Callable[[dict[str, str]], str | Response]


async def listen_only(stream: AgentStream) -> None:
    """Say nothing, stay on."""
    await asyncio.Event().wait()


@dataclass(slots=True)
class AnsweringApp:
    """The program under the network's calls."""

    base_url: str = ""
    public_url: str = ""
    """What webhooks and streams are signed for; base_url unless something else is said."""
    twiml: dict[str, Twiml] = field(default_factory=dict)
    received: list[Received] = field(default_factory=list)
    streams: list[AgentStream] = field(default_factory=list)
    talk: Talk = listen_only
    slow: dict[str, float] = field(default_factory=dict)
    """Seconds that the answer to a path takes."""
    accept_streams: bool = True
    _came_in: asyncio.Event = field(default_factory=asyncio.Event)

    def said_about(self, event_field: str, path: str = "/status") -> list[str]:
        """The values of a field in the webhooks that came to a path, in order."""
        return [webhook.fields.get(event_field, "") for webhook in self.received if webhook.path == path]

    async def until(self, condition: Callable[[], bool], within_s: float = 20.0) -> None:
        """Wait until the webhooks that have come in make this true."""
        async with asyncio.timeout(within_s):
            while not condition():
                self._came_in.clear()
                await self._came_in.wait()

    def to(self, path: str) -> list[Received]:
        """The webhooks that came to a path."""
        return [webhook for webhook in self.received if webhook.path == path]

    def stream_twiml(self, after: str = "", **attributes: str) -> str:
        """Connect to our stream, with two parameters."""
        written = " ".join(f'{name}="{value}"' for name, value in attributes.items())
        url = (self.public_url or self.base_url).replace("http", "ws", 1) + "/stream"
        return (
            f'<Response><Connect><Stream url="{url}" {written}><Parameter name="token" value="t&amp;1"/>'
            f'<Parameter name="language" value="हिन्दी"/></Stream></Connect>{after}</Response>'
        )

    async def webhook(self, request: Request) -> Response:
        """Take a webhook, answer with the TwiML of its path."""
        pairs = parse_qsl((await request.body()).decode(), keep_blank_values=True)
        query = f"?{request.url.query}" if request.url.query else ""
        url = f"{self.public_url or self.base_url}{request.url.path}{query}"
        signature = request.headers.get("x-twilio-signature", "")
        signed = RequestValidator(AUTH_TOKEN).validate(url, dict(pairs), signature)
        now_s = asyncio.get_running_loop().time()
        webhook = Received(request.url.path, dict(pairs), signed, dict(request.headers), request.method, now_s)
        self.received.append(webhook)
        self._came_in.set()
        await asyncio.sleep(self.slow.get(request.url.path, 0))
        twiml = self.twiml.get(request.url.path, "")
        if not isinstance(twiml, str | Response):
            twiml = twiml(webhook.fields)
        return twiml if isinstance(twiml, Response) else Response(twiml, media_type="text/xml")

    async def stream(self, socket: WebSocket) -> None:
        """Take a stream."""
        url = f"{self.public_url or self.base_url}{socket.url.path}".replace("http", "ws", 1)
        signature = socket.headers.get("x-twilio-signature", "")
        signed = RequestValidator(AUTH_TOKEN).validate(url, {}, signature)
        if not self.accept_streams or not signed:
            await socket.close()
            return
        await socket.accept()
        stream = AgentStream(socket, signed)
        self.streams.append(stream)
        listening = asyncio.create_task(stream.listen())
        talking = asyncio.create_task(self._talk(stream))
        await asyncio.wait([listening, talking], return_when=asyncio.FIRST_COMPLETED)
        for task in (listening, talking):
            task.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        with contextlib.suppress(asyncio.CancelledError, RuntimeError, WebSocketDisconnect):
            await talking
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):
            await socket.close()

    async def _talk(self, stream: AgentStream) -> None:
        await stream.until(lambda: bool(stream.start))
        await self.talk(stream)


@contextlib.asynccontextmanager
async def answering_app() -> AsyncIterator[AnsweringApp]:
    """The app, served as long as the context is open."""
    app = AnsweringApp()
    routes = [
        WebSocketRoute("/stream", app.stream),
        Route("/{path:path}", app.webhook, methods=["GET", "POST"]),
    ]
    with contextlib.closing(bind(0)) as listener:
        app.base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        server = QuietServer(
            uvicorn.Config(
                Starlette(routes=routes),
                lifespan="off",
                log_config=None,
                access_log=False,
                ws_ping_interval=None,
                timeout_keep_alive=75,
            )
        )
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        await server.ready.wait()
        try:
            yield app
        finally:
            server.should_exit = server.force_exit = True
            await serving
