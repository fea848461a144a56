"""Four functions behind one port, for a laptop: Twilio reaches voice, only this machine reaches the others."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.outside import is_loopback

FORWARDED = {b"x-forwarded-for", b"x-forwarded-host", b"forwarded"}
"""Tunnels and proxies add these; a browser on this machine does not."""


class ThisMachineOnly:
    """Lets a request through if it was made on this machine, to this machine.

    A tunnel (ngrok, cloudflared) that brings Twilio in connects from loopback too, so the sender's address proves
    nothing: the name it asked for, and the absence of a proxy's headers, do.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        headers = dict(scope.get("headers", []))
        client = scope.get("client")
        host = headers.get(b"host", b"").decode("latin-1")
        here = client is not None and is_loopback(client[0]) and is_loopback(host) and not FORWARDED & headers.keys()
        if here:
            await self._app(scope, receive, send)
        else:
            await PlainTextResponse("Only from this machine", status_code=403)(scope, receive, send)


def one_app(voice: Starlette, *, tools: Starlette, campaigns: Starlette, console: Starlette) -> Starlette:
    """One app that hands each request to its function, and starts and stops all of them with the server."""
    functions = (voice, tools, campaigns, console)
    inside = {"tools": ThisMachineOnly(tools), "campaigns": ThisMachineOnly(campaigns)}
    inside |= {"console": ThisMachineOnly(console), "api": ThisMachineOnly(console)}

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for function in functions:
                await stack.enter_async_context(function.router.lifespan_context(function))
            yield

    class OneApp(Starlette):
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "lifespan":
                await super().__call__(scope, receive, send)
                return
            first = scope["path"].split("/", 2)[1]
            if first == "healthz":
                await JSONResponse({"ok": True, "function": "all"})(scope, receive, send)
                return
            await inside.get(first, voice)(scope, receive, send)

    return OneApp(lifespan=lifespan)
