"""Twilio's REST API for calls and numbers, as far as Parley uses it."""

from __future__ import annotations

import asyncio
import base64
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.telephone_network.faults import FaultKind
from local.telephone_network.network import TelephoneNetwork
from local.telephone_network.rest.call_resource import API_VERSION
from local.telephone_network.rest.calls import CallsResource
from local.telephone_network.rest.errors import RestError, rest_error
from local.telephone_network.rest.form import Form
from local.telephone_network.rest.numbers import NumbersResource
from local.telephone_network.rest.page import Answer

_BEFORE = (
    FaultKind.REST_500_BEFORE,
    FaultKind.REST_DROPPED_BEFORE,
    FaultKind.REST_LATE_BEFORE,
    FaultKind.REST_429,
    FaultKind.REST_REFUSED,
)
_AFTER = (FaultKind.REST_500_AFTER, FaultKind.REST_DROPPED_AFTER, FaultKind.REST_LATE_AFTER)

Operation = Callable[[Request, Form], Awaitable[Answer]]


class RestApi:
    """Checks who asks, does what is asked, and misbehaves on request."""

    def __init__(self, network: TelephoneNetwork) -> None:
        self._network = network
        self._exchange = network.exchange

    def routes(self) -> list[Route]:
        """Every route below /2010-04-01."""
        account = f"/{API_VERSION}/Accounts/{{account_sid}}"
        calls, numbers = CallsResource(self._network), NumbersResource(self._network)
        return [
            self._route(f"{account}.json", "account", self._account),
            self._route(f"{account}/Calls.json", "list", calls.list),
            self._route(f"{account}/Calls.json", "create", calls.create, "POST"),
            self._route(f"{account}/Calls/{{sid}}/Events.json", "events", calls.events),
            self._route(f"{account}/Calls/{{sid}}.json", "fetch", calls.fetch),
            self._route(f"{account}/Calls/{{sid}}.json", "update", calls.update, "POST"),
            self._route(f"{account}/IncomingPhoneNumbers.json", "numbers", numbers.numbers),
            self._route(f"{account}/IncomingPhoneNumbers/{{sid}}.json", "number", numbers.number),
            self._route(f"{account}/IncomingPhoneNumbers/{{sid}}.json", "configure", numbers.configure, "POST"),
        ]

    def _route(self, path: str, name: str, operation: Operation, method: str = "GET") -> Route:
        async def endpoint(request: Request) -> Response:
            return await self._serve(request, name, operation)

        return Route(path, endpoint, methods=[method])

    async def _serve(self, request: Request, name: str, operation: Operation) -> Response:
        form = Form((await request.body()).decode(errors="replace") if request.method == "POST" else request.url.query)
        entry: dict[str, Any] = {
            "at": self._exchange.time.now().isoformat(),
            "operation": name,
            "to": form.one("To"),
            "from": form.one("From"),
            "call_sid": request.path_params.get("sid"),
        }
        self._exchange.requests.append(entry)
        numbers = self._numbers_of(form, request)
        before = self._exchange.faults.strike(*_BEFORE, event=name, numbers=numbers)
        if before is not None:
            entry["fault"] = before.kind.value
            spoilt = await self._spoil(request, before.kind, before.seconds, before.code)
            if spoilt is not None:
                return spoilt
        try:
            self._check_identity(request)
            status, body = await operation(request, form)
        except RestError as error:
            status, body = error.status, error.body
        entry |= {"status": status, "call_sid": body.get("sid", entry["call_sid"])}
        after = self._exchange.faults.strike(*_AFTER, event=name, numbers=numbers) if status < 400 else None
        if after is not None:
            entry["fault"] = after.kind.value
            spoilt = await self._spoil(request, after.kind, after.seconds, after.code)
            if spoilt is not None:
                return spoilt
        return JSONResponse(body, status)

    def _numbers_of(self, form: Form, request: Request) -> tuple[str, ...]:
        call = self._exchange.calls.get(request.path_params.get("sid", ""))
        found = (form.one("To"), form.one("From")) if call is None else (call.to, call.from_)
        return tuple(number for number in found if number is not None)

    async def _spoil(self, request: Request, kind: FaultKind, seconds: float, code: int) -> Response | None:
        match kind:
            case FaultKind.REST_LATE_BEFORE | FaultKind.REST_LATE_AFTER:
                await asyncio.sleep(seconds)
                return None
            case FaultKind.REST_DROPPED_BEFORE | FaultKind.REST_DROPPED_AFTER:
                request.scope["transport"].abort()
                await asyncio.sleep(0.01)
                return Response()
            case FaultKind.REST_429:
                error = rest_error(20429)
            case FaultKind.REST_REFUSED:
                error = rest_error(code)
            case _:
                error = rest_error(20500)
        return JSONResponse(error.body, error.status)

    def _check_identity(self, request: Request) -> None:
        account = self._exchange.account
        scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
        expected = base64.b64encode(f"{account.sid}:{account.auth_token}".encode()).decode()
        if scheme.lower() != "basic" or not secrets.compare_digest(credentials.strip().encode(), expected.encode()):
            raise rest_error(20003)
        if request.path_params["account_sid"] != account.sid:
            raise rest_error(20404)

    async def _account(self, request: Request, form: Form) -> Answer:
        sid = self._exchange.account.sid
        return 200, {"sid": sid, "friendly_name": "Local telephone network", "status": "active", "type": "Full"}
