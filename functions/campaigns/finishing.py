"""Campaigns that are over: nobody is left to call, or their end has come."""

from __future__ import annotations

import logging

from functions.campaigns.services import CampaignServices
from shared.domain.campaign import Campaign, CampaignEvent
from shared.domain.contact import ContactState
from shared.store.campaigns import move_campaign
from shared.store.store import Where

log = logging.getLogger(__name__)


async def finish(services: CampaignServices, campaign: Campaign) -> bool:
    """Complete a campaign when its list is loaded and every contact is done or skipped, or its time is over."""
    now = services.clock.now()
    contacts = f"campaigns/{campaign.id}/contacts"
    if await services.store.count(contacts, [Where("state", "==", str(ContactState.IN_PROGRESS))]):
        return False
    ended = campaign.ends_at is not None and now >= campaign.ends_at
    if not ended and not (campaign.loaded and not await _waiting(services, contacts)):
        return False
    await move_campaign(services.store, campaign.id, lambda one: one.advanced(CampaignEvent.COMPLETE, finished_at=now))
    log.info("campaign completed", extra={"campaign": campaign.id})
    return True


async def _waiting(services: CampaignServices, contacts: str) -> int:
    return await services.store.count(contacts, [Where("state", "==", str(ContactState.PENDING))])
