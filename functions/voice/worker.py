"""The server process that carries calls: gunicorn's uvicorn worker, set up for many small WebSocket messages."""

from __future__ import annotations

import gc
import logging
import sys
from typing import Any, ClassVar

from gunicorn.arbiter import Arbiter  # type: ignore[import-untyped]
from uvicorn_worker import UvicornWorker

from functions.voice.stream_server import StreamServer

log = logging.getLogger(__name__)


def _stream_protocol() -> Any:
    try:
        from functions.voice.stream_protocol import StreamProtocol
    except ImportError:
        log.warning("uvicorn's WebSocket is not the one that we know; calls cost more")
        return "auto"
    return StreamProtocol


STREAM_SERVER: dict[str, Any] = {
    "ws": _stream_protocol(),
    "ws_per_message_deflate": False,  # a frame of mu-law does not shrink, and trying costs a core for a few dozen calls
    "ws_max_size": 64 * 1024,  # Twilio's largest message is the start, with some kilobytes of parameters
    "ws_max_queue": 64,  # messages of 20 ms each: more than a second unread means that the call is lost anyway
}
"""How any uvicorn that serves /voice/stream should be configured."""


THREADS_YIELD_S = 0.001
"""A thread that computes (a recording, a language model that loads) lets calls go on after so long, not after 5 ms."""


class StreamWorker(UvicornWorker):  # type: ignore[misc]  # it has no types
    """One process, one event loop, all the calls of an instance."""

    CONFIG_KWARGS: ClassVar[dict[str, Any]] = {
        **UvicornWorker.CONFIG_KWARGS,
        **STREAM_SERVER,
        "loop": "functions.voice.event_loop:new_event_loop",
    }

    def run(self) -> None:
        """Serve until told to stop."""
        sys.setswitchinterval(THREADS_YIELD_S)
        keep_what_is_loaded()
        super().run()

    async def _serve(self) -> None:
        self.config.app = self.wsgi
        server = StreamServer(self.config)
        self._install_sigquit_handler()
        await server.serve(sockets=self.sockets)
        if not server.started:
            sys.exit(Arbiter.WORKER_BOOT_ERROR)


def keep_what_is_loaded() -> None:
    """Take modules and clients out of the garbage collector's sight.

    They live as long as the process, and looking through them all stops every call for some 35 ms.
    """
    gc.collect()
    gc.freeze()
