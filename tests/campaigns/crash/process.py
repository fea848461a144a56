"""``python -m tests.campaigns.crash.process dispatcher|webhooks {json}``: the real program, which may be killed."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from functions.campaigns.beat import beat
from functions.campaigns.services import AccountLimits, CampaignServices
from functions.tools.builtin import BUILTIN
from functions.voice.app import make_app
from functions.voice.services import VoiceServices
from functions.voice.speech.model import SpeechModel
from functions.voice.stream_token import StreamTokens
from functions.voice.webhooks import Signatures
from shared.domain.agent import Agent
from shared.domain.call import call_path
from shared.logs import start_logs
from shared.store import open_store
from shared.store.agents import AgentBook, shipped_agents
from shared.store.attempts import Attempts
from shared.store.journal import Journal
from shared.store.settlement import Settlement
from shared.store.store import Merge, Store
from shared.telephony import open_carrier
from tests.campaigns.crash.fast_clock import FastClock
from tests.campaigns.crash.mortal import Death, MortalCarrier, MortalStore

NUMBER = "+13105550100"


def clock_of(told: dict[str, Any]) -> FastClock:
    """The network's, in every process of an ordeal."""
    return FastClock(datetime.fromisoformat(told["shows"]), told["since_s"], told["speed"])


async def dispatcher(told: dict[str, Any]) -> None:
    """Beats, until the time given is over or death comes."""
    clock, death = clock_of(told), Death(told["die_at"], told["die_when"])
    store: Store = MortalStore(open_store(told["store"]), death)
    carrier = MortalCarrier(open_carrier(told["account"], told["token"], told["network"]), death)
    services = CampaignServices(
        store=store,
        clock=clock,
        carrier=carrier,
        attempts=Attempts(store, clock),
        settlement=Settlement(store, clock),
        numbers=(NUMBER,),
        public_base_url=told["public"],
        limits=AccountLimits(calls_per_second=told["calls_per_second"], concurrent_calls=5000, model_sessions=10_000),
        beat_s=told["beat_s"],
    )
    until_s = time.monotonic() + told["for_s"]
    while time.monotonic() < until_s:
        await beat(services)
        await asyncio.sleep(0.1)
    await carrier.close()
    await store.close()


def _no_model(_: Agent) -> SpeechModel:
    raise AssertionError("nobody talks in these calls")


async def webhooks(told: dict[str, Any]) -> None:
    """The voice function, for callbacks; it stays alive."""
    clock, store = clock_of(told), open_store(told["store"])
    services = VoiceServices(
        public_base_url=told["public"],
        account_sid=told["account"],
        signatures=Signatures(told["token"], told["public"]),
        tokens=StreamTokens(told["token"], store, clock),
        store=store,
        journal=Journal(store),
        clock=clock,
        agents=AgentBook(store, shipped_agents()),
        tools=BUILTIN,
        speech_for=_no_model,
        attempts=Attempts(store, clock),
        settlement=Settlement(store, clock),
        number_hash=lambda number: number,
    )
    port = int(told["public"].rpartition(":")[2])
    app = Spoken(make_app(services), store, clock)
    await uvicorn.Server(uvicorn.Config(app, port=port, log_level="error")).serve()


class Spoken:
    """In place of a stream: the records of calls that were answered say that the agent was heard at once."""

    def __init__(self, app: ASGIApp, store: Store, clock: FastClock) -> None:
        self._app, self._store, self._clock = app, store, clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The application, and then the record."""
        body = b""

        async def listened() -> Message:
            nonlocal body
            message = await receive()
            body += message.get("body", b"")
            return message

        await self._app(scope, listened, send)
        if scope["type"] == "http" and scope["path"].startswith("/voice/outbound/"):
            sid = parse_qs(body.decode())["CallSid"][0]
            await self._store.batch([Merge(call_path(sid), {"agent_heard_at": self._clock.now()})])


if __name__ == "__main__":
    start_logs(level="WARNING", project=None, as_json=False)
    asyncio.run({"dispatcher": dispatcher, "webhooks": webhooks}[sys.argv[1]](json.loads(sys.argv[2])))
