"""The agents in use: the versions in the store, over the ones that ship with Parley."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path

import yaml
from pydantic import ValidationError

from shared.domain.agent import Agent
from shared.store.store import Store, StoreError

log = logging.getLogger(__name__)

SHIPPED = Path(__file__).resolve().parents[2] / "agents"
READ_DEADLINE_S = 1.5
"""Somebody is waiting on the phone; the shipped version answers if the store does not."""


class UnknownAgent(LookupError):
    """There is no agent with this id."""


class BadAgent(ValueError):
    """An agent's document cannot work; the message says what is wrong in it and where."""


def read_agent(text: str, origin: str) -> Agent:
    """An agent from YAML. Raises BadAgent."""
    try:
        return Agent.model_validate(yaml.safe_load(text))
    except (yaml.YAMLError, ValidationError) as error:
        raise BadAgent(f"{origin}: {error}") from None


def shipped_agents(folder: Path = SHIPPED) -> Mapping[str, Agent]:
    """The agents in YAML files, by id. Raises BadAgent."""
    agents = (read_agent(path.read_text(encoding="utf-8"), path.name) for path in sorted(folder.glob("*.yaml")))
    return {agent.id: agent for agent in agents}


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
