"""How many calls a campaign may still start, and which of its contacts are due."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from functions.campaigns.services import CampaignServices
from shared.domain.campaign import Campaign
from shared.domain.contact import ContactState, DueReason
from shared.domain.cost import CALL_ESTIMATE
from shared.domain.shards import SHARDS
from shared.store.live_sessions import sessions_in_use
from shared.store.store import Document, OrderBy, Where
from shared.store.tallies import tally_of

ASKED_FOR = (str(DueReason.CALLBACK), str(DueReason.APOLOGY))
"""People who are waiting for our call."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A campaign, what it has spent, and how many calls it has."""

    campaign: Campaign
    spent: float
    """Open calls at an estimate."""
    open_calls: int

    @property
    def affordable(self) -> float:
        """Calls that its budget has room for; a last one may take it a little over."""
        budget = self.campaign.budget
        if budget is None:
            return math.inf
        return max(0, math.ceil((budget.amount - self.spent) / CALL_ESTIMATE))


async def standing(services: CampaignServices, campaign: Campaign) -> Standing:
    """How a campaign stands now."""
    open_calls = await services.attempts.count_open(campaign.id)
    spent = (await tally_of(services.store, campaign.id)).cost + open_calls * CALL_ESTIMATE
    return Standing(campaign, spent, open_calls)


async def free_calls(services: CampaignServices) -> int:
    """How many calls the accounts have room for: the carrier's lines, and the model's sessions less the reserve."""
    in_use = await sessions_in_use(services.store, services.clock.now())
    open_calls = await services.attempts.count_open()
    return services.limits.with_sessions(in_use, open_calls=open_calls).free_calls


def part_of(room: int, held: Collection[int]) -> int:
    """The part of something that falls to these shards; over all shards the parts add up to the whole."""
    return sum(room // SHARDS + (shard < room % SHARDS) for shard in held)


async def due_contacts(
    services: CampaignServices, campaign: Campaign, held: Collection[int], limit: int
) -> list[Document]:
    """A campaign's contacts of these shards that are due, those who asked to be called first, longest due first."""
    if limit <= 0:
        return []
    asked_for = await _query(services, campaign, held, [Where("due_reason", "in", ASKED_FOR)], limit)
    if len(asked_for) >= limit:
        return asked_for
    known = {document.id for document in asked_for}
    others = await _query(services, campaign, held, [], limit)
    return [*asked_for, *(document for document in others if document.id not in known)][:limit]


async def _query(
    services: CampaignServices, campaign: Campaign, held: Collection[int], more: Sequence[Where], limit: int
) -> list[Document]:
    where = [Where("state", "==", str(ContactState.PENDING)), *more, Where("due_at", "<=", services.clock.now())]
    # With every shard held there is nothing to choose; a query takes only one choice, so it is one query a shard.
    chosen: list[list[Where]] = (
        [[]] if len(held) == SHARDS else [[Where("shard", "==", shard)] for shard in sorted(held)]
    )
    found: list[Document] = []
    for shard in chosen:
        page = await services.store.query(
            f"campaigns/{campaign.id}/contacts", [*shard, *where], order_by=[OrderBy("due_at")], limit=limit
        )
        found += page.documents
    return found[:limit] if len(chosen) == 1 else sorted(found, key=_due_at)[:limit]


def _due_at(document: Document) -> datetime:
    due_at = document.data["due_at"]
    assert isinstance(due_at, datetime)
    return due_at
