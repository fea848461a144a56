"""The four functions that Cloud Run calls; nothing else.

Each answers with its own Starlette app, which the framework then runs as the response. The app is imported and
built at the first request: the framework loads this file before its server forks, and neither database clients
nor threads survive a fork. The revision's start-up probe asks for /healthz, so a service whose settings are wrong
is never given a caller.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import functions_framework.aio
from starlette.requests import Request
from starlette.types import ASGIApp

from shared.tracing import Traced

Function = Callable[[Request], Awaitable[ASGIApp]]
http: Callable[[Function], Function] = functions_framework.aio.http  # type: ignore[assignment]
"""The framework runs whatever its functions return as the response, and a response is any ASGI app."""


@http
async def voice(_: Request) -> ASGIApp:
    """Twilio's webhooks. The calls themselves need functions/voice/asgi.py, which adds the WebSocket."""
    from functions.voice.wiring import app

    return Traced(app())


@http
async def tools(_: Request) -> ASGIApp:
    """What an agent can do during a call."""
    from functions.tools.wiring import app

    return Traced(app())


@http
async def campaigns(_: Request) -> ASGIApp:
    """One beat of the dispatcher."""
    from functions.campaigns.wiring import app

    return Traced(app())


@http
async def console(_: Request) -> ASGIApp:
    """The marketer's pages and the JSON API."""
    from functions.console.wiring import app

    return Traced(app())
