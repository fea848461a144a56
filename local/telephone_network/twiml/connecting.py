"""Doing <Connect><Stream>: opening the socket, carrying the call, telling how it went."""

from __future__ import annotations

import asyncio
from urllib.parse import urljoin, urlsplit

from websockets.exceptions import ConnectionClosed

from local.telephone_network.calls.leg import Leg
from local.telephone_network.faults import FaultKind
from local.telephone_network.stream.media_stream import MediaStream, StreamReport
from local.telephone_network.stream.messages import CONNECTED, Outgoing
from local.telephone_network.stream.socket import StreamFailed, open_socket
from local.telephone_network.twiml.verbs import Stream
from local.telephone_network.webhooks.fields import stream_fields
from shared.outside import is_loopback

REPLAY_S = 3.0
"""How long a second stream is watched for what the server does with it."""


async def connect(leg: Leg, stream: Stream, base_url: str) -> None:
    """Carry the call over the stream until our server closes it; a failure is noted, and the TwiML goes on."""
    if leg.line is None:
        await asyncio.Event().wait()  # a simulated call talks until somebody hangs up
    call, exchange = leg.call, leg.exchange
    report = StreamReport(exchange.sid("MZ"))
    url = _websocket_url(base_url, stream.url)
    began_ms = call.journal.at_ms
    try:
        await _carry(leg, stream, url, report)
    except StreamFailed as error:
        call.journal.note("stream failed", code=error.code, reason=error.reason, stream_sid=report.sid)
        _tell(leg, stream, report, "stream-error", f"{error.code}: {error.reason}")
    finally:
        if report.ended is not None:
            call.journal.note("stream stopped", stream_sid=report.sid, ended=report.ended)
            _tell(leg, stream, report, "stream-stopped")
        call.streams.append({"began_ms": began_ms, "url": url, **report.as_json()})


async def _carry(leg: Leg, stream: Stream, url: str, report: StreamReport) -> None:
    call, exchange = leg.call, leg.exchange
    _check(url)
    if exchange.faults.strike(FaultKind.SOCKET_REFUSED, call=call) is not None:
        raise StreamFailed(31902, "connection refused")
    forged = exchange.faults.strike(FaultKind.STREAM_FORGED, call=call) is not None
    slash = "/" if exchange.faults.strike(FaultKind.STREAM_SIGNED_WITH_SLASH, call=call) is not None else ""
    signature = exchange.webhooks.sign(url + slash, {}, forged=forged)
    target, host = exchange.routes.resolve(url)
    with exchange.time.at_work():
        socket = await open_socket(target, signature, host, url)
    call.journal.note("stream started", stream_sid=report.sid)
    _tell(leg, stream, report, "stream-started")
    assert leg.line is not None
    carrier = MediaStream(call, leg.line, stream, report, exchange.audio_time, exchange.faults, exchange.rng)
    replayed = exchange.faults.strike(FaultKind.STREAM_REPLAYED, call=call)
    if replayed is not None:
        exchange.spawn(_replay(leg, stream, url, signature, replayed.seconds))
    await carrier.run(socket, exchange.account.sid)


def _websocket_url(base_url: str, written: str) -> str:
    if urlsplit(written).scheme:
        return written
    return urljoin(base_url, written).replace("http", "ws", 1)


def _check(url: str) -> None:
    if url != url.strip() or " " in url:
        raise StreamFailed(31923, "white space in the URL")
    parts = urlsplit(url)
    if parts.scheme != "wss" and not (parts.scheme == "ws" and is_loopback(url)):
        raise StreamFailed(31922, "a stream's URL is wss")
    if not parts.hostname:
        raise StreamFailed(31923, "malformed URL")
    if parts.query or parts.fragment:
        raise StreamFailed(31920, "query strings are not supported in a stream's URL")


def _tell(leg: Leg, stream: Stream, report: StreamReport, event: str, error: str | None = None) -> None:
    if stream.status_callback is None:
        return
    exchange = leg.exchange
    name = stream.name or report.sid
    fields = stream_fields(leg.call, exchange.account.sid, report.sid, name, event, exchange.time.now(), error)
    exchange.webhooks.tell(leg.call, event, stream.status_callback, stream.status_callback_method, fields)


async def _replay(leg: Leg, stream: Stream, url: str, signature: str, after_s: float) -> None:
    """Somebody who has seen the handshake and the start message does both again."""
    await leg.wait(after_s)
    target, host = leg.exchange.routes.resolve(url)
    try:
        socket = await open_socket(target, signature, host, url)
    except StreamFailed as error:
        leg.call.journal.note("replay", accepted=False, code=error.code)
        return
    received = 0
    try:
        await socket.send(CONNECTED)
        copy = Outgoing(leg.exchange.sid("MZ"), leg.call.sid, leg.exchange.account.sid)
        await socket.send(copy.start(stream.parameters))
        async with asyncio.timeout(REPLAY_S):
            async for _ in socket:
                received += 1
    except (TimeoutError, ConnectionClosed):
        pass
    leg.call.journal.note("replay", accepted=True, messages=received, close_code=socket.close_code)
    await socket.close()
