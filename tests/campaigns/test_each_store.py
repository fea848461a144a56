"""Whole beats on both databases, from the claim to the last contact's end: with the transactions, the indexes and the
conflicts that they really have."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from functions.campaigns.beat import beat
from shared.domain.attempt import Attempt
from shared.domain.call_status import CallStatus
from shared.domain.calling_rules import Purpose
from shared.domain.campaign import CampaignState
from shared.domain.contact import Contact, ContactState
from shared.domain.disposition import Disposition, Outcome, Talk
from shared.domain.suppression import Suppression, SuppressionReason
from shared.store.campaigns import read_campaign
from shared.store.store import Store
from shared.store.suppressions import suppress
from shared.store.tallies import tally_of
from tests.campaigns.office import Office

pytestmark = [pytest.mark.virtual_time, pytest.mark.timeout(120)]


async def attempts(store: Store) -> list[Attempt]:
    return [Attempt.from_document(one.data) for one in (await store.query("attempts")).documents]


async def contacts(store: Store) -> list[Contact]:
    return [Contact.from_document(one.data) for one in (await store.query("campaigns/diwali/contacts")).documents]


async def test_campaign_goes_from_its_first_call_to_its_last_and_calls_nobody_twice(
    new_store: Callable[[], Store],
) -> None:
    store = new_store()
    office = Office(store=store)
    campaign = await office.campaign(contacts=8, purpose=Purpose.SERVICE, retry={"max_attempts": 2})
    suppressed = await office.contact(campaign, "+919810099999")
    entry = Suppression(id=suppressed.id, reason=SuppressionReason.OPT_OUT, at=office.clock.now())
    await suppress(store, entry)
    await asyncio.gather(beat(office.services), beat(office.services))
    assert len({one.to for one in office.carrier.requests}) == len(office.carrier.requests) == 8
    made = await attempts(store)
    assert await office.services.attempts.count_open("diwali") == 8
    talking, busy, unheard, *others = sorted(made, key=lambda one: one.id)
    for attempt in (talking, unheard):
        await office.reported(attempt, attempt.sid or "", CallStatus.IN_PROGRESS, 2)
    await office.talked(talking, Talk(caller_turns=4, answered_us=True))
    await office.talked(unheard, Talk(heard_agent=False))
    for attempt in (talking, unheard):
        await office.reported(attempt, attempt.sid or "", CallStatus.COMPLETED, 3, duration_s=40)
    await office.reported(busy, busy.sid or "", CallStatus.BUSY, 3)
    for attempt in others:
        office.carrier.goes(attempt.sid or "", CallStatus.NO_ANSWER)  # and the callback is lost
    await asyncio.sleep(60)
    await beat(office.services)
    tally = await tally_of(store, "diwali")
    assert tally.dispositions == {"human": 1, "abandoned": 1, "busy": 1, "no_answer": 5}
    assert (sum(tally.unheard.values()), sum(tally.answered.values())) == (1, 2)
    assert await store.count("number_locks") == 0
    for _ in range(3):
        await asyncio.sleep(24 * 3600)
        await beat(office.services)
        for call in office.carrier.calls:
            if call.status is CallStatus.QUEUED:
                office.carrier.goes(call.sid, CallStatus.NO_ANSWER)
        await asyncio.sleep(60)
        await beat(office.services)
    ended = await contacts(store)
    assert {one.state for one in ended} == {ContactState.DONE, ContactState.SKIPPED}
    assert sorted(one.counted for one in ended) == [0, 1, 2, 2, 2, 2, 2, 2, 2]
    calls = [one.to for one in office.carrier.requests]
    assert (len(calls), max(map(calls.count, calls))) == (15, 2)
    after = await read_campaign(store, "diwali")
    assert after is not None
    assert after.state is CampaignState.COMPLETED
    assert await office.services.attempts.count_open() == 0


async def test_bad_number_and_early_hang_up_are_kept_with_the_books(new_store: Callable[[], Store]) -> None:
    store = new_store()
    office = Office(store=store)
    await office.campaign(contacts=2)
    await beat(office.services)
    gone, invalid = sorted(await attempts(store), key=lambda one: one.id)
    await office.reported(gone, gone.sid or "", CallStatus.IN_PROGRESS, 2)
    await office.detected(gone, "human")
    await asyncio.sleep(4)
    await office.talked(gone, Talk())
    await office.reported(gone, gone.sid or "", CallStatus.COMPLETED, 3, duration_s=4)
    await office.reported(invalid, invalid.sid or "", CallStatus.FAILED, 3, sip_code=404)
    after = {one.id: one for one in await contacts(store)}
    assert after[gone.contact_id].outcome is Outcome.HUNG_UP_EARLY
    assert after[invalid.contact_id].disposition is Disposition.INVALID_NUMBER
    assert await store.count("suppressions") == 1
