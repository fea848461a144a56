"""Requests to us: retries where the URL asks for them, public addresses, signatures over the exact URL."""

from __future__ import annotations

import asyncio

import pytest
from starlette.responses import Response

from local.telephone_network import NetworkSettings, TelephoneNetwork, telephone_network
from tests.telephone_network.answering_app import AUTH_TOKEN, AnsweringApp
from tests.telephone_network.conftest import ACCOUNT_SID, CALLER, OUR_NUMBER

pytestmark = [pytest.mark.virtual_time, pytest.mark.portable]

PUBLIC = "https://parley.example"


async def test_a_server_error_is_tried_again_if_the_url_says_so(network: TelephoneNetwork, app: AnsweringApp) -> None:
    network.own(OUR_NUMBER, voice_url=f"{app.base_url}/flaky#rc=2&rp=5xx")
    answers = iter([503, 500, 200])
    app.twiml["/flaky"] = lambda fields: Response("<Response/>", next(answers), media_type="text/xml")
    call = network.dial(CALLER, OUR_NUMBER)
    await call.over.wait()
    tokens = {webhook.headers["i-twilio-idempotency-token"] for webhook in app.to("/flaky")}
    assert len(app.to("/flaky")) == 3
    assert len(tokens) == 1
    assert all(webhook.signed for webhook in app.to("/flaky"))
    assert not call.journal.find("error")


async def test_a_server_error_is_not_tried_again_by_itself(network: TelephoneNetwork, app: AnsweringApp) -> None:
    app.twiml["/voice"] = Response("no", 503)
    call = network.dial(CALLER, OUR_NUMBER)
    await call.over.wait()
    assert len(app.to("/voice")) == 1
    assert call.journal.find("error")[0]["reason"] == "HTTP 503"


async def test_a_read_time_out_of_the_url(network: TelephoneNetwork, app: AnsweringApp) -> None:
    network.own(OUR_NUMBER, voice_url=f"{app.base_url}/voice#rt=2000", voice_fallback_url=f"{app.base_url}/fallback")
    app.slow["/voice"] = 5
    app.twiml["/fallback"] = "<Response/>"
    call = network.dial(CALLER, OUR_NUMBER)
    await call.over.wait()
    assert call.journal.find("error")[0]["at_ms"] == pytest.approx(2000, abs=200)
    assert len(app.to("/fallback")) == 1
    await asyncio.sleep(5)


async def test_a_public_address_is_signed_and_a_private_one_connected_to(app: AnsweringApp) -> None:
    app.public_url = PUBLIC
    app.twiml["/voice"] = app.stream_twiml()
    settings = NetworkSettings(
        ACCOUNT_SID,
        AUTH_TOKEN,
        (OUR_NUMBER,),
        voice_url=f"{PUBLIC}/voice?agent=a%2Fb&empty=",
        routes={PUBLIC: app.base_url},
    )
    async with telephone_network(settings) as network:
        call = network.dial(CALLER, OUR_NUMBER, [{"wait": 1}, {"hang_up": True}])
        await call.over.wait()
    (voice,) = app.to("/voice")
    assert voice.signed
    assert voice.headers["host"] == "parley.example"
    assert voice.headers["x-forwarded-proto"] == "https"
    (stream,) = app.streams
    assert stream.signed
    assert stream.socket.headers["host"] == "parley.example"
    assert network.exchange.breakdowns == []


async def test_callbacks_of_a_call_wait_for_each_other(network: TelephoneNetwork, app: AnsweringApp) -> None:
    app.slow["/status"] = 3
    app.twiml["/voice"] = app.stream_twiml(statusCallback=f"{app.base_url}/status")
    call = network.dial(CALLER, OUR_NUMBER, [{"wait": 1}, {"hang_up": True}])
    await call.over.wait()
    await asyncio.sleep(20)
    assert app.said_about("StreamEvent") == ["stream-started", "stream-stopped", ""]
    assert app.said_about("CallStatus") == ["", "", "completed"]
    began, stopped, completed = (webhook.at_s for webhook in app.to("/status"))
    assert (stopped - began, completed - stopped) == pytest.approx((3, 3), abs=0.1)
