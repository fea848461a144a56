"""What is due, in which order, and how much of it may be under way at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from functions.campaigns.leases import Lease
from functions.campaigns.services import CampaignServices
from shared.domain.campaign import Campaign
from shared.domain.contact import ContactState, DueReason
from shared.domain.cost import CALL_ESTIMATE
from shared.domain.shards import SHARDS
from shared.store.store import Document, OrderBy, Where
from shared.store.tallies import tally_of

MOST_AT_ONCE = 50
"""Contacts read ahead per campaign: few, so that a pause or an opt-out acts within seconds."""
ASKED_FOR = (str(DueReason.CALLBACK), str(DueReason.APOLOGY))


@dataclass(frozen=True, slots=True)
class CampaignShare:
    """A campaign, what it has spent, and how many calls it may still have."""

    campaign: Campaign
    spent: float
    room: int


@dataclass(frozen=True, slots=True)
class Share:
    """A contact that is due, with what the gate needs of its campaign."""

    campaign: Campaign
    spent: float
    contact: Document
    shard: int


async def shares(services: CampaignServices, campaign: Campaign) -> CampaignShare:
    """A campaign's room: its own limit on concurrent calls, less those it has. Open calls are spent at an estimate."""
    under_way = await services.attempts.count_open(campaign.id)
    spent = (await tally_of(services.store, campaign.id)).cost + under_way * CALL_ESTIMATE
    return CampaignShare(campaign, spent, max(0, campaign.pacing.max_concurrent - under_way))


async def free_calls(services: CampaignServices) -> int:
    """How many calls the accounts have room for: the carrier's lines, and the model's sessions less the reserve."""
    capacity = services.capacity
    outbound = await services.attempts.count_open()
    inbound = await services.store.count(
        "calls", [Where("state", "==", "in_progress"), Where("direction", "==", "inbound")]
    )
    reserve = max(inbound, int(capacity.model_sessions * capacity.inbound_reserve))
    return min(capacity.concurrent_calls - outbound - inbound, capacity.model_sessions - reserve - outbound)


async def due_contacts(
    services: CampaignServices, found: Sequence[CampaignShare], leases: Sequence[Lease]
) -> list[Share]:
    """Contacts of our shards that are due: one of each campaign in turn, those who asked to be called first."""
    held = {lease.shard for lease in leases}
    queues = [
        [
            Share(one.campaign, one.spent, document, int(str(document.data["shard"])))
            for document in await _due(services, one, held)
        ]
        for one in found
    ]
    in_turn: list[Share] = []
    while any(queues):
        for queue, one in zip(queues, found, strict=True):
            turn = max(1, round(one.campaign.pacing.weight))
            in_turn += queue[:turn]
            del queue[:turn]
    return in_turn


async def _due(services: CampaignServices, one: CampaignShare, held: set[int]) -> list[Document]:
    limit = min(MOST_AT_ONCE, one.room)
    if limit == 0:
        return []
    asked_for = await _query(services, one, held, [Where("due_reason", "in", ASKED_FOR)], limit)
    known = {document.id for document in asked_for}
    others = await _query(services, one, held, [], limit)
    return [*asked_for, *(document for document in others if document.id not in known)][:limit]


async def _query(
    services: CampaignServices, one: CampaignShare, held: set[int], more: list[Where], limit: int
) -> list[Document]:
    where = [Where("state", "==", str(ContactState.PENDING)), *more, Where("due_at", "<=", services.clock.now())]
    # With every shard held there is nothing to choose; a query takes only one choice, so it is one query a shard.
    chosen: list[list[Where]] = (
        [[]] if len(held) == SHARDS else [[Where("shard", "==", shard)] for shard in sorted(held)]
    )
    found: list[Document] = []
    for shard in chosen:
        page = await services.store.query(
            f"campaigns/{one.campaign.id}/contacts", [*shard, *where], order_by=[OrderBy("due_at")], limit=limit
        )
        found += page.documents
    return found[:limit] if len(chosen) == 1 else sorted(found, key=_due_at)[:limit]


def _due_at(document: Document) -> datetime:
    due_at = document.data["due_at"]
    assert isinstance(due_at, datetime)
    return due_at
