"""Agents: those that ship with Parley and those that were written here; every version is kept."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from functions.console.operation import Answer, Asked, Operation, Paging
from functions.console.problem import Problem
from functions.console.services import ConsoleServices
from functions.tools.agent_tools_check import tool_problems
from functions.tools.builtin import BUILTIN
from shared.domain.agent import Agent
from shared.domain.agent_check import AgentProblem, problems_of
from shared.domain.agent_document import BadAgent, read_document
from shared.domain.model_catalogue import catalogue
from shared.store.agents import AgentVersions
from shared.store.store import AlreadyExists, BadDocument, Conflict


class AgentBody(BaseModel):
    """An agent as it is sent; the version may be left out, or say which one was changed.

    It is described as an Agent and read later, so that everything wrong in it can be told at once.
    """

    model_config = ConfigDict(extra="allow")

    id: str
    version: int = 0

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(Agent.__pydantic_core_schema__)


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


class AgentVersion(Answer):
    """What an agent was from a moment on."""

    agent_id: str
    version: int
    at: datetime | None
    """None: it came with Parley."""
    agent: Agent


class History(Answer):
    """An agent's versions, the oldest first."""

    versions: list[AgentVersion]
    next: str | None = None


class AgentsApi:
    """The operations on agents."""

    def __init__(self, services: ConsoleServices) -> None:
        self._services = services
        self._versions = AgentVersions(services.store, services.shipped)
        self._shipped = services.shipped

    def operations(self) -> list[Operation]:
        """All of them."""
        one = "/api/agents/{agent_id}"
        return [
            Operation("GET", "/api/agents", "The agents", self.all, Agents),
            Operation("GET", one, "An agent", self.one, AgentAnswer, problems=(404,)),
            Operation("PUT", one, "Write an agent; calls that run keep the version they began with", self.put,
                      AgentAnswer, body=AgentBody, problems=(409,)),
            Operation("GET", f"{one}/versions", "What an agent was before", self.history, History, query=Paging,
                      problems=(404,)),
            Operation("GET", f"{one}/versions/{{version}}", "A version of an agent", self.version, AgentVersion,
                      problems=(404,)),
        ]  # fmt: skip

    async def all(self, asked: Asked) -> BaseModel:
        """Those in the store over those that ship."""
        del asked
        agents = await self._versions.all()
        return Agents(
            agents=[
                AgentAnswer(agent_id=agent.id, shipped=self._shipped.get(agent.id) == agent, agent=agent)
                for agent in sorted(agents.values(), key=lambda one: one.id)
            ]
        )

    async def one(self, asked: Asked) -> BaseModel:
        """The version in use."""
        agent, document = await self._versions.current(asked["agent_id"])
        if agent is None:
            raise Problem(404, "There is no such agent")
        return AgentAnswer(agent_id=agent.id, shipped=document is None, agent=agent)

    async def put(self, asked: Asked) -> BaseModel:
        """A new version, unless somebody else has written one in between."""
        body: AgentBody = asked.body
        agent_id = asked["agent_id"]
        if body.id != agent_id:
            raise Problem(422, "The agent has another id", "The id in the body is the one in the path.", field="id")
        current, document = await self._versions.current(agent_id)
        version_now = 0 if current is None else current.version
        if body.version not in (0, version_now):
            raise _changed(f"It is at version {version_now}; look at it again.", version_now=version_now)
        agent = await self._checked({**body.model_dump(), "version": version_now + 1})
        try:
            written = await self._versions.write(agent, current, document, self._services.clock.now())
        except (AlreadyExists, Conflict):
            raise _changed("It was written at this very moment; look at it again.") from None
        return AgentAnswer(agent_id=agent_id, shipped=False, agent=written)

    async def history(self, asked: Asked) -> BaseModel:
        """Every version that the store has."""
        paging: Paging = asked.query.checked()
        current, document = await self._versions.current(asked["agent_id"])
        if current is None:
            raise Problem(404, "There is no such agent")
        if document is None:
            return History(versions=[_version(current, None)])
        page = await self._versions.history(current.id, paging.page_size, paging.cursor)
        return History(versions=[_version(one.data["agent"], one.data["at"]) for one in page.documents], next=page.next)

    async def version(self, asked: Asked) -> BaseModel:
        """One of them."""
        found = None
        if asked["version"].isascii() and asked["version"].isdigit() and len(asked["version"]) <= 6:
            try:
                found = await self._versions.one(asked["agent_id"], int(asked["version"]))
            except BadDocument:
                found = None
        if found is None:
            raise Problem(404, "There is no such version of this agent")
        return _version(*found)

    async def _checked(self, document: dict[str, Any]) -> Agent:
        """The agent that can work. Raises Problem with everything that cannot, field by field."""
        try:
            agent = read_document(document)
        except BadAgent as bad:
            raise _invalid(bad.problems) from None
        others = {**await self._versions.all(), agent.id: agent}
        problems = [*problems_of(agent, catalogue(), BUILTIN.names, others=others), *tool_problems(agent)]
        if problems:
            raise _invalid(problems)
        return agent


def _version(agent: object, at: object) -> AgentVersion:
    known = Agent.model_validate(agent)
    written_at = at if isinstance(at, datetime) else None
    return AgentVersion(agent_id=known.id, version=known.version, at=written_at, agent=known)


def _changed(detail: str, **fields: Any) -> Problem:
    return Problem(409, "Somebody else has changed this agent", detail, field="version", **fields)


def _invalid(problems: list[AgentProblem]) -> Problem:
    """The problem document; a suggestion of "" means to leave the field out."""
    errors = [{"field": _dotted(one.field), "detail": one.sentence, "suggestion": one.suggestion} for one in problems]
    first = problems[0]
    return Problem(422, f"{_dotted(first.field)} is not right", str(first).partition(": ")[2],
                   field=_dotted(first.field), errors=errors)  # fmt: skip


def _dotted(field: str) -> str:
    """tools[1] as the other problem documents write it."""
    return field.replace("[", ".").replace("]", "")
