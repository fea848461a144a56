"""Running the network over HTTP, as the demo and the crash tests do."""

from __future__ import annotations

import asyncio
import io
import wave
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from local.telephone_network import NetworkSettings, SteppedTime, TelephoneNetwork, telephone_network
from tests.manual_clock import MONDAY_MORNING, ManualClock
from tests.telephone_network.answering_app import AUTH_TOKEN, AnsweringApp
from tests.telephone_network.conftest import ACCOUNT_SID, CALLER, HELLO, OUR_NUMBER

pytestmark = [pytest.mark.portable]

virtual = pytest.mark.virtual_time


@pytest_asyncio.fixture
async def control(network: TelephoneNetwork) -> AsyncIterator[aiohttp.ClientSession]:
    """Whoever runs the network."""
    async with aiohttp.ClientSession(network.base_url) as session:
        yield session


async def post(control: aiohttp.ClientSession, path: str, body: Any, status: int = 200) -> Any:
    async with control.post(path, json=body) as answer:
        assert answer.status == status, await answer.text()
        return await answer.json()


async def get(control: aiohttp.ClientSession, path: str, status: int = 200) -> Any:
    async with control.get(path) as answer:
        assert answer.status == status
        return await answer.json()


@virtual
async def test_a_call_is_dialled_watched_and_listened_to(
    control: aiohttp.ClientSession, app: AnsweringApp, tmp_path: Path
) -> None:
    (tmp_path / "hello_en_ann.ulaw").write_bytes(HELLO)
    app.twiml["/voice"] = app.stream_twiml()
    script = {"voice": "ann", "steps": [{"wait": 1}, {"say": "hello_en"}, {"wait": 2}, {"hang_up": True}]}
    dialled = await post(
        control,
        "/control/dial",
        {"from": CALLER, "to": OUR_NUMBER, "script": script, "clips_dir": str(tmp_path)},
        201,
    )
    path = f"/control/calls/{dialled['call_sid']}"
    await asyncio.sleep(1.5)
    assert (await get(control, path))["status"] == "in-progress"
    assert (await get(control, f"{path}/wait?timeout_s=1", 202))["status"] == "in-progress"
    so_far = await get(control, path)
    done = await get(control, f"{path}/wait?timeout_s=60")
    assert done["status"] == "completed"
    news = await get(control, f"{path}?since={so_far['next']}")
    assert so_far["events"] + news["events"] == done["events"]
    assert done["person"] == {"steps": 4, "done": 4, "gave_up": False}
    assert done["hung_up_by"] == "person"
    assert [event["event"] for event in done["events"]].count("says") == 1
    assert done["streams"][0]["frames_sent"] == pytest.approx(200, abs=2)
    async with control.get(f"{path}/recording.wav") as recording, asyncio.timeout(5):
        with wave.open(io.BytesIO(await recording.read())) as wav:
            assert wav.getnframes() / 8000 == pytest.approx(4, abs=0.1)
    log = await get(control, "/control/log")
    assert [ring["number"] for ring in log["rings"]] == [OUR_NUMBER]
    assert [call["call_sid"] for call in (await get(control, "/control/calls"))["calls"]] == [dialled["call_sid"]]
    assert (await get(control, f"/control/calls?number=%2B{CALLER[1:]}"))["calls"]


@virtual
async def test_a_script_may_stand_in_the_request_itself(control: aiohttp.ClientSession, app: AnsweringApp) -> None:
    app.twiml["/voice"] = "<Response><Pause length='9'/></Response>"
    dialled = await post(
        control, "/control/dial", {"to": OUR_NUMBER, "steps": [{"wait": 1}, {"hang_up": True}], "stays_s": 5}, 201
    )
    done = await get(control, f"/control/calls/{dialled['call_sid']}/wait")
    assert done["duration_s"] == 1


@virtual
async def test_a_call_can_be_hung_up_from_outside(control: aiohttp.ClientSession, app: AnsweringApp) -> None:
    app.twiml["/voice"] = app.stream_twiml()
    dialled = await post(control, "/control/dial", {"to": OUR_NUMBER}, 201)
    await asyncio.sleep(1)
    await post(control, f"/control/calls/{dialled['call_sid']}/hang-up", {})
    done = await get(control, f"/control/calls/{dialled['call_sid']}/wait")
    assert (done["status"], done["hung_up_by"]) == ("completed", "person")


@virtual
async def test_faults_callees_and_numbers_are_set(
    control: aiohttp.ClientSession, network: TelephoneNetwork, app: AnsweringApp
) -> None:
    faults = [{"kind": "marks_lost"}, {"kind": "hold", "seconds": 3, "number": "+91*"}]
    assert (await post(control, "/control/faults", {"faults": faults}))["faults"][0] == {"kind": "marks_lost"}
    assert len((await post(control, "/control/faults", {"kind": "jitter", "ms": 50}))["faults"]) == 3
    async with control.delete("/control/faults") as cleared:
        assert (await cleared.json())["faults"] == []
    assert await post(control, "/control/callees", {"+91*": [{"reaction": "busy"}, {"talk_s": 5}]}) == {"callees": 1}
    assert network.exchange.callees.look("+919876543210").reaction == "busy"
    async with control.delete("/control/callees"):
        assert network.exchange.callees.look("+919876543210").reaction == "answers"
    await post(control, "/control/numbers", {"number": "+13105550111", "voice_url": f"{app.base_url}/second"})
    await post(control, "/control/dial", {"to": "+13105550111"}, 201)
    await asyncio.sleep(1)
    assert len(app.to("/second")) == 1
    state = await get(control, "/control")
    assert state["numbers"] == [OUR_NUMBER, "+13105550111"]
    assert state["breakdowns"] == []


@virtual
@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/control/dial", {"to": "+19995550000"}, 404),
        ("/control/dial", {}, 404),
        ("/control/dial", [], 400),
        ("/control/dial", {"to": OUR_NUMBER, "steps": [{"say": "nothing"}]}, 400),
        ("/control/dial", {"to": OUR_NUMBER, "clips_dir": "/nowhere"}, 400),
        ("/control/dial", {"to": OUR_NUMBER, "volume": 11}, 400),
        ("/control/faults", {"kind": "earthquake"}, 400),
        ("/control/callees", {"+91": {"reaction": "sings"}}, 400),
        ("/control/callees", {"+91": {"talk_s": 1, "script": []}}, 400),
        ("/control/callees", {"+91": {"script": {"steps": [{"say": "nothing"}]}}}, 400),
        ("/control/time", {"advance_s": 5}, 400),
        ("/control/calls/CA0/hang-up", {}, 404),
    ],
)
async def test_what_cannot_be_done_is_said(
    control: aiohttp.ClientSession, path: str, body: object, status: int
) -> None:
    assert (await post(control, path, body, status))["error"]


async def test_time_is_moved_on_by_hand(app: AnsweringApp) -> None:
    settings = NetworkSettings(
        ACCOUNT_SID, AUTH_TOKEN, (OUR_NUMBER,), calls_per_second=1, time=SteppedTime(ManualClock())
    )
    async with telephone_network(settings) as network, aiohttp.ClientSession(network.base_url) as control:
        await post(control, "/control/callees", {"*": {"after_s": 5, "talk_s": 40}})
        auth = aiohttp.encode_basic_auth(ACCOUNT_SID, AUTH_TOKEN)
        url = f"/2010-04-01/Accounts/{ACCOUNT_SID}/Calls.json"
        for n in range(20):
            form = {"To": f"+9198765432{n:02}", "From": OUR_NUMBER, "Url": f"{app.base_url}/outbound"}
            form |= {"StatusCallback": f"{app.base_url}/status"}
            async with control.post(url, data=form, headers={"Authorization": auth}) as placed:
                assert placed.status == 201
        app.twiml["/outbound"] = app.stream_twiml()
        assert app.received == []
        moved = await post(control, "/control/time", {"advance_s": 30})
        assert moved["now"] == "2026-11-23T04:30:30+00:00"
        assert len(app.to("/outbound")) == 20
        assert app.to("/status") == []
        await post(control, "/control/time", {"advance_s": 3600})
        assert app.said_about("CallStatus") == ["completed"] * 20
        assert app.said_about("CallDuration") == ["40"] * 20
        rings = (await get(control, "/control/log"))["rings"]
        assert rings[0]["at"] == MONDAY_MORNING.replace(microsecond=300_000).isoformat()
        assert rings[19]["at"].startswith("2026-11-23T04:30:19.3")
        assert app.streams == []
