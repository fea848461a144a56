"""A call that goes on in a second, third or fourth stream, perhaps in another process: nothing of it begins anew."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from functions.voice.app import make_app
from functions.voice.endings import AfterStream
from functions.voice.prompts import WRAP_UP
from functions.voice.speech.model import Usage
from shared.domain.call import Ending, Speaker, Turn
from shared.store.store import Put
from tests.manual_clock import ManualClock
from tests.voice.phone import Phone, redirect_in, token_in, verbs
from tests.voice.streams import elsewhere, exchange, greeted, taken_up
from tests.voice.test_calls import TARA, House, house

pytestmark = pytest.mark.virtual_time


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


# -- what was spent


async def seconds_left(home: House, phone: Phone, call: asyncio.Task[None]) -> float:
    """How long the call goes on, with somebody who answers whenever they are asked."""
    began_s = asyncio.get_running_loop().time()
    while not call.done():
        await phone.speaks(500)
        await asyncio.wait([call], timeout=2)
        home.model.sessions[-1].says("Yes.", 300)
    return asyncio.get_running_loop().time() - began_s


async def test_a_call_is_not_longer_for_having_lost_its_socket() -> None:
    """Two minutes are allowed; the socket is lost after a hundred seconds."""
    clock = ManualClock()
    agent = TARA.model_copy(update={"limits": TARA.limits.model_copy(update={"call_s": 120, "silence_s": 100})})
    async with house(agent) as home:
        home = replace(home, services=replace(home.services, clock=clock))
        home = replace(home, app=make_app(home.services))
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        await greeted(home)
        phone.drop()
        await call
        clock.set(clock.now() + timedelta(seconds=80))
        call = await taken_up(home, phone)
        second = await greeted(home, 2)
        assert await seconds_left(home, phone, call) == pytest.approx(40, abs=3)
        assert WRAP_UP in second.texts
        assert home.call()["ending"] == "time_limit"


async def test_a_call_that_comes_back_at_its_last_moment_has_time_for_a_goodbye() -> None:
    clock = ManualClock()
    async with house() as home:
        home = replace(home, services=replace(home.services, clock=clock))
        home = replace(home, app=make_app(home.services))
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        await greeted(home)
        phone.drop()
        await call
        clock.set(clock.now() + timedelta(seconds=TARA.limits.call_s + 5))
        call = await taken_up(home, phone)
        second = await greeted(home, 2)
        assert await seconds_left(home, phone, call) == pytest.approx(30, abs=3)
        assert WRAP_UP in second.texts


async def test_a_call_may_not_cost_more_for_having_lost_its_socket() -> None:
    agent = TARA.model_copy(update={"limits": TARA.limits.model_copy(update={"cost": 0.5, "silence_s": 120})})
    async with house(agent) as home:
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        (await greeted(home)).sends(Usage({"audio": 120_000}, {}))
        await asyncio.sleep(0.5)
        phone.drop()
        await call
        call = await taken_up(home, phone)
        second = await greeted(home, 2)
        await asyncio.sleep(1)
        assert WRAP_UP in second.texts
        second.sends(Usage({"audio": 30_000}, {}))
        await asyncio.wait_for(call, 3)
        assert home.call()["ending"] == "cost_limit"


# -- what was said


async def test_after_a_long_talk_the_model_knows_its_beginning_and_its_latest_turns() -> None:
    """400 turns on the first stream, 6 on the second: the third knows of all three times."""
    async with house() as home:
        phone = Phone(home.app)
        await phone.dial()
        await home.services.journal.flush(5)
        for number, seq in enumerate([*range(1, 401), *range(100_001, 100_007)]):
            speaker = (Speaker.AGENT, Speaker.CALLER)[number % 2]
            turn = Turn(seq, speaker, f"This was said as number {seq}.", "en", seq, seq)
            await home.store.batch([Put(f"calls/{phone.call_sid}/turns/{seq:06d}", turn.to_document())])
        await home.store.update(f"calls/{phone.call_sid}", {"ending": "stream_lost", "streams": 2})
        call = await taken_up(home, phone, 2)
        session = await greeted(home)
        told = [text for _, text in session.setup.history]
        assert told[:20] == [f"This was said as number {seq}." for seq in range(1, 21)]
        assert told[-6:] == [f"This was said as number {seq}." for seq in range(100_001, 100_007)]
        assert told[-7] == "This was said as number 400."
        assert len(told) == len(set(told)) == 320
        phone.hang_up()
        await call


async def test_of_many_tools_the_model_is_told_of_the_latest() -> None:
    """Their ids are the model's own, in no order."""
    async with house() as home:
        phone = Phone(home.app)
        await phone.dial()
        await home.services.journal.flush(5)
        began = home.services.clock.now()
        for number in range(60):
            ran: dict[str, Any] = {
                "name": "book",
                "status": "ok",
                "result": {"visit": number},
                "at": began + timedelta(seconds=number),
            }
            name = f"{(number * 37) % 60:02d}"
            await home.store.batch([Put(f"calls/{phone.call_sid}/tool_results/{name}", ran)])
        await home.store.update(f"calls/{phone.call_sid}", {"ending": "stream_lost", "streams": 1})
        call = await taken_up(home, phone)
        told = (await greeted(home)).setup.history[-1][1]
        visits = [told.find(f'"visit": {number}' + "}") for number in range(20, 60)]
        assert -1 not in visits
        assert visits == sorted(visits), "in the order in which they were made"
        assert '"visit": 19}' not in told
        phone.hang_up()
        await call
