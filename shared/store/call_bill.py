"""What the speech models billed for a call: the tokens in its record, each at the price of the model that took them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from shared.domain.call import call_path
from shared.domain.call_figures import CallFigures
from shared.domain.cost import DEFAULT_MODEL
from shared.store.agents import AgentBook, UnknownAgent, shipped_agents
from shared.store.store import Store


@dataclass(frozen=True, slots=True)
class Bill:
    """What the models' tokens cost, where they are known, and the model, by which a cost is estimated where not."""

    cost: float | None
    """US dollars."""
    model_id: str


async def bill_of(store: Store, call_sid: str | None, agent_id: str | None) -> Bill:
    """The bill of a call, over all its streams; without a record of it, tokens are unknown."""
    record = None if call_sid is None else await store.get(call_path(call_sid))
    data: Mapping[str, Any] = {} if record is None else record.data
    model_id = str(data.get("model") or "") or await _asked_for(store, agent_id)
    figures = CallFigures.from_document(data)
    if not figures.usage and data.get("usage"):
        figures = CallFigures(usage={model_id: data["usage"]})
    return Bill(figures.model_cost() if figures.usage else None, model_id)


async def _asked_for(store: Store, agent_id: str | None) -> str:
    try:
        return (await AgentBook(store, _shipped()).get(agent_id or "")).model.id
    except UnknownAgent:
        return DEFAULT_MODEL


@cache
def _shipped() -> Mapping[str, Any]:
    return shipped_agents()
