"""Voice behind a real port, called by the local telephone network: real webhooks, signatures, TwiML and sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import uvicorn

from functions.voice.app import make_app
from functions.voice.stream_token import StreamTokens
from functions.voice.webhooks import Signatures
from local.telephone_network import ClipShelf, NetworkSettings, TelephoneNetwork, telephone_network
from local.telephone_network.calls.call import Call
from local.telephone_network.server import QuietServer, bind
from local.telephone_network.sound import tones
from shared.domain.agent import Agent
from tests.voice.phone import ACCOUNT, TOKEN
from tests.voice.scripted_model import ScriptedSession
from tests.voice.test_calls import TARA, House, house

OURS, CALLER, DESK = "+13105550100", "+14155550123", "+14155550177"
CLIPS = ClipShelf.of({"hello_en_ann": tones.murmur(1000)}, {"hello_en": "Hello there"})
LISTEN: list[dict[str, Any]] = [{"wait": "hang_up", "after_s": 120}]


@dataclass
class World:
    """A house, and the telephones around it."""

    home: House
    network: TelephoneNetwork

    def dial(self, steps: Sequence[object] = LISTEN) -> Call:
        """Somebody calls us."""
        return self.network.dial(CALLER, OURS, steps)

    def call_to(self, number: str) -> Call:
        """The last call that rang there."""
        return [call for call in self.network.exchange.calls.values() if call.to == number][-1]

    def record(self, call: Call) -> dict[str, Any]:
        """What our store has of a call."""
        return self.home.store.documents[f"calls/{call.sid}"][0]

    async def session(self, number: int = 1) -> ScriptedSession:
        """The n-th session of the model, told what to say first."""
        session = await self.home.model.session(number)
        await session.is_told()
        return session


@asynccontextmanager
async def world(agent: Agent = TARA) -> AsyncIterator[World]:
    """Everything, on a clock that jumps."""
    async with house(agent) as home:
        listener = bind(0)
        origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
        services = replace(
            home.services,
            public_base_url=origin,
            signatures=Signatures(TOKEN, origin),
            tokens=StreamTokens(TOKEN, home.store, home.services.clock),
        )
        app = make_app(services)
        config = uvicorn.Config(
            app, log_config=None, access_log=False, lifespan="off", ws_ping_interval=None, timeout_keep_alive=75
        )
        server = QuietServer(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        await server.ready.wait()
        settings = NetworkSettings(
            account_sid=ACCOUNT,
            auth_token=TOKEN,
            numbers=(OURS,),
            voice_url=f"{origin}/voice/inbound",
            status_url=f"{origin}/voice/status",
            clips=CLIPS,
        )
        async with telephone_network(settings) as network:
            yield World(replace(home, services=services), network)
            broken = network.exchange.breakdowns
        server.should_exit = server.force_exit = True
        await serving
        listener.close()
        assert broken == []
