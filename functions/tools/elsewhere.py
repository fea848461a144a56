"""Runs tools at the tools function: the same registry behind HTTP, called with voice's own identity."""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2
import orjson

from functions.tools.outcome import ToolOutcome, failed, wish_from_document
from functions.tools.tool import ToolContext

log = logging.getLogger(__name__)

TRIES = 2
"""A call of a tool acts once however often it is sent, so one that got lost is sent again."""
BEYOND_S = 2.0
"""On top of the tool's own time-out, which is the other side's to keep."""
CONNECT_S = 2.0
RENEW_BEFORE_S = 300.0
TOKEN_KEPT_S = 1_800.0
"""Of one that does not say how long it lasts."""
AWAY = "This cannot be done right now because of a fault on our side. Apologise, and offer a call back."
UNSENDABLE = "The arguments are not right: one of them cannot be sent. Ask the caller, then try again."
TOO_LONG = "This takes too long right now. Tell the caller, and offer to call back."

Identity = Callable[[str], Awaitable[str]]
"""A token that Google signs, made out to this audience. Raises IdentityUnavailable."""


class IdentityUnavailable(Exception):
    """Google gave no token that says who we are."""


async def google_identity(audience: str) -> str:
    """This service's own token, from the metadata server. Raises IdentityUnavailable."""
    from google.auth.exceptions import GoogleAuthError
    from google.auth.transport.requests import Request
    from google.oauth2 import id_token

    try:
        token = await asyncio.to_thread(id_token.fetch_id_token, Request(), audience)
    except GoogleAuthError as error:
        raise IdentityUnavailable(type(error).__name__) from None
    return str(token)


@dataclass(slots=True)
class _Token:
    value: str
    until_s: float


class Elsewhere:
    """The tools function, as voice calls it."""

    def __init__(self, tools_url: str, identity: Identity | None) -> None:
        self._url = tools_url.rstrip("/")
        self._identity = identity
        """None on a laptop, where nobody asks."""
        self._token: _Token | None = None
        self._client = httpx2.AsyncClient(timeout=httpx2.Timeout(None, connect=CONNECT_S), trust_env=False)

    async def run(self, name: str, arguments: Mapping[str, Any], context: ToolContext, timeout_s: float) -> ToolOutcome:
        """Run a tool there. Every failure is an answer that the model can act on."""
        try:
            body = orjson.dumps({**_told(context), "arguments": dict(arguments)})
        except orjson.JSONEncodeError:
            # A number of more than 64 bits, half a character: the model wrote it, and can write it otherwise.
            return failed("error", UNSENDABLE)
        try:
            async with asyncio.timeout(timeout_s + BEYOND_S):
                response = await self._post(f"{self._url}/tools/{name}", body)
        except TimeoutError:
            return failed("timeout", TOO_LONG)
        except (httpx2.HTTPError, IdentityUnavailable) as error:
            extra = {"call": context.call_sid, "tool": name, "error": type(error).__name__}
            log.error("tools function does not answer", extra=extra)
            return failed("error", AWAY)
        return _outcome(response, context, name)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()

    async def _post(self, url: str, body: bytes) -> httpx2.Response:
        for left in range(TRIES - 1, -1, -1):
            headers = {"content-type": "application/json", **await self._who()}
            try:
                response = await self._client.post(url, content=body, headers=headers)
            except httpx2.TransportError:
                if not left:
                    raise
                continue
            if response.status_code == 401 and left:
                self._token = None  # Google may have changed its keys, or the clock was set
                continue
            if response.status_code < 500 or not left:
                return response
        raise AssertionError("the last try answers or raises")

    async def _who(self) -> dict[str, str]:
        if self._identity is None:
            return {}
        now_s = asyncio.get_running_loop().time()
        if self._token is None or now_s >= self._token.until_s:
            value = await self._identity(self._url)
            self._token = _Token(value, now_s + _lasts_s(value) - RENEW_BEFORE_S)
        return {"authorization": f"Bearer {self._token.value}"}


def _told(context: ToolContext) -> dict[str, Any]:
    """What the other side has to know of the call."""
    return {
        "call_sid": context.call_sid,
        "tool_call_id": context.tool_call_id,
        "agent_id": context.agent.id,
        "agent_version": context.agent.version,
        "caller": context.caller,
        "number_hash": context.number_hash,
        "attempt_id": context.attempt_id,
        "campaign_id": context.campaign_id,
        "language": context.language,
        "last_words": context.last_words,
        "at_ms": context.at_ms,
        "agents_so_far": list(context.agents_so_far),
        "facts": sorted(context.facts),
    }


def _outcome(response: httpx2.Response, context: ToolContext, name: str) -> ToolOutcome:
    try:
        answer = orjson.loads(response.content)
        if response.status_code == 200:
            return ToolOutcome(
                str(answer["status"]),
                dict(answer["response"]),
                wish_from_document(answer.get("wish")),
                repeated=bool(answer.get("repeated")),
                keeps_secret=bool(answer.get("keeps_secret")),
            )
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        pass
    extra = {"call": context.call_sid, "tool": name, "http_status": response.status_code}
    log.error("tools function refused", extra=extra)
    return failed("error", AWAY)


def _lasts_s(token: str) -> float:
    """How long a token holds from its making; nobody here checks it, so it is only read."""
    try:
        claims = orjson.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        return float(claims["exp"] - claims["iat"])
    except (IndexError, KeyError, TypeError, ValueError):
        return TOKEN_KEPT_S
