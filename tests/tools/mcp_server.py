"""A real MCP server, made with the official SDK and served over streamable HTTP on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any

import uvicorn
from mcp.server.mcpserver import MCPServer
from mcp.types import ToolAnnotations
from pydantic import Field
from starlette.types import Receive, Scope, Send

from local.telephone_network.server import QuietServer, bind

Number = Annotated[int, Field(ge=1, description="The customer's number.")]


@dataclass
class CustomersMcp:
    """What it was asked."""

    asked: list[tuple[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    methods: list[str] = field(default_factory=list)
    slow_s: float = 0.0
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/mcp"


def tools(system: CustomersMcp) -> MCPServer:
    server = MCPServer("crm")

    @server.tool(description="Finds a customer by number.", annotations=ToolAnnotations(read_only_hint=True))
    async def find_customer(
        number: Annotated[int, Field(ge=1, description="The customer's number.")],
    ) -> dict[str, Any]:
        system.asked.append(("find_customer", number))
        await asyncio.sleep(system.slow_s)
        return {"name": "Meera", "number": number}

    @server.tool(description="Opens a ticket.")
    async def open_ticket(words: str) -> str:
        system.asked.append(("open_ticket", words))
        await asyncio.sleep(system.slow_s)
        if words == "fail":
            raise ValueError("no ticket today")
        return "ticket 7"

    @server.tool(description="Deletes everything.")
    async def delete_everything() -> str:
        system.asked.append(("delete_everything", None))
        return "gone"

    return server


@asynccontextmanager
async def mcp_server(*, json_response: bool = False, port: int = 0) -> AsyncIterator[CustomersMcp]:
    """The server, while the block lasts."""
    system = CustomersMcp()
    app = tools(system).streamable_http_app(json_response=json_response)

    async def noting(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            system.methods.append(scope["method"])
            system.headers.append({name.decode(): value.decode() for name, value in scope["headers"]})
        await app(scope, receive, send)

    listener = bind(port)
    system.port = listener.getsockname()[1]
    server = QuietServer(uvicorn.Config(noting, log_config=None, access_log=False, lifespan="off"))
    async with app.router.lifespan_context(app):
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        await server.ready.wait()
        try:
            yield system
        finally:
            server.should_exit = server.force_exit = True
            await serving
            listener.close()
