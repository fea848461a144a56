"""A call that goes on in a second, third or fourth stream, perhaps in another process: nothing of it begins anew."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from functions.voice.app import make_app
from functions.voice.endings import AfterStream, Endings
from functions.voice.speech.model import CallerText
from shared.domain.call import Ending
from tests.voice.phone import Phone, redirect_in, token_in, verbs
from tests.voice.scripted_model import ScriptedSession
from tests.voice.test_calls import TARA, House, house

pytestmark = pytest.mark.virtual_time


def elsewhere(home: House) -> House:
    """Another process of the same service: the same store, and no memory of the first one's streams."""
    services = replace(home.services, endings=Endings())
    return replace(home, services=services, app=make_app(services))


async def greeted(home: House, number: int = 1) -> ScriptedSession:
    session = await home.model.session(number)
    await session.is_told()
    return session


async def exchange(phone: Phone, session: ScriptedSession, asked: str, answered: str) -> None:
    """The caller says something, and is answered."""
    await phone.speaks(800)
    session.sends(CallerText(asked))
    await asyncio.sleep(0.8)
    session.says(answered, 800)
    await asyncio.sleep(1.2)


async def test_a_process_that_carried_an_earlier_stream_does_not_answer_for_a_later_one() -> None:
    """Stream 1 on A, its webhook on B; stream 2 on B ends with a goodbye, its webhook on A."""
    async with house() as home:
        other = elsewhere(home)
        phone, moved = Phone(home.app), Phone(other.app)
        first_answer = await phone.post("/voice/inbound", CallStatus="ringing", Direction="inbound")
        call = asyncio.create_task(phone.stream(token_in(first_answer.text)))
        await greeted(home)
        phone.drop()
        await call
        again = await moved.post(redirect_in(first_answer.text))
        assert verbs(again.text) == ["Connect", "Redirect"]
        call = asyncio.create_task(moved.stream(token_in(again.text)))
        await greeted(home, 2)
        moved.hang_up()
        await call
        assert home.call()["ending"] == "caller_hung_up"
        assert verbs((await phone.post(redirect_in(again.text))).text) == ["Hangup"]


async def test_a_transfer_of_an_earlier_stream_rings_nobody_a_second_time() -> None:
    async with house() as home:
        phone = Phone(home.app)
        await phone.dial()
        rung = AfterStream(Ending.TRANSFERRED, "en", 1, transfer_to="+14155550177", agent_id="reception")
        home.services.endings.remember(phone.call_sid, rung)
        await home.services.journal.flush(5)
        await home.store.update(f"calls/{phone.call_sid}", {"ending": "agent_ended", "streams": 2})
        assert verbs((await phone.post("/voice/after?stream=2")).text) == ["Hangup"]


async def test_a_stream_that_left_no_word_was_cut_off_whatever_the_one_before_it_says() -> None:
    async with house() as home:
        phone = Phone(home.app)
        await phone.dial()
        await home.services.journal.flush(5)
        left: dict[str, Any] = {"ending": "transferred", "transfer_to": "+14155550177", "streams": 1}
        await home.store.update(f"calls/{phone.call_sid}", left)
        answer = await phone.post("/voice/after?stream=2")
        assert verbs(answer.text) == ["Connect", "Redirect"]
        assert redirect_in(answer.text) == "/voice/after?stream=3"


@pytest.mark.parametrize("crashed", [False, True])
async def test_whoever_takes_a_call_over_goes_on_in_the_language_spoken_last(crashed: bool) -> None:
    """The caller tries English in between and comes back to Hindi."""
    async with house(TARA.model_copy(update={"limits": TARA.limits.model_copy(update={"silence_s": 120})})) as home:
        other = elsewhere(home)
        phone, moved = Phone(home.app), Phone(other.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        session = await greeted(home)
        await exchange(phone, session, "कल सुबह आना है, क्या समय है?", "जी हाँ, कल सुबह दस बजे समय है।")
        await exchange(phone, session, "And what do you charge for it?", "Six hundred rupees for a visit.")
        await exchange(phone, session, "ठीक है, तो कल सुबह आ जाऊँगा।", "जी, कल सुबह दस बजे आइए।")
        if crashed:
            await home.services.journal.flush(5)
            kept = {path: (dict(data), version) for path, (data, version) in home.store.documents.items()}
        phone.drop()
        await call
        assert home.call()["languages"] == ["hi", "en"]
        if crashed:
            home.store.documents.clear()
            home.store.documents.update(kept)
        again = await moved.post("/voice/after?stream=1")
        call = asyncio.create_task(moved.stream(token_in(again.text)))
        second = await greeted(home, 2)
        assert "Begin in Hindi" in second.setup.instructions
        moved.hang_up()
        await call
