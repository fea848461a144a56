"""Voice as the cloud serves it: the framework's app for the webhooks, and the one WebSocket it cannot route.

The framework registers HTTP routes only; a WebSocket upgrade would be refused with 403. Its app is a plain
Starlette app whose catch-all never matches a WebSocket, so one route ahead of it is enough:

    gunicorn -k functions.voice.worker.StreamWorker -w 1 functions.voice.asgi:app
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from functions_framework.aio import create_asgi_app
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute

from functions.voice.wiring import app as voice_app
from shared.tracing import Traced

STREAM_PATH = "/voice/stream"
ROOT = Path(__file__).resolve().parents[2]


def with_stream(framework_app: Starlette, voice: Starlette) -> Starlette:
    """The framework's app, handing the media stream to voice, and starting and stopping voice with the server."""
    framework_app.router.routes.insert(0, WebSocketRoute(STREAM_PATH, Traced(voice)))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with voice.router.lifespan_context(voice):
            yield

    framework_app.router.lifespan_context = lifespan
    return framework_app


_framework_app: Starlette = create_asgi_app(  # type: ignore[no-untyped-call]
    target="voice", source=str(ROOT / "main.py"), signature_type="http"
)
app = with_stream(_framework_app, voice_app())
