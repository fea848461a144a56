"""What a message to and from Gemini Live costs, our way and the SDK's own. `python -m bench.speech`

First the work on the message alone, with a socket that does nothing; then the same over TLS on loopback, to a server
in a process of its own, in CPU of this process.
"""

from __future__ import annotations

import asyncio
import base64
import json
import multiprocessing
import os
import platform
import ssl
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import google.genai
import msgspec
import trustme
import websockets.version
from google.genai.live import AsyncSession
from websockets.asyncio.server import ServerConnection, serve

from functions.voice.speech.gemini import developer_api
from functions.voice.speech.model import SessionSetup
from functions.voice.speech.wire import LightWire, SdkWire, Wire

RESULTS = Path(__file__).parent / "results" / "speech.json"
SETUP = SessionSetup("gemini-3.1-flash-live-preview", "", "Kore")
PASSES, ROUNDS, STREAMED = 7, 300, 1500


def audio_message(ms: int) -> bytes:
    data = base64.b64encode(os.urandom(48 * ms)).decode()
    blob = {"mimeType": "audio/pcm;rate=24000", "data": data}
    return json.dumps({"serverContent": {"modelTurn": {"parts": [{"inlineData": blob}]}}}).encode()


USAGE = {
    "promptTokenCount": 100,
    "responseTokenCount": 60,
    "totalTokenCount": 160,
    "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 100}],
    "responseTokensDetails": [{"modality": "AUDIO", "tokenCount": 60}],
}
RECEIVED = {
    "receive 40 ms of audio": audio_message(40),
    "receive 200 ms of audio": audio_message(200),
    "receive 320 ms of audio": audio_message(320),
    "receive a transcript": json.dumps({"serverContent": {"outputTranscription": {"text": "Namaste"}}}).encode(),
    "receive turn and usage": json.dumps({"serverContent": {"turnComplete": True}, "usageMetadata": USAGE}).encode(),
    "receive a tool call": json.dumps(
        {"toolCall": {"functionCalls": [{"id": "c1", "name": "book", "args": {"day": "Monday"}}]}}
    ).encode(),
}


@dataclass(frozen=True, slots=True)
class Row:
    """Microseconds for one message."""

    message: str
    light_us: float
    sdk_us: float


class _Socket:
    """Takes everything, and always holds the same message."""

    def __init__(self, message: bytes) -> None:
        self.transport = self
        self._message = message

    def get_extra_info(self, name: str) -> None:
        return None

    def get_write_buffer_size(self) -> int:
        return 0

    async def send(self, message: str | bytes, text: bool | None = None) -> None:
        pass

    def send_whole(self, text: bytes) -> bool:
        return True

    async def recv(self, decode: bool | None = None) -> bytes:
        return self._message


async def sent(wire: Wire, pcm: bytes) -> None:
    """Send it, and wait where that takes a task."""
    wire.send_audio(pcm)
    if isinstance(wire, SdkWire) and wire._sender is not None:
        await wire._sender


async def best_us(step: Callable[[], Awaitable[object]]) -> float:
    passes = []
    for _ in range(PASSES):
        started = time.perf_counter_ns()
        for _ in range(ROUNDS):
            await step()
        passes.append((time.perf_counter_ns() - started) / ROUNDS / 1000)
    return round(min(passes), 2)


async def messages_alone() -> list[Row]:
    client = google.genai.Client(vertexai=False, api_key="k")
    rows = []
    for ms in (20, 40, 100):
        pcm, socket = os.urandom(32 * ms), _Socket(b"")
        light, sdk = _both(client, socket)
        rows.append(
            Row(
                f"send {ms} ms of audio",
                await best_us(lambda wire=light, pcm=pcm: sent(wire, pcm)),  # type: ignore[misc]
                await best_us(lambda wire=sdk, pcm=pcm: sent(wire, pcm)),  # type: ignore[misc]
            )
        )
    for name, message in RECEIVED.items():
        light, sdk = _both(client, _Socket(message))
        rows.append(Row(name, await best_us(light.receive), await best_us(sdk.receive)))
    return rows


def _both(client: google.genai.Client, socket: _Socket) -> tuple[Wire, Wire]:
    session = AsyncSession(api_client=client._api_client, websocket=socket)  # type: ignore[arg-type]
    return LightWire(socket), SdkWire(session)  # type: ignore[arg-type]


def stand_in(folder: str, pipe: Connection) -> None:
    """A server that sends so many messages on request, and otherwise only reads."""

    async def talk(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.send(b'{"setupComplete":{}}')
        async for frame in connection:
            text = json.loads(frame).get("realtime_input", {}).get("text")
            for _ in range(STREAMED if text else 0):
                await connection.send(RECEIVED[str(text)])

    async def run() -> None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(f"{folder}/server.pem")
        async with serve(talk, "127.0.0.1", 0, ssl=tls, compression=None) as server:
            pipe.send(next(iter(server.sockets)).getsockname()[1])
            await asyncio.to_thread(pipe.recv)

    asyncio.run(run())


async def over_tls(port: int) -> list[Row]:
    model = developer_api("k", base_url=f"https://127.0.0.1:{port}")
    costs: dict[str, list[float]] = {}
    for way in (LightWire, SdkWire):
        session = await model.open(SETUP)
        inside: Any = session._session
        wire: Wire = LightWire(inside._ws) if way is LightWire else SdkWire(inside)
        pcm = os.urandom(640)
        started = time.process_time_ns()
        for _ in range(STREAMED):
            await sent(wire, pcm)
        costs.setdefault("send 20 ms of audio", []).append((time.process_time_ns() - started) / STREAMED / 1000)
        for name in ("receive 40 ms of audio", "receive 200 ms of audio"):
            await session.send_text(name)
            started = time.process_time_ns()
            for _ in range(STREAMED):
                await wire.receive()
            costs.setdefault(name, []).append((time.process_time_ns() - started) / STREAMED / 1000)
        await session.close()
    return [Row(f"{name}, over TLS", round(light, 1), round(sdk, 1)) for name, (light, sdk) in costs.items()]


def loopback_rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(f"{folder}/ca.pem")
        authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(f"{folder}/server.pem")
        os.environ["SSL_CERT_FILE"] = f"{folder}/ca.pem"
        ours, theirs = multiprocessing.Pipe()
        server = multiprocessing.get_context("spawn").Process(target=stand_in, args=(folder, theirs))
        server.start()
        try:
            return asyncio.run(over_tls(ours.recv()))
        finally:
            ours.send("enough")
            server.join(5)


def main() -> None:
    rows = asyncio.run(messages_alone()) + loopback_rows()
    print(f"{'µs for one message':34} {'light':>7} {'SDK':>7} {'ratio':>6}")
    for row in rows:
        print(f"{row.message:34} {row.light_us:7.2f} {row.sdk_us:7.2f} {row.sdk_us / row.light_us:6.1f}")
    RESULTS.parent.mkdir(exist_ok=True)
    versions = {
        "python": platform.python_version(),
        "google-genai": google.genai.__version__,
        "msgspec": msgspec.__version__,
        "websockets": websockets.version.version,
    }
    RESULTS.write_text(json.dumps({"versions": versions, "rows": [asdict(row) for row in rows]}, indent=1) + "\n")


if __name__ == "__main__":
    main()
