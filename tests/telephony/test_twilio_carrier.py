"""The carrier on Twilio's REST API: what it asks for, and how every failure is told apart."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
import pytest_asyncio
import trustme

from local.telephone_network import NetworkSettings, TelephoneNetwork, telephone_network
from shared.domain.call_status import CallStatus
from shared.telephony import open_carrier
from shared.telephony.carrier import (
    CallNotActive,
    CallRefused,
    CallRequest,
    Carrier,
    CarrierBusy,
    CarrierUnreachable,
    MachineDetection,
    OutcomeUnknown,
    RefusalKind,
)

pytestmark = [pytest.mark.virtual_time, pytest.mark.portable]

ACCOUNT, TOKEN, OURS, THEIRS = "AC" + "0" * 32, "token", "+13105550100", "+919876543210"
NOW = datetime(2026, 11, 23, 4, 30, tzinfo=UTC)
REQUEST = CallRequest(
    to=THEIRS, from_=OURS, answer_url="http://127.0.0.1:9/a?x=1&y=%2B", status_url="http://127.0.0.1:9/s"
)


@pytest_asyncio.fixture
async def network() -> AsyncIterator[TelephoneNetwork]:
    """An account that may start ten calls a second."""
    settings = NetworkSettings(ACCOUNT, TOKEN, (OURS,), calls_per_second=10)
    async with telephone_network(settings) as network:
        yield network
    assert network.exchange.breakdowns == []


@contextlib.asynccontextmanager
async def carrier_at(url: str, token: str = TOKEN) -> AsyncIterator[Carrier]:
    carrier = open_carrier(ACCOUNT, token, url)
    try:
        yield carrier
    finally:
        await carrier.close()
        await asyncio.sleep(0.1)  # aiohttp closes TLS connections a moment later


@pytest_asyncio.fixture
async def carrier(network: TelephoneNetwork) -> AsyncIterator[Carrier]:
    """Our account at that network."""
    async with carrier_at(network.base_url) as carrier:
        yield carrier


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


async def test_nobody_listens(unused_tcp_port: int) -> None:
    async with carrier_at(f"http://127.0.0.1:{unused_tcp_port}") as carrier:
        with pytest.raises(CarrierUnreachable):
            await carrier.place_call(REQUEST)
        with pytest.raises(CarrierUnreachable):
            await carrier.fetch_call("CA1")


async def test_a_name_that_does_not_exist() -> None:
    async with carrier_at("http://no-such-host.invalid") as carrier:
        with pytest.raises(CarrierUnreachable):
            await carrier.place_call(REQUEST)


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def raw_server(serve: Serve, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server that does what it is told; yields its port."""
    connections: set[asyncio.Task[None] | None] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.add(asyncio.current_task())
        with contextlib.suppress(ConnectionError, EOFError, asyncio.CancelledError):
            await serve(reader, writer)
        writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for connection in connections:
            if connection is not None:
                connection.cancel()
        await asyncio.sleep(0.1)


def answering(status: str, body: str, *headers: str) -> Serve:
    """Answers every request so."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = int(head.partition("content-length: ")[2].partition("\r\n")[0] or 0)
            await reader.readexactly(length)
            lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body.encode())}", *headers, "", body]
            writer.write("\r\n".join(lines).encode())

    return serve


async def test_a_door_that_does_not_open_is_left_after_three_seconds() -> None:
    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with raw_server(say_nothing) as port, carrier_at(f"https://127.0.0.1:{port}") as carrier:
        began_s = asyncio.get_running_loop().time()
        with pytest.raises(CarrierUnreachable):
            await carrier.place_call(REQUEST)
        assert asyncio.get_running_loop().time() - began_s == pytest.approx(3, abs=0.2)


async def test_an_answer_that_trickles_in_is_no_answer() -> None:
    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: 1000\r\n\r\n")
        while True:
            writer.write(b" ")
            await asyncio.sleep(1)

    async with raw_server(trickle) as port, carrier_at(f"http://127.0.0.1:{port}") as carrier:
        began_s = asyncio.get_running_loop().time()
        with pytest.raises(OutcomeUnknown):
            await carrier.place_call(REQUEST)
        assert asyncio.get_running_loop().time() - began_s == pytest.approx(20, abs=0.5)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        ("201 Created", "<html>", OutcomeUnknown),
        ("201 Created", "[]", OutcomeUnknown),
        ("201 Created", '{"status": "queued"}', OutcomeUnknown),
        ("201 Created", '{"sid": "CA1", "status": "levitating"}', OutcomeUnknown),
        ("302 Found", "", CallRefused),
        ("400 Bad Request", "what?", CallRefused),
        ("502 Bad Gateway", "<html>", OutcomeUnknown),
    ],
)
async def test_answers_that_twilio_would_not_give(status: str, body: str, expected: type[Exception]) -> None:
    async with (
        raw_server(answering(status, body, "Location: http://127.0.0.1:9/")) as port,
        carrier_at(f"http://127.0.0.1:{port}") as carrier,
    ):
        with pytest.raises(expected):
            await carrier.place_call(REQUEST)


@pytest.mark.parametrize(
    ("status", "body"),
    [("500 Internal Server Error", "{}"), ("200 OK", "<html>"), ("200 OK", "[]"), ("200 OK", "{}")],
)
async def test_a_question_without_a_useful_answer_can_be_asked_again(status: str, body: str) -> None:
    async with (
        raw_server(answering(status, body)) as port,
        carrier_at(f"http://127.0.0.1:{port}") as carrier,
    ):
        with pytest.raises(CarrierUnreachable):
            await carrier.fetch_call("CA1")
        if body != "{}" or not status.startswith("200"):
            with pytest.raises(CarrierUnreachable):
                await carrier.list_calls(to=THEIRS, from_=OURS, created_after=NOW)


async def test_the_form_is_twilios() -> None:
    got: list[tuple[str, str]] = []
    heads: list[str] = []

    async def keep(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        heads.append(head)
        length = int(head.lower().partition("content-length: ")[2].partition("\r\n")[0])
        got.extend(parse_qsl((await reader.readexactly(length)).decode(), keep_blank_values=True))

    async with raw_server(keep) as port, carrier_at(f"http://127.0.0.1:{port}/") as carrier:
        with pytest.raises(OutcomeUnknown):
            await carrier.place_call(REQUEST)
    assert heads[0].startswith(f"POST /2010-04-01/Accounts/{ACCOUNT}/Calls.json HTTP/1.1\r\n")
    assert "Authorization: Basic" in heads[0]
    assert sorted(got) == [
        ("From", OURS),
        ("Method", "POST"),
        ("StatusCallback", REQUEST.status_url),
        ("StatusCallbackEvent", "answered"),
        ("StatusCallbackEvent", "completed"),
        ("StatusCallbackEvent", "initiated"),
        ("StatusCallbackEvent", "ringing"),
        ("StatusCallbackMethod", "POST"),
        ("TimeLimit", "1800"),
        ("Timeout", "25"),
        ("To", THEIRS),
        ("Url", REQUEST.answer_url),
    ]


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


@pytest.mark.parametrize("known", [True, False])
async def test_certificates_come_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    authority = trustme.CA()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    if known:
        authority.cert_pem.write_to_path(str(tmp_path / "bundle.pem"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "bundle.pem"))
    body = f'{{"sid": "CA1", "status": "queued", "to": "{THEIRS}", "from": "{OURS}"}}'
    async with (
        raw_server(answering("201 Created", body), tls) as port,
        carrier_at(f"https://127.0.0.1:{port}") as carrier,
    ):
        if known:
            assert (await carrier.place_call(REQUEST)).sid == "CA1"
        else:
            with pytest.raises(CarrierUnreachable):
                await carrier.place_call(REQUEST)


@pytest.mark.parametrize("url", ["", "api.twilio.com", "ftp://api.twilio.com", "https://"])
def test_an_address_that_is_none_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="URL"):
        open_carrier(ACCOUNT, TOKEN, url)


async def test_closing_twice_is_fine(carrier: Carrier) -> None:
    await carrier.close()
    await carrier.close()
