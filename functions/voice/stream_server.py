"""uvicorn for calls: told to stop, it hands its streams over to another instance before it closes their sockets."""

from __future__ import annotations

import socket

from uvicorn import Server

from functions.voice.drain import PROCESS


class StreamServer(Server):
    """A server that hangs up on nobody."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take nobody new, hand over those who are here, then do what every server does."""
        for server in self.servers:
            server.close()
        for listening in sockets or []:
            listening.close()
        await PROCESS.run()
        await super().shutdown(sockets)
