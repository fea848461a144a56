"""Tools of MCP servers that an agent's document names: a session with each server, for as long as the call lasts.

The official SDK speaks the protocol and is imported only when an agent names a server. Sessions are opened while the
phone still rings, and with them comes the server's list of tools; only those that the document chose are ever shown to
the model. A server that is away leads to an answer that says so, never to a call that waits.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from functions.tools.outside.arguments import check_arguments
from functions.tools.outside.http_tool import AWAY, UNKNOWN, Told
from functions.tools.outside.mcp_link import Listed, McpLink, ServerAway, ToolFailed
from functions.tools.outside.secret_headers import SecretHeaders
from functions.tools.tool import Answer, BadArguments, Result, ToolContext, Traits
from shared.domain.agent import Agent
from shared.domain.agent_tools import McpServer
from shared.http_guard import Guard

log = logging.getLogger(__name__)

NOT_SEEN = "It cannot be reached right now; call it only if the caller insists."
NOT_THERE = "The system does not offer this any more. Go on without it."
FAILED = "The system could not do this. Ask the caller whether what they said is right, or go on without it."


class McpTools:
    """The sessions of one process, by call and server, and what each server listed last."""

    def __init__(self, guard: Guard, secrets: SecretHeaders) -> None:
        self._guard = guard
        self._secrets = secrets
        self._links: dict[tuple[str, str], McpLink] = {}
        self._listed: dict[str, Mapping[str, Listed]] = {}
        """By the server as documents describe it: whoever describes it otherwise may see something else."""

    def tools_of(self, agent: Agent) -> Iterable[ServerTool]:
        """The chosen tools of this agent's servers, as they were last listed."""
        return [
            ServerTool(server, name, self._listed.get(server.model_dump_json(), {}).get(name), self)
            for server in agent.mcp_servers
            for name in server.tools
        ]

    async def ready(self, agent: Agent, call_sid: str) -> None:
        """Sessions for this call; comes back when each stands or is known to be away."""
        links = [self.link(server, call_sid) for server in agent.mcp_servers]
        await asyncio.gather(*(self._listing(link) for link in links))

    async def _listing(self, link: McpLink) -> None:
        try:
            self.heard(link.server, await link.listed())
        except ServerAway as away:
            log.warning("MCP server is away", extra={"server": link.server.name, "why": str(away)})

    async def release(self, call_sid: str | None) -> None:
        """The call is over, or goes on elsewhere; None: all of them are."""
        links = [self._links.pop(key) for key in list(self._links) if call_sid in {None, key[0]}]
        await asyncio.gather(*(link.close() for link in links))

    @property
    def links(self) -> Sequence[McpLink]:
        """The sessions there are."""
        return tuple(self._links.values())

    def link(self, server: McpServer, call_sid: str) -> McpLink:
        """The call's session with this server, begun anew if there is none or it broke."""
        key = call_sid, server.name
        link = self._links.get(key)
        if link is None or link.is_over or link.server != server:
            link = self._links[key] = McpLink(server, self._guard, self._secrets, lambda: self._forget(key))
        return link

    def _forget(self, key: tuple[str, str]) -> None:
        if (link := self._links.get(key)) is not None and link.is_over:
            del self._links[key]

    def heard(self, server: McpServer, listed: Mapping[str, Listed]) -> None:
        """The server has just said what it offers."""
        self._listed[server.model_dump_json()] = listed


@dataclass(frozen=True, slots=True)
class ServerTool:
    """One tool of a server."""

    server: McpServer
    name: str
    listed: Listed | None
    """None: the server has not been reached yet."""
    house: McpTools

    @property
    def description(self) -> str:
        """The server's own words."""
        return NOT_SEEN if self.listed is None else self.listed.description

    @property
    def traits(self) -> Traits:
        """Opening a session anew may come on top of the call's own time."""
        return Traits(
            timeout_s=self.server.timeout_s + self.server.open_within_s + 1.0,
            needs=frozenset(self.server.needs),
            beside_the_call=True,  # its session lasts as long as the call
            may_run_again=self.listed is not None and self.listed.only_reads,
        )

    def parameters(self, agent: Agent | None = None) -> Mapping[str, Any] | None:
        """The server's own JSON Schema."""
        del agent
        return None if self.listed is None else self.listed.parameters

    def begin(self, arguments: Mapping[str, Any]) -> Callable[[ToolContext], Awaitable[Answer]]:
        """The tool with these arguments. Raises BadArguments."""
        if self.listed is not None:
            check_arguments(self.listed.parameters or {}, arguments)

        async def run(context: ToolContext) -> Answer:
            return await self._run(arguments, context), None

        return run

    async def _run(self, arguments: Mapping[str, Any], context: ToolContext) -> Result:
        link = self.house.link(self.server, context.call_sid)
        extra = {"call": context.call_sid, "tool": self.name, "server": self.server.name}
        try:
            listed = await link.listed()
        except ServerAway as away:
            log.warning("MCP server is away", extra={**extra, "why": str(away)})
            return Result(status="error", message=AWAY)
        self.house.heard(self.server, listed)
        if self.name not in listed:
            return Result(status="error", message=NOT_THERE)
        if self.listed is None:
            try:
                check_arguments(listed[self.name].parameters or {}, arguments)
            except BadArguments as bad:
                return Result(status="error", message=f"The arguments are not right: {bad}. Ask, then try again.")
        try:
            answer = await link.call(self.name, arguments, context.idempotency_key)
        except ServerAway as away:
            log.warning("MCP server went away", extra={**extra, "why": str(away)})
            return Result(status="error", message=AWAY if listed[self.name].only_reads else UNKNOWN)
        except ToolFailed as failed:
            # Its words are for a model: they say what was wrong with the arguments.
            return Result(status="error", message=f"{FAILED} It says: {failed}" if str(failed) else FAILED)
        return Told.model_validate({"message": "It worked. Tell the caller what matters to them.", "answer": answer})
