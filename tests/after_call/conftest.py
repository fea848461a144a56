"""What follows calls, over each store, with the real SDK on the local text model and receivers on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from pydantic import SecretStr

from functions.after_call.analyst import Analyst
from functions.after_call.beat import AfterCallBeat, after_call_beat
from functions.after_call.sender import Sender
from functions.after_call.services import AfterCallServices
from local.certificates import certificates
from local.speech_model.behaviour import Behaviour, Listening
from local.speech_model.server import SpeechModelServer
from shared.domain.agent import Agent
from shared.domain.analysis import CRASHED, SETTLES, AnalysisJob, analysis_path
from shared.domain.announcement import EventType, Webhook, webhook_path
from shared.domain.call import Speaker, ToolResult, Turn, call_path, tool_result_path, turn_path
from shared.domain.model_catalogue import Platform
from shared.domain.webhook_signing import SigningKeys
from shared.genai import Place, text_client
from shared.settings import Settings
from shared.store.agents import AgentBook, shipped_agents
from shared.store.store import Merge, Put, Store, Write
from tests.manual_clock import ManualClock

CALL = "CA" + "1" * 32
MODELS = ("gemini-3.6-flash",)
SAID: Sequence[tuple[Speaker, str, str]] = (
    (Speaker.AGENT, "en-IN", "Hello! This is Tara, the automated assistant at Asha Clinic."),
    (Speaker.CALLER, "hi-IN", "नमस्ते, मुझे appointment book करना है, please."),
    (Speaker.AGENT, "hi-IN", "आपकी appointment पक्की हो गई है।"),
    (Speaker.CALLER, "en-IN", "Thank you, great! Bye."),
)


class Receiver:
    """Somebody's system that is told of things."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], str]] = []
        self.answers: list[int] = []
        """What it answers, in order; 204 when there is nothing more."""
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        """A webhook."""
        self.got.append((dict(request.headers), await request.text()))
        status = self.answers.pop(0) if self.answers else 204
        headers = {"location": "https://example.com/elsewhere"} if status == 302 else {}
        return web.Response(status=status, headers=headers)


@dataclass
class Office:
    """The work after calls, and the store it is done on."""

    services: AfterCallServices
    clock: ManualClock
    model: SpeechModelServer
    receiver: Receiver
    client_at: Callable[[Place], Any]
    agents: dict[str, Agent] = field(default_factory=dict)

    def with_models(self, *models: str) -> None:
        """These text models, in this order."""
        self.services = replace(self.services, analyst=Analyst(place_of_tests, self.client_at, models))

    @property
    def store(self) -> Store:
        """Where everything is."""
        return self.services.store

    async def beat(self) -> AfterCallBeat:
        """One beat of the scheduler."""
        return await after_call_beat(self.services)

    async def later(self, **parts: float) -> AfterCallBeat:
        """One beat, so much later."""
        self.clock.advance(**parts)
        return await self.beat()

    async def a_call(
        self, call_sid: str = CALL, *, said: Sequence[tuple[Speaker, str, str]] = SAID, ended: bool = True, **more: Any
    ) -> None:
        """A call as the voice function leaves it; `ended`: not in the middle, by a crash."""
        now = self.clock.now()
        writes: list[Write] = [
            Put(
                turn_path(call_sid, seq), Turn(seq, speaker, text, language, seq * 1000, seq * 1000 + 900).to_document()
            )
            for seq, (speaker, language, text) in enumerate(said, 1)
        ]
        booked = ToolResult("t1", "book_appointment", {}, "ok", {"status": "ok"}, 12, now, f"{call_sid}:t1")
        writes.append(Put(tool_result_path(call_sid, "t1"), booked.to_document()))
        call = {
            "call_sid": call_sid,
            "direction": "inbound",
            "from": "+919876543210",
            "to": "+13105550100",
            "agent_id": "reception",
            "agent_version": 1,
            "state": "completed" if ended else "in_progress",
            "started_at": now - timedelta(minutes=2),
            **more,
        }
        writes.append(Merge(call_path(call_sid), call))
        due = now + (SETTLES if ended else timedelta(minutes=15) + CRASHED)
        job = AnalysisJob(call_sid=call_sid, agent_id=str(call["agent_id"]), due_at=due)
        writes.append(Merge(analysis_path(call_sid), job.to_document()))
        await self.store.batch(writes)

    async def a_webhook(self, id_: str = "hook", *events: EventType) -> Webhook:
        """Somebody who wants to know."""
        webhook = Webhook(id=id_, url=self.receiver.url, events=events, created_at=self.clock.now())
        await self.store.create(webhook_path(id_), webhook.to_document())
        return webhook

    async def read(self, path: str) -> dict[str, Any]:
        """A document's fields."""
        document = await self.store.get(path)
        assert document is not None
        return dict(document.data)

    async def all(self, collection: str) -> list[dict[str, Any]]:
        """All documents of a collection."""
        return [dict(one.data) for one in (await self.store.query(collection)).documents]


@pytest.fixture(scope="session")
def tls_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One authority for all tests."""
    return tmp_path_factory.mktemp("text-model")


@pytest_asyncio.fixture
async def office(store: Store, tls_folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    """The office, on every store in turn."""
    async with _office(store, tls_folder, monkeypatch) as made:
        yield made


@pytest_asyncio.fixture
async def laptop(sqlite_store: Store, tls_folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    """The office on a laptop, for what no database changes."""
    async with _office(sqlite_store, tls_folder, monkeypatch) as made:
        yield made


@asynccontextmanager
async def _office(store: Store, tls_folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    tls = certificates(tls_folder)
    monkeypatch.setenv("SSL_CERT_FILE", str(tls.ca_bundle))
    receiver, clock = Receiver(), ManualClock()
    app = web.Application()
    app.router.add_post("/hook", receiver.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    quiet = Behaviour(listening=Listening.ENERGY)
    async with SpeechModelServer(behaviour=quiet, dialogues={}, clips=(), tls=tls, clock=clock) as model:
        settings = Settings(
            gemini_api_key=SecretStr("a key"),
            google_gemini_base_url=model.base_url,
            google_vertex_base_url=model.base_url,
            google_cloud_project="clinic",
        )
        clients: dict[Place, Any] = {}

        def client_at(place: Place) -> Any:
            return clients.setdefault(place, text_client(place, settings))

        agents = dict(shipped_agents())
        services = AfterCallServices(
            store=store,
            clock=clock,
            agents=AgentBook(store, agents),
            analyst=Analyst(place_of_tests, client_at, MODELS),
            sender=Sender(loopback_allowed=True),
            keys=SigningKeys(b"a key for tests"),
        )
        yield Office(services, clock, model, receiver, client_at, agents)
        await services.sender.close()
        for client in clients.values():
            await client.aio.aclose()
    await runner.cleanup()


def place_of_tests(agent: Agent) -> Place:
    """Vertex AI where the agent names a region."""
    region = agent.model.region
    return (Platform.DEVELOPER, None) if region is None else (Platform.VERTEX, region)
