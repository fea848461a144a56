"""Gate and claim: whether a contact may be called now, and, in the same atomic write, that nobody else calls it.

The batch holds the contact (at the version the gate saw), a lock on the number that exists once in the whole account,
and the attempt, whose id is made of campaign, contact and attempt number: of any number of dispatchers one succeeds.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta

from functions.campaigns.services import CampaignServices
from shared.domain.attempt import Attempt, attempt_path, claim
from shared.domain.attempt_check import CLAIM_LEASE
from shared.domain.campaign import Campaign
from shared.domain.contact import Contact, ContactEvent
from shared.domain.gate import History, refusal
from shared.domain.refusal import Refusal
from shared.store.attempts import attempt_document
from shared.store.settlement import contact_fields, lock_path
from shared.store.store import AlreadyExists, Conflict, Create, Document, NotFound, Store, Update
from shared.store.suppressions import suppression_of

log = logging.getLogger(__name__)

NUMBER_BUSY = timedelta(minutes=2)
"""Another campaign is calling the number; look again after a call's usual length."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """An attempt that is ours to send, under this fence."""

    attempt: Attempt
    contact: Contact
    campaign: Campaign


async def history_of(services: CampaignServices, contact_id: str, spent: float) -> History:
    """What the gate has to know about a number."""
    now = services.clock.now()
    attempts, suppression = await asyncio.gather(
        services.attempts.of_number(contact_id, now), suppression_of(services.store, contact_id)
    )
    return History(attempts, suppression, spent)


async def try_to_claim(
    services: CampaignServices, campaign: Campaign, document: Document, fence: int, spent: float
) -> Claimed | Refusal | None:
    """Claim a contact that is due. A refusal has been written to the contact; None: somebody else has it."""
    contact = Contact.from_document(document.data)
    now = services.clock.now()
    no = refusal(contact, campaign, await history_of(services, contact.id, spent), now)
    if no is not None:
        await _write_refusal(services.store, document, contact, no)
        return no
    number = contact.attempts + 1
    attempt = claim(
        Attempt(
            id=f"{campaign.id}.{contact.id[:24]}.{number}",
            campaign_id=campaign.id,
            contact_id=contact.id,
            attempt_no=number,
            reason=contact.due_reason,
            created_at=now,
            deadline_at=now + CLAIM_LEASE,
            from_=_caller_id(services, campaign, contact),
        ),
        fence,
        now + CLAIM_LEASE,
    )
    taken = contact.advanced(ContactEvent.CLAIM, attempts=number, attempt_id=attempt.id, refusal=None)
    try:
        await services.store.batch(
            [
                Update(document.path, contact_fields(taken), document.version),
                Create(lock_path(contact.id), {"attempt_id": attempt.id, "claimed_at": now}),
                Create(
                    attempt_path(attempt.id),
                    {**attempt_document(attempt, now), "language": contact.language or campaign.language},
                ),
            ]
        )
    except (Conflict, NotFound):
        return None
    except AlreadyExists:
        await _wait_for_the_number(services, document)
        return None
    return Claimed(attempt, taken, campaign)


async def _write_refusal(store: Store, document: Document, contact: Contact, no: Refusal) -> None:
    """A final no skips the contact, a no with an instant makes it wait; any other leaves it as it is."""
    if no.is_final:
        changes = contact_fields(contact.advanced(ContactEvent.SKIP, refusal=str(no.code)))
    elif no.until is not None:
        changes = {"due_at": no.until, "refusal": str(no.code)}
    else:
        return
    try:
        await store.update(document.path, changes, expected=document.version)
    except (Conflict, NotFound):
        log.info("contact changed while it was refused", extra={"code": str(no.code)})


async def _wait_for_the_number(services: CampaignServices, document: Document) -> None:
    try:
        later = services.clock.now() + NUMBER_BUSY
        await services.store.update(document.path, {"due_at": later}, expected=document.version)
    except (Conflict, NotFound):
        return


def _caller_id(services: CampaignServices, campaign: Campaign, contact: Contact) -> str:
    """One of our numbers, always the same for a contact."""
    numbers = campaign.caller_ids or tuple(services.numbers)
    return numbers[int(contact.id[:8], 16) % len(numbers)]
