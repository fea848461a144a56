"""How far a request came: doors that do not open, answers that do not come, or that nobody can read."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
import trustme

from shared.telephony import open_carrier
from shared.telephony.carrier import (
    CallRefused,
    CarrierUnreachable,
    OutcomeUnknown,
)
from tests.telephony.conftest import ACCOUNT, NOW, OURS, REQUEST, THEIRS, TOKEN, carrier_at

pytestmark = [pytest.mark.virtual_time, pytest.mark.portable]


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
