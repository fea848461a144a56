"""Yesterday's books against the carrier's: nothing rang that we do not know, and nothing is booked that never was."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from functions.campaigns.beat import beat
from functions.campaigns.reckoning import Reckoning, reckon_yesterday, reckoning_path
from shared.domain.call_status import CallStatus
from shared.telephony.carrier import CarrierCall
from tests.campaigns.office import Office

pytestmark = pytest.mark.virtual_time

NUMBER = "+13105550100"


async def a_day_of_calls(contacts: int = 5) -> Office:
    """Yesterday at noon everybody was called, and nobody answered; it is half past six in the morning (UTC)."""
    office = Office()
    await office.campaign(contacts=contacts)
    await beat(office.services)
    for attempt in office.attempts():
        office.carrier.goes(attempt.sid or "", CallStatus.NO_ANSWER)
        await office.reported(attempt, attempt.sid or "", CallStatus.NO_ANSWER, 3)
    await asyncio.sleep(86_400)
    return office


async def reckoned(office: Office) -> Reckoning:
    result = await reckon_yesterday(office.services)
    assert result is not None
    return result


async def test_books_that_agree() -> None:
    office = await a_day_of_calls()
    result = await reckoned(office)
    assert (result.calls, result.attempts) == (5, 5)
    assert (result.orphans, result.ghosts, result.differing, result.still_open, result.lost) == ([], [], [], 0, 0)


async def test_call_that_no_attempt_stands_for_is_an_orphan(caplog: pytest.LogCaptureFixture) -> None:
    office = await a_day_of_calls()
    stranger = CarrierCall(
        "CAstranger", "+919810099999", NUMBER, CallStatus.COMPLETED, office.clock.now() - timedelta(hours=20)
    )
    office.carrier.calls.append(stranger)
    assert (await reckoned(office)).orphans == ["CAstranger"]
    assert "the carrier's books and ours differ" in caplog.messages


async def test_leg_of_a_transfer_is_no_orphan() -> None:
    office = await a_day_of_calls()
    then = office.clock.now() - timedelta(hours=20)
    leg = CarrierCall("CAleg", "+13105550188", NUMBER, CallStatus.COMPLETED, then, parent_sid="CAparent")
    office.carrier.calls.append(leg)
    assert (await reckoned(office)).orphans == []


async def test_attempt_whose_call_the_carrier_does_not_know_is_a_ghost() -> None:
    office = await a_day_of_calls()
    gone = office.carrier.calls.pop()
    result = await reckoned(office)
    assert result.ghosts == [one.id for one in office.attempts() if one.sid == gone.sid]


async def test_attempt_that_ended_otherwise_than_the_carrier_says_is_told() -> None:
    office = await a_day_of_calls()
    office.carrier.goes(office.carrier.calls[0].sid, CallStatus.COMPLETED, 40)
    result = await reckoned(office)
    assert len(result.differing) == 1


async def test_call_just_after_midnight_belongs_to_one_day_only() -> None:
    office = Office(start=datetime(2026, 11, 24, 0, 0, 2, tzinfo=UTC))
    sids = []
    for seconds in (-3, -1, 0, 1):
        created = office.clock.now() + timedelta(seconds=seconds)
        sids.append(f"CA{seconds}")
        office.carrier.calls.append(CarrierCall(sids[-1], "+919810099999", NUMBER, CallStatus.COMPLETED, created))
    await asyncio.sleep(7200)
    first = await reckoned(office)
    await asyncio.sleep(86_400)
    second = await reckoned(office)
    assert (first.orphans, second.orphans) == (["CA-3"], ["CA-1", "CA0", "CA1"])


async def test_a_day_is_reckoned_once_and_not_before_its_calls_are_over() -> None:
    office = await a_day_of_calls()
    await asyncio.sleep(86_400 - 6.5 * 3600 + 7190)
    assert await reckon_yesterday(office.services) is None
    await asyncio.sleep(20)
    results = await asyncio.gather(*(reckon_yesterday(office.services) for _ in range(3)))
    assert sum(one is not None for one in results) == 1
    assert await reckon_yesterday(office.services) is None


async def test_the_beat_does_it_and_keeps_the_result() -> None:
    office = await a_day_of_calls()
    await beat(office.services)
    kept = await office.store.get(reckoning_path(datetime(2026, 11, 23, tzinfo=UTC)))
    assert kept is not None
    assert (kept.data["calls"], kept.data["orphans"]) == (5, [])
    assert kept.data["finished_at"] is not None


async def test_books_that_cannot_be_read_are_gone_on_with_later_where_it_was_left() -> None:
    office = await a_day_of_calls()
    office.carrier.books_away_after = 90
    assert await reckon_yesterday(office.services) is None
    kept = await office.store.get(reckoning_path(datetime(2026, 11, 23, tzinfo=UTC)))
    assert kept is not None
    assert kept.data["next_at"] == datetime(2026, 11, 23, 15, tzinfo=UTC)
    await asyncio.sleep(60)
    office.carrier.books_away_after = None
    result = await reckoned(office)
    assert (result.calls, result.attempts) == (5, 5)
