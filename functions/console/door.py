"""Checks every request before the console sees it: from which site's page it comes, and how big it is."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from functions.console.problem import Problem

MOST_BYTES = 33 << 20
"""Cloud Run takes 32 MiB in one request; a form's own words come on top."""
READ_ON_BYTES = 256 << 20
"""A body that is too big is still read so far: a browser shows an answer only when it could send all."""
SAFE = {"GET", "HEAD", "OPTIONS"}
SECURE: Mapping[str, str] = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "media-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


class Door:
    """Refuses what another site's page sends and what is too big; sends safe headers with every answer.

    The console has no login on a laptop, so a page of another site that posts to it is the one thing a browser would
    let happen. Browsers say where a request was made; what says nothing is no browser.
    """

    def __init__(self, app: ASGIApp, most_bytes: int = MOST_BYTES) -> None:
        self._app = app
        self._most_bytes = most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let it in, or answer with a problem."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        send = _with_safe_headers(send)
        problem = None if scope["method"] in SAFE else _of_another_site(headers)
        if problem is None and int(_length(headers)) > self._most_bytes:
            await _read_on(receive)
            problem = too_big(self._most_bytes)
        if problem is not None:
            await problem.response()(scope, receive, send)
            return
        await self._app(scope, _counted(receive, self._most_bytes), send)


def too_big(most_bytes: int) -> Problem:
    """A body beyond the limit."""
    return Problem(
        413,
        "The file is too big for one request",
        f"Up to {most_bytes >> 20} MB fit in one. Upload it in parts: POST /api/uploads; the page does so by itself.",
        code="too_big",
        field="file",
    )


def _of_another_site(headers: Headers) -> Problem | None:
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        ours = site in ("same-origin", "none")
    elif origin is not None:
        ours = urlsplit(origin).netloc == headers.get("host", "")
    else:
        ours = True
    if ours:
        return None
    return Problem(
        403, "Another site's page sent this", "Changes are made from the console's own pages.", code="origin"
    )


def _length(headers: Headers) -> str:
    written = headers.get("content-length", "0")
    return written if written.isascii() and written.isdigit() else "0"


async def _read_on(receive: Receive) -> None:
    read = 0
    while read < READ_ON_BYTES:
        message = await receive()
        read += len(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body"):
            return


def _counted(receive: Receive, most_bytes: int) -> Receive:
    """A body that does not say how long it is may not be longer either."""
    read = 0

    async def counting() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > most_bytes:
            raise too_big(most_bytes)
        return message

    return counting


def _with_safe_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in SECURE.items():
                headers.setdefault(name, value)
        await send(message)

    return sending
