"""Campaigns that stop: calls that only wait at the carrier are taken back, calls that ring or talk go on."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from functions.campaigns.beat import beat
from functions.campaigns.claiming import Claimed, try_to_claim
from functions.campaigns.dialing import dial
from functions.campaigns.services import AccountLimits
from shared.domain.attempt import AttemptState
from shared.domain.call_status import CallStatus
from shared.domain.campaign import Campaign, CampaignEvent, CampaignState, PauseReason
from shared.domain.contact import ContactState
from shared.domain.disposition import Disposition, Talk
from shared.domain.suppression import Suppression, SuppressionReason, suppression_path
from shared.store.campaigns import move_campaign, pause, read_campaign
from tests.campaigns.office import MONDAY_NOON_IN_INDIA, Office

pytestmark = pytest.mark.virtual_time

QUARTER_TO_NINE = MONDAY_NOON_IN_INDIA.replace(hour=20, minute=55)
"""Marketing calls to India end at nine in the evening."""


async def with_a_queued_call(start: object = None) -> Office:
    """A campaign whose one call waits in the carrier's queue."""
    office = Office() if start is None else Office(start=start)  # type: ignore[arg-type]
    await office.campaign(contacts=1)
    assert (await beat(office.services)).dialled == 1
    return office


async def test_pause_takes_back_what_is_queued_though_nothing_else_is_due() -> None:
    office = await with_a_queued_call()
    await pause(office.store, "diwali", PauseReason.PERSON)
    done = await beat(office.services)
    assert (done.taken_back, done.looked_after) == (1, 0)
    assert office.carrier.ended == [office.carrier.calls[0].sid]


async def test_cancel_takes_back_what_is_queued() -> None:
    office = await with_a_queued_call()
    await move_campaign(office.store, "diwali", lambda one: one.advanced(CampaignEvent.CANCEL))
    await beat(office.services)
    assert office.carrier.ended == [office.carrier.calls[0].sid]


async def test_opt_out_takes_back_what_is_queued() -> None:
    office = await with_a_queued_call()
    (contact,) = office.contacts()
    entry = Suppression(id=contact.id, reason=SuppressionReason.OPT_OUT, at=office.clock.now())
    await office.store.create(suppression_path(contact.id), entry.to_document())
    await beat(office.services)
    assert office.carrier.ended == [office.carrier.calls[0].sid]


async def test_call_that_waits_is_taken_back_before_its_window_closes() -> None:
    office = await with_a_queued_call(QUARTER_TO_NINE)
    await asyncio.sleep(60)
    assert (await beat(office.services)).taken_back == 0
    await asyncio.sleep(120)
    assert (await beat(office.services)).taken_back == 1
    assert office.carrier.ended == [office.carrier.calls[0].sid]


async def test_call_taken_back_is_due_again_and_its_number_free() -> None:
    office = await with_a_queued_call()
    await pause(office.store, "diwali", PauseReason.PERSON)
    await beat(office.services)
    office.carrier.goes(office.carrier.calls[0].sid, CallStatus.CANCELED)
    await asyncio.sleep(30)
    await beat(office.services)
    (contact,) = office.contacts()
    assert (contact.state, contact.disposition) == (ContactState.PENDING, Disposition.CANCELED)
    assert office.locks() == []
    await move_campaign(office.store, "diwali", lambda one: one.advanced(CampaignEvent.RESUME))
    await asyncio.sleep(300)
    assert (await beat(office.services)).dialled == 1


async def test_call_taken_back_is_due_again_whatever_endings_the_marketer_tries_again_after() -> None:
    office = Office()
    await office.campaign(contacts=1, retry={"on": ["no_answer", "busy"]})
    await beat(office.services)
    (attempt,) = office.attempts()
    await pause(office.store, "diwali", PauseReason.PERSON)
    await beat(office.services)
    await office.reported(attempt, office.carrier.calls[0].sid, CallStatus.CANCELED, 2)
    (contact,) = office.contacts()
    assert (contact.state, contact.disposition) == (ContactState.PENDING, Disposition.CANCELED)


@pytest.mark.parametrize("status", [CallStatus.RINGING, CallStatus.IN_PROGRESS])
async def test_calls_under_way_go_on_when_the_campaign_is_paused(status: CallStatus) -> None:
    office = await with_a_queued_call()
    (attempt,) = office.attempts()
    sid = office.carrier.calls[0].sid
    # The carrier's word has not come yet in the first case, and has in the second.
    office.carrier.goes(sid, status)
    await pause(office.store, "diwali", PauseReason.PERSON)
    await beat(office.services)
    await office.reported(attempt, sid, status, 1)
    await beat(office.services)
    assert office.carrier.ended == []
    await office.reported(attempt, sid, CallStatus.COMPLETED, 3, duration_s=40)
    await office.talked(attempt, Talk(caller_turns=3))
    await asyncio.sleep(15)
    await beat(office.services)
    (contact,) = office.contacts()
    assert contact.state is ContactState.DONE


async def test_end_of_a_campaign_skips_whoever_still_waits() -> None:
    office = Office(limits=AccountLimits(calls_per_second=1))
    await office.campaign(contacts=900, ends_at=office.clock.now() + timedelta(seconds=5))
    await beat(office.services)
    sent = len(office.carrier.requests)
    assert 3 <= sent <= 6
    await asyncio.sleep(10)
    done = await beat(office.services)
    states = office.states()
    assert states.count(ContactState.SKIPPED) == 900 - sent
    assert {one.refusal for one in office.contacts() if one.state is ContactState.SKIPPED} == {"expired"}
    assert done.expired + states.count(ContactState.IN_PROGRESS) <= 900
    # The calls under way are waited for.
    campaign = await read_campaign(office.store, "diwali")
    assert campaign is not None
    assert campaign.state is CampaignState.RUNNING
    for call in office.carrier.calls:
        office.carrier.goes(call.sid, CallStatus.NO_ANSWER)
    await asyncio.sleep(120)
    await beat(office.services)
    campaign = await read_campaign(office.store, "diwali")
    assert campaign is not None
    assert campaign.state is CampaignState.COMPLETED
    assert set(office.states()) == {ContactState.SKIPPED, ContactState.DONE}
    assert len(office.carrier.requests) == sent


async def test_paused_campaign_ends_at_its_end_too() -> None:
    office = Office()
    await office.campaign(contacts=3, ends_at=office.clock.now() + timedelta(hours=1), state=CampaignState.PAUSED)
    await asyncio.sleep(3700)
    await beat(office.services)
    campaign = await read_campaign(office.store, "diwali")
    assert campaign is not None
    assert campaign.state is CampaignState.COMPLETED
    assert set(office.states()) == {ContactState.SKIPPED}


async def test_lock_without_an_attempt_is_taken_away_after_an_hour_and_not_before() -> None:
    office = Office()
    await office.campaign(contacts=1)
    (contact,) = office.contacts()
    await office.store.create(f"number_locks/{contact.id}", {"attempt_id": "gone", "claimed_at": office.clock.now()})
    await beat(office.services)
    await asyncio.sleep(3500)
    await beat(office.services)
    assert office.carrier.requests == []
    await asyncio.sleep(200)
    await beat(office.services)
    assert len(office.carrier.requests) == 1


async def test_lock_of_a_call_that_goes_on_stays_however_old_it_is() -> None:
    office = await with_a_queued_call()
    (attempt,) = office.attempts()
    sid = office.carrier.calls[0].sid
    await office.reported(attempt, sid, CallStatus.IN_PROGRESS, 1)
    office.carrier.goes(sid, CallStatus.IN_PROGRESS)
    await asyncio.sleep(4000)
    await beat(office.services)
    assert len(office.locks()) == 1
    assert [one.state for one in office.attempts()] == [AttemptState.IN_PROGRESS]


async def test_campaign_that_ends_between_claim_and_request_sends_nothing() -> None:
    office = Office()
    campaign = await office.campaign(contacts=1, ends_at=office.clock.now() + timedelta(seconds=10))
    claimed = await claim_the_one(office, campaign)
    await asyncio.sleep(15)
    await dial(office.services, claimed)
    assert office.carrier.requests == []
    assert office.states() == [ContactState.SKIPPED]


async def test_window_that_closes_between_claim_and_request_lets_nothing_ring() -> None:
    last_moment = MONDAY_NOON_IN_INDIA.replace(hour=20, minute=57, second=4)
    office = Office(start=last_moment)
    campaign = await office.campaign(contacts=1)
    claimed = await claim_the_one(office, campaign)
    await asyncio.sleep(2)
    await dial(office.services, claimed)
    assert office.carrier.requests == []
    (contact,) = office.contacts()
    assert contact.state is ContactState.PENDING
    assert contact.due_at == (MONDAY_NOON_IN_INDIA + timedelta(days=1)).replace(hour=10, minute=1, second=30)


async def test_store_that_is_away_for_a_while_costs_time_and_nobody() -> None:
    office = Office(limits=AccountLimits(calls_per_second=2))
    await office.campaign(contacts=20)
    beating = asyncio.create_task(beat(office.services))
    await asyncio.sleep(3)
    office.memory.away = True
    await asyncio.sleep(5)
    office.memory.away = False
    await beating
    for _ in range(3):
        await asyncio.sleep(60)
        await beat(office.services)
    numbers = [request.to for request in office.carrier.requests]
    assert len(numbers) == len(set(numbers)) == 20


async def claim_the_one(office: Office, campaign: Campaign) -> Claimed:
    (contact,) = office.contacts()
    document = await office.store.get(f"campaigns/{campaign.id}/contacts/{contact.id}")
    assert document is not None
    claimed = await try_to_claim(office.services, campaign, document, 1, 0.0)
    assert isinstance(claimed, Claimed)
    return claimed
