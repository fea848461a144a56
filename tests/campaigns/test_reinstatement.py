"""A number comes off the suppression list: campaigns under way call it after all, once, and nobody else anew."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from functions.campaigns.beat import beat
from functions.campaigns.claiming import Claimed, try_to_claim
from functions.campaigns.dialing import dial
from shared.domain.attempt import Attempt, attempt_path
from shared.domain.campaign import Campaign, CampaignState, campaign_path
from shared.domain.contact import Consent, ConsentStatus, Contact, ContactEvent, ContactState, DueReason, contact_path
from shared.domain.disposition import Disposition, Outcome
from shared.domain.phone_number import number_hash
from shared.domain.refusal import Code, Refusal
from shared.domain.suppression import Suppression, SuppressionReason, suppression_path
from shared.store.reinstatement import reinstate
from shared.store.settlement import contact_fields
from shared.store.store import Conflict, Delete, Store
from tests.campaigns.office import MONDAY_NOON_IN_INDIA, Office

PHONE = "+919810012345"
NOW = MONDAY_NOON_IN_INDIA


async def a_contact(store: Store, campaign_id: str, campaign_state: CampaignState, **changes: Any) -> Contact:
    """A contact, in a campaign of that state."""
    campaign = Campaign(
        id=campaign_id, name="Renewals", agent_id="renewal", list_id="l1", state=campaign_state, loaded=True
    )
    await store.create(campaign_path(campaign_id), campaign.to_document())
    contact = Contact(
        id=number_hash(PHONE, b"k"),
        campaign_id=campaign_id,
        phone=PHONE,
        country="IN",
        time_zones=("Asia/Kolkata",),
        consent=Consent(status=ConsentStatus.GRANTED),
    ).changed(**changes)
    await store.create(contact_path(campaign_id, contact.id), contact_fields(contact))
    return contact


async def read(store: Store, campaign_id: str, contact_id: str) -> Contact:
    document = await store.get(contact_path(campaign_id, contact_id))
    assert document is not None
    return Contact.from_document(document.data)


SUPPRESSED = {"state": ContactState.SKIPPED, "refusal": str(Code.SUPPRESSED)}


@pytest.mark.parametrize("state", [CampaignState.RUNNING, CampaignState.PAUSED])
async def test_skipped_for_the_entry_alone_waits_again(store: Store, state: CampaignState) -> None:
    contact = await a_contact(store, "c1", state, **SUPPRESSED)
    assert await reinstate(store, contact.id, NOW) == 1
    after = await read(store, "c1", contact.id)
    assert (after.state, after.refusal, after.due_at) == (ContactState.PENDING, None, NOW)
    assert await reinstate(store, contact.id, NOW) == 0


@pytest.mark.parametrize("state", [CampaignState.COMPLETED, CampaignState.CANCELLED, CampaignState.DRAFT])
async def test_a_campaign_that_is_over_stays_so(store: Store, state: CampaignState) -> None:
    contact = await a_contact(store, "c1", state, **SUPPRESSED)
    assert await reinstate(store, contact.id, NOW) == 0
    assert (await read(store, "c1", contact.id)).state is ContactState.SKIPPED


@pytest.mark.parametrize(
    "changes",
    [
        {"state": ContactState.SKIPPED, "refusal": str(Code.NO_CONSENT)},
        {"state": ContactState.DONE, "disposition": Disposition.HUMAN, "outcome": Outcome.DO_NOT_CALL},
        {"state": ContactState.IN_PROGRESS},
    ],
    ids=["no consent", "asked for it in a talk", "on the line"],
)
async def test_nothing_else_brings_anybody_back(store: Store, changes: dict[str, Any]) -> None:
    contact = await a_contact(store, "c1", CampaignState.RUNNING, **changes)
    assert await reinstate(store, contact.id, NOW) == 0
    assert await read(store, "c1", contact.id) == contact


async def test_what_was_planned_is_kept(store: Store) -> None:
    tomorrow = NOW + timedelta(days=1)
    planned = {"attempts": 1, "due_at": tomorrow, "due_reason": DueReason.CALLBACK}
    contact = await a_contact(store, "c1", CampaignState.RUNNING, **SUPPRESSED, **planned)
    await reinstate(store, contact.id, NOW)
    after = await read(store, "c1", contact.id)
    assert (after.attempts, after.due_at, after.due_reason) == (1, tomorrow, DueReason.CALLBACK)


async def test_a_dispatcher_that_had_just_read_the_entry_does_not_skip_after_all(store: Store) -> None:
    contact = await a_contact(store, "c1", CampaignState.RUNNING)
    seen = await store.get(contact_path("c1", contact.id))
    assert seen is not None
    await reinstate(store, contact.id, NOW)
    skipped = contact_fields(contact.advanced(ContactEvent.SKIP, refusal=str(Code.SUPPRESSED)))
    with pytest.raises(Conflict):
        await store.update(seen.path, skipped, expected=seen.version)
    assert (await read(store, "c1", contact.id)).state is ContactState.PENDING


@pytest.mark.virtual_time
async def test_the_person_is_called_once_after_all() -> None:
    office = Office()
    campaign = await office.campaign(contacts=2)
    contact, _ = office.contacts()
    entry = Suppression(id=contact.id, reason=SuppressionReason.MANUAL, at=office.clock.now())
    await office.store.create(suppression_path(contact.id), entry.to_document())
    await beat(office.services)
    assert sorted(office.states()) == [ContactState.IN_PROGRESS, ContactState.SKIPPED]
    await office.store.batch([Delete(suppression_path(contact.id))])
    assert await reinstate(office.store, contact.id, office.clock.now()) == 1
    await asyncio.gather(beat(office.services), beat(office.services))
    assert len(office.carrier.requests) == len({one.to for one in office.carrier.requests}) == 2
    assert set(office.states()) == {ContactState.IN_PROGRESS}
    assert campaign.retry.max_attempts == 3


async def test_who_waits_for_the_entry_to_expire_is_due_at_once(store: Store) -> None:
    waits = {"refusal": str(Code.SUPPRESSED), "due_at": NOW + timedelta(days=200)}
    contact = await a_contact(store, "c1", CampaignState.RUNNING, **waits)
    assert await reinstate(store, contact.id, NOW) == 1
    after = await read(store, "c1", contact.id)
    assert (after.state, after.refusal, after.due_at) == (ContactState.PENDING, None, NOW)


async def lifted(office: Office, contact: Contact) -> None:
    await office.store.batch([Delete(suppression_path(contact.id))])
    assert await reinstate(office.store, contact.id, office.clock.now()) == 1
    await beat(office.services)
    assert [one.to for one in office.carrier.requests].count(contact.phone) == 1


async def suppressed_for(office: Office, contact: Contact, days: int) -> None:
    until = office.clock.now() + timedelta(days=days)
    entry = Suppression(id=contact.id, reason=SuppressionReason.MANUAL, at=office.clock.now(), expires_at=until)
    await office.store.create(suppression_path(contact.id), entry.to_document())


@pytest.mark.virtual_time
@pytest.mark.parametrize("ends_in_days", [None, 30])
async def test_entry_of_200_days_that_is_lifted_early_keeps_nobody_from_being_called(ends_in_days: int | None) -> None:
    office = Office()
    ends: dict[str, Any] = (
        {} if ends_in_days is None else {"ends_at": office.clock.now() + timedelta(days=ends_in_days)}
    )
    await office.campaign(contacts=2, **ends)
    contact, _ = office.contacts()
    await suppressed_for(office, contact, 200)
    await beat(office.services)
    assert contact.phone not in {one.to for one in office.carrier.requests}
    await lifted(office, contact)


@pytest.mark.virtual_time
@pytest.mark.parametrize("days", [200, 1])
async def test_entry_that_comes_between_claim_and_request_is_waited_for_as_the_gate_would(days: int) -> None:
    office = Office()
    campaign = await office.campaign(contacts=1)
    (contact,) = office.contacts()
    document = await office.store.get(contact_path("diwali", contact.id))
    assert document is not None
    claimed = await try_to_claim(office.services, campaign, document, 1, 0.0)
    assert isinstance(claimed, Claimed)
    await suppressed_for(office, contact, days)
    await dial(office.services, claimed)
    (contact,) = office.contacts()
    assert (contact.state, contact.refusal) == (ContactState.PENDING, Code.SUPPRESSED)
    assert contact.due_at == office.clock.now() + timedelta(days=days)
    await lifted(office, contact)


@pytest.mark.virtual_time
async def test_attempts_made_before_count() -> None:
    office = Office()
    campaign = await office.campaign(contacts=1, retry={"max_attempts": 1})
    (contact,) = office.contacts()
    made = Attempt(
        id="a1", campaign_id="diwali", contact_id=contact.id, attempt_no=1, created_at=office.clock.now()
    ).changed(disposition=Disposition.NO_ANSWER, state="done")
    await office.store.create(attempt_path("a1"), made.to_document())
    skipped = contact.changed(**SUPPRESSED, attempts=1)
    await office.store.update(contact_path("diwali", contact.id), contact_fields(skipped))
    await reinstate(office.store, contact.id, office.clock.now())
    document = await office.store.get(contact_path("diwali", contact.id))
    assert document is not None
    no = await try_to_claim(office.services, campaign, document, 1, 0.0)
    assert isinstance(no, Refusal)
    assert no.code is Code.CAP_TOTAL
    assert office.carrier.requests == []
