"""The agents in use: the versions in the store, over the ones that ship with Parley."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from shared.domain.agent import Agent
from shared.domain.agent_check import AgentProblem
from shared.domain.agent_document import BadAgent, read_document
from shared.domain.record import plain
from shared.store.store import BadDocument, Create, Document, Page, Put, Store, StoreError, Update, Write

__all__ = ["SHIPPED", "AgentBook", "AgentVersions", "BadAgent", "UnknownAgent", "read_agent", "shipped_agents"]

log = logging.getLogger(__name__)

SHIPPED = Path(__file__).resolve().parents[2] / "agents"
READ_DEADLINE_S = 1.5
"""Somebody is waiting on the phone; the shipped version answers if the store does not."""


class UnknownAgent(LookupError):
    """There is no agent with this id."""


def read_agent(text: str, origin: str) -> Agent:
    """An agent from YAML. Raises BadAgent."""
    try:
        return read_document(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise BadAgent([AgentProblem("file", f"this is not YAML: {error}")], origin) from None
    except BadAgent as bad:
        raise BadAgent(bad.problems, origin) from None


def shipped_agents(folder: Path = SHIPPED) -> Mapping[str, Agent]:
    """The agents in the YAML files of a folder and those below it, by id. Raises BadAgent."""
    agents: dict[str, Agent] = {}
    for path in sorted(folder.rglob("*.yaml")):
        agent = read_agent(path.read_text(encoding="utf-8"), str(path.relative_to(folder)))
        if agent.id in agents:
            raise BadAgent([AgentProblem("id", f"there is another agent {agent.id!r}")], str(path.relative_to(folder)))
        agents[agent.id] = agent
    return agents


class AgentBook:
    """Finds agents by id, and by the number that was dialled."""

    def __init__(self, store: Store, shipped: Mapping[str, Agent], default: str = "reception") -> None:
        self._store = store
        self._shipped = shipped
        self._default = default

    async def get(self, agent_id: str) -> Agent:
        """The version in use. Raises UnknownAgent."""
        try:
            async with asyncio.timeout(READ_DEADLINE_S):
                document = await self._store.get(f"agents/{agent_id}")
            if document is not None:
                return Agent.model_validate(document.data)
        except (StoreError, TimeoutError):
            log.warning("store is away; the shipped agent answers", extra={"agent": agent_id})
        except ValidationError:
            log.error("agent in the store cannot work; the shipped one answers", extra={"agent": agent_id})
        try:
            return self._shipped[agent_id]
        except KeyError:
            raise UnknownAgent(f"there is no agent {agent_id!r}") from None

    async def is_there(self, agent_id: str) -> bool:
        """Whether get() has an agent to give. Raises StoreError where get() makes do: no answer proves nothing."""
        if agent_id in self._shipped:
            return True
        document = await self._store.get(agent_path(agent_id))
        try:
            return document is not None and bool(Agent.model_validate(document.data))
        except ValidationError:
            return False

    async def version(self, agent_id: str, version: int | None) -> Agent:
        """The version that a call began with; the one in use where that cannot be had. Raises UnknownAgent."""
        current = await self.get(agent_id)
        if version is None or current.version == version:
            return current
        shipped = self._shipped.get(agent_id)
        if shipped is not None and shipped.version == version:
            return shipped
        try:
            async with asyncio.timeout(READ_DEADLINE_S):
                document = await self._store.get(version_path(agent_id, version))
            if document is not None:
                return Agent.model_validate(document.data["agent"])
        except (StoreError, TimeoutError, ValidationError, KeyError) as error:
            log.warning("a call's agent cannot be read again", extra={"agent": agent_id, "error": type(error).__name__})
        log.error("a call goes on with another version", extra={"agent": agent_id, "version": current.version})
        return current

    async def for_number(self, number: str) -> Agent:
        """Who answers this number of ours; the default agent where nobody was named."""
        agent_id = self._default
        digits = "".join(sign for sign in number if sign.isdigit())
        if digits:
            try:
                async with asyncio.timeout(READ_DEADLINE_S):
                    document = await self._store.get(f"numbers/{digits}")
                if document is not None:
                    agent_id = str(document.data["agent_id"])
            except (StoreError, TimeoutError, KeyError):
                log.warning("no agent could be read for the number; the default answers")
        try:
            return await self.get(agent_id)
        except UnknownAgent:
            log.error("the number's agent does not exist; the default answers", extra={"agent": agent_id})
            return await self.get(self._default)


class AgentVersions:
    """What was written over the agents that ship, version by version. All methods raise StoreError."""

    def __init__(self, store: Store, shipped: Mapping[str, Agent]) -> None:
        self._store = store
        self._shipped = shipped

    async def current(self, agent_id: str) -> tuple[Agent | None, Document | None]:
        """The version in use, and the document it stands in; without one it is the shipped agent, or there is none."""
        try:
            document = await self._store.get(agent_path(agent_id))
        except BadDocument:
            document = None
        if document is None:
            return self._shipped.get(agent_id), None
        return Agent.model_validate(document.data), document

    async def all(self) -> dict[str, Agent]:
        """Every agent in use, by id."""
        agents = dict(self._shipped)
        cursor: str | None = None
        while True:
            page = await self._store.query("agents", limit=200, cursor=cursor)
            agents.update((one.id, Agent.model_validate(one.data)) for one in page.documents)
            cursor = page.next
            if cursor is None:
                return agents

    async def write(self, agent: Agent, over: Agent | None, document: Document | None, now: datetime) -> Agent:
        """The next version, in use from now on; over and document are what current() gave.

        Raises Conflict or AlreadyExists when somebody else has written in between; then nothing was written.
        """
        number = 1 if over is None else over.version + 1
        written = agent.model_copy(update={"version": number})
        fields: dict[str, Any] = plain(written.model_dump())
        path = agent_path(agent.id)
        current: Write = Create(path, fields) if document is None else Update(path, fields, document.version)
        writes = [current, Create(version_path(agent.id, number), {"agent": fields, "at": now})]
        if over is not None and document is None:
            # The shipped file may be another with the next release; calls that run keep this one.
            before: dict[str, Any] = plain(over.model_dump())
            writes.append(Put(version_path(agent.id, over.version), {"agent": before, "at": None}))
        await self._store.batch(writes)
        return written

    async def history(self, agent_id: str, limit: int, cursor: str | None) -> Page:
        """Its versions in the store, each with `agent` and `at` (None: it shipped so), the oldest first."""
        return await self._store.query(f"{agent_path(agent_id)}/versions", limit=limit, cursor=cursor)

    async def one(self, agent_id: str, version: int) -> tuple[Agent, datetime | None] | None:
        """A version, and when it was written."""
        document = await self._store.get(version_path(agent_id, version))
        if document is not None:
            at = document.data.get("at")
            return Agent.model_validate(document.data["agent"]), at if isinstance(at, datetime) else None
        shipped = self._shipped.get(agent_id)
        return (shipped, None) if shipped is not None and shipped.version == version else None


def agent_path(agent_id: str) -> str:
    """Where the version in use is kept."""
    return f"agents/{agent_id}"


def version_path(agent_id: str, version: int) -> str:
    """Where a version is kept for good."""
    return f"{agent_path(agent_id)}/versions/{version:06}"
