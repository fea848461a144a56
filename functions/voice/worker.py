"""The server process that carries calls: gunicorn's uvicorn worker, set up for many small WebSocket messages."""

from __future__ import annotations

import socket
import sys
from typing import Any, ClassVar

from gunicorn.arbiter import Arbiter
from uvicorn import Server
from uvicorn_worker import UvicornWorker

from functions.voice.drain import PROCESS

STREAM_SERVER: dict[str, Any] = {
    "ws_per_message_deflate": False,  # a frame of mu-law does not shrink, and trying costs a core for a few dozen calls
    "ws_max_size": 64 * 1024,  # Twilio's largest message is the start, with some kilobytes of parameters
    "ws_max_queue": 64,  # messages of 20 ms each: more than a second unread means that the call is lost anyway
}
"""How any uvicorn that serves /voice/stream should be configured."""


class StreamServer(Server):
    """A server that lets its calls go over to another instance before it closes their sockets."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take nobody new, hand over those who are here, then do what every server does."""
        for server in self.servers:
            server.close()
        for listening in sockets or []:
            listening.close()
        await PROCESS.run()
        await super().shutdown(sockets)


class StreamWorker(UvicornWorker):  # type: ignore[misc]  # it has no types
    """One process, one event loop, all the calls of an instance."""

    CONFIG_KWARGS: ClassVar[dict[str, Any]] = {**UvicornWorker.CONFIG_KWARGS, **STREAM_SERVER}

    async def _serve(self) -> None:
        self.config.app = self.wsgi
        server = StreamServer(self.config)
        self._install_sigquit_handler()
        await server.serve(sockets=self.sockets)
        if not server.started:
            sys.exit(Arbiter.WORKER_BOOT_ERROR)
