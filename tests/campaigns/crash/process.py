"""``python -m tests.campaigns.crash.process dispatcher|webhooks {json}``: the real program, which may be killed."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from datetime import datetime
from typing import Any

import uvicorn

from functions.campaigns.beat import beat
from functions.campaigns.services import AccountLimits, CampaignServices
from functions.tools.builtin import BUILTIN
from functions.voice.app import make_app
from functions.voice.services import VoiceServices
from functions.voice.speech.model import SpeechModel
from functions.voice.stream_token import StreamTokens
from functions.voice.webhooks import Signatures
from shared.domain.agent import Agent
from shared.logs import start_logs
from shared.store import open_store
from shared.store.agents import AgentBook, shipped_agents
from shared.store.attempts import Attempts
from shared.store.journal import Journal
from shared.store.settlement import Settlement
from shared.store.store import Store
from shared.telephony import open_carrier
from tests.campaigns.crash.fast_clock import FastClock
from tests.campaigns.crash.mortal import Death, MortalCarrier, MortalStore

NUMBER = "+13105550100"


def _clock(told: dict[str, Any]) -> FastClock:
    return FastClock(datetime.fromisoformat(told["shows"]), told["since_s"], told["speed"])


async def dispatcher(told: dict[str, Any]) -> None:
    """Beats, until the time given is over or death comes."""
    clock, death = _clock(told), Death(told["die_at"], told["die_when"])
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
    clock, store = _clock(told), open_store(told["store"])
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
    await uvicorn.Server(uvicorn.Config(make_app(services), port=port, log_level="error")).serve()


if __name__ == "__main__":
    start_logs(level="WARNING", project=None, as_json=False)
    asyncio.run({"dispatcher": dispatcher, "webhooks": webhooks}[sys.argv[1]](json.loads(sys.argv[2])))
