"""Twilio's requests to us: signed, timed out, tried again where their URL says so, and spoilt on request."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

import aiohttp
import yarl
from twilio.request_validator import RequestValidator

from local.telephone_network.calls.call import Call
from local.telephone_network.faults import Fault, FaultKind, Faults
from local.telephone_network.network_time import NetworkTime
from local.telephone_network.race import first_of
from local.telephone_network.webhooks.delivery import Delivery, Routes, signed_url

_SPOILS = (
    FaultKind.WEBHOOK_LOST,
    FaultKind.WEBHOOK_LATE,
    FaultKind.WEBHOOK_DUPLICATED,
    FaultKind.WEBHOOK_REORDERED,
    FaultKind.WEBHOOK_FORGED,
)
FORGED_TOKEN = "not-the-auth-token"
TOTAL_S = 15.0
"""Twilio gives a voice webhook fifteen seconds in all."""


class WebhookFailed(Exception):
    """A request to us got no useful answer; code is Twilio's number for it."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Reply:
    """What we answered."""

    status: int
    content_type: str
    body: bytes


class Webhooks:
    """Sends them, in the order of each call, and remembers what came back."""

    def __init__(self, auth_token: str, time: NetworkTime, faults: Faults, routes: Routes, rng: Random) -> None:
        self._validator: Any = RequestValidator(auth_token)
        self._forger: Any = RequestValidator(FORGED_TOKEN)
        self._time = time
        self._faults = faults
        self._routes = routes
        self._rng = rng
        self._session: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._turns: dict[str, asyncio.Lock] = {}
        self._overtaken: dict[str, list[asyncio.Event]] = {}

    def sign(self, url: str, fields: Mapping[str, str], *, forged: bool = False) -> str:
        """X-Twilio-Signature over the URL and the form."""
        validator = self._forger if forged else self._validator
        signature: str = validator.compute_signature(signed_url(url), dict(fields))
        return signature

    async def ask(self, call: Call, event: str, url: str, method: str, fields: Mapping[str, str]) -> Reply:
        """Request TwiML. Raises WebhookFailed."""
        fault = self._faults.strike(*_SPOILS, event=event, call=call)
        if fault is not None and fault.kind is FaultKind.WEBHOOK_LOST:
            await asyncio.Event().wait()
        if fault is not None and fault.kind is FaultKind.WEBHOOK_LATE:
            await self._time.sleep(fault.seconds)
        reply = await self._send(call, event, url, method, fields, fault)
        for _ in range(_extra_copies(fault)):
            await self._send(call, event, url, method, fields, fault)
        if not 200 <= reply.status < 300:
            raise WebhookFailed(11200, f"HTTP {reply.status}")
        return reply

    def tell(self, call: Call, event: str, url: str, method: str, fields: Mapping[str, str]) -> None:
        """Send a callback whose answer does not matter, after the earlier ones of this call."""
        task = asyncio.create_task(self._tell(call, event, url, method, fields))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Send nothing more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _tell(self, call: Call, event: str, url: str, method: str, fields: Mapping[str, str]) -> None:
        fault = self._faults.strike(*_SPOILS, event=event, call=call)
        match fault:
            case Fault(kind=FaultKind.WEBHOOK_LOST):
                return
            case Fault(kind=FaultKind.WEBHOOK_LATE, seconds=seconds):
                await self._time.sleep(seconds)
            case Fault(kind=FaultKind.WEBHOOK_REORDERED, seconds=seconds):
                overtaken = asyncio.Event()
                self._overtaken.setdefault(call.sid, []).append(overtaken)
                await first_of(overtaken.wait(), self._time.sleep(seconds))
            case _:
                async with self._turns.setdefault(call.sid, asyncio.Lock()):
                    await self._deliver(call, event, url, method, fields, fault)
                for earlier in self._overtaken.pop(call.sid, []):
                    earlier.set()
                return
        await self._deliver(call, event, url, method, fields, fault)

    async def _deliver(
        self, call: Call, event: str, url: str, method: str, fields: Mapping[str, str], fault: Fault | None
    ) -> None:
        for _ in range(1 + _extra_copies(fault)):
            try:
                await self._send(call, event, url, method, fields, fault)
            except WebhookFailed as error:
                call.journal.note("webhook failed", on=event, code=error.code, reason=error.reason)

    async def _send(
        self, call: Call, event: str, url: str, method: str, fields: Mapping[str, str], fault: Fault | None
    ) -> Reply:
        delivery = Delivery.of(url)
        body = b""
        if method == "GET":
            parts = urlsplit(delivery.url)
            query = "&".join(filter(None, (parts.query, urlencode(fields))))
            delivery = delivery.to(urlunsplit(parts._replace(query=query)))
            fields = {}
        else:
            body = urlencode(fields).encode()
        forged = fault is not None and fault.kind is FaultKind.WEBHOOK_FORGED
        headers = {
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "User-Agent": "TwilioProxy/1.1",
            "X-Twilio-Signature": self.sign(delivery.url, fields, forged=forged),
            "I-Twilio-Idempotency-Token": f"{self._rng.getrandbits(128):032x}",
        }
        began_s = self._time.elapsed_s()
        with self._time.at_work():
            reply = await self._try(call, delivery, method, headers, body)
        self._remember(call, event, delivery.url, method, fields, reply, began_s)
        return reply

    async def _try(self, call: Call, delivery: Delivery, method: str, headers: dict[str, str], body: bytes) -> Reply:
        for attempt in range(delivery.retries + 1):
            last = attempt == delivery.retries
            try:
                reply = await self._exchange(delivery, method, headers, body)
            except aiohttp.ClientConnectorError as error:
                failure, policy = WebhookFailed(11205, "no connection"), "ct"
                failure.__cause__ = error
            except TimeoutError as error:
                failure, policy = WebhookFailed(11200, "timed out"), "rt"
                failure.__cause__ = error
            except aiohttp.ClientError as error:
                failure, policy = WebhookFailed(11200, "broken answer"), "rt"
                failure.__cause__ = error
            else:
                if last or not delivery.retries_on(f"{reply.status // 100}xx"):
                    return reply
                continue
            if last or not delivery.retries_on(policy):
                raise failure
            call.journal.note("webhook retried", reason=failure.reason)
        raise AssertionError("the last attempt returns or raises")

    async def _exchange(self, delivery: Delivery, method: str, headers: dict[str, str], body: bytes) -> Reply:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=0, ssl=ssl.create_default_context())
            self._session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
        url, host = self._routes.resolve(delivery.url)
        timeout = aiohttp.ClientTimeout(total=TOTAL_S, sock_connect=delivery.connect_s, sock_read=delivery.read_s)
        async with self._session.request(
            method,
            yarl.URL(url, encoded=True),
            data=body or None,
            headers=headers | host,
            timeout=timeout,
            allow_redirects=False,
        ) as response:
            return Reply(response.status, response.headers.get("Content-Type", ""), await response.read())

    def _remember(
        self, call: Call, event: str, url: str, method: str, fields: Mapping[str, str], reply: Reply, began_s: float
    ) -> None:
        took_ms = round((self._time.elapsed_s() - began_s) * 1000)
        call.journal.note("webhook", on=event, url=url, status=reply.status, ms=took_ms, fields=dict(fields))
        call.requests.append(
            {
                "request": {"url": url, "method": method, "parameters": dict(fields)},
                "response": {
                    "response_code": reply.status,
                    "content_type": reply.content_type,
                    "response_body": reply.body.decode(errors="replace"),
                    "request_duration": took_ms,
                },
            }
        )


def _extra_copies(fault: Fault | None) -> int:
    return fault.copies - 1 if fault is not None and fault.kind is FaultKind.WEBHOOK_DUPLICATED else 0
