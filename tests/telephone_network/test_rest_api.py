"""The REST API, asked by Twilio's own SDK."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from local.telephone_network import NetworkSettings, TelephoneNetwork, telephone_network
from tests.telephone_network.answering_app import AUTH_TOKEN, AnsweringApp
from tests.telephone_network.conftest import ACCOUNT_SID, OUR_NUMBER
from tests.virtual_time import real_time

pytestmark = [pytest.mark.virtual_time, pytest.mark.portable]

CALLEE = "+919876543210"

IDENTITY = {"Authorization": "Basic " + base64.b64encode(f"{ACCOUNT_SID}:{AUTH_TOKEN}".encode()).decode()}

Ask = Callable[..., Any]


@pytest_asyncio.fixture
async def client(network: TelephoneNetwork) -> AsyncIterator[Any]:
    """The SDK's synchronous client, unchanged but for the address."""
    client: Any = Client(
        ACCOUNT_SID, AUTH_TOKEN, http_client=TwilioHttpClient(timeout=5), environment={"TWILIO_ACCOUNT_SID": "-"}
    )
    client.api.base_url = network.base_url
    yield client
    client.http_client.session.close()


async def ask(function: Ask, *arguments: object, **keywords: object) -> Any:
    """What the SDK answers; it blocks, so it runs in a thread."""
    return await asyncio.to_thread(function, *arguments, **keywords)


async def create(client: Any, app: AnsweringApp, **keywords: object) -> Any:
    wanted = {"to": CALLEE, "from_": OUR_NUMBER, "url": f"{app.base_url}/outbound"} | keywords
    return await ask(client.calls.create, **wanted)


async def test_a_call_is_queued_then_fetched_with_its_dates(
    network: TelephoneNetwork, client: Any, app: AnsweringApp
) -> None:
    call = await create(client, app)
    assert call.sid.startswith("CA")
    assert len(call.sid) == 34
    assert (call.status, call.direction, call.to, call._from) == ("queued", "outbound-api", CALLEE, OUR_NUMBER)
    assert call.date_created is None
    assert call.start_time is None
    fetched = await ask(client.calls(call.sid).fetch)
    assert abs(fetched.date_created - network.exchange.time.now()) < timedelta(seconds=2)
    assert fetched.duration is None


async def test_every_event_is_reported_in_order(network: TelephoneNetwork, client: Any, app: AnsweringApp) -> None:
    app.twiml["/outbound"] = "<Response><Pause length='2'/></Response>"
    call = await create(
        client,
        app,
        status_callback=f"{app.base_url}/status?attempt=7&sign=%2B",
        status_callback_event=["initiated", "ringing", "answered", "completed"],
    )
    await network.call(call.sid).over.wait()
    await asyncio.sleep(1)
    assert app.said_about("CallStatus") == ["initiated", "ringing", "in-progress", "completed"]
    assert app.said_about("SequenceNumber") == ["0", "1", "2", "3"]
    assert all(webhook.signed for webhook in app.received)
    assert app.to("/outbound")[0].fields["CallStatus"] == "in-progress"
    fetched = await ask(client.calls(call.sid).fetch)
    assert (fetched.status, fetched.duration, fetched.answered_by) == ("completed", "2", None)


async def test_only_the_end_is_reported_unless_more_is_asked_for(
    network: TelephoneNetwork, client: Any, app: AnsweringApp
) -> None:
    call = await create(client, app, status_callback=f"{app.base_url}/status")
    await network.call(call.sid).over.wait()
    await asyncio.sleep(1)
    assert app.said_about("CallStatus") == ["completed"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"to": "12"}, 21211),
        ({"to": ""}, 21201),
        ({"from_": ""}, 21213),
        ({"from_": "Parley"}, 21212),
        ({"from_": "+12025550199"}, 21210),
        ({"url": "nowhere"}, 21205),
        ({"url": "http://under_score.example/x"}, 21205),
        ({"status_callback": "nowhere"}, 21609),
        ({"status_callback": "https://a.example", "status_callback_event": ["answerd"]}, 21626),
    ],
)
async def test_what_cannot_be_is_refused_in_twilios_numbers(
    network: TelephoneNetwork, client: Any, app: AnsweringApp, changes: dict[str, object], code: int
) -> None:
    with pytest.raises(TwilioRestException) as refused:
        await create(client, app, **changes)
    assert (refused.value.status, refused.value.code) == (400, code)
    assert network.exchange.calls == {}


async def test_twiml_comes_inline_unless_there_is_a_url(client: Any, app: AnsweringApp) -> None:
    with pytest.raises(TwilioRestException) as refused:
        await ask(client.calls.create, to=CALLEE, from_=OUR_NUMBER, twiml="<Response>" + "x" * 4000)
    assert refused.value.code == 32018
    with pytest.raises(TwilioRestException) as refused:
        await ask(client.calls.create, to=CALLEE, from_=OUR_NUMBER)
    assert refused.value.code == 21205


async def test_who_has_no_key_is_let_in_nowhere(network: TelephoneNetwork, client: Any) -> None:
    client.password = "wrong"
    client.auth = (ACCOUNT_SID, "wrong")
    with pytest.raises(TwilioRestException) as refused:
        await ask(client.calls("CA" + "0" * 32).fetch)
    assert (refused.value.status, refused.value.code) == (401, 20003)
    url = f"{network.base_url}/2010-04-01/Accounts/AC9/Calls.json"
    async with aiohttp.ClientSession() as session:
        async with session.get(url) as unknown:
            assert unknown.status == 401
        async with session.get(url, headers=IDENTITY) as elsewhere:
            assert (elsewhere.status, (await elsewhere.json())["code"]) == (404, 20404)


async def test_an_unknown_call(client: Any) -> None:
    with pytest.raises(TwilioRestException) as unknown:
        await ask(client.calls("CA" + "0" * 32).fetch)
    assert (unknown.value.status, unknown.value.code) == (404, 20404)


async def test_one_call_starts_each_second_and_the_rest_wait(
    network: TelephoneNetwork, client: Any, app: AnsweringApp
) -> None:
    for n in range(5):
        await create(client, app, to=f"+91987654321{n}")
    await asyncio.sleep(10)
    begun = [ring["at"] for ring in network.exchange.rings]
    assert len(begun) == 5
    waits = [network.call(ring["call_sid"]).journal.find("status")[0]["at_ms"] for ring in network.exchange.rings]
    assert waits == pytest.approx([0, 1000, 2000, 3000, 4000], abs=200)


async def test_a_call_that_still_waits_is_cancelled_and_never_rings(
    network: TelephoneNetwork, client: Any, app: AnsweringApp
) -> None:
    await create(client, app, to="+919876543211")
    waiting = await create(client, app, status_callback=f"{app.base_url}/status")
    updated = await ask(client.calls(waiting.sid).update, status="canceled")
    assert updated.status == "canceled"
    await asyncio.sleep(10)
    assert [ring["number"] for ring in network.exchange.rings] == ["+919876543211"]
    assert app.said_about("CallStatus") == ["canceled"]


async def test_a_ringing_call_is_cancelled(network: TelephoneNetwork, client: Any, app: AnsweringApp) -> None:
    network.answer_as({CALLEE: {"after_s": 20}})
    call = await create(client, app)
    await asyncio.sleep(5)
    updated = await ask(client.calls(call.sid).update, status="canceled")
    assert updated.status == "canceled"
    assert network.call(call.sid).sip_code == 487


async def test_a_live_call_cannot_be_cancelled_but_can_be_ended(
    network: TelephoneNetwork, client: Any, app: AnsweringApp
) -> None:
    app.twiml["/outbound"] = "<Response><Pause length='60'/></Response>"
    call = await create(client, app)
    await asyncio.sleep(10)
    assert (await ask(client.calls(call.sid).update, status="canceled")).status == "in-progress"
    assert (await ask(client.calls(call.sid).update, status="completed")).status == "completed"
    with pytest.raises(TwilioRestException) as over:
        await ask(client.calls(call.sid).update, status="completed")
    assert over.value.code == 21220
    with pytest.raises(TwilioRestException) as over:
        await ask(client.calls(call.sid).update, twiml="<Response/>")
    assert over.value.code == 21220


async def test_a_live_call_is_given_other_instructions(
    network: TelephoneNetwork, client: Any, app: AnsweringApp
) -> None:
    app.twiml["/outbound"] = "<Response><Pause length='60'/></Response>"
    app.twiml["/next"] = "<Response><Say>Second</Say></Response>"
    call = await create(client, app)
    await asyncio.sleep(10)
    twiml = f"<Response><Say>First</Say><Redirect>{app.base_url}/next</Redirect></Response>"
    await ask(client.calls(call.sid).update, twiml=twiml)
    await network.call(call.sid).over.wait()
    assert [said["text"] for said in network.call(call.sid).journal.find("say")] == ["First", "Second"]
    assert network.call(call.sid).hung_up_by == "twiml"


async def test_lists_are_filtered_and_paged_newest_first(
    network: TelephoneNetwork, client: Any, app: AnsweringApp
) -> None:
    network.answer_as({"*": {"reaction": "busy", "after_s": 0}})
    for n in range(7):
        await create(client, app, to=f"+91987654321{n}")
    await asyncio.sleep(3)
    everything = await ask(client.calls.list, page_size=3)
    assert [call.to[-1] for call in everything] == list("6543210")
    assert [call.to[-1] for call in await ask(client.calls.list, to="+919876543213")] == ["3"]
    assert await ask(client.calls.list, from_="+15550000000") == []
    queued = await ask(client.calls.list, status="queued")
    assert {call.to[-1] for call in queued} >= {"5", "6"}
    started_since = network.exchange.time.now() - timedelta(hours=1)
    started = await ask(client.calls.list, start_time_after=started_since)
    assert not {call.sid for call in queued} & {call.sid for call in started}
    assert len(await ask(client.calls.list, limit=2)) == 2


async def test_too_many_at_once_are_refused(app: AnsweringApp) -> None:
    settings = NetworkSettings(ACCOUNT_SID, AUTH_TOKEN, (OUR_NUMBER,), calls_per_second=10, max_concurrent=2)
    async with telephone_network(settings) as network:
        form = {"To": CALLEE, "From": OUR_NUMBER, "Url": f"{app.base_url}/outbound"}
        async with aiohttp.ClientSession(network.base_url, headers=IDENTITY) as session:
            codes = []
            for _ in range(3):
                async with session.post(f"/2010-04-01/Accounts/{ACCOUNT_SID}/Calls.json", data=form) as answer:
                    codes.append((answer.status, (await answer.json()).get("code")))
    assert codes == [(201, None), (201, None), (400, 10004)]


async def test_numbers_are_pointed_at_webhooks(network: TelephoneNetwork, client: Any, app: AnsweringApp) -> None:
    (number,) = await ask(client.incoming_phone_numbers.list, phone_number=OUR_NUMBER)
    assert number.voice_url == f"{app.base_url}/voice"
    updated = await ask(number.update, voice_url=f"{app.base_url}/other", voice_method="GET")
    assert updated.voice_url == f"{app.base_url}/other"
    call = network.dial("+14155550123", OUR_NUMBER)
    await call.over.wait()
    (webhook,) = app.to("/other")
    assert webhook.method == "GET"


async def test_a_calls_webhooks_can_be_read_afterwards(
    network: TelephoneNetwork, client: Any, app: AnsweringApp
) -> None:
    call = await create(client, app, url=f"{app.base_url}/outbound?attempt=a1")
    await network.call(call.sid).over.wait()
    events = await ask(client.calls(call.sid).events.list)
    assert [event.request["url"] for event in events] == [f"{app.base_url}/outbound?attempt=a1"]
    assert events[0].response["response_code"] == 200


@pytest.mark.filterwarnings("ignore:.*deprecated and will be removed:DeprecationWarning")  # the SDK's own calls
async def test_the_asynchronous_sdk_too(network: TelephoneNetwork, app: AnsweringApp) -> None:
    from twilio.http.async_http_client import AsyncTwilioHttpClient

    http = AsyncTwilioHttpClient()
    client: Any = Client(ACCOUNT_SID, AUTH_TOKEN, http_client=http, environment={"TWILIO_ACCOUNT_SID": "-"})
    client.api.base_url = network.base_url
    with real_time():
        call = await client.calls.create_async(
            to=CALLEE,
            from_=OUR_NUMBER,
            url=f"{app.base_url}/outbound",
            status_callback=f"{app.base_url}/status",
            status_callback_event=["ringing", "completed"],
        )
    await http.close()
    wanted = network.call(call.sid).status_callback
    assert wanted is not None
    assert wanted.events == {"ringing", "completed"}
