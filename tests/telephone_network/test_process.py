"""The network as a process of its own, and under the load of a campaign."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from pathlib import Path

import aiohttp
import pytest

from local.telephone_network import NetworkSettings, RunningTime, telephone_network
from local.telephone_network.__main__ import read_arguments, read_settings
from shared.clock import SystemClock
from shared.domain.call_status import CallStatus
from shared.telephony import open_carrier
from shared.telephony.carrier import CallRequest
from tests.telephone_network.answering_app import AUTH_TOKEN, AnsweringApp
from tests.telephone_network.conftest import ACCOUNT_SID, HELLO, OUR_NUMBER

pytestmark = [pytest.mark.portable]

ACCOUNT = {"TWILIO_ACCOUNT_SID": ACCOUNT_SID, "TWILIO_AUTH_TOKEN": AUTH_TOKEN}


async def test_it_says_where_it_is_serves_and_stops_when_told(app: AnsweringApp, tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / "hello_en_ann.ulaw").write_bytes(HELLO)
    (tmp_path / "callees.yaml").write_text('"+91*": {reaction: busy}\n')
    arguments = ["--port", "0", "--number", OUR_NUMBER, "--public-base-url", app.base_url]
    arguments += ["--clips", str(tmp_path / "clips"), "--recordings", str(tmp_path / "recordings")]
    arguments += ["--callees", str(tmp_path / "callees.yaml"), "--speed", "10", "--clock", "2026-11-23T10:00:00+05:30"]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "local.telephone_network",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | ACCOUNT,
    )
    assert process.stdout is not None
    try:
        ready = json.loads(await process.stdout.readline())
        assert ready["numbers"] == [OUR_NUMBER]
        assert ready["account_sid"] == ACCOUNT_SID
        async with aiohttp.ClientSession(ready["base_url"]) as control:
            app.twiml["/voice/inbound"] = app.stream_twiml()
            script = {"voice": "ann", "steps": [{"wait": 1}, {"say": "hello_en"}, {"hang_up": True}]}
            async with control.post("/control/dial", json={"to": OUR_NUMBER, "script": script}) as dialled:
                sid = (await dialled.json())["call_sid"]
            async with control.get(f"/control/calls/{sid}/wait") as done:
                assert (await done.json())["status"] == "completed"
            async with control.get("/control/time") as time:
                assert (await time.json())["now"].startswith("2026-11-23T04:3")
        assert HELLO in bytes(app.streams[0].caller)
        written = json.loads((tmp_path / "recordings" / f"{sid}.json").read_text())
        assert written["call_sid"] == sid
        assert (tmp_path / "recordings" / f"{sid}.wav").stat().st_size > 32_000
    finally:
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0


def test_an_account_is_needed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        read_arguments([])
    assert "account" in capsys.readouterr().err


def test_routes_follow_from_the_public_address() -> None:
    arguments = ["--account-sid", "AC1", "--auth-token", "t", "--public-base-url", "https://parley.example/"]
    arguments += ["--route", "https://parley.example=http://127.0.0.1:8080"]
    settings = read_settings(read_arguments(arguments))
    assert settings.voice_url == "https://parley.example/voice/inbound"
    assert settings.status_url == "https://parley.example/voice/status"
    assert settings.routes == {"https://parley.example": "http://127.0.0.1:8080"}


async def test_a_campaign_of_hundreds_at_thirty_calls_a_second(app: AnsweringApp) -> None:
    def request(number: str) -> CallRequest:
        return CallRequest(number, OUR_NUMBER, f"{app.base_url}/outbound", f"{app.base_url}/status")

    def finals() -> Counter[str]:
        return Counter(status for status in app.said_about("CallStatus") if CallStatus(status).is_final)

    settings = NetworkSettings(
        ACCOUNT_SID, AUTH_TOKEN, (OUR_NUMBER,), calls_per_second=30, time=RunningTime(SystemClock(), speed=60)
    )
    contacts = 300
    async with telephone_network(settings) as network:
        network.answer_as(
            {"*0": {"reaction": "busy"}, "*1": {"reaction": "no_answer"}, "*": {"after_s": 6, "talk_s": 30}}
        )
        carrier = open_carrier(ACCOUNT_SID, AUTH_TOKEN, network.base_url)
        for begin in range(0, contacts, 20):
            numbers = [f"+9198000{n:05}" for n in range(begin, begin + 20)]
            await asyncio.gather(*(carrier.place_call(request(number)) for number in numbers))
        await asyncio.gather(*(call.over.wait() for call in network.exchange.calls.values()))
        await app.until(lambda: finals().total() == contacts)
        await carrier.close()
    assert network.exchange.breakdowns == []
    rung = [ring["number"] for ring in network.exchange.rings]
    assert len(rung) == len(set(rung)) == contacts * 9 // 10
    assert finals() == {"busy": 30, "no-answer": 30, "completed": 240}
    assert all(webhook.signed for webhook in app.received)
