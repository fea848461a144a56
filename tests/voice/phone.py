"""Twilio at the other end of the voice app, in memory: no sockets, so that a virtual clock can run it."""

from __future__ import annotations

import asyncio
import base64
import json
from collections import deque
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

import httpx
from starlette.applications import Starlette
from twilio.request_validator import RequestValidator

from functions.voice.leg import RAISED, SHORT_WAY, Taker

ORIGIN = "https://calls.example.com"
TOKEN = "0123456789abcdef0123456789abcdef"
ACCOUNT = "AC" + "0" * 32
QUIET = b"\xff" * 160
LOUD = bytes([0x8F, 0x0F]) * 80
FRAME_S = 0.020


class Phone:
    """One call: its webhooks, and its stream once it is connected."""

    def __init__(
        self, app: Starlette, call_sid: str = "CA" + "1" * 32, *, token: str = TOKEN, short: bool = True
    ) -> None:
        self._app = app
        self._short = short
        """The server offers its short way, as ours does."""
        self._taker: Taker | None = None
        self.call_sid = call_sid
        self._validator = RequestValidator(token)
        self._to_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._playing: deque[tuple[bytes, str | None]] = deque()
        self.heard = bytearray()
        """What the caller's ear got, in real time: mu-law of the agent, and silence."""
        self.said = bytearray()
        """What their microphone gave at the same time."""
        self.played_ms = 0
        """Agent audio that was really played."""
        self.clears = 0
        self.messages: list[dict[str, Any]] = []
        """What the app sent, in order, without the audio itself."""
        self.accepted = False
        self.close_code: int | None = None
        self.closed = asyncio.Event()
        self._spoke = asyncio.Event()
        self.sound = QUIET
        """What the caller's microphone hears."""
        self.marks_late_s: float | None = 0.0
        """Marks come back so late; None: never."""
        self.message_ms = 20
        """How much sound Twilio puts into a message: 20 ms, or 10 or 40; it promises none."""
        self.on_hold = False
        """Twilio sends no frames."""
        self._unsent = b""
        self._words: deque[bytes] = deque()
        """A recording that goes before it, in frames."""

    async def post(self, path: str, *, signed: bool = True, **fields: str) -> httpx.Response:
        """A webhook from Twilio."""
        form = {"CallSid": self.call_sid, "From": "+919800000001", "To": "+13105550100", **fields}
        headers = {"content-type": "application/x-www-form-urlencoded"}
        if signed:
            headers["x-twilio-signature"] = self._validator.compute_signature(f"{ORIGIN}{path}", form)
        transport = httpx.ASGITransport(app=self._app)
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
            return await client.post(path, content=urlencode(form), headers=headers)

    async def dial(self) -> str:
        """Call in; returns the stream token of the answer."""
        answer = await self.post("/voice/inbound", CallStatus="ringing", Direction="inbound")
        assert answer.status_code == 200, answer.text
        return token_in(answer.text)

    async def stream(self, token: str, *, signature: str | None = None, start: bool = True) -> None:
        """Carry the media stream until the app closes it; frames flow in (virtual) real time."""
        path = "/voice/stream"
        signed = signature or self._validator.compute_signature(f"wss://calls.example.com{path}", {})
        scope = {
            "type": "websocket",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [(b"host", b"calls.example.com"), (b"x-twilio-signature", signed.encode())],
            "scheme": "wss",
            "server": ("calls.example.com", 443),
            "client": ("127.0.0.1", 1),
            "subprotocols": [],
            "asgi": {"version": "3.0"},
            "extensions": {SHORT_WAY: self} if self._short else {},
        }
        self._to_app, self._playing, self._taker = asyncio.Queue(), deque(), None
        self._to_app.put_nowait({"type": "websocket.connect"})
        async with asyncio.TaskGroup() as group:
            twilio = group.create_task(self._twilio(token, start=start))
            await self._app(scope, self._to_app.get, self._from_app)
            self.closed.set()
            twilio.cancel()

    async def _twilio(self, token: str, *, start: bool) -> None:
        self.say({"event": "connected", "protocol": "Call", "version": "1.0.0"})
        if not start:
            return
        self.say(start_message(self.call_sid, token))
        loop = asyncio.get_running_loop()
        began_s, frames = loop.time(), 0
        while True:
            frames += 1
            await asyncio.sleep(began_s + frames * FRAME_S - loop.time())
            self._play(20)
            if self.on_hold:
                continue
            frame = self._words.popleft() if self._words else self.sound
            self.said += frame
            self._sends(frame, frames)

    def _sends(self, frame: bytes, number: int) -> None:
        """The caller's sound, in messages of the length that is being tried."""
        self._unsent += frame
        size = self.message_ms * 8
        while len(self._unsent) >= size:
            timestamp_ms = number * 20 - len(self._unsent) // 8 + 20
            sent, self._unsent = self._unsent[:size], self._unsent[size:]
            media = {
                "track": "inbound",
                "chunk": str(number),
                "timestamp": str(timestamp_ms),
                "payload": base64.b64encode(sent).decode(),
            }
            self.say({"event": "media", "sequenceNumber": str(number + 1), "media": media, "streamSid": "MZ1"})

    def say(self, message: dict[str, Any] | str | bytes) -> None:
        """A message from Twilio, whatever it is."""
        if isinstance(message, bytes):
            self._to_app.put_nowait({"type": "websocket.receive", "bytes": message})
            return
        text = message if isinstance(message, str) else json.dumps(message)
        if self._taker is None or not self._to_app.empty():
            self._to_app.put_nowait({"type": "websocket.receive", "text": text})
            return
        try:
            self._taker(text.encode())
        except Exception as error:
            self._taker = None
            self._to_app.put_nowait({"type": "websocket.receive", RAISED: error})

    async def receive(self) -> Any:
        """As the server's short way."""
        return await self._to_app.get()

    def take(self, taker: Taker | None) -> None:
        """As the server's short way."""
        self._taker = taker

    def write_texts(self, *texts: str) -> None:
        """As the server's short way."""
        for text in texts:
            self._take(json.loads(text))

    def press(self, digit: str) -> None:
        """The caller presses a key."""
        dtmf = {"track": "inbound_track", "digit": digit}
        self.say({"event": "dtmf", "streamSid": "MZ1", "sequenceNumber": "5", "dtmf": dtmf})

    def hang_up(self) -> None:
        """The caller hangs up."""
        stop = {"accountSid": ACCOUNT, "callSid": self.call_sid}
        self.say({"event": "stop", "sequenceNumber": "9", "stop": stop, "streamSid": "MZ1"})

    def drop(self) -> None:
        """The socket breaks."""
        self._to_app.put_nowait({"type": "websocket.disconnect", "code": 1006})

    async def speaks(self, ms: int) -> None:
        """The caller makes a sound for so long."""
        self.sound = LOUD
        await asyncio.sleep(ms / 1000)
        self.sound = QUIET

    async def says(self, ulaw: bytes) -> None:
        """The caller says what is recorded."""
        frames = [ulaw[at : at + 160].ljust(160, b"\xff") for at in range(0, len(ulaw), 160)]
        self._words.extend(frames)
        await asyncio.sleep(len(frames) * FRAME_S)

    async def hears_something(self) -> None:
        """Wait until agent audio arrives."""
        self._spoke.clear()
        await self._spoke.wait()

    async def _from_app(self, message: Any) -> None:
        match message["type"]:
            case "websocket.accept":
                self.accepted = True
            case "websocket.close":
                self.close_code = message.get("code", 1000)
            case "websocket.send":
                self._take(json.loads(message["text"]))

    def _take(self, message: dict[str, Any]) -> None:
        match message["event"]:
            case "media":
                ulaw = base64.b64decode(message["media"]["payload"], validate=True)
                self._playing.append((ulaw, None))
                self._spoke.set()
                self.messages.append({"event": "media", "ms": len(ulaw) // 8})
                return
            case "mark":
                self._playing.append((b"", message["mark"]["name"]))
            case "clear":
                self.clears += 1
                cleared, self._playing = list(self._playing), deque()
                for _, mark in cleared:
                    self._give_back(mark)
        self.messages.append(message)

    def _play(self, ms: int) -> None:
        """So much time passes: what waits is played, and marks behind it come back."""
        wanted, sound = ms * 8, b""
        while self._playing:
            ulaw, mark = self._playing.popleft()
            taken, rest = ulaw[: wanted - len(sound)], ulaw[wanted - len(sound) :]
            sound += taken
            if rest:
                self._playing.appendleft((rest, mark))
                break
            self._give_back(mark)
        self.played_ms += len(sound) // 8
        self.heard += sound.ljust(wanted, QUIET[:1])

    def _give_back(self, mark: str | None) -> None:
        if mark is not None and self.marks_late_s is not None:
            message = {"event": "mark", "sequenceNumber": "4", "streamSid": "MZ1", "mark": {"name": mark}}
            # Never at once: no network answers before a write is over.
            asyncio.get_running_loop().call_later(self.marks_late_s, self.say, message)


def start_message(call_sid: str, token: str) -> dict[str, Any]:
    """Twilio's start message."""
    media_format = {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
    start = {
        "accountSid": ACCOUNT,
        "streamSid": "MZ1",
        "callSid": call_sid,
        "tracks": ["inbound"],
        "mediaFormat": media_format,
        "customParameters": {"token": token},
    }
    return {"event": "start", "sequenceNumber": "1", "start": start, "streamSid": "MZ1"}


def token_in(xml: str) -> str:
    """The stream token of a TwiML answer."""
    parameter = ElementTree.fromstring(xml).find(".//Parameter[@name='token']")
    assert parameter is not None, xml
    return parameter.attrib["value"]


def redirect_in(xml: str) -> str:
    """The path that Twilio goes on with once the answer's stream is over."""
    redirect = ElementTree.fromstring(xml).find("Redirect")
    assert redirect is not None, xml
    return str(redirect.text).removeprefix(ORIGIN)


def verbs(xml: str) -> list[str]:
    """The verbs of a TwiML answer."""
    return [verb.tag for verb in ElementTree.fromstring(xml)]
