"""Calls in which something goes wrong on purpose: voice as the cloud serves it, as a process, between stand-ins."""

from __future__ import annotations

import asyncio
import io
import os
import secrets
import socket
import ssl
import sys
import wave
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import certifi
import httpx
import numpy as np

from bench.fault_rows import Row
from local.stand_in import stand_in

NUMBER = "+13105550100"
AUDIBLE_RMS = 150
WINDOW_MS = 20


@dataclass(frozen=True)
class Heard:
    """What became of one call."""

    ending: str
    steps: tuple[str, ...]
    silence_ms: int
    """The longest that the caller heard nothing after speaking, or after the stream began."""
    apologised: bool
    streams: int
    turns: list[dict[str, Any]]
    bookings: int = 0

    @property
    def answered(self) -> bool:
        """The question was understood, and the agent said the opening hours."""
        said = " ".join(str(turn["text"]) for turn in self.turns if turn["speaker"] == "agent")
        return "nine" in said


class Voice:
    """The voice function in processes of its own, as many as are asked for."""

    def __init__(self, http: httpx.AsyncClient, model: httpx.AsyncClient, port: int, env: dict[str, str]) -> None:
        self.http, self.model, self._port, self._env = http, model, port, env

    @asynccontextmanager
    async def instance(self) -> AsyncIterator[asyncio.subprocess.Process]:
        """One more; all listen on the same port, as behind the platform's front door."""
        command = ["-m", "gunicorn", "-b", f"127.0.0.1:{self._port}", "--reuse-port", "-w", "1", "--timeout", "0"]
        command += ["--graceful-timeout", "8", "--log-level", "warning", "-k", "functions.voice.worker.StreamWorker"]
        process = await asyncio.create_subprocess_exec(
            sys.executable, *command, "functions.voice.asgi:app", env={**os.environ, **self._env}
        )
        try:
            await self._up()
            yield process
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()

    async def _up(self) -> None:
        async with asyncio.timeout(30), httpx.AsyncClient() as http:
            while True:
                try:
                    if (await http.get(f"http://127.0.0.1:{self._port}/healthz")).status_code == 200:
                        return
                except httpx.TransportError:
                    await asyncio.sleep(0.1)

    async def dial(self, script: Sequence[Mapping[str, Any]]) -> str:
        """Somebody calls; the call's SID."""
        wish = {"from": "+919810000042", "to": NUMBER, "script": {"voice": "am_michael", "steps": list(script)}}
        answer = await self.http.post("/control/dial", json=wish)
        return str(answer.raise_for_status().json()["call_sid"])

    async def call(self, row: Row) -> Heard:
        """One call with this fault, from start to end."""
        await self.model.delete("/control/faults")
        await self.http.delete("/control/faults")
        if row.model:
            (await self.model.post("/control/faults", json=row.model)).raise_for_status()
        if row.network:
            (await self.http.post("/control/faults", json=row.network)).raise_for_status()
        return await self.heard(await self.dial(row.script))

    async def heard(self, call_sid: str) -> Heard:
        """The call once it is over."""
        answer = await self.http.get(f"/control/calls/{call_sid}/wait", params={"timeout_s": 90}, timeout=100)
        seen = answer.raise_for_status().json()
        wav = (await self.http.get(f"/control/calls/{call_sid}/recording.wav")).content
        call, turns, events, bookings = await self._record(call_sid)
        spoken = [event for event in seen["events"] if event["event"] == "twiml" and "Say" in event["verbs"]]
        return Heard(
            ending=str(call.get("ending")),
            steps=tuple(str(event["fields"]["step"]) for event in events if event["kind"] == "model_stuck"),
            silence_ms=longest_wait_ms(wav),
            apologised=bool(spoken),
            streams=int(str(call.get("streams"))),
            turns=turns,
            bookings=bookings,
        )

    async def _record(self, call_sid: str) -> tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]], int]:
        from shared.store import open_store

        store = open_store(self._env["STORE_URL"])
        try:
            for _ in range(50):
                document = await store.get(f"calls/{call_sid}")
                if document is not None and document.data.get("ending"):
                    break
                await asyncio.sleep(0.1)
            assert document is not None
            turns = await store.query(f"calls/{call_sid}/turns", limit=200)
            events = await store.query(f"calls/{call_sid}/events", limit=500)
            made = [one.data for one in (await store.query(f"calls/{call_sid}/tool_results")).documents]
            booked = sum(one["name"] == "book_appointment" and one["status"] == "ok" for one in made)
            kept = [one.data for one in turns.documents], [one.data for one in events.documents]
            return dict(document.data), *kept, booked
        finally:
            await store.close()


def longest_wait_ms(wav: bytes) -> int:
    """The longest stretch in which neither side makes a sound, except the last, in which the call is ended."""
    with wave.open(io.BytesIO(wav)) as file:
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float64).reshape(-1, 2)
        window = file.getframerate() * WINDOW_MS // 1000
    loud = np.zeros(len(sound) // window, dtype=bool)
    for side in (0, 1):
        rms = np.sqrt(np.mean(sound[: len(loud) * window, side].reshape(-1, window) ** 2, axis=1))
        loud |= rms > AUDIBLE_RMS
    edges = np.flatnonzero(loud)
    if not len(edges):
        return len(loud) * WINDOW_MS
    gaps = np.diff(np.concatenate(([-1], edges))) - 1
    return int(gaps.max()) * WINDOW_MS


@asynccontextmanager
async def voice(folder: Path) -> AsyncIterator[Voice]:
    """Stand-ins and everything that an instance of voice needs; no instance yet."""
    port = _free_port()
    account = {"TWILIO_ACCOUNT_SID": "AC" + secrets.token_hex(16), "TWILIO_AUTH_TOKEN": secrets.token_hex(16)}
    origin = f"http://127.0.0.1:{port}"
    async with AsyncExitStack() as stack:
        said = await stack.enter_async_context(stand_in("local.speech_model", ["--port", "0"]))
        asked = ["--port", "0", "--number", NUMBER, "--public-base-url", origin]
        network = await stack.enter_async_context(stand_in("local.telephone_network", asked, account))
        trusted = folder / "trusted.pem"
        bundles = (certifi.where(), said["ca_bundle"])
        trusted.write_text("\n".join(Path(one).read_text() for one in bundles))  # noqa: ASYNC240  # before any call
        env = {
            **account,
            "PORT": str(port),
            "PUBLIC_BASE_URL": origin,
            "STORE_URL": f"sqlite:///{folder}/parley.db",
            "RECORDINGS_URL": f"file://{folder}/recordings",
            "GEMINI_API_KEY": "local-speech-model",
            "GOOGLE_GEMINI_BASE_URL": f"https://127.0.0.1:{said['port']}",
            "SSL_CERT_FILE": str(trusted),
            "TWILIO_NUMBERS": NUMBER,
            "TWILIO_API_BASE_URL": f"http://127.0.0.1:{network['port']}",
        }
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=network["base_url"], timeout=30))
        base = f"https://127.0.0.1:{said['port']}"
        model = await stack.enter_async_context(
            httpx.AsyncClient(base_url=base, verify=ssl.create_default_context(cafile=trusted))
        )
        yield Voice(http, model, port, env)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
