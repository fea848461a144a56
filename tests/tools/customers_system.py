"""The customer's own system: a real HTTP server on loopback that keeps what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from functions.tools.outside.http_tool import Door, HttpTools
from functions.tools.outside.secret_headers import SecretHeaders
from functions.tools.registry import Registry
from functions.tools.tool import ToolContext
from shared.domain.agent import Agent, Languages
from shared.domain.agent_tools import HttpTool
from shared.http_guard import Guard
from tests.manual_clock import ManualClock
from tests.memory_store import MemoryStore

CALL = "CA" + "1" * 32


@dataclass
class Asked:
    """One request as it came over the line."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class CustomersSystem:
    """Answers one by one from `answers`, then always with the last."""

    answers: list[bytes] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, one request."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            line, *lines = head.strip().split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (one.partition(":") for one in lines)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            method, target, _ = line.split(" ")
            self.asked.append(Asked(method, target, headers, body))
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if answer == b"never":
                await reader.read()  # until the other side has had enough
            if answer != b"hang up":
                writer.write(answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def answer(status: int = 200, body: bytes = b"{}", **headers: str) -> bytes:
    """An HTTP answer."""
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = f"HTTP/1.1 {status} X\r\ncontent-length: {len(body)}\r\nconnection: close\r\n{more}\r\n"
    return head.encode() + body


@asynccontextmanager
async def customers_system(*answers: bytes) -> AsyncIterator[CustomersSystem]:
    """The system, while the block lasts."""
    system = CustomersSystem(list(answers))
    async with await asyncio.start_server(system.serve, "127.0.0.1", 0) as server:
        system.port = server.sockets[0].getsockname()[1]
        yield system


def agent_with(*http_tools: dict[str, Any], **more: Any) -> Agent:
    """An agent whose document describes these requests."""
    return Agent(
        id="shop",
        name="Tara",
        company="Shop",
        purpose="You answer the phone.",
        instructions="Be kind.",
        greeting={"en": "Hello."},
        languages=Languages(start="en"),
        http_tools=tuple(map(HttpTool.model_validate, http_tools)),
        **more,
    )


def context_of(agent: Agent, tool_call_id: str = "t1", **more: Any) -> ToolContext:
    """A call of this agent's."""
    store = more.pop("store", None) or MemoryStore()
    return ToolContext(
        call_sid=CALL,
        agent=agent,
        caller="+919800000001",
        idempotency_key=f"{CALL}:{tool_call_id}",
        clock=ManualClock(),
        store=store,
        language="en",
        **more,
    )


@asynccontextmanager
async def registry_at(
    system: CustomersSystem | None = None,
    *,
    guard: Guard | None = None,
    read: Callable[[Any], Any] = lambda named: {name: f"value of {name[9:]}" for name in named},
) -> AsyncIterator[Registry]:
    """Tools that may reach this machine, as on a laptop."""
    del system
    door = Door.open(guard or Guard(private_hosts=["127.0.0.1"]), SecretHeaders(read))
    async with door.client:
        yield Registry([], [HttpTools(door)])
