"""Which request a log line belongs to, from the header that Cloud Run puts on every request."""

from __future__ import annotations

import re

from starlette.types import ASGIApp, Receive, Scope, Send

from shared.log_lines import trace_id

_TRACEPARENT = re.compile(rb"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
_CLOUD_TRACE = re.compile(rb"([0-9a-f]{32})(/[0-9]+)?(;.*)?")


class Traced:
    """An app whose log lines carry the trace of the request they were written for."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request with its trace in the context; tasks started meanwhile inherit it."""
        token = trace_id.set(read_trace(scope))
        try:
            await self.app(scope, receive, send)
        finally:
            trace_id.reset(token)


def read_trace(scope: Scope) -> str | None:
    """The trace id of a request or WebSocket upgrade, 32 hex digits, if its headers name one."""
    headers = dict(scope.get("headers", ()))
    match = _TRACEPARENT.fullmatch(headers.get(b"traceparent", b"")) or _CLOUD_TRACE.fullmatch(
        headers.get(b"x-cloud-trace-context", b"")
    )
    return match[1].decode() if match else None
