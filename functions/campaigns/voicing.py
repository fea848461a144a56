"""Which agents nobody can voice now, because every model that they may use has used up its quota.

People who answered would hear an apology, so nobody is called until the notices have passed, a minute or more.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from shared.domain.agent import Agent
from shared.domain.model_catalogue import Platform, catalogue
from shared.store.agents import AgentBook, UnknownAgent
from shared.store.notices import NoticeKind, read_notices
from shared.store.store import Store


@dataclass(frozen=True, slots=True)
class Voicing:
    """Who voices whom, as far as a dispatcher has to know."""

    agents: AgentBook
    place_of: Callable[[Agent], tuple[Platform, str | None]]

    async def without_quota(self, store: Store, now: datetime, agent_ids: Iterable[str]) -> set[str]:
        """Those of the agents for whom no model is left. One small query while all is well. Raises StoreError."""
        notices = await read_notices(store, now)
        used_up = {one.subject for one in notices if one.kind is NoticeKind.QUOTA}
        replaced = {one.subject for one in notices if one.kind is NoticeKind.REPLACED}
        return {one for one in set(agent_ids) if await self._is_mute(one, used_up, replaced)} if used_up else set()

    async def _is_mute(self, agent_id: str, used_up: Collection[str], replaced: Collection[str]) -> bool:
        try:
            agent = await self.agents.get(agent_id)
        except UnknownAgent:
            return False
        voiced = (agent.model_copy(update={"model": choice}) for choice in agent.model.and_fallbacks())
        return all(self._is_used_up(one, used_up, replaced) for one in voiced)

    def _is_used_up(self, voiced: Agent, used_up: Collection[str], replaced: Collection[str]) -> bool:
        """By the model's own name, or where a successor is used in its place, by the successor's."""
        platform, region = self.place_of(voiced)
        where = "/".join(part for part in (str(platform), region) if part)
        asked = voiced.model.id
        models = catalogue().after(asked) if f"{voiced.id}/{asked}" in replaced else (asked,)
        return any(f"{where}/{model}" in used_up for model in models)
