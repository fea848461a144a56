"""Posts to systems of other people: within time, nowhere it should not go, and without reading what they say."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Mapping
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from shared.outside import is_public, webhook_url_problem

ANSWER_WITHIN_S = 10.0
MOST_CONNECTIONS = 32


class SendError(Exception):
    """A webhook's receiver could not be reached, or may not be; the message is ours and names no address."""


class PublicResolver(AbstractResolver):
    """Resolves names to addresses on the public internet alone, so that no webhook reaches our own insides."""

    def __init__(self) -> None:
        self._resolver = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Addresses of a host. Raises OSError when one of them is not public."""
        found = await self._resolver.resolve(host, port, family)
        if not all(is_public(one["host"]) for one in found):
            raise OSError("the name leads to an address that is not public")
        return found

    async def close(self) -> None:
        """Nothing is held."""
        await self._resolver.close()


class Sender:
    """One a process. On a laptop it may also post to the laptop itself."""

    def __init__(self, *, loopback_allowed: bool = False, answer_within_s: float = ANSWER_WITHIN_S) -> None:
        self._loopback_allowed = loopback_allowed
        self._answer_within_s = answer_within_s
        self._session: aiohttp.ClientSession | None = None

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """The status that was answered; redirects are an answer, not a way. Raises SendError."""
        problem = webhook_url_problem(url, loopback_allowed=self._loopback_allowed)
        if problem is not None:
            raise SendError(problem)
        try:
            async with (
                asyncio.timeout(self._answer_within_s),
                self._opened().post(url, data=body, headers=dict(headers), allow_redirects=False) as answer,
            ):
                return answer.status
        except TimeoutError:
            raise SendError("the receiver did not answer in time") from None
        except (aiohttp.ClientError, OSError) as error:
            raise SendError(f"the receiver could not be reached ({type(error).__name__})") from None

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            resolver: dict[str, Any] = {} if self._loopback_allowed else {"resolver": PublicResolver()}
            connector = aiohttp.TCPConnector(
                limit=MOST_CONNECTIONS, ssl=ssl.create_default_context(), use_dns_cache=False, **resolver
            )
            self._session = aiohttp.ClientSession(connector=connector, headers={"user-agent": "Parley"})
        return self._session

    async def close(self) -> None:
        """Let go of connections."""
        if self._session is not None:
            await self._session.close()
