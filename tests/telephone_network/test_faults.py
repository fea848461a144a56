"""Everything that can go wrong on request does go wrong, and only that."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from local.telephone_network import NetworkSettings, TelephoneNetwork, telephone_network
from local.telephone_network.calls.call import Call
from shared.domain.call_status import CallStatus
from tests.telephone_network.answering_app import AUTH_TOKEN, AnsweringApp
from tests.telephone_network.conftest import ACCOUNT_SID, OUR_NUMBER

pytestmark = [pytest.mark.virtual_time, pytest.mark.portable]

CALLEE = "+919876543210"
IDENTITY = {"Authorization": "Basic " + base64.b64encode(f"{ACCOUNT_SID}:{AUTH_TOKEN}".encode()).decode()}
CALLS = f"/2010-04-01/Accounts/{ACCOUNT_SID}/Calls.json"
EVERYTHING = ["initiated", "ringing", "answered", "completed"]


@pytest_asyncio.fixture
async def api(network: TelephoneNetwork) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of the REST API that gives up after ten seconds."""
    timeout = aiohttp.ClientTimeout(total=10)
    async with aiohttp.ClientSession(network.base_url, headers=IDENTITY, timeout=timeout) as session:
        yield session


async def create(api: aiohttp.ClientSession, app: AnsweringApp, to: str = CALLEE) -> tuple[int, dict[str, Any]]:
    form = [("To", to), ("From", OUR_NUMBER), ("Url", f"{app.base_url}/outbound")]
    form += [("StatusCallback", f"{app.base_url}/status")]
    form += [("StatusCallbackEvent", event) for event in EVERYTHING]
    async with api.post(CALLS, data=form) as answer:
        return answer.status, await answer.json()


async def outbound(network: TelephoneNetwork, api: aiohttp.ClientSession, app: AnsweringApp) -> Call:
    network.answer_as({CALLEE: {"after_s": 2, "talk_s": 3}})
    app.twiml["/outbound"] = "<Response><Pause length='9'/></Response>"
    _, body = await create(api, app)
    call = network.call(body["sid"])
    await call.over.wait()
    await asyncio.sleep(20)
    return call


async def test_a_lost_callback(network: TelephoneNetwork, api: aiohttp.ClientSession, app: AnsweringApp) -> None:
    network.misbehave("webhook_lost", event="ringing")
    await outbound(network, api, app)
    assert app.said_about("CallStatus") == ["initiated", "in-progress", "completed"]
    assert app.said_about("SequenceNumber") == ["0", "2", "3"]


async def test_a_late_callback(network: TelephoneNetwork, api: aiohttp.ClientSession, app: AnsweringApp) -> None:
    network.misbehave("webhook_late", event="initiated", seconds=10)
    await outbound(network, api, app)
    assert app.said_about("CallStatus") == ["ringing", "in-progress", "completed", "initiated"]


async def test_callbacks_that_come_twice(
    network: TelephoneNetwork, api: aiohttp.ClientSession, app: AnsweringApp
) -> None:
    network.misbehave("webhook_duplicated", event="completed", copies=3)
    await outbound(network, api, app)
    assert app.said_about("SequenceNumber") == ["0", "1", "2", "3", "3", "3"]


async def test_callbacks_out_of_order(network: TelephoneNetwork, api: aiohttp.ClientSession, app: AnsweringApp) -> None:
    network.misbehave("webhook_reordered", event="answered", seconds=60)
    await outbound(network, api, app)
    assert app.said_about("CallStatus") == ["initiated", "ringing", "completed", "in-progress"]


async def test_the_last_callback_out_of_order_still_comes(
    network: TelephoneNetwork, api: aiohttp.ClientSession, app: AnsweringApp
) -> None:
    network.misbehave("webhook_reordered", event="completed", seconds=5)
    await outbound(network, api, app)
    assert app.said_about("CallStatus")[-1] == "completed"


async def test_a_voice_webhook_that_never_comes(
    network: TelephoneNetwork, api: aiohttp.ClientSession, app: AnsweringApp
) -> None:
    network.misbehave("webhook_lost", event="voice")
    call = await outbound(network, api, app)
    assert app.to("/outbound") == []
    assert call.status is CallStatus.COMPLETED
    assert call.duration_s == 3


async def test_a_forged_webhook(network: TelephoneNetwork, api: aiohttp.ClientSession, app: AnsweringApp) -> None:
    network.misbehave("webhook_forged", event="ringing")
    await outbound(network, api, app)
    assert [webhook.signed for webhook in app.to("/status")] == [True, False, True, True]


@pytest.mark.parametrize(
    ("kind", "status", "code", "rings"),
    [
        ("rest_500_before", 500, 20500, 0),
        ("rest_500_after", 500, 20500, 1),
        ("rest_429", 429, 20429, 0),
        ("rest_refused", 400, 21211, 0),
    ],
)
async def test_the_rest_api_answers_badly(
    network: TelephoneNetwork,
    api: aiohttp.ClientSession,
    app: AnsweringApp,
    kind: str,
    status: int,
    code: int,
    rings: int,
) -> None:
    network.misbehave(kind, event="create", times=1)
    answered, body = await create(api, app)
    assert (answered, body["code"]) == (status, code)
    await asyncio.sleep(5)
    assert len(network.exchange.rings) == rings
    assert network.exchange.requests[0]["fault"] == kind
    assert (await create(api, app))[0] == 201


@pytest.mark.parametrize(("kind", "rings"), [("rest_dropped_before", 0), ("rest_dropped_after", 1)])
async def test_the_rest_api_drops_the_connection(
    network: TelephoneNetwork, api: aiohttp.ClientSession, app: AnsweringApp, kind: str, rings: int
) -> None:
    network.misbehave(kind, event="create", times=1)
    with pytest.raises(aiohttp.ClientConnectionError):
        await create(api, app)
    await asyncio.sleep(5)
    assert len(network.exchange.rings) == rings
    assert (await create(api, app))[0] == 201


@pytest.mark.parametrize("kind", ["rest_late_before", "rest_late_after"])
async def test_the_rest_api_takes_its_time(
    network: TelephoneNetwork, api: aiohttp.ClientSession, app: AnsweringApp, kind: str
) -> None:
    network.misbehave(kind, event="create", times=1, seconds=30)
    with pytest.raises(TimeoutError):
        await create(api, app)
    begun = len(network.exchange.rings)
    await asyncio.sleep(40)
    assert begun == (1 if kind == "rest_late_after" else 0)
    assert len(network.exchange.rings) == 1


async def test_what_is_refused_has_no_answer_to_lose(
    network: TelephoneNetwork, api: aiohttp.ClientSession, app: AnsweringApp
) -> None:
    network.misbehave("rest_500_after", event="create", times=1)
    assert (await create(api, app, "12"))[0] == 400
    assert (await create(api, app))[0] == 500


async def test_lists_lag(network: TelephoneNetwork, api: aiohttp.ClientSession, app: AnsweringApp) -> None:
    network.misbehave("rest_list_lags", seconds=30)
    await create(api, app)
    async with api.get(CALLS, params={"To": CALLEE}) as early:
        assert (await early.json())["calls"] == []
    await asyncio.sleep(31)
    async with api.get(CALLS, params={"To": CALLEE}) as later:
        assert len((await later.json())["calls"]) == 1


async def test_faults_choose_their_calls_and_end(
    network: TelephoneNetwork, api: aiohttp.ClientSession, app: AnsweringApp
) -> None:
    network.misbehave("rest_429", number="+4930*", skip=1, times=2)
    numbers = [CALLEE, "+493012345", "+493012345", "+493012345", "+493012345"]
    assert [(await create(api, app, number))[0] for number in numbers] == [201, 201, 429, 429, 201]
    assert network.exchange.faults.active() == []


async def test_a_network_without_faults_has_none(app: AnsweringApp) -> None:
    settings = NetworkSettings(ACCOUNT_SID, AUTH_TOKEN, (OUR_NUMBER,), voice_url=f"{app.base_url}/voice")
    async with telephone_network(settings) as network:
        network.misbehave("webhook_lost")
        network.behave()
        assert network.exchange.faults.active() == []
