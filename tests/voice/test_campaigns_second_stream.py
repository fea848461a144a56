"""A campaign's call whose socket breaks: the person who comes back is known, and all of the talk is reported."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from functions.voice.prompts import OPENING_IS_OWED
from functions.voice.speech.model import CallerText, ToolCall
from shared.domain.attempt import Attempt
from shared.domain.calling_rules import Purpose
from shared.domain.campaign import Voicemail
from shared.store.store import Document, StoreUnavailable
from tests.voice.phone import token_in
from tests.voice.test_machines import LEAVES, Answered, answered

pytestmark = pytest.mark.virtual_time


async def greeted(call: Answered) -> None:
    await call.session.is_told()
    call.agent_says("Hello, this is Tara, an automated call.", 1500)
    await asyncio.sleep(2)


@asynccontextmanager
async def back(call: Answered, stream_no: int = 2) -> AsyncIterator[Answered]:
    """The socket has broken, and Twilio has the next stream of the call."""
    call.phone.drop()
    await call.carried
    again = await call.phone.post(f"/voice/after?stream={stream_no - 1}", To="+919810000201", From="+13105550100")
    carried = asyncio.create_task(call.phone.stream(token_in(again.text)))
    yield replace(call, session=await call.home.model.session(stream_no), carried=carried)
    if not carried.done():
        call.phone.hang_up()
        await carried


async def attempt_of(call: Answered) -> Attempt:
    await call.ends()
    read = await call.home.services.attempts.read("a1")
    assert read is not None
    return read[0]


@pytest.mark.parametrize("voicemail", [Voicemail(), LEAVES], ids=["hangs up", "leaves a message"])
async def test_whoever_has_talked_is_no_machine_because_the_socket_broke(voicemail: Voicemail) -> None:
    async with answered(voicemail, "en") as first:
        await greeted(first)
        await first.says("Yes, tell me.")
        await first.detects("machine_start")
        first.agent_says("Your policy ends in May.", 1500)
        await asyncio.sleep(3)
        async with back(first) as call:
            await call.session.is_told()
            call.agent_says("Sorry, the line broke. Your policy ends in May.", 2000)
            await asyncio.sleep(12)
            assert not call.carried.done()
            assert not any("answering machine" in text for text in call.session.texts)
            call.phone.hang_up()
            attempt = await attempt_of(call)
    assert attempt.talk is not None
    assert (attempt.disposition, attempt.talk["caller_turns"], attempt.silent_answer) == ("human", 1, False)


async def test_what_was_achieved_before_the_socket_broke_is_reported_however_soon_the_person_hangs_up() -> None:
    async with answered(Voicemail(), "en") as first:
        await greeted(first)
        await first.says("Yes, tell me.")
        first.agent_says("Your policy ends in May.", 1500)
        await asyncio.sleep(2)
        await first.says("Not now, thanks.")
        first.session.sends(ToolCall("t1", "end_call", {"reason": "not_interested"}))
        await asyncio.sleep(0.5)
        async with back(first) as call:
            call.phone.hang_up()
            attempt = await attempt_of(call)
    assert attempt.talk is not None
    assert (attempt.outcome, attempt.disposition, attempt.talk["caller_turns"]) == ("not_interested", "human", 2)


async def test_the_law_s_first_words_are_owed_once_in_a_call() -> None:
    async with answered(Voicemail(), "en", purpose=Purpose.MARKETING) as first:
        await greeted(first)
        await first.says("Yes, tell me.")
        first.agent_says("Well.", 500)
        await asyncio.sleep(1)
        async with back(first) as call:
            await call.session.is_told()
            call.agent_says("Sorry, the line broke. As I was saying, there is a lot to tell you today.", 4000)
            await asyncio.sleep(1)
            await call.phone.speaks(1200)
            call.session.sends(CallerText("Go on."))
            await asyncio.sleep(1)
            told = [*call.session.texts, *call.session.context]
    assert not any(OPENING_IS_OWED in text for text in told)


async def test_nobody_is_taken_for_a_machine_while_it_is_not_known_whether_they_talked() -> None:
    async with answered(Voicemail(), "en") as first:
        await greeted(first)
        get = first.home.store.get

        async def without_the_call(path: str) -> Document | None:
            if path.startswith("calls/"):
                raise StoreUnavailable
            return await get(path)

        first.home.store.get = without_the_call  # type: ignore[method-assign]
        async with back(first) as call:
            await call.session.is_told()
            await call.detects("machine_start")
            call.agent_says("Sorry, the line broke.", 1000)
            await asyncio.sleep(8)
            assert not call.carried.done()
            call.phone.hang_up()
            assert not (await attempt_of(call)).silent_answer


async def test_a_call_that_loses_its_last_stream_is_reported() -> None:
    async with answered(Voicemail(), "en") as first:
        await greeted(first)
        await first.says("Yes, tell me.")
        first.agent_says("Your policy ends in May.", 1500)
        await asyncio.sleep(2)
        await first.says("When in May?")
        async with back(first) as second:
            await second.session.is_told()
            async with back(second, 3) as third:
                await third.session.is_told()
                async with back(third, 4) as fourth:
                    await fourth.session.is_told()
                    fourth.phone.drop()
                    attempt = await attempt_of(fourth)
    assert attempt.talk is not None
    assert (attempt.disposition, attempt.talk["caller_turns"], attempt.silent_answer) == ("agent_failed", 2, False)
