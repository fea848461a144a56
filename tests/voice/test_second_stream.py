"""A call that goes on in a second, third or fourth stream, perhaps in another process: nothing of it begins anew."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from functions.voice.app import make_app
from functions.voice.endings import AfterStream, Endings
from functions.voice.prompts import WRAP_UP
from functions.voice.speech.model import CallerText, ToolCall, Usage
from shared.domain.attempt import Attempt
from shared.domain.call import Ending, Speaker, Turn
from shared.domain.campaign import Voicemail
from shared.domain.contact import contact_path
from shared.store.store import Put
from tests.manual_clock import ManualClock
from tests.voice.phone import Phone, redirect_in, token_in, verbs
from tests.voice.scripted_model import ScriptedSession
from tests.voice.test_calls import TARA, House, house
from tests.voice.test_hand_over import handed_over, two_agents
from tests.voice.test_machines import LEAVES, MESSAGE, PERSON, Answered, answered

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


# -- what was counted


async def taken_up(home: House, phone: Phone, stream_no: int = 1) -> asyncio.Task[None]:
    """The socket was lost; Twilio asks what comes next, and connects the next stream."""
    again = await phone.post(f"/voice/after?stream={stream_no}")
    return asyncio.create_task(phone.stream(token_in(again.text)))


async def test_the_record_of_a_call_over_two_streams_has_both_streams_figures() -> None:
    async with house() as home:
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        session = await greeted(home)
        session.says("Hello, this is Tara.", 800)
        await asyncio.sleep(1)
        await exchange(phone, session, "कल सुबह आना है, क्या समय है?", "जी हाँ, कल सुबह दस बजे समय है।")
        session.sends(Usage({"audio": 100, "text": 7}, {"audio": 40}))
        await asyncio.sleep(0.1)
        session.breaks()
        await greeted(home, 2)
        phone.drop()
        await call
        first = home.call()
        call = await taken_up(home, phone)
        third = await greeted(home, 3)
        third.says("Sorry, where were we?", 600)
        await asyncio.sleep(1)
        await exchange(phone, third, "What do you charge for a visit?", "It is six hundred rupees for a visit.")
        third.sends(Usage({"audio": 50}, {"audio": 20}))
        third.breaks()
        await greeted(home, 4)
        phone.hang_up()
        await call
        whole = home.call()
        assert (whole["streams"], whole["streams_counted"], whole["ending"]) == (2, 2, "caller_hung_up")
        assert whole["language"] == "en", "the call began in it"
        assert (whole["languages"], whole["spoken_language"]) == (["en", "hi"], "en")
        assert whole["usage"] == {"input_audio": 150, "input_text": 7, "output_audio": 60}
        assert whole["usage_by_model"] == {whole["model"]: whole["usage"]}
        assert whole["stream_ms"] > first["stream_ms"] + 3_000
        assert len(whole["latency"]["answers_ms"]) == 2
        assert whole["latency"]["first_audio_ms"] == first["latency"]["first_audio_ms"]
        assert whole["counters"]["model_moves"] == {"broken": 2}
        assert whole["language_use"]["answers"] == first["language_use"]["answers"] + 1 == 2
        await home.services.journal.flush(5)
        assert home.call() == whole


async def test_a_stream_whose_process_died_leaves_a_gap_that_the_record_tells() -> None:
    async with house() as home:
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        (await greeted(home)).sends(Usage({"audio": 100}, {}))
        await home.services.journal.flush(5)
        died = {path: (dict(data), version) for path, (data, version) in home.store.documents.items()}
        phone.drop()
        await call
        home.store.documents.clear()
        home.store.documents.update(died)
        other = elsewhere(home)
        phone = Phone(other.app)
        call = await taken_up(other, phone)
        (await greeted(home, 2)).sends(Usage({"audio": 50}, {}))
        await asyncio.sleep(0.1)
        phone.hang_up()
        await call
        assert (home.call()["streams"], home.call()["streams_counted"]) == (2, 1)
        assert home.call()["usage"] == {"input_audio": 50}


async def test_why_an_earlier_stream_was_lost_is_not_forgotten_by_one_that_went_well() -> None:
    async with house() as home:
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        await greeted(home)
        phone.drop()
        await call
        failed: dict[str, Any] = {"what": "speech model failed", "code": 1011}
        await home.store.update(f"calls/{phone.call_sid}", {"failure": failed})
        call = await taken_up(home, phone)
        await greeted(home, 2)
        phone.hang_up()
        await call
        assert home.call()["failure"] == failed


async def test_agents_of_earlier_streams_are_named_as_well() -> None:
    async with two_agents() as home:
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        second = await handed_over(home, phone, await home.model.session())
        await second.is_told()
        phone.drop()
        await call
        call = await taken_up(home, phone)
        third = await greeted(home, 3)
        third.sends(ToolCall("h2", "hand_over", {"to": "reception"}))
        await greeted(home, 4)
        phone.hang_up()
        await call
        assert home.call()["agents"] == ["reception", "loans", "reception"]


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


# -- a campaign's call


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
