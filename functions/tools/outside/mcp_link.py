"""One session with one MCP server, in a task of its own: the SDK wants it opened and closed in the same task."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from functions.tools.outside.secret_headers import SecretHeaders
from shared.domain.agent_tools import McpServer
from shared.http_guard import Guard, guarded_client

if TYPE_CHECKING:
    from mcp.types import CallToolResult

log = logging.getLogger(__name__)

MOST_BYTES = 4 * 1024 * 1024
"""Of one answer; a server lists all its tools in one."""
MOST_EVENT_BYTES = 512 * 1024
MOST_PAGES = 10
MOST_TEXT = 4_000
IDLE_S = 600.0
"""A session is closed after so long without a call of a tool: its phone call may have gone on in another process."""
CLOSE_WITHIN_S = 2.0
KEY = "parley/idempotency-key"
"""In a call's _meta: a server that wants to may tell a repeated call by it."""


class ServerAway(Exception):
    """An MCP server could not be reached, or went away; the message is the kind of the fault."""


class ToolFailed(Exception):
    """An MCP server says that the tool did not work; the message is the server's, cut short."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A tool as its server lists it."""

    description: str
    parameters: Mapping[str, Any] | None
    only_reads: bool


class McpLink:
    """One session with one MCP server."""

    def __init__(self, server: McpServer, guard: Guard, secrets: SecretHeaders, ended: Callable[[], None]) -> None:
        self.server = server
        self._guard = guard
        self._secrets = secrets
        self._client: Any = None
        self._tools: Mapping[str, Listed] = {}
        self._opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._leave = asyncio.Event()
        self._used_s = 0.0
        self._task = asyncio.create_task(self._hold())
        self._task.add_done_callback(lambda _: ended())

    @property
    def is_over(self) -> bool:
        """It was closed, or broke."""
        return self._task.done() or self._leave.is_set()

    async def listed(self) -> Mapping[str, Listed]:
        """The server's tools, as soon as the session stands. Raises ServerAway."""
        await asyncio.shield(self._opened)
        return self._tools

    async def call(self, name: str, arguments: Mapping[str, Any], key: str) -> Any:
        """What the tool answers: its structured content, or its text. Raises ServerAway, ToolFailed."""
        await asyncio.shield(self._opened)
        self._used_s = asyncio.get_running_loop().time()
        from mcp import MCPError

        try:
            async with asyncio.timeout(self.server.timeout_s):
                result = await self._client.call_tool(name, dict(arguments), meta={KEY: key})
        except MCPError as error:
            raise ToolFailed(str(error)[:MOST_TEXT]) from None
        except Exception as error:
            # Whatever the transport raised: the session is not to be trusted any more.
            self._leave.set()
            raise ServerAway(type(error).__name__) from None
        return _answer(result)

    async def close(self) -> None:
        """End the session, politely if that is quick."""
        self._leave.set()
        await asyncio.wait([self._task], timeout=CLOSE_WITHIN_S)
        if not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task], timeout=CLOSE_WITHIN_S)

    async def _hold(self) -> None:
        try:
            async with asyncio.timeout(self.server.open_within_s) as opening:
                await self._session(opening)
        except asyncio.CancelledError:
            self._is_away("closed")
            raise
        except BaseException as error:  # the SDK's task groups raise groups
            if not self._opened.done():
                self._is_away(type(_innermost(error)).__name__)
            else:
                extra = {"server": self.server.name, "error": type(_innermost(error)).__name__}
                log.warning("MCP session ended", extra=extra)

    def _is_away(self, why: str) -> None:
        if not self._opened.done():
            self._opened.set_exception(ServerAway(why))
            self._opened.exception()  # somebody may never ask

    async def _session(self, opening: asyncio.Timeout) -> None:
        from mcp import Client
        from mcp.client.streamable_http import streamable_http_client

        server = self.server
        http = guarded_client(self._guard, most_bytes=MOST_BYTES, timeout_s=server.timeout_s + 5)
        http.headers.update(await self._secrets.filled(server.headers))
        transport = streamable_http_client(server.url, http_client=http, max_sse_event_size=MOST_EVENT_BYTES)
        async with http, Client(transport, read_timeout_seconds=server.timeout_s) as client:
            self._tools = await _list(client, server)
            self._client = client
            opening.reschedule(None)
            self._opened.set_result(None)
            await self._until_it_may_end()

    async def _until_it_may_end(self) -> None:
        loop = asyncio.get_running_loop()
        self._used_s = loop.time()
        while not self._leave.is_set():
            try:
                async with asyncio.timeout(IDLE_S):
                    await self._leave.wait()
            except TimeoutError:
                if loop.time() - self._used_s >= IDLE_S:
                    return


async def _list(client: Any, server: McpServer) -> Mapping[str, Listed]:
    """The chosen tools, page by page."""
    found: dict[str, Listed] = {}
    cursor = None
    for _ in range(MOST_PAGES):
        page = await client.list_tools(cursor=cursor)
        for tool in page.tools:
            if tool.name in server.tools:
                hints = tool.annotations
                only_reads = hints is not None and hints.read_only_hint is True
                found[tool.name] = Listed(tool.description or tool.name, tool.input_schema or None, only_reads)
        cursor = page.next_cursor
        if cursor is None:
            break
    return found


def _answer(result: CallToolResult) -> Any:
    texts = [part.text for part in result.content if part.type == "text"]
    text = "\n".join(texts)[:MOST_TEXT]
    if result.is_error:
        raise ToolFailed(text)
    if result.structured_content is not None:
        return result.structured_content
    others = sorted({part.type for part in result.content if part.type != "text"})
    return text or (f"The answer cannot be told on the phone: {', '.join(others)}." if others else "Done.")


def _innermost(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
