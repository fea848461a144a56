"""Beats: who is called, once, at what pace; and what a crash, a lost answer or a second beat does to it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from functions.campaigns.beat import beat
from functions.campaigns.claiming import Claimed, try_to_claim
from functions.campaigns.dialing import dial
from functions.campaigns.services import AccountLimits
from functions.campaigns.wiring import campaign_services
from shared.domain.attempt import AttemptState
from shared.domain.call_status import CallStatus
from shared.domain.campaign import CampaignState, PauseReason
from shared.domain.contact import ContactState
from shared.domain.disposition import Disposition, Talk
from shared.domain.suppression import Suppression, SuppressionReason, suppression_path
from shared.settings import read_settings
from shared.store.campaigns import pause, read_campaign
from shared.telephony.carrier import CallRefused, CarrierBusy, RefusalKind
from tests.campaigns.office import Office

pytestmark = pytest.mark.virtual_time


async def test_everybody_is_called_once() -> None:
    office = Office()
    await office.campaign(contacts=25)
    done = await beat(office.services)
    assert done.dialled == 25
    assert len({request.to for request in office.carrier.requests}) == len(office.carrier.requests) == 25
    assert set(office.states()) == {ContactState.IN_PROGRESS}
    assert (await beat(office.services)).dialled == 0


async def test_two_beats_at_once_call_everybody_once() -> None:
    office = Office()
    await office.campaign(contacts=25)
    await asyncio.gather(*(beat(office.services) for _ in range(4)))
    assert len({request.to for request in office.carrier.requests}) == len(office.carrier.requests) == 25


async def test_no_second_holds_more_calls_than_the_account_may_start() -> None:
    office = Office(limits=AccountLimits(calls_per_second=10))
    await office.campaign(contacts=60)
    await beat(office.services)
    sent = office.carrier.sent_at_s
    assert max(sum(1 for one in sent if start <= one < start + 1) for start in sent) <= 10
    assert (len(sent) - 1) / (sent[-1] - sent[0]) > 9


async def test_the_next_beat_keeps_the_pace_of_the_last() -> None:
    office = Office(limits=AccountLimits(calls_per_second=1))
    campaign = await office.campaign(contacts=1)
    await beat(office.services)
    await office.contact(campaign, "+919810099999")
    await beat(office.services)
    first, second = office.carrier.sent_at_s
    assert second - first >= 1


async def test_a_number_in_two_campaigns_is_not_called_by_both_at_once() -> None:
    office = Office()
    await office.campaign("one", contacts=1)
    await office.campaign("two", contacts=1)
    await beat(office.services)
    assert len(office.carrier.requests) == 1
    assert sorted([*office.states("one"), *office.states("two")]) == ["in_progress", "pending"]


async def test_nobody_is_called_outside_their_window_and_they_wait_for_its_opening() -> None:
    office = Office(start=Office.start - timedelta(hours=5))
    await office.campaign(contacts=3)
    done = await beat(office.services)
    assert (done.dialled, done.refused) == (0, 3)
    ten_o_clock = Office.start.replace(hour=10)
    assert all(contact.due_at and contact.due_at >= ten_o_clock for contact in office.contacts())


async def test_suppressed_number_is_skipped_even_after_it_was_claimed() -> None:
    office = Office()
    campaign = await office.campaign(contacts=1)
    (contact,) = office.contacts()
    document = await office.store.get(f"campaigns/diwali/contacts/{contact.id}")
    assert document is not None
    claimed = await try_to_claim(office.services, campaign, document, 1, 0.0)
    assert isinstance(claimed, Claimed)
    entry = Suppression(id=contact.id, reason=SuppressionReason.OPT_OUT, at=office.clock.now())
    await office.store.create(suppression_path(contact.id), entry.to_document())
    await dial(office.services, claimed)
    assert office.carrier.requests == []
    assert office.states() == [ContactState.SKIPPED]
    assert office.locks() == []


async def test_campaign_that_is_paused_sends_nothing_more_and_keeps_its_contacts() -> None:
    office = Office(limits=AccountLimits(calls_per_second=1))
    await office.campaign(contacts=20)
    beating = asyncio.create_task(beat(office.services))
    await asyncio.sleep(4.5)
    await pause(office.store, "diwali", PauseReason.PERSON)
    await beating
    assert 4 <= len(office.carrier.requests) <= 6
    assert set(office.states()) == {ContactState.PENDING, ContactState.IN_PROGRESS}
    assert len(office.locks()) == len(office.carrier.requests)


async def test_lost_answer_is_found_in_the_carriers_list_and_never_sent_again() -> None:
    office = Office()
    office.carrier.answers = ["lost"]
    office.carrier.lists_late = 1
    await office.campaign(contacts=1)
    await beat(office.services)
    assert [one.state for one in office.attempts()] == [AttemptState.UNKNOWN]
    await asyncio.sleep(16)
    await beat(office.services)
    assert [one.state for one in office.attempts()] == [AttemptState.UNKNOWN]
    await asyncio.sleep(61)
    await beat(office.services)
    assert [one.state for one in office.attempts()] == [AttemptState.ACCEPTED]
    assert len(office.carrier.requests) == 1


async def test_call_that_never_was_is_given_up_after_two_looks_and_tried_again_much_later() -> None:
    office = Office()
    office.carrier.answers = ["lost"]
    await office.campaign(contacts=1)
    await beat(office.services)
    office.carrier.calls.clear()
    for _ in range(3):
        await asyncio.sleep(61)
        await beat(office.services)
    assert [one.disposition for one in office.attempts()] == [Disposition.LOST]
    (contact,) = office.contacts()
    assert contact.state is ContactState.PENDING
    assert contact.due_at is not None
    assert contact.due_at > office.clock.now() + timedelta(hours=2)
    assert len(office.carrier.requests) == 1
    assert office.locks() == []


async def test_dispatcher_that_dies_between_claim_and_request_forgets_nobody() -> None:
    office = Office()
    campaign = await office.campaign(contacts=1)
    (contact,) = office.contacts()
    document = await office.store.get(f"campaigns/diwali/contacts/{contact.id}")
    assert document is not None
    assert isinstance(await try_to_claim(office.services, campaign, document, 1, 0.0), Claimed)
    assert (await beat(office.services)).dialled == 0
    await asyncio.sleep(31)
    await beat(office.services)
    await asyncio.sleep(21)
    assert (await beat(office.services)).dialled == 1


async def test_dispatcher_that_wakes_after_its_lease_sends_nothing() -> None:
    office = Office()
    campaign = await office.campaign(contacts=1)
    (contact,) = office.contacts()
    document = await office.store.get(f"campaigns/diwali/contacts/{contact.id}")
    assert document is not None
    claimed = await try_to_claim(office.services, campaign, document, 1, 0.0)
    assert isinstance(claimed, Claimed)
    await asyncio.sleep(40)
    assert await dial(office.services, claimed) is None
    assert office.carrier.requests == []


async def test_bad_number_ends_the_contact_and_a_busy_carrier_does_not() -> None:
    office = Office()
    office.carrier.answers = [CallRefused(RefusalKind.BAD_NUMBER, code=21211), CarrierBusy()]
    await office.campaign(contacts=2)
    await beat(office.services)
    assert sorted(office.states()) == ["done", "pending"]
    await asyncio.sleep(25)
    await beat(office.services)
    assert sorted(office.states()) == ["done", "in_progress"]
    assert len(office.carrier.requests) == 3


async def test_carrier_that_refuses_every_call_pauses_the_campaign_with_the_reason() -> None:
    office = Office(limits=AccountLimits(calls_per_second=1))
    office.carrier.answers = [CallRefused(RefusalKind.CONFIGURATION, code=21210)]
    await office.campaign(contacts=5)
    await beat(office.services)
    campaign = await read_campaign(office.store, "diwali")
    assert campaign is not None
    assert (campaign.state, campaign.paused_for) == (CampaignState.PAUSED, PauseReason.CONFIGURATION)
    assert len(office.carrier.requests) == 1
    assert set(office.states()) == {ContactState.PENDING}


async def test_callbacks_in_any_order_settle_the_contact_once() -> None:
    office = Office()
    await office.campaign(contacts=1)
    await beat(office.services)
    (attempt,) = office.attempts()
    sid = office.carrier.calls[0].sid
    await office.reported(attempt, sid, CallStatus.COMPLETED, 3, duration_s=40)
    for status, sequence in [(CallStatus.RINGING, 1), (CallStatus.IN_PROGRESS, 2), (CallStatus.COMPLETED, 3)]:
        await office.reported(attempt, sid, status, sequence)
    await office.talked(attempt, Talk(caller_turns=3))
    await beat(office.services)
    (contact,) = office.contacts()
    assert (contact.state, contact.disposition) == (ContactState.DONE, Disposition.HUMAN)
    tallies = [data for path, (data, _) in office.memory.documents.items() if "/tallies/" in path]
    assert sum(one["attempts"] for one in tallies) == 1
    assert office.locks() == []


async def test_person_whom_detection_took_for_a_machine_is_not_called_again_after_a_talk() -> None:
    office = Office()
    await office.campaign(contacts=1)
    await beat(office.services)
    (attempt,) = office.attempts()
    sid = office.carrier.calls[0].sid
    await office.reported(attempt, sid, CallStatus.IN_PROGRESS, 2)
    await office.detected(attempt, "machine_start")
    await asyncio.sleep(70)
    # They hang up, and the carrier's callback comes before our own word on the talk.
    await office.reported(attempt, sid, CallStatus.COMPLETED, 3, duration_s=70)
    await asyncio.sleep(0.3)
    await office.talked(attempt, Talk(caller_turns=6, answered_us=True))
    (contact,) = office.contacts()
    assert (contact.state, contact.disposition) == (ContactState.DONE, Disposition.HUMAN)


async def test_machine_on_whose_call_we_never_said_a_word_is_closed_as_one_after_a_minute() -> None:
    office = Office()
    await office.campaign(contacts=1)
    await beat(office.services)
    (attempt,) = office.attempts()
    sid = office.carrier.calls[0].sid
    await office.reported(attempt, sid, CallStatus.IN_PROGRESS, 2)
    await office.detected(attempt, "machine_start")
    await office.reported(attempt, sid, CallStatus.COMPLETED, 3, duration_s=9)
    await asyncio.sleep(59)
    await beat(office.services)
    assert office.states() == [ContactState.IN_PROGRESS]
    await asyncio.sleep(10)
    await beat(office.services)
    (contact,) = office.contacts()
    assert (contact.state, contact.disposition) == (ContactState.PENDING, Disposition.VOICEMAIL_HANGUP)


async def test_lost_callbacks_are_made_up_for_by_asking_the_carrier() -> None:
    office = Office()
    await office.campaign(contacts=1)
    await beat(office.services)
    office.carrier.goes(office.carrier.calls[0].sid, CallStatus.NO_ANSWER)
    await asyncio.sleep(60)
    await beat(office.services)
    (contact,) = office.contacts()
    assert contact.disposition is Disposition.NO_ANSWER
    assert contact.state is ContactState.PENDING


async def test_campaign_is_completed_when_everybody_is_done() -> None:
    office = Office()
    office.carrier.answers = [CallRefused(RefusalKind.BAD_NUMBER)] * 3
    await office.campaign(contacts=3)
    await beat(office.services)
    campaign = await read_campaign(office.store, "diwali")
    assert campaign is not None
    assert campaign.state is CampaignState.COMPLETED


async def test_lines_are_never_more_than_campaign_and_account_have() -> None:
    office = Office(limits=AccountLimits(calls_per_second=10, model_sessions=10, inbound_reserve=0.2))
    await office.campaign(contacts=20)
    await beat(office.services)
    assert len(office.carrier.requests) == len(office.locks()) == 8


async def test_trial_account_gets_no_more_calls_than_it_takes_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWILIO_CONCURRENT_CALLS", "5")
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", "AC" + "0" * 32)
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "0" * 32)
    office = Office()
    limits = campaign_services(read_settings(), office.store, office.clock).limits
    office.services = replace(office.services, limits=replace(limits, calls_per_second=10))
    await office.campaign(contacts=20)
    await beat(office.services)
    assert len(office.carrier.requests) == 5
