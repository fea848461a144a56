"""Cancels calls that wait at the carrier and may no longer ring; calls that ring or talk go on."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

from functions.campaigns.reconcile import ask_carrier
from functions.campaigns.services import CampaignServices
from shared.domain.attempt import Attempt, AttemptState, IllegalEvent
from shared.domain.campaign import Campaign, CampaignState
from shared.domain.contact import Contact, contact_path
from shared.domain.contact_window import window_of
from shared.store.campaigns import read_campaign
from shared.store.store import Document, StoreError, Where
from shared.store.suppressions import suppression_of
from shared.telephony.carrier import CarrierError

log = logging.getLogger(__name__)

AT_ONCE = 500


async def take_back(services: CampaignServices) -> int:
    """Every attempt whose call waits at the carrier though its campaign stopped, its window closes or its number was
    suppressed: its call is cancelled; how many there were."""
    campaigns: dict[str, Campaign | None] = {}
    found = 0
    async for document in _waiting(services):
        attempt = Attempt.from_document(document.data)
        if attempt.campaign_id not in campaigns:
            campaigns[attempt.campaign_id] = await read_campaign(services.store, attempt.campaign_id)
        if not await must_not_ring(services, attempt, campaigns[attempt.campaign_id]):
            continue
        found += 1
        try:
            await ask_carrier(services, attempt, take_back=True)
        except (CarrierError, StoreError, IllegalEvent) as error:
            log.warning("call could not be taken back", extra={"attempt": attempt.id, "error": type(error).__name__})
    return found


async def must_not_ring(services: CampaignServices, attempt: Attempt, campaign: Campaign | None) -> bool:
    """Whether a call that does not ring yet must not do so any more."""
    if campaign is None or campaign.state is not CampaignState.RUNNING:
        return True
    document = await services.store.get(contact_path(attempt.campaign_id, attempt.contact_id))
    if document is None:
        return True
    now = services.clock.now()
    entry = await suppression_of(services.store, attempt.contact_id)
    if entry is not None and entry.blocks(campaign.id, campaign.purpose, now):
        return True
    # Looked at once a minute at the least, so it must be able to wait for another minute and ring out after that.
    window = window_of(Contact.from_document(document.data), campaign)
    return not window.allows_dispatch(now, campaign.ring_timeout_s)


async def _waiting(services: CampaignServices) -> AsyncIterator[Document]:
    cursor = None
    while True:
        page = await services.store.query(
            "attempts",
            [Where("is_open", "==", True), Where("state", "==", str(AttemptState.ACCEPTED))],
            limit=AT_ONCE,
            cursor=cursor,
        )
        for document in page.documents:
            yield document
        cursor = page.next
        if cursor is None:
            return
