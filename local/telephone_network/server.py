"""Serving a network on loopback: inside a test, or as a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator

import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from local.telephone_network.control_api import ControlApi
from local.telephone_network.network import NetworkSettings, TelephoneNetwork
from local.telephone_network.rest.api import RestApi

BACKLOG = 512
KEEP_ALIVE_S = 75
"""Longer than any client keeps an idle connection, so that it is never the server that closes under a request."""


class DroppableConnection(H11Protocol):
    """Lets the app see its TCP connection, so that it can break it instead of answering; keeps numbers out of logs."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Remember the connection for every request on it."""
        super().connection_made(transport)
        self.access_log = False
        self.app = _with_transport(self.app, transport)


def _with_transport(app: ASGIApp, transport: asyncio.Transport) -> ASGIApp:
    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "transport": transport}, receive, send)

    return wrapped


class QuietServer(uvicorn.Server):
    """A server that says when it is ready, and leaves the process's signals to whoever owns the process."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets=sockets)
        self.ready.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take no signal."""
        yield


def make_app(network: TelephoneNetwork) -> Starlette:
    """Twilio's REST API and the control API, on one port."""
    return Starlette(routes=[*RestApi(network).routes(), *ControlApi(network).routes()])


def _config(network: TelephoneNetwork) -> uvicorn.Config:
    return uvicorn.Config(
        make_app(network),
        http=DroppableConnection,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        timeout_keep_alive=KEEP_ALIVE_S,
    )


def bind(port: int) -> socket.socket:
    """A listening socket on loopback; port 0 takes a free one."""
    # asyncio switches Nagle's algorithm off only where the protocol is named, and connections inherit it from here;
    # with it on, an answer written in two pieces waits 40 ms for an acknowledgement.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(BACKLOG)
    listener.setblocking(False)
    return listener


@contextlib.asynccontextmanager
async def telephone_network(settings: NetworkSettings, port: int = 0) -> AsyncIterator[TelephoneNetwork]:
    """A network that serves as long as the context is open; base_url says where."""
    network = TelephoneNetwork(settings)
    with contextlib.closing(bind(port)) as listener:
        network.base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        server = QuietServer(_config(network))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        network.open()
        try:
            await server.ready.wait()
            yield network
        finally:
            await network.close()
            server.should_exit = server.force_exit = True
            await serving
