"""Campaigns in the store: read, moved on, found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from shared.domain.announcement import Announcement, EventType, announcement_path
from shared.domain.campaign import Campaign, CampaignEvent, CampaignState, PauseReason, campaign_path
from shared.store.change import change_document
from shared.store.store import Document, Put, Store, Where, Write


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

    def also(document: Document) -> Sequence[Write]:
        return _announced(Campaign.from_document(document.data), moved[0])

    await change_document(store, campaign_path(campaign_id), decide, also=also)
    return moved[0]


def _announced(before: Campaign, after: Campaign) -> Sequence[Write]:
    """What customers' systems are told of a campaign that has come into another state."""
    resumed = before.state is CampaignState.PAUSED and after.state is CampaignState.RUNNING
    type_ = EventType.CAMPAIGN_RESUMED if resumed else _TOLD.get(after.state)
    if before.state is after.state or type_ is None:
        return ()
    data = {
        "campaign_id": after.id,
        "name": after.name,
        "agent_id": after.agent_id,
        "state": str(after.state),
        "paused_for": after.paused_for and str(after.paused_for),
        "paused_detail": after.paused_detail,
    }
    said = Announcement(id=f"{type_}.{after.id}.{uuid4().hex[:12]}", type=type_, data=data)
    return (Put(announcement_path(said.id), said.to_document()),)


_TOLD = {
    CampaignState.RUNNING: EventType.CAMPAIGN_LAUNCHED,
    CampaignState.PAUSED: EventType.CAMPAIGN_PAUSED,
    CampaignState.COMPLETED: EventType.CAMPAIGN_COMPLETED,
    CampaignState.CANCELLED: EventType.CAMPAIGN_CANCELLED,
}


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
