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
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import certifi
import httpx
import numpy as np

from functions.voice.watchdog import BEYOND_MS, PATIENCE_MS, USUAL_MS, Step
from local.stand_in import stand_in

NUMBER = "+13105550100"
FIRST_MS = USUAL_MS[None] + BEYOND_MS
NUDGED_MS = FIRST_MS + 1_500
"""The deadline, and the model's own way from a text to a sound."""
RESUMED_MS = FIRST_MS + PATIENCE_MS[Step.NUDGE] + 3_000
"""With closing a socket that does not answer, opening the next, and what is said again."""
AUDIBLE_RMS = 150
WINDOW_MS = 20
ASKS: list[dict[str, Any]] = [
    {"wait": "agent_done"},
    {"say": "hours_question_en"},
    {"wait": "agent_speaks", "after_s": 25},
    {"wait": "agent_done", "after_s": 25},
    {"wait": 0.5},
    {"hang_up": True},
]
STAYS: list[dict[str, Any]] = [{"wait": "agent_done"}, {"say": "hours_question_en"}, {"wait": 14.0}, {"hang_up": True}]
OVERTAKES: list[dict[str, Any]] = [
    {"wait": "agent_done"},
    {"say": "price_question_en"},
    {"interrupt": {"after_ms": 1500, "say": "hours_question_en"}},
    {"wait": "agent_speaks", "after_s": 25},
    {"wait": "agent_done", "after_s": 25},
    {"hang_up": True},
]
BOOKS: list[dict[str, Any]] = [
    {"wait": "agent_done"},
    {"say": "want_appointment_en"},
    {"wait": "agent_done", "after_s": 25},
    {"say": "name_john_en"},
    {"wait": "agent_done", "after_s": 25},
    {"say": "tomorrow_five_en"},
    {"wait": "agent_done", "after_s": 25},
    {"say": "yes_please_en"},
    {"wait": "agent_speaks", "after_s": 25},
    {"wait": "agent_done", "after_s": 25},
    {"wait": 9.0},
    {"hang_up": True},
]


@dataclass(frozen=True)
class Row:
    """One fault and what has to come of it."""

    name: str
    model: dict[str, Any] = field(default_factory=dict)
    network: dict[str, Any] = field(default_factory=dict)
    deadline_ms: int = FIRST_MS
    """The caller never hears nothing for longer, once they or the stream have begun to wait."""
    steps: tuple[str, ...] = ()
    ending: str = "caller_hung_up"
    script: Sequence[dict[str, Any]] = tuple(ASKS)
    bookings: int | None = None
    """So many appointments are made, whatever becomes of the calls of the tool."""


TWICE = ("nudge", "resume")
ROWS = [
    Row("no fault"),
    Row("frozen before the greeting", {"kind": "freeze", "at": "text"}, deadline_ms=RESUMED_MS, steps=TWICE),
    Row(
        "frozen until nudged",
        {"kind": "freeze", "at": "caller_turn", "lasts": "text"},
        deadline_ms=NUDGED_MS,
        steps=("nudge",),
    ),
    Row("frozen at the caller's turn", {"kind": "freeze", "at": "caller_turn"}, deadline_ms=RESUMED_MS, steps=TWICE),
    Row(
        "frozen in mid-answer",
        {"kind": "freeze", "at": "mid_answer", "session": None},
        deadline_ms=RESUMED_MS,
        steps=TWICE,
    ),
    Row(
        "frozen after an interruption",
        {"kind": "freeze", "at": "interrupt"},
        deadline_ms=RESUMED_MS,
        steps=TWICE,
        script=tuple(OVERTAKES),
    ),
    Row("empty turn", {"kind": "empty_turn", "at": "caller_turn"}, deadline_ms=NUDGED_MS, steps=("nudge",)),
    Row("answer rejected", {"kind": "rejected", "at": "caller_turn"}, deadline_ms=NUDGED_MS, steps=("nudge",)),
    Row(
        "near-silence",
        {"kind": "near_silent", "at": "caller_turn"},
        deadline_ms=NUDGED_MS,
        steps=("nudge",),
        script=tuple(STAYS),
    ),
    Row(
        "14 s of a tone",
        {"kind": "tone", "at": "caller_turn"},
        deadline_ms=NUDGED_MS,
        steps=("nudge",),
        script=tuple(STAYS),
    ),
    Row("connection lost (1006)", {"kind": "drop", "at": "caller_turn"}),
    Row("connection lost in mid-answer", {"kind": "drop", "at": "mid_answer"}),
    Row(
        "closed with 1011",
        {"kind": "close", "at": "caller_turn", "code": 1011, "reason": "Internal error encountered."},
    ),
    Row(
        "closed with 1008, aborted",
        {"kind": "close", "at": "caller_turn", "code": 1008, "reason": "The operation was aborted."},
    ),
    Row(
        "closed with 1007",
        {"kind": "close", "at": "caller_turn", "code": 1007, "reason": "Request contains an invalid argument."},
        ending="speech_model_failed",
    ),
    Row(
        "closed with 1008, not found",
        {"kind": "close", "at": "caller_turn", "code": 1008, "reason": "model not found"},
        ending="speech_model_failed",
    ),
    Row("goAway", {"kind": "go_away", "at": "text", "time_left_ms": 9000}),
    Row(
        "goAway, then silence",
        {"kind": "go_away", "at": "caller_turn", "time_left_ms": 5000, "silent": True},
        deadline_ms=RESUMED_MS,
    ),
    Row(
        "frozen after a tool's result",
        {"kind": "freeze", "at": "tool_result"},
        deadline_ms=RESUMED_MS,
        steps=TWICE,
        script=tuple(BOOKS),
        bookings=1,
    ),
    Row(
        "tool called twice",
        {"kind": "duplicate_tool", "at": "tool_call"},
        deadline_ms=NUDGED_MS,
        script=tuple(BOOKS),
        bookings=1,
    ),
    Row(
        "tool called in mid-sentence",
        {"kind": "mid_sentence_tool", "at": "tool_call"},
        deadline_ms=NUDGED_MS,
        script=tuple(BOOKS),
        bookings=1,
    ),
    Row("unknown message", {"kind": "unknown_message", "at": "caller_turn"}),
    Row("a frame that is no JSON", {"kind": "garbage", "at": "caller_turn"}),
    Row("a chunk of two bytes", {"kind": "two_byte_chunk", "at": "caller_turn"}),
    Row("refused handshake (503)", {"kind": "refuse", "status": 503, "times": 1}),
    Row("stream dropped", network={"kind": "socket_dropped", "seconds": 9.0, "times": 1}),
    Row("marks 800 ms late", network={"kind": "marks_late", "ms": 800}),
    Row("marks lost", network={"kind": "marks_lost"}),
]


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
