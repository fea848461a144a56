"""What the speech model billed for a call: the tokens in its record, at the price of the model that voiced it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from shared.domain.call import call_path
from shared.domain.cost import DEFAULT_MODEL, TokenUse
from shared.store.agents import AgentBook, UnknownAgent, shipped_agents
from shared.store.store import Store


@dataclass(frozen=True, slots=True)
class Bill:
    """Tokens, where they are known, and the model."""

    use: TokenUse | None
    model_id: str


async def bill_of(store: Store, call_sid: str | None, agent_id: str | None) -> Bill:
    """The bill of a call; without a record of it, tokens are unknown."""
    record = None if call_sid is None else await store.get(call_path(call_sid))
    data: Mapping[str, Any] = {} if record is None else record.data
    return Bill(_tokens(data.get("usage") or {}), await _model(store, data, agent_id))


def _tokens(usage: Mapping[str, Any]) -> TokenUse | None:
    """The record's sums by direction and modality; whatever is no sound is priced as text."""
    if not usage:
        return None
    sums = {"input_text": 0, "input_audio": 0, "output_text": 0, "output_audio": 0}
    for kind, tokens in usage.items():
        direction, _, modality = kind.partition("_")
        name = f"{direction}_{'audio' if modality == 'audio' else 'text'}"
        sums[name] = sums.get(name, 0) + int(tokens)
    return TokenUse(sums["input_text"], sums["input_audio"], sums["output_text"], sums["output_audio"])


async def _model(store: Store, record: Mapping[str, Any], agent_id: str | None) -> str:
    if record.get("model_id"):
        return str(record["model_id"])
    try:
        return (await AgentBook(store, _shipped()).get(agent_id or "")).model.id
    except UnknownAgent:
        return DEFAULT_MODEL


@cache
def _shipped() -> Mapping[str, Any]:
    return shipped_agents()
