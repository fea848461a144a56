"""The carrier on Twilio's REST API: what it asks for, and how refusals and lost answers are told apart."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta

import pytest

from local.telephone_network import TelephoneNetwork
from shared.domain.call_status import CallStatus
from shared.telephony.carrier import (
    CallNotActive,
    CallRefused,
    CallRequest,
    Carrier,
    CarrierBusy,
    MachineDetection,
    OutcomeUnknown,
    RefusalKind,
)
from tests.telephony.conftest import NOW, OURS, REQUEST, THEIRS, carrier_at

pytestmark = [pytest.mark.virtual_time, pytest.mark.portable]


async def place(carrier: Carrier, to: str = THEIRS) -> str:
    call = await carrier.place_call(
        CallRequest(to=to, from_=OURS, answer_url=REQUEST.answer_url, status_url="http://127.0.0.1:9/s")
    )
    return call.sid


async def test_a_call_is_placed_once_with_all_that_was_asked(network: TelephoneNetwork, carrier: Carrier) -> None:
    placed = await carrier.place_call(REQUEST)
    assert placed.sid in network.exchange.calls
    assert (placed.to, placed.from_, placed.status) == (THEIRS, OURS, CallStatus.QUEUED)
    assert (placed.created_at, placed.duration_s, placed.answered_by) == (None, None, None)
    call = network.call(placed.sid)
    assert call.instructions.url == REQUEST.answer_url
    assert call.status_callback is not None
    assert call.status_callback.url == REQUEST.status_url
    assert call.status_callback.events == {"initiated", "ringing", "answered", "completed"}
    assert (call.ring_timeout_s, call.time_limit_s, call.detection) == (25, 1800, None)


async def test_keys_of_an_extension_are_sent_once_somebody_answers(network: TelephoneNetwork, carrier: Carrier) -> None:
    placed = await carrier.place_call(replace(REQUEST, send_digits="wwww12"))
    assert network.call(placed.sid).send_digits == "wwww12"


@pytest.mark.parametrize("wait_for_beep", [True, False])
async def test_machines_are_looked_for_while_the_call_goes_on(
    network: TelephoneNetwork, carrier: Carrier, wait_for_beep: bool
) -> None:
    detection = MachineDetection("http://127.0.0.1:9/amd", wait_for_beep)
    placed = await carrier.place_call(
        CallRequest(THEIRS, OURS, REQUEST.answer_url, REQUEST.status_url, machine_detection=detection)
    )
    asked = network.call(placed.sid).detection
    assert asked is not None
    assert (asked.until_end, asked.callback_url) == (wait_for_beep, "http://127.0.0.1:9/amd")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (21211, RefusalKind.BAD_NUMBER),
        (21216, RefusalKind.BLOCKED),
        (10004, RefusalKind.CAPACITY),
        (21210, RefusalKind.CONFIGURATION),
    ],
)
async def test_a_refused_call(network: TelephoneNetwork, carrier: Carrier, code: int, kind: RefusalKind) -> None:
    network.answer_as({THEIRS: {"reaction": "refused", "code": code}})
    with pytest.raises(CallRefused) as refused:
        await carrier.place_call(REQUEST)
    assert (refused.value.kind, refused.value.code, refused.value.status) == (kind, code, 400)
    assert network.exchange.calls == {}


async def test_a_wrong_token_is_a_matter_of_configuration(network: TelephoneNetwork) -> None:
    async with carrier_at(network.base_url, token="old") as carrier:
        with pytest.raises(CallRefused) as refused:
            await carrier.place_call(REQUEST)
    assert (refused.value.kind, refused.value.code) == (RefusalKind.CONFIGURATION, 20003)


@pytest.mark.parametrize(
    ("fault", "expected", "placed"),
    [
        ("rest_429", CarrierBusy, 0),
        ("rest_500_before", OutcomeUnknown, 0),
        ("rest_500_after", OutcomeUnknown, 1),
        ("rest_dropped_before", OutcomeUnknown, 0),
        ("rest_dropped_after", OutcomeUnknown, 1),
        ("rest_late_after", OutcomeUnknown, 1),
        ("rest_late_before", OutcomeUnknown, 0),
    ],
)
async def test_a_call_is_asked_for_once_whatever_becomes_of_the_answer(
    network: TelephoneNetwork, carrier: Carrier, fault: str, expected: type[Exception], placed: int
) -> None:
    await carrier.fetch_call("CA" + "0" * 32)  # the connection is open already: a worn one tempts to try again
    network.misbehave(fault, event="create", seconds=60)
    began_s = asyncio.get_running_loop().time()
    with pytest.raises(expected):
        await carrier.place_call(REQUEST)
    assert asyncio.get_running_loop().time() - began_s == pytest.approx(15 if "late" in fault else 0, abs=0.5)
    assert [entry["operation"] for entry in network.exchange.requests].count("create") == 1
    assert len(network.exchange.calls) == placed
    network.behave()
    await asyncio.sleep(60)


async def test_a_late_answer_is_still_an_answer(network: TelephoneNetwork, carrier: Carrier) -> None:
    network.misbehave("rest_late_after", event="create", seconds=14)
    assert (await carrier.place_call(REQUEST)).sid in network.exchange.calls


async def test_a_call_is_followed_to_its_end(network: TelephoneNetwork, carrier: Carrier) -> None:
    network.answer_as({THEIRS: {"talk_s": 4}})
    sid = await place(carrier)
    await asyncio.sleep(60)
    call = await carrier.fetch_call(sid)
    assert call is not None
    assert call.status is CallStatus.COMPLETED
    assert call.status.is_final
    assert call.created_at is not None
    assert call.created_at.tzinfo is not None
    assert call.duration_s is not None
    assert await carrier.fetch_call("CA" + "f" * 32) is None


async def test_calls_to_a_number_since_an_instant(network: TelephoneNetwork, carrier: Carrier) -> None:
    network.answer_as({"*": {"reaction": "busy", "after_s": 0}})
    old = await place(carrier)
    await asyncio.sleep(100)
    since = network.exchange.time.now()
    recent = [await place(carrier) for _ in range(3)]
    await place(carrier, "+919876543211")
    found = await carrier.list_calls(to=THEIRS, from_=OURS, created_after=since)
    assert [call.sid for call in found] == recent[::-1]
    everything = await carrier.list_calls(to=THEIRS, from_=OURS, created_after=since - timedelta(hours=1))
    assert [call.sid for call in everything] == [*recent[::-1], old]
    assert await carrier.list_calls(to=THEIRS, from_="+15550000000", created_after=since) == []


async def test_long_lists_are_read_to_their_end(network: TelephoneNetwork, carrier: Carrier) -> None:
    network.answer_as({"*": {"reaction": "busy", "after_s": 0}})
    for _ in range(130):
        await place(carrier)
    found = await carrier.list_calls(
        to=THEIRS, from_=OURS, created_after=network.exchange.time.now() - timedelta(days=1)
    )
    assert len(found) == 130


async def test_a_call_is_ended_wherever_it_is(network: TelephoneNetwork, carrier: Carrier) -> None:
    network.answer_as({THEIRS: {"after_s": 5, "talk_s": 100}})
    ringing = await place(carrier)
    await asyncio.sleep(3)
    queued = await place(carrier)
    await carrier.end_call(queued)
    await carrier.end_call(ringing)
    live = await place(carrier)
    await asyncio.sleep(8)
    assert network.call(live).status is CallStatus.IN_PROGRESS
    await carrier.end_call(live)
    await carrier.end_call(live)
    statuses = [network.call(sid).status.value for sid in (queued, ringing, live)]
    assert statuses == ["canceled", "canceled", "completed"]
    with pytest.raises(CallNotActive):
        await carrier.end_call("CA" + "f" * 32)


async def test_a_live_call_gets_other_instructions(network: TelephoneNetwork, carrier: Carrier) -> None:
    network.answer_as({THEIRS: {"talk_s": 100}})
    network.misbehave("webhook_lost", event="voice")
    sid = await place(carrier)
    with pytest.raises(CallNotActive):
        await carrier.redirect_call(sid, "<Response/>")
    await asyncio.sleep(8)
    await carrier.redirect_call(sid, "<Response><Say>Hello</Say></Response>")
    await asyncio.sleep(8)
    assert network.call(sid).journal.find("say")[0]["text"] == "Hello"
    with pytest.raises(CallNotActive):
        await carrier.redirect_call(sid, "<Response/>")
    with pytest.raises(ValueError, match="4001 characters"):
        await carrier.redirect_call(sid, "x" * 4001)


async def test_no_number_reaches_a_log(
    network: TelephoneNetwork, carrier: Carrier, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        await place(carrier)
        await carrier.list_calls(to=THEIRS, from_=OURS, created_after=NOW)
        with pytest.raises(CallRefused) as refused:
            await place(carrier, "+91")
    written = caplog.text + str(refused.value) + repr(refused.value)
    assert THEIRS.removeprefix("+") not in written
    assert OURS.removeprefix("+") not in written


async def test_the_machines_twilio_variables_change_nothing(
    network: TelephoneNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWILIO_EDGE", "singapore")
    monkeypatch.setenv("TWILIO_REGION", "sg1")
    async with carrier_at(network.base_url) as carrier:
        assert (await carrier.place_call(REQUEST)).sid in network.exchange.calls


async def test_closing_twice_is_fine(carrier: Carrier) -> None:
    await carrier.close()
    await carrier.close()
