"""Agents: those that ship with Parley and those that were written here; every version is kept."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from functions.console.operation import Answer, Asked, Operation
from functions.console.problem import Problem, invalid
from functions.console.services import ConsoleServices
from functions.tools.builtin import BUILTIN
from shared.domain.agent import Agent
from shared.domain.record import plain
from shared.store.store import BadDocument, Create, Document, Update, Value, Write


class AgentBody(Agent):
    """An agent as it is sent: the version may be left out, or say which one was changed."""

    model_config = ConfigDict(title="Agent")

    version: int = 0


class AgentAnswer(Answer):
    """An agent, and where it comes from."""

    agent_id: str
    shipped: bool
    """True: it comes with Parley and nobody has changed it."""
    agent: Agent


class Agents(Answer):
    """All agents, by id."""

    agents: list[AgentAnswer]
    next: str | None = None


class AgentsApi:
    """The operations on agents."""

    def __init__(self, services: ConsoleServices) -> None:
        self._services = services
        self._store = services.store
        self._shipped = services.shipped

    def operations(self) -> list[Operation]:
        """All of them."""
        one = "/api/agents/{agent_id}"
        return [
            Operation("GET", "/api/agents", "The agents", self.all, Agents),
            Operation("GET", one, "An agent", self.one, AgentAnswer, problems=(404,)),
            Operation("PUT", one, "Write an agent; calls that run keep the version they began with", self.put,
                      AgentAnswer, body=AgentBody, problems=(409,)),
        ]  # fmt: skip

    async def all(self, asked: Asked) -> BaseModel:
        """Those in the store over those that ship."""
        del asked
        kept: dict[str, Agent] = {}
        cursor: str | None = None
        while True:
            page = await self._store.query("agents", limit=200, cursor=cursor)
            kept.update((one.id, Agent.model_validate(one.data)) for one in page.documents)
            cursor = page.next
            if cursor is None:
                break
        return Agents(
            agents=[
                AgentAnswer(agent_id=agent.id, shipped=agent.id not in kept, agent=agent)
                for agent in sorted({**self._shipped, **kept}.values(), key=lambda one: one.id)
            ]
        )

    async def one(self, asked: Asked) -> BaseModel:
        """The version in use."""
        document = await self._kept(asked["agent_id"])
        agent = self._shipped.get(asked["agent_id"]) if document is None else Agent.model_validate(document.data)
        if agent is None:
            raise Problem(404, "There is no such agent")
        return AgentAnswer(agent_id=agent.id, shipped=document is None, agent=agent)

    async def put(self, asked: Asked) -> BaseModel:
        """A new version, unless somebody else has written one in between."""
        body: AgentBody = asked.body
        agent_id = asked["agent_id"]
        if body.id != agent_id:
            raise Problem(422, "The agent has another id", "The id in the body is the one in the path.", field="id")
        document = await self._kept(agent_id)
        shipped = self._shipped.get(agent_id)
        now_version = int(document.data["version"]) if document else shipped.version if shipped else 0  # type: ignore[arg-type]
        if body.version not in (0, now_version):
            raise Problem(
                409,
                "Somebody else has changed this agent",
                f"It is at version {now_version}; look at it again.",
                field="version",
                version_now=now_version,
            )
        try:
            agent = Agent.model_validate({**body.model_dump(), "version": now_version + 1})
        except ValidationError as error:
            raise invalid(error) from None
        _check_tools(agent)
        written: dict[str, Any] = plain(agent.model_dump())
        current: Write = (
            Create(f"agents/{agent_id}", written)
            if document is None
            else Update(document.path, written, document.version)
        )
        version: dict[str, Value] = {"agent": written, "at": self._services.clock.now()}
        await self._store.batch([current, Create(f"agents/{agent_id}/versions/{agent.version:06}", version)])
        return AgentAnswer(agent_id=agent_id, shipped=False, agent=agent)

    async def _kept(self, agent_id: str) -> Document | None:
        try:
            return await self._store.get(f"agents/{agent_id}")
        except BadDocument:
            return None


def _check_tools(agent: Agent) -> None:
    known = sorted(BUILTIN.names)
    for index, name in enumerate(agent.tools):
        if name not in known:
            raise Problem(
                422, "There is no such tool", f"{name}; the tools are {', '.join(known)}.", field=f"tools.{index}"
            )
