"""Calls that the carrier took and knows nothing of any more: closed once they must be over, not made again at once."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from functions.campaigns.beat import beat
from shared.domain.attempt import AttemptState
from shared.domain.call_status import CallStatus
from shared.domain.contact import ContactState
from shared.domain.disposition import Disposition
from tests.campaigns.office import Office

pytestmark = pytest.mark.virtual_time


async def a_call_forgotten_by_the_carrier(*reported: CallStatus) -> Office:
    """A call that the carrier took and answers 404 about from now on, an hour later."""
    office = Office()
    await office.campaign(contacts=1)
    await beat(office.services)
    (attempt,) = office.attempts()
    sid = office.carrier.calls[0].sid
    for sequence, status in enumerate(reported):
        await office.reported(attempt, sid, status, sequence)
    office.carrier.calls.clear()
    for minutes in (1, 1, 1, 57):
        await asyncio.sleep(60 * minutes)
        await beat(office.services)
    await asyncio.sleep(75)
    await beat(office.services)
    return office


@pytest.mark.parametrize("reported", [(), (CallStatus.RINGING,)])
async def test_call_that_the_carrier_forgets_before_it_is_answered_is_lost_and_frees_its_number_and_line(
    reported: tuple[CallStatus, ...],
) -> None:
    office = await a_call_forgotten_by_the_carrier(*reported)
    (contact,) = office.contacts()
    assert (contact.state, contact.disposition) == (ContactState.PENDING, Disposition.LOST)
    assert contact.due_at is not None
    assert contact.due_at > office.clock.now() + timedelta(hours=2)
    assert await office.services.attempts.count_open("diwali") == 0
    assert office.locks() == []
    assert len(office.carrier.requests) == 1


async def test_call_that_the_carrier_forgets_after_it_was_answered_failed_by_our_side() -> None:
    office = await a_call_forgotten_by_the_carrier(CallStatus.RINGING, CallStatus.IN_PROGRESS)
    first = office.attempts()[0]
    assert (first.state, first.disposition) == (AttemptState.DONE, Disposition.AGENT_FAILED)


async def test_carrier_that_knows_nothing_for_a_moment_loses_no_call() -> None:
    office = Office()
    await office.campaign(contacts=1)
    await beat(office.services)
    calls = list(office.carrier.calls)
    office.carrier.calls.clear()
    await asyncio.sleep(60)
    await beat(office.services)
    assert [one.state for one in office.attempts()] == [AttemptState.ACCEPTED]
    office.carrier.calls.extend(calls)
    office.carrier.goes(calls[0].sid, CallStatus.NO_ANSWER)
    await asyncio.sleep(61)
    await beat(office.services)
    assert [one.disposition for one in office.attempts()] == [Disposition.NO_ANSWER]
