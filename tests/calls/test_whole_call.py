"""A phone call through real sockets: local telephone network, Parley, local speech model, each on its real wire format.

What the demonstration shows at length, in the shortest call there is; and the ways in which a call can be refused.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from local import free_port
from local.demo.phone_network import PhoneNetwork
from local.serve import LOCAL_NUMBER, served, stand_ins
from shared.settings import read_settings

pytestmark = [pytest.mark.slow, pytest.mark.portable, pytest.mark.timeout(120)]

ASKS_AND_HANGS_UP = {
    "voice": "am_michael",
    "steps": [
        {"wait": "agent_done"},
        {"say": "hours_question_en"},
        {"wait": "agent_speaks"},
        {"wait": 1.0},
        {"hang_up": True},
    ],
}


@dataclass
class Laptop:
    """Everything on one machine."""

    network: PhoneNetwork
    http: httpx.AsyncClient
    speech_model: str

    async def call(self, script: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """One call from start to end: what the network saw, and the record."""
        call_sid = await self.network.dial("+919810000042", LOCAL_NUMBER, script)
        seen = await self.network.over(call_sid)
        for _ in range(50):
            call = (await self.http.get(f"/api/calls/{call_sid}")).json()
            if call.get("ending"):
                break
            await asyncio.sleep(0.1)  # the network is done with a call before its record is
        return seen, call


@asynccontextmanager
async def laptop(folder: Path, store_url: str | None = None) -> AsyncIterator[Laptop]:
    """All of it in this process; records in the folder unless another store is named."""
    os.environ.update(PORT=str(free_port()), STORE_URL=store_url or f"sqlite:///{folder}/parley.db")
    os.environ["RECORDINGS_URL"] = f"file://{folder}/recordings"
    async with stand_ins(read_settings()) as around:
        settings = read_settings()
        assert around.telephone_network is not None
        assert around.speech_model is not None
        network = PhoneNetwork(around.telephone_network)
        async with (
            served(settings),
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{settings.port}", timeout=10) as http,
        ):
            yield Laptop(network, http, around.speech_model)
            await network.close()


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Laptop]:
    async with laptop(tmp_path) as home:
        yield home


async def test_caller_is_greeted_understood_answered_and_hangs_up_mid_word(home: Laptop) -> None:
    seen, call = await home.call(ASKS_AND_HANGS_UP)
    assert call["ending"] == "caller_hung_up"
    assert call["state"] == "completed"
    speakers = [turn["speaker"] for turn in call["turns"]]
    assert speakers == ["agent", "caller", "agent"]
    greeting, question, answer = call["turns"]
    assert greeting["text"].startswith("Hello! This is Tara")
    assert not greeting["cut_off"]
    assert question["text"] == "What are your opening hours?"
    assert answer["cut_off"]
    assert 0 < answer["heard_ms"] < answer["audio_ms"]
    assert all(not stream["warnings"] for stream in seen["streams"])


async def test_speech_model_that_refuses_leads_to_a_spoken_apology(home: Laptop) -> None:
    async with httpx.AsyncClient() as http:  # trusts what SSL_CERT_FILE names
        # A key that is refused is refused for every session, also for one that is prepared and then not used.
        fault = {"kind": "refuse", "status": 401, "times": 20}
        told = await http.post(f"{home.speech_model}/control/faults", json=fault)
        assert told.status_code < 300, told.text
    seen, call = await home.call({"voice": "am_michael", "steps": [{"wait": "hang_up"}]})
    assert (call["state"], call["ending"]) == ("failed", "speech_model_unavailable")
    spoken = [event for event in seen["events"] if event["event"] == "twiml" and "Say" in event["verbs"]]
    assert spoken
