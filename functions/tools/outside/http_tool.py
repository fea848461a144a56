"""A tool that is a request to the customer's own system, as an agent's document describes it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import httpx2
import jmespath
import orjson
from jmespath.exceptions import JMESPathError
from pydantic import ConfigDict

from functions.tools.outside.arguments import check_arguments
from functions.tools.outside.secret_headers import SecretHeaders
from functions.tools.tool import Answer, BadArguments, Result, ToolContext, Traits
from shared.domain.agent import Agent
from shared.domain.agent_tools import PLACEHOLDER, HttpTool
from shared.errors import ConfigurationError
from shared.http_guard import Forbidden, Guard, TooLarge, guarded_client

log = logging.getLogger(__name__)

MOST_BYTES = 256 * 1024
AGAIN_AFTER_S = 0.3
LONGEST_WAIT_S = 2.0
"""A server may ask for patience with Retry-After; nobody on the phone has more than this."""
BUSY = frozenset({429, 502, 503, 504})
"""Answers after which a repeatable request may fare better."""
AWAY = "The system that knows this cannot be reached right now. Say so, and offer to call back or to take a message."
REFUSED = "The system did not accept this. Ask the caller whether what they said is right, or go on without it."
NOT_FOUND = "The system knows nothing of that. Ask the caller whether what they said is right."
UNREADABLE = "The system answered something that cannot be read. Say that it does not work right now."
UNKNOWN = "It is not known whether the system has done this. Do not try again; say that somebody will check."


class Told(Result):
    """What is told of an answer."""

    model_config = ConfigDict(extra="allow", frozen=True)


@dataclass(frozen=True, slots=True)
class Door:
    """What requests are made with; one in a process."""

    client: httpx2.AsyncClient
    secrets: SecretHeaders

    @classmethod
    def open(cls, guard: Guard, secrets: SecretHeaders) -> Door:
        """With its own connections."""
        return cls(guarded_client(guard, most_bytes=MOST_BYTES, timeout_s=LONGEST_WAIT_S * 4), secrets)


class HttpTools:
    """The requests that agents' documents describe."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def tools_of(self, agent: Agent) -> Iterable[RequestTool]:
        """This agent's."""
        return [RequestTool(described, self._door) for described in agent.http_tools]

    async def ready(self, agent: Agent, call_sid: str) -> None:
        """Requests need nothing opened ahead."""

    async def release(self, call_sid: str | None) -> None:
        """Nor anything closed."""


@dataclass(frozen=True, slots=True)
class RequestTool:
    """One request that an agent's document describes."""

    described: HttpTool
    door: Door

    @property
    def name(self) -> str:
        """What the model calls it by."""
        return self.described.name

    @property
    def description(self) -> str:
        """When to call it."""
        return self.described.description

    @property
    def traits(self) -> Traits:
        """A second longer than its requests, so that it is the request that says what went wrong."""
        described = self.described
        return Traits(
            timeout_s=described.timeout_s + 1.0,
            needs=frozenset(described.needs),
            may_run_again=described.is_repeatable,
        )

    def parameters(self, agent: Agent | None = None) -> Mapping[str, Any] | None:
        """JSON Schema of the arguments; the document that describes it is the agent's own."""
        del agent
        return self.described.parameters or None

    def begin(self, arguments: Mapping[str, Any]) -> Callable[[ToolContext], Awaitable[Answer]]:
        """The request with these arguments. Raises BadArguments."""
        check_arguments(self.described.parameters, arguments)
        for name in PLACEHOLDER.findall(urlsplit(self.described.url).path):
            # One step of the path, and one that leads on: no way up, and not none at all.
            if name not in self.described.adds and _text(arguments.get(name)).strip() in {"", ".", ".."}:
                raise BadArguments(f"{name}: must not be empty")

        async def run(context: ToolContext) -> Answer:
            return await self._run(dict(arguments), context), None

        return run

    async def _run(self, arguments: dict[str, Any], context: ToolContext) -> Result:
        described = self.described
        arguments |= {fact: _fact(fact, context) for fact in described.adds}
        try:
            headers = await self.door.secrets.filled(described.headers)
        except ConfigurationError:
            log.exception("a tool's secret cannot be read", extra={"call": context.call_sid, "tool": self.name})
            return Result(status="error", message=AWAY)
        headers["idempotency-key"] = context.idempotency_key
        request = _request(self.door.client, described, arguments, headers)
        try:
            async with asyncio.timeout(described.timeout_s):
                status, body = await self._ask(request)
        except Forbidden as forbidden:
            log.error(
                "tool may not go there", extra={"agent": context.agent.id, "tool": self.name, "why": str(forbidden)}
            )
            return Result(status="error", message=AWAY)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
            return self._away(error, context, sent=False)
        except (httpx2.HTTPError, TimeoutError) as error:
            return self._away(error, context, sent=True)
        except TooLarge:
            log.warning("tool's answer is too long", extra={"call": context.call_sid, "tool": self.name})
            return Result(status="error", message=UNREADABLE)
        return self._told(status, body, context)

    def _away(self, error: Exception, context: ToolContext, *, sent: bool) -> Result:
        extra = {"call": context.call_sid, "tool": self.name, "error": type(error).__name__}
        log.warning("tool's system does not answer", extra=extra)
        unknown = sent and not self.described.is_repeatable
        return Result(status="error", message=UNKNOWN if unknown else AWAY)

    async def _ask(self, request: httpx2.Request) -> tuple[int, bytes]:
        """Status and body. What may be repeated is tried again when it did not get through."""
        tries = self.described.tries if self.described.is_repeatable else 1
        for left in range(tries - 1, -1, -1):
            wait_s = AGAIN_AFTER_S
            try:
                response = await self.door.client.send(request, stream=True)
                try:
                    if response.status_code not in BUSY or not left:
                        return response.status_code, await _body(response)
                    wait_s = _wait_s(response.headers.get("retry-after", ""))
                finally:
                    await response.aclose()
            except httpx2.TransportError:
                if not left:
                    raise
            await asyncio.sleep(wait_s)
        raise AssertionError("the last try answers or raises")

    def _told(self, status: int, body: bytes, context: ToolContext) -> Result:
        described = self.described
        if status in described.errors:
            return Result(status="error", message=described.errors[status])
        if not 200 <= status < 300:
            extra = {"call": context.call_sid, "tool": self.name, "http_status": status}
            log.warning("tool's system refused", extra=extra)
            if status == 404:
                return Result(status="error", message=NOT_FOUND)
            return Result(status="error", message=REFUSED if 400 <= status < 500 and status != 429 else AWAY)
        try:
            answer = orjson.loads(body) if body.strip() else None
            told = {name: jmespath.search(path, answer) for name, path in described.answer.items()}
        except (orjson.JSONDecodeError, JMESPathError):
            return Result(status="error", message=UNREADABLE)
        if not described.answer and answer is not None:
            told = {"answer": answer}
        return Told(status="ok", message=described.message, **told)


def _request(
    client: httpx2.AsyncClient, described: HttpTool, arguments: Mapping[str, Any], headers: Mapping[str, str]
) -> httpx2.Request:
    named = PLACEHOLDER.findall(described.url)
    url = PLACEHOLDER.sub(lambda found: quote(_text(arguments.get(found.group(1))), safe=""), described.url)
    rest = {name: value for name, value in arguments.items() if name not in named}
    if described.method in {"GET", "HEAD", "DELETE"}:
        query = {name: _text(value) for name, value in rest.items() if value is not None}
        address = httpx2.URL(url)
        return client.build_request(
            described.method, address.copy_merge_params(query) if query else address, headers=headers
        )
    return client.build_request(
        described.method,
        url,
        content=orjson.dumps(rest),
        headers={**headers, "content-type": "application/json"},
    )


def _text(value: object) -> str:
    """A value as it stands in a URL."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case str() | int() | float():
            return str(value)
        case _:
            return orjson.dumps(value, default=str).decode()


def _fact(fact: str, context: ToolContext) -> str:
    match fact:
        case "call_sid":
            return context.call_sid
        case "caller":
            return context.caller
        case "agent_id":
            return context.agent.id
        case _:
            return context.language or context.agent.languages.start


async def _body(response: httpx2.Response) -> bytes:
    """The body as it came: what claims to be packed is not unpacked, because nobody asked for that."""
    return b"".join([piece async for piece in response.aiter_raw()])


def _wait_s(retry_after: str) -> float:
    """Retry-After in seconds, at most what a caller would bear. As a date it would need a clock like the server's."""
    if retry_after.isascii() and retry_after.isdecimal():
        return min(LONGEST_WAIT_S, float(retry_after[:6]))
    return AGAIN_AFTER_S
