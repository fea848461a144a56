"""A campaign's call that lost its socket is one call: what the person said and decided before counts."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from functions.voice.speech.model import ToolCall
from shared.domain.attempt import Attempt
from shared.domain.campaign import Voicemail
from shared.domain.contact import contact_path
from tests.voice.phone import token_in
from tests.voice.scripted_model import ScriptedSession
from tests.voice.streams import greeted
from tests.voice.test_calls import TARA
from tests.voice.test_machines import LEAVES, MESSAGE, PERSON, Answered, answered

pytestmark = pytest.mark.virtual_time


async def goes_on(call: Answered, stream_no: int = 1) -> tuple[asyncio.Task[None], ScriptedSession]:
    """The socket of a campaign's call is lost, and Twilio connects another."""
    call.phone.drop()
    await call.carried
    again = await call.phone.post(f"/voice/after?stream={stream_no}", From="+13105550100", To="+919810000201")
    carried = asyncio.create_task(call.phone.stream(token_in(again.text)))
    return carried, await greeted(call.home, len(call.home.model.sessions) + 1)


async def books_closed(call: Answered) -> Attempt:
    """The attempt when Twilio has said that its call is over."""
    await call.ends()
    read = await call.home.services.attempts.read("a1")
    assert read is not None
    return read[0]


async def test_whoever_talked_with_us_before_the_socket_was_lost_is_not_taken_for_abandoned() -> None:
    async with answered(Voicemail(), "en") as call:
        await call.session.is_told()
        call.agent_says("Hello, this is Tara.", 1500)
        await asyncio.sleep(2)
        await call.says("Yes, what is it about?")
        call.agent_says("About your policy.", 1000)
        await asyncio.sleep(1.5)
        await call.says("I have it already.")
        carried, _ = await goes_on(call)
        call.home.services.clock.advance(seconds=30)  # type: ignore[attr-defined]
        call.phone.hang_up()
        await carried
        attempt = await books_closed(call)
    assert (attempt.disposition, attempt.silent_answer) == ("human", False)
    assert attempt.talk is not None
    assert attempt.talk["caller_turns"] == 2
    assert attempt.talk["answered_us"]


async def test_what_was_achieved_before_the_socket_was_lost_counts() -> None:
    async with answered(Voicemail(), "en", TARA.model_copy(update={"tools": ("opt_out", "end_call")})) as call:
        await call.session.is_told()
        call.agent_says("Hello, this is Tara.", 1500)
        await asyncio.sleep(2)
        await call.says("Please never call me again.")
        await asyncio.sleep(6)
        carried, _ = await goes_on(call)
        call.phone.hang_up()
        await carried
        assert (await books_closed(call)).outcome == "do_not_call"


async def test_a_person_whom_detection_takes_for_a_machine_is_not_left_a_message_on_the_second_stream() -> None:
    async with answered(LEAVES, "en") as call:
        await call.session.is_told()
        call.agent_says("Hello, this is Tara.", 1500)
        await asyncio.sleep(2)
        await call.says("Yes, what is it about?")
        await call.says("Tell me.")
        carried, second = await goes_on(call)
        await call.detects("machine_end_beep")
        await asyncio.sleep(3)
        assert not carried.done()
        assert not any(MESSAGE["en"] in text for text in second.texts)
        call.phone.hang_up()
        await carried
        assert (await books_closed(call)).disposition == "human"


async def test_who_has_said_no_and_is_gone_when_the_socket_is_lost_is_not_called_again() -> None:
    async with answered(Voicemail(), "en") as call:
        held: dict[str, Any] = {"state": "in_progress", "attempt_id": "a1", "attempts": 1}
        await call.home.store.update(contact_path("c1", PERSON), held)
        await call.session.is_told()
        call.agent_says("Hello, this is Tara.", 1500)
        await asyncio.sleep(2)
        await call.says("No, I want nothing.")
        call.agent_says("I understand. Goodbye!", 1500)
        call.session.sends(ToolCall("t1", "end_call", {"reason": "not_interested"}))
        await asyncio.sleep(0.5)
        call.phone.drop()
        attempt = await books_closed(call)
        assert attempt.outcome == "not_interested"
        call.home.services.clock.advance(minutes=10)  # type: ignore[attr-defined]
        assert await call.home.services.settlement.settle("a1")
        contact = await call.home.store.get(contact_path("c1", PERSON))
        assert contact is not None
        assert contact.data["state"] == "done", "nobody apologises for a call that was over"
