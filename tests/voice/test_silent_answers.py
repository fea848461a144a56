"""Whoever answers a campaign's call and hears nothing for two seconds is counted, whatever comes of the call."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from email.utils import format_datetime

import pytest

from shared.domain.attempt import Attempt
from shared.domain.campaign import Voicemail
from shared.domain.disposition import PEOPLE
from shared.store.tallies import tally_of
from tests.voice.phone import Phone
from tests.voice.test_machines import Answered, answered, placed

pytestmark = pytest.mark.virtual_time


async def ended(call: Answered) -> Attempt:
    """The attempt when its call is over and its books are closed."""
    await call.ends()
    call.home.services.clock.advance(minutes=5)  # type: ignore[attr-defined]
    await call.home.services.settlement.settle("a1")
    read = await call.home.services.attempts.read("a1")
    assert read is not None
    tally = await tally_of(call.home.store, "c1")
    people = str(read[0].disposition) in PEOPLE
    assert (tally.unheard.total(), tally.answered.total()) == (read[0].silent_answer, people)
    return read[0]


async def greeted_after(call: Answered, seconds: float) -> Attempt:
    """The agent speaks so late, and the person talks with it all the same."""
    await call.session.is_told()
    await asyncio.sleep(seconds)
    call.agent_says("Hello, this is Tara.", 1500)
    await asyncio.sleep(2)
    await call.says("Hello? Who is it?")
    await call.says("Tell me.")
    call.phone.hang_up()
    return await ended(call)


@pytest.mark.parametrize(("after_s", "silent"), [(1.0, False), (2.5, True)])
async def test_two_hellos_into_silence_are_a_talk_and_a_silent_answer_all_the_same(
    after_s: float, silent: bool
) -> None:
    async with answered(Voicemail(), "en") as call:
        attempt = await greeted_after(call, after_s)
    assert (attempt.disposition, attempt.silent_answer) == ("human", silent)


async def test_time_in_which_an_extension_is_dialled_is_no_silence_of_ours() -> None:
    async with answered(Voicemail(), "en", extension="123") as call:
        attempt = await greeted_after(call, 3.5)
    assert (attempt.disposition, attempt.silent_answer) == ("human", False)


async def test_silence_is_counted_from_the_answer_and_not_from_the_stream() -> None:
    async with answered(Voicemail(), "en") as call:
        # The instance was only starting; the carrier's whole second is over before its answer is.
        answered_at = call.home.services.clock.now() - timedelta(seconds=2.2)
        await call.phone.post(
            "/voice/status?attempt=a1", CallStatus="in-progress", SequenceNumber="2",
            Timestamp=format_datetime(answered_at),
        )  # fmt: skip
        await call.session.is_told()
        await asyncio.sleep(0.7)
        call.agent_says("Hello, this is Tara.", 1500)
        await asyncio.sleep(3)
        call.phone.hang_up()
        attempt = await ended(call)
    assert (attempt.disposition, attempt.silent_answer) == ("abandoned", True)


@pytest.mark.parametrize(("after_s", "silent"), [(1.0, False), (4.0, True)])
async def test_whoever_hangs_up_before_two_seconds_are_over_was_not_kept_waiting(after_s: float, silent: bool) -> None:
    async with answered(Voicemail(), "en") as call:
        await asyncio.sleep(after_s)
        call.phone.hang_up()
        attempt = await ended(call)
    assert (attempt.disposition, attempt.silent_answer) == ("abandoned" if silent else "human", silent)


async def test_a_machine_is_nobody_who_waits() -> None:
    async with answered(Voicemail(), "en") as call:
        await asyncio.sleep(3)
        await call.detects("machine_start")
        attempt = await ended(call)
    assert (attempt.disposition, attempt.silent_answer) == ("voicemail_hangup", False)


@pytest.mark.parametrize(("heard_s", "silent"), [(1.5, False), (2.5, True), (None, True)])
async def test_of_a_call_whose_process_died_the_record_says_when_the_person_was_greeted(
    heard_s: float | None, silent: bool
) -> None:
    async with placed(Voicemail(), "en") as home:
        phone = Phone(home.app)
        await phone.post("/voice/outbound/a1?fence=1", CallStatus="in-progress")
        await home.services.journal.flush(1)
        if heard_s is not None:
            heard_at = home.services.clock.now() + timedelta(seconds=heard_s)
            await home.store.update(f"calls/{phone.call_sid}", {"agent_heard_at": heard_at})
        await phone.post("/voice/status?attempt=a1", CallStatus="completed", SequenceNumber="4", CallDuration="20")
        home.services.clock.advance(minutes=2)  # type: ignore[attr-defined]
        assert await home.services.settlement.settle("a1")
        read = await home.services.attempts.read("a1")
        assert read is not None
        assert (read[0].disposition, read[0].silent_answer) == ("agent_failed", silent)


async def test_the_record_says_when_the_agent_was_heard_first() -> None:
    async with answered(Voicemail(), "en") as call:
        await call.session.is_told()
        await asyncio.sleep(0.7)
        call.agent_says("Hello, this is Tara.", 1500)
        await asyncio.sleep(1)
        answered_at = call.home.services.clock.now()
        assert (call.home.call()["agent_heard_at"] - answered_at).total_seconds() == pytest.approx(0.7, abs=0.05)
