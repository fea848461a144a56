"""The server: Google's two doors, its HTTP API and the control, on one port of loopback, over TLS."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from local.certificates import Certificates, certificates
from local.dialogues import Dialogue, all_dialogues
from local.speech_model.behaviour import Behaviour, Listening
from local.speech_model.connection import Connection
from local.speech_model.control import PREFIX, Control
from local.speech_model.doors import Door, HttpRefusal, Keys, live_door
from local.speech_model.faults import Fault, FaultBook, Kind, Moment, Where
from local.speech_model.listener import Recogniser
from local.speech_model.recogniser import available
from local.speech_model.record import SessionRecord
from local.speech_model.rest import refused, respond
from local.speech_model.stage import Stage
from local.speech_model.voice import Voice
from shared.clock import Clock, SystemClock

CLIPS = Path(__file__).parents[1] / "voices" / "clips"
OWN_CLIPS = Path(__file__).parent / "clips"
MOST_RECORDS = 5_000
FAULT_REASONS = {429: "Resource has been exhausted (e.g. check quota).", 503: "The service is currently unavailable."}


class SpeechModelServer:
    """A speech model on a port. ``async with SpeechModelServer() as server:`` and it answers on server.base_url."""

    def __init__(
        self,
        *,
        behaviour: Behaviour | None = None,
        dialogues: Mapping[str, Dialogue] | None = None,
        clips: Sequence[Path] = (CLIPS,),
        faults: Collection[Fault] = (),
        keys: Keys | None = None,
        tls: Certificates | None = None,
        port: int = 0,
        clock: Clock | None = None,
        recogniser: Recogniser | None = None,
    ) -> None:
        self.behaviour = behaviour or Behaviour()
        self._dialogues = all_dialogues() if dialogues is None else dialogues
        self._voice = Voice([*clips, OWN_CLIPS])
        self._keys = keys or Keys()
        self.tls = tls or certificates()
        self.port = port
        self._clock: Clock = clock or SystemClock()
        self.faults = FaultBook(faults)
        self.connections: dict[int, Connection] = {}
        self.asked: deque[str] = deque(maxlen=MOST_RECORDS)
        """Paths of requests to text models: on Vertex AI they name the region."""
        self._attempts = 0
        self._recogniser = recogniser
        """Given: shared with other servers, and theirs to close."""
        self._own_recogniser: Recogniser | None = None
        self._runner: web.AppRunner
        self._stage: Stage

    @property
    def base_url(self) -> str:
        """What GOOGLE_GEMINI_BASE_URL or GOOGLE_VERTEX_BASE_URL is set to."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def control_url(self) -> str:
        """Where faults go and records come from."""
        return f"{self.base_url}{PREFIX}"

    @property
    def listening(self) -> Listening:
        """How callers are understood, which is not always how it was wanted."""
        return Listening.SPEECH if self._ear is not None else Listening.ENERGY

    @property
    def synthesiser(self) -> str | None:
        """What speaks the lines that nobody has recorded."""
        return self._voice.synthesiser

    @property
    def records(self) -> list[SessionRecord]:
        """Of every session, oldest first."""
        return [connection.record for connection in self.connections.values()]

    @property
    def _ear(self) -> Recogniser | None:
        return self._recogniser or self._own_recogniser

    async def __aenter__(self) -> Self:
        if self.behaviour.listening is Listening.SPEECH and self._recogniser is None and available():
            self._own_recogniser = Recogniser()
            await self._own_recogniser.warm_up(self._dialogues.values())
        ear = self._ear if self.behaviour.listening is Listening.SPEECH else None
        self._stage = Stage(self._dialogues, self.behaviour, self._voice, ear, self._now, self.faults)
        app = web.Application()
        app.router.add_routes(Control(self.connections, self.faults).routes())
        app.router.add_route("*", "/{path:.*}", self._answer)
        app.on_shutdown.append(self._leave)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, ssl_context=self.tls.server_context())
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()
        if self._own_recogniser is not None:
            await asyncio.to_thread(self._own_recogniser.close)

    def plan(self, *faults: Fault) -> None:
        """Ask for faults."""
        self.faults.add(*faults)

    def _now(self) -> datetime:
        return self._clock.now()

    async def _leave(self, _: web.Application) -> None:
        for connection in list(self.connections.values()):
            if connection.record.closed is None:
                await connection.leave()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        door = live_door(request.path)
        if door is None:
            if request.method == "POST":
                self.asked.append(request.path)
            return await respond(request, self._keys, self._dialogues, self.faults)
        self._attempts += 1
        refusal = self._refusal(request, door, self._attempts)
        if refusal is not None:
            return refused(refusal)
        record = SessionRecord(self._attempts, door.platform.value, door.api_version, asyncio.get_running_loop().time())
        connection = Connection(request, door, self._stage, record)
        self.connections[record.number] = connection
        if len(self.connections) > MOST_RECORDS:
            self.connections.pop(next(iter(self.connections)))
        return await connection.serve(self._keys)

    def _refusal(self, request: web.Request, door: Door, number: int) -> HttpRefusal | None:
        fault = self.faults.take((Kind.REFUSE,), Where(Moment.CONNECT, number))
        if fault is not None:
            return HttpRefusal(fault.status, fault.reason or FAULT_REASONS.get(fault.status, "Request was refused."))
        return self._keys.check_upgrade(door.platform, request.headers)
