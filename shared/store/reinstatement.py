"""After a suppression is lifted: campaigns that go on call the contacts that they had skipped for it alone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from shared.domain.campaign import CampaignState
from shared.domain.contact import Contact, ContactEvent, ContactState, contact_path
from shared.domain.refusal import Code
from shared.store.change import change_document
from shared.store.settlement import contact_fields
from shared.store.store import Document, NotFound, Remove, Store, Value, Where

GOES_ON = (str(CampaignState.RUNNING), str(CampaignState.PAUSED))
AT_ONCE = 200


async def reinstate(store: Store, number_hash: str, now: datetime) -> int:
    """Put the number back into every campaign that goes on and had skipped it for the suppression list, or waits for
    the entry to expire; in how many.

    Nobody is called by this: the gate decides again, with all attempts made so far. A person whose own conversation
    ended their campaign, by an opt-out too, stays done.
    """
    found = 0
    cursor = None
    while True:
        page = await store.query("campaigns", [Where("state", "in", GOES_ON)], limit=AT_ONCE, cursor=cursor)
        for campaign in page.documents:
            found += await _reinstate(store, contact_path(campaign.id, number_hash), now)
        cursor = page.next
        if cursor is None:
            return found


async def _reinstate(store: Store, path: str, now: datetime) -> bool:
    reinstated = False

    def decide(document: Document) -> Mapping[str, Value | Remove] | None:
        nonlocal reinstated
        contact = Contact.from_document(document.data)
        reinstated = contact.state is ContactState.SKIPPED and contact.refusal == Code.SUPPRESSED
        if reinstated:
            due_at = max(filter(None, (contact.due_at, now)))
            return contact_fields(contact.advanced(ContactEvent.REINSTATE, refusal=None, due_at=due_at))
        reinstated = contact.state is ContactState.PENDING and contact.refusal == Code.SUPPRESSED
        if reinstated:
            # It waited for the entry to expire, having been due when the gate refused it.
            return contact_fields(contact.changed(refusal=None, due_at=now))
        if contact.state is ContactState.PENDING:
            # A dispatcher that has just read the entry would skip the contact after we looked; now it meets a change.
            return {"suppression_lifted_at": now}
        return None

    try:
        await change_document(store, path, decide)
    except NotFound:
        return False
    return reinstated
