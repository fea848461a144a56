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
from tests.voice.test_machines import Answered, answered

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


@pytest.mark.parametrize(("after_s", "silent"), [(1.0, False), (2.5, True)])
async def test_two_hellos_into_silence_are_a_talk_and_a_silent_answer_all_the_same(
    after_s: float, silent: bool
) -> None:
    async with answered(Voicemail(), "en") as call:
        await call.session.is_told()
        await asyncio.sleep(after_s)
        call.agent_says("Hello, this is Tara.", 1500)
        await asyncio.sleep(2)
        await call.says("Hello? Who is it?")
        await call.says("Tell me.")
        call.phone.hang_up()
        attempt = await ended(call)
    assert (attempt.disposition, attempt.silent_answer) == ("human", silent)


async def test_time_in_which_an_extension_is_dialled_is_no_silence_of_ours() -> None:
    async with answered(Voicemail(), "en", extension="123") as call:
        await call.session.is_told()
        await asyncio.sleep(3.5)
        call.agent_says("Hello, this is Tara.", 1500)
        await asyncio.sleep(2)
        await call.says("Hello? Who is it?")
        await call.says("Tell me.")
        call.phone.hang_up()
        attempt = await ended(call)
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
