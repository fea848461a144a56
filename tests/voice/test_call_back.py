"""Whoever is failed by us is told that we call back once somebody in the business knows it, and not before."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from functions.voice.endings import AfterStream
from functions.voice.speech.model import SpeechRefused
from functions.voice.stream_token import StreamTicket
from shared.domain.announcement import Announcement, EventType
from shared.domain.call import Ending
from shared.store.messages import Message, MessageKind, messages
from tests.voice.phone import Phone, verbs
from tests.voice.test_calls import TARA, House, house
from tests.voice.world import DESK

pytestmark = pytest.mark.virtual_time

WITH_DESK = TARA.model_copy(update={"transfer_numbers": {"front desk": DESK}})
CALLER, OURS = "+919800000001", "+13105550100"
CALLS_BACK, NOBODY_FREE, RINGS_AGAIN = "We will call you back soon", "nobody is free", "Please call again"


async def left(home: House) -> list[Message]:
    """What the business can read."""
    page = await messages(home.store, 50)
    return [Message.from_document({"id": one.id, **one.data}) for one in page.documents]


def announced(home: House) -> list[Announcement]:
    return [
        Announcement.from_document(data)
        for path, (data, _) in home.store.documents.items()
        if path.startswith("announcements/")
    ]


async def failed_call(home: House, phone: Phone) -> str:
    """A call whose model cannot be had, and Twilio's answer to what comes next."""
    home.model.refusals = [SpeechRefused("quota", code=429)]
    await phone.stream(await phone.dial())
    return (await phone.post("/voice/after?stream=1")).text


async def test_a_call_that_fails_is_written_down_for_the_business_and_then_promised() -> None:
    async with house() as home:
        phone = Phone(home.app)
        answer = await failed_call(home, phone)
        assert CALLS_BACK in answer
        (message,) = await left(home)
        assert (message.kind, message.phone, message.urgent) == (MessageKind.CALL_BACK, CALLER, True)
        assert (message.call_sid, message.agent_id) == (phone.call_sid, "reception")
        (told,) = announced(home)
        assert (told.type, told.is_new) == (EventType.MESSAGE_LEFT, True)
        assert (told.data["kind"], told.data["phone"]) == ("call_back", CALLER)


async def test_nobody_takes_the_transferred_caller_and_they_are_called_back() -> None:
    async with house(WITH_DESK) as home:
        phone = Phone(home.app)
        assert verbs(await failed_call(home, phone)) == ["Say", "Dial"]
        assert await left(home) == []
        for _ in range(2):  # Twilio may ask twice
            missed = await phone.post("/voice/after?stream=1", DialCallStatus="no-answer")
            assert NOBODY_FREE in missed.text
        assert len(await left(home)) == len(announced(home)) == 1


async def test_a_transfer_that_was_taken_is_no_call_to_return() -> None:
    async with house(WITH_DESK) as home:
        phone = Phone(home.app)
        await failed_call(home, phone)
        taken = await phone.post("/voice/after?stream=1", DialCallStatus="completed")
        assert verbs(taken.text) == ["Hangup"]
        assert await left(home) == []


@pytest.mark.parametrize("ending", [Ending.SPEECH_MODEL_FAILED, Ending.INTERNAL_ERROR])
@pytest.mark.parametrize("why", ["hidden number", "store away"])
async def test_nothing_is_promised_that_nobody_will_do(ending: Ending, why: str) -> None:
    async with house() as home:
        phone = Phone(home.app)
        home.services.endings.remember(phone.call_sid, AfterStream(ending, "en", 1))
        home.store.away = why == "store away"
        hidden: dict[str, Any] = {"From": "anonymous"} if why == "hidden number" else {}
        answer = await phone.post("/voice/after?stream=1", **hidden)
        assert RINGS_AGAIN in answer.text
        home.store.away = False
        assert await left(home) == []


async def test_whom_a_campaign_failed_it_calls_again_by_its_own_rules() -> None:
    async with house() as home:
        phone = Phone(home.app)
        lost = AfterStream(Ending.SPEECH_MODEL_UNAVAILABLE, "en", 1, attempt_id="a1")
        home.services.endings.remember(phone.call_sid, lost)
        answer = await phone.post("/voice/after?stream=1", From=OURS, To=CALLER)
        assert CALLS_BACK in answer.text
        assert await left(home) == []


async def test_a_contact_whose_transfer_fails_on_the_last_stream_is_called_back_by_a_person() -> None:
    async with house() as home:
        phone = Phone(home.app)
        rung = AfterStream(Ending.TRANSFERRED, "en", 4, transfer_to=DESK, attempt_id="a1", agent_id="reception")
        home.services.endings.remember(phone.call_sid, rung)
        answer = await phone.post("/voice/after?stream=4", DialCallStatus="busy", From=OURS, To=CALLER)
        assert NOBODY_FREE in answer.text
        assert [message.phone for message in await left(home)] == [CALLER]


async def test_a_call_that_ended_well_leaves_nothing() -> None:
    async with house() as home:
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        await (await home.model.session()).is_told()
        phone.hang_up()
        await call
        await phone.post("/voice/after?stream=1")
        assert await left(home) == []


@pytest.mark.parametrize(("attempt", "messages_left"), [(None, [CALLER]), ("a1", [])])
async def test_a_call_whose_agent_is_gone_is_returned_to_the_person_and_never_to_ourselves(
    attempt: str | None, messages_left: list[str]
) -> None:
    async with house() as home:
        phone = Phone(home.app)
        ticket = StreamTicket(call_sid=phone.call_sid, agent_id="gone", attempt_id=attempt, language="en")
        await phone.stream(home.services.tokens.issue(ticket))
        from_, to = (CALLER, OURS) if attempt is None else (OURS, CALLER)
        answer = await phone.post("/voice/after?stream=1", From=from_, To=to)
        assert CALLS_BACK in answer.text
        assert [message.phone for message in await left(home)] == messages_left
