"""Posts to other people's systems: within a time, to allowed addresses only, and reads nothing but the status."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import httpx2

from shared.http_guard import Forbidden, Guard, guarded_client
from shared.outside import LOOPBACK_HOSTS, webhook_url_problem

ANSWER_WITHIN_S = 10.0
MOST_ANSWER_BYTES = 64 * 1024


class SendError(Exception):
    """A webhook's receiver could not be reached, or may not be; the message is ours and names no address."""


class Sender:
    """The HTTP client for webhooks, one for each process. On a laptop it may also post to the laptop itself."""

    def __init__(self, *, loopback_allowed: bool = False, answer_within_s: float = ANSWER_WITHIN_S) -> None:
        self._loopback_allowed = loopback_allowed
        self._answer_within_s = answer_within_s
        guard = Guard(private_hosts=LOOPBACK_HOSTS if loopback_allowed else ())
        self._http = guarded_client(guard, most_bytes=MOST_ANSWER_BYTES, timeout_s=answer_within_s)

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """The status that was answered; redirects are an answer, not a way. Raises SendError."""
        problem = webhook_url_problem(url, loopback_allowed=self._loopback_allowed)
        if problem is not None:
            raise SendError(problem)
        try:
            async with (
                asyncio.timeout(self._answer_within_s),
                self._http.stream("POST", url, content=body, headers=dict(headers)) as answer,
            ):
                return answer.status_code
        except Forbidden as error:
            raise SendError(str(error)) from None
        except (TimeoutError, httpx2.TimeoutException):
            raise SendError("the receiver did not answer in time") from None
        except (httpx2.HTTPError, OSError) as error:
            raise SendError(f"the receiver could not be reached ({type(error).__name__})") from None

    async def close(self) -> None:
        """Let go of connections."""
        await self._http.aclose()
