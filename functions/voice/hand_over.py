"""Finds the agent who takes the caller next, and where it can be voiced; the Relay knows who has had the caller."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from functions.tools.outcome import failed
from functions.tools.registry import UnknownTool
from functions.voice.errand import Errand
from functions.voice.places import Place
from functions.voice.services import VoiceServices
from functions.voice.session_setup import places, tools_stand
from functions.voice.stream_token import StreamTicket
from shared.domain.agent import Agent
from shared.errors import ConfigurationError
from shared.store.agents import UnknownAgent

log = logging.getLogger(__name__)

NOT_THERE = failed("error", "They cannot take the caller right now. Say so, and help the caller yourself.").response


class NobodyThere(Exception):
    """The agent to whom the caller was to be handed over cannot take them."""


class Relay:
    """Who has had this caller, and who has them now."""

    def __init__(self, services: VoiceServices, ticket: StreamTicket, errand: Errand | None, first: Agent) -> None:
        self._services = services
        self._ticket = ticket
        self._errand = errand
        self.agent = first
        self.so_far = [first.id]

    async def find(self, agent_id: str) -> Agent:
        """The agent who is to go on. Raises NobodyThere."""
        try:
            agent = await self._services.agents.get(agent_id)
            await tools_stand(self._services, agent, self._ticket.call_sid)
            return agent
        except UnknownAgent as error:
            raise self._nobody(agent_id, error) from None

    def places(self, agent: Agent, language: str) -> Sequence[Place]:
        """Where it can be voiced. Raises NobodyThere."""
        try:
            return places(self._services, agent, language, self._ticket.caller, self._errand)
        except (UnknownTool, ConfigurationError) as error:
            raise self._nobody(agent.id, error) from None

    def _nobody(self, agent_id: str, error: Exception) -> NobodyThere:
        extra = {"call": self._ticket.call_sid, "agent": agent_id, "error": type(error).__name__}
        log.error("caller cannot be handed over", extra=extra)
        return NobodyThere("the agent cannot take the caller")

    def passed_to(self, agent: Agent) -> None:
        """This one has the caller now."""
        self.agent = agent
        self.so_far.append(agent.id)
