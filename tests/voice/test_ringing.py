"""While a contact's telephone rings, the model's session is opened; nobody who does not answer leaves one open."""

from __future__ import annotations

import asyncio

import pytest

from functions.voice.ready_sessions import RINGING_S
from functions.voice.speech.model import SpeechUnavailable
from shared.domain.campaign import Voicemail
from tests.voice.phone import Phone, token_in
from tests.voice.test_calls import House
from tests.voice.test_machines import placed

pytestmark = pytest.mark.virtual_time

NO_MESSAGE = Voicemail()


async def progress(home: House, status: str, sequence: int) -> None:
    """Twilio's word on how far the call has come."""
    phone = Phone(home.app)
    answer = await phone.post("/voice/status?attempt=a1", CallStatus=status, SequenceNumber=str(sequence))
    assert answer.status_code == 200
    await asyncio.sleep(0.1)


async def test_whoever_answers_is_greeted_on_the_session_that_was_opened_while_it_rang() -> None:
    async with placed(NO_MESSAGE, ready=5) as home:
        await progress(home, "ringing", 1)
        await progress(home, "ringing", 1)
        (session,) = home.model.sessions
        await asyncio.sleep(RINGING_S - 3)
        assert (session.texts, session.audio_ms, session.closed) == ([], 0, False), "it costs nothing until then"
        phone = Phone(home.app)
        connected = await phone.post("/voice/outbound/a1?fence=1", CallStatus="in-progress")
        call = asyncio.create_task(phone.stream(token_in(connected.text)))
        await session.is_told()
        assert "नमस्ते" in session.texts[0]
        session.says("नमस्ते, मैं तारा हूँ।", 1000)
        await asyncio.sleep(5)
        assert not session.closed, "it is a call's now"
        phone.hang_up()
        await call
        assert len(home.model.sessions) == 1
        assert session.closed


@pytest.mark.parametrize("status", ["busy", "no-answer", "failed", "canceled"])
async def test_nobody_answers_and_the_session_is_closed(status: str) -> None:
    async with placed(NO_MESSAGE, ready=5) as home:
        await progress(home, "ringing", 1)
        (session,) = home.model.sessions
        await progress(home, status, 2)
        assert session.closed
        await progress(home, "ringing", 1)
        assert len(home.model.sessions) == 1, "a word that comes late opens nothing"


async def test_a_call_that_was_answered_needs_no_second_session_when_its_ringing_is_told_late() -> None:
    async with placed(NO_MESSAGE, ready=5) as home:
        phone = Phone(home.app)
        connected = await phone.post("/voice/outbound/a1?fence=1", CallStatus="in-progress")
        call = asyncio.create_task(phone.stream(token_in(connected.text)))
        await (await home.model.session()).is_told()
        await progress(home, "ringing", 1)
        assert len(home.model.sessions) == 1
        phone.hang_up()
        await call


async def test_a_telephone_that_rings_for_ever_does_not_keep_a_session_for_ever() -> None:
    async with placed(NO_MESSAGE, ready=5) as home:
        await progress(home, "ringing", 1)
        (session,) = home.model.sessions
        await asyncio.sleep(RINGING_S - 1)
        assert not session.closed
        await asyncio.sleep(1.5)
        assert session.closed


async def test_a_session_that_could_not_be_opened_while_it_rang_is_opened_for_whoever_answers() -> None:
    async with placed(NO_MESSAGE, ready=5) as home:
        home.model.refusals = [SpeechUnavailable("busy")]
        await progress(home, "ringing", 1)
        assert home.model.sessions == []
        phone = Phone(home.app)
        connected = await phone.post("/voice/outbound/a1?fence=1", CallStatus="in-progress")
        call = asyncio.create_task(phone.stream(token_in(connected.text)))
        await (await home.model.session()).is_told()
        phone.hang_up()
        await call
