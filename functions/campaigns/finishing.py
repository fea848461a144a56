"""Completes campaigns that are over: nobody is left to call, or their end has come."""

from __future__ import annotations

import asyncio
import logging

from functions.campaigns.services import CampaignServices
from shared.domain.campaign import Campaign, CampaignEvent, CampaignState, IllegalCampaignEvent
from shared.domain.contact import Contact, ContactEvent, ContactState
from shared.domain.refusal import Code
from shared.store.campaigns import move_campaign
from shared.store.settlement import contact_fields
from shared.store.store import Conflict, Document, NotFound, OrderBy, Update, Where

log = logging.getLogger(__name__)

AT_ONCE = 400
BUDGET_S = 10.0
"""Per campaign and beat, for contacts that will not be called any more."""


async def close_campaigns(services: CampaignServices) -> int:
    """Complete the campaigns that are over, paused ones too; how many contacts expired with them."""
    live = [str(CampaignState.RUNNING), str(CampaignState.PAUSED)]
    page = await services.store.query("campaigns", [Where("state", "in", live)], limit=500)
    expired = 0
    for document in page.documents:
        campaign = Campaign.from_document(document.data)
        expired += await _expire(services, campaign)
        await _complete(services, campaign)
    return expired


def _has_ended(services: CampaignServices, campaign: Campaign) -> bool:
    return campaign.ends_at is not None and services.clock.now() >= campaign.ends_at


async def _expire(services: CampaignServices, campaign: Campaign) -> int:
    """Skip whoever still waits when the campaign's end has come."""
    if not _has_ended(services, campaign):
        return 0
    loop = asyncio.get_running_loop()
    until_s, expired = loop.time() + BUDGET_S, 0
    while loop.time() < until_s:
        waiting = await _first(services, f"campaigns/{campaign.id}/contacts", ContactState.PENDING, AT_ONCE)
        if not waiting:
            break
        expired += await _skip_all(services, waiting)
    return expired


async def _first(services: CampaignServices, contacts: str, state: ContactState, limit: int) -> list[Document]:
    """Some contacts in that state, in the order of an index, so that nobody has to sort all of them."""
    where, order_by = [Where("state", "==", str(state))], [OrderBy("due_at")]
    return (await services.store.query(contacts, where, order_by=order_by, limit=limit)).documents


async def _skip_all(services: CampaignServices, documents: list[Document]) -> int:
    """All of them at once; where somebody else moved one of them meanwhile, one by one."""
    writes = [_skipped(document) for document in documents]
    try:
        await services.store.batch(writes)
        return len(writes)
    except (Conflict, NotFound):
        skipped = 0
        for write in writes:
            try:
                await services.store.batch([write])
                skipped += 1
            except (Conflict, NotFound):
                log.info("contact changed while it expired")
        return skipped


def _skipped(document: Document) -> Update:
    contact = Contact.from_document(document.data).advanced(ContactEvent.SKIP, refusal=str(Code.EXPIRED))
    return Update(document.path, contact_fields(contact), document.version)


async def _complete(services: CampaignServices, campaign: Campaign) -> bool:
    """Complete a campaign when every contact is done or skipped, and no more of them come."""
    ended = _has_ended(services, campaign)
    if not ended and (campaign.state is not CampaignState.RUNNING or not campaign.loaded):
        return False
    contacts = f"campaigns/{campaign.id}/contacts"
    for state in (ContactState.IN_PROGRESS, ContactState.PENDING):
        # Not how many: counting a hundred thousand of them in every beat would cost more than all the rest of it.
        if await _first(services, contacts, state, 1):
            return False
    now = services.clock.now()
    try:
        await move_campaign(
            services.store, campaign.id, lambda one: one.advanced(CampaignEvent.COMPLETE, finished_at=now)
        )
    except IllegalCampaignEvent:
        return False
    log.info("campaign completed", extra={"campaign": campaign.id})
    return True
