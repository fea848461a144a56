"""Campaigns in the store: read, moved on, found."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from shared.domain.campaign import Campaign, CampaignEvent, CampaignState, PauseReason, campaign_path
from shared.store.change import change_document
from shared.store.store import Document, Store, Where


async def read_campaign(store: Store, campaign_id: str) -> Campaign | None:
    """The campaign as it is now."""
    document = await store.get(campaign_path(campaign_id))
    return None if document is None else Campaign.from_document(document.data)


async def move_campaign(store: Store, campaign_id: str, by: Callable[[Campaign], Campaign]) -> Campaign:
    """Move a campaign on. Raises NotFound, or IllegalCampaignEvent when it cannot be moved so."""
    moved: list[Campaign] = []

    def decide(document: Document) -> dict[str, Any]:
        moved[:] = [by(Campaign.from_document(document.data))]
        return moved[0].to_document()

    await change_document(store, campaign_path(campaign_id), decide)
    return moved[0]


async def pause(store: Store, campaign_id: str, reason: PauseReason, detail: str = "") -> Campaign:
    """Pause a campaign by itself. Raises IllegalCampaignEvent when it is over."""
    return await move_campaign(
        store,
        campaign_id,
        lambda one: (
            one.advanced(CampaignEvent.PAUSE, paused_for=reason, paused_detail=detail or None)
            if one.state is CampaignState.RUNNING
            else one
        ),
    )


async def running_campaigns(store: Store, now: datetime) -> list[Campaign]:
    """Campaigns that may dial now."""
    page = await store.query("campaigns", [Where("state", "==", str(CampaignState.RUNNING))], limit=500)
    campaigns = [Campaign.from_document(document.data) for document in page.documents]
    return [one for one in campaigns if one.starts_at is None or one.starts_at <= now]
