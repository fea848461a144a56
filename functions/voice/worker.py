"""The server process that carries calls: gunicorn's uvicorn worker, set up for many small WebSocket messages."""

from __future__ import annotations

from typing import Any, ClassVar

from uvicorn_worker import UvicornWorker

STREAM_SERVER: dict[str, Any] = {
    "ws_per_message_deflate": False,  # a frame of mu-law does not shrink, and trying costs a core for a few dozen calls
    "ws_max_size": 64 * 1024,  # Twilio's largest message is the start, with some kilobytes of parameters
    "ws_max_queue": 64,  # messages of 20 ms each: more than a second unread means that the call is lost anyway
}
"""How any uvicorn that serves /voice/stream should be configured."""


class StreamWorker(UvicornWorker):  # type: ignore[misc]  # it has no types
    """One process, one event loop, all the calls of an instance."""

    CONFIG_KWARGS: ClassVar[dict[str, Any]] = {**UvicornWorker.CONFIG_KWARGS, **STREAM_SERVER}
