"""What was said or pressed just before a campaign's call ended is not lost, and nobody waits on the line for it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from functions.voice.speech.model import AgentText, CallerText, GenerationComplete, ToolCall, TurnComplete
from shared.domain.calling_rules import Purpose
from shared.domain.campaign import Voicemail
from shared.domain.suppression import suppression_path
from tests.voice.phone import Phone
from tests.voice.scripted_model import spoken
from tests.voice.test_calls import house
from tests.voice.test_gated_calls import GATED, clip
from tests.voice.test_machines import PERSON, Answered, answered

pytestmark = pytest.mark.virtual_time


def marketing() -> Any:
    """A call that may only be made to those who have not said no."""
    return answered(Voicemail(), "en", purpose=Purpose.MARKETING)


async def greeted(call: Answered) -> None:
    await call.session.is_told()
    call.agent_says("Hello, this is Tara, an automated marketing call.", 3000)
    await asyncio.sleep(4)


def evidence(call: Answered) -> dict[str, Any] | None:
    """What the suppression list has for the person who was called."""
    entry = call.home.store.documents.get(suppression_path(PERSON))
    return None if entry is None else entry[0]["evidence"]


async def achieved(call: Answered) -> Any:
    await call.ends()
    read = await call.home.services.attempts.read("a1")
    assert read is not None
    return read[0].outcome


async def test_do_not_call_me_again_and_a_hang_up_before_anybody_answers() -> None:
    async with marketing() as call:
        await greeted(call)
        await call.phone.speaks(1200)
        call.session.sends(CallerText("Do not call me again."))
        await asyncio.sleep(0.3)
        call.phone.hang_up()
        assert await achieved(call) == "do_not_call"
        assert call.home.call()["outcome"] == "do_not_call"
        found = evidence(call)
        assert found is not None
        assert (found["heard_by"], found["words"]) == ("phrase", "Do not call me again.")
        kinds = call.home.kinds()
        assert (kinds.count("opt_out"), kinds.count("suppressed")) == (1, 1)


async def hung_up_while_saying_it(call: Answered) -> float:
    """The person hangs up with their last word; their sound was all that the model had until then. How much of it."""
    await greeted(call)
    await call.phone.speaks(1200)
    call.phone.hang_up()
    sent_ms = call.session.audio_ms
    await call.carried
    return sent_ms


@pytest.mark.parametrize("understood_after_s", [0.3, 1.2])
async def test_do_not_call_me_again_is_understood_after_the_hang_up(understood_after_s: float) -> None:
    async with marketing() as call:
        sent_ms = await hung_up_while_saying_it(call)
        assert call.phone.closed.is_set(), "nobody waits on the line"
        assert call.home.call()["ending"] == "caller_hung_up", "nor for the record"
        assert call.session.audio_ms - sent_ms > 1000, "in silence the model ends their turn"
        await asyncio.sleep(understood_after_s)
        call.session.sends(CallerText("Do not call "))
        await asyncio.sleep(0.1)
        call.session.sends(CallerText("me again."), AgentText("All"), spoken())
        call.session.sends(ToolCall("t1", "opt_out", {}), GenerationComplete(), TurnComplete())
        await asyncio.sleep(0.1)
        assert call.session.closed, "nothing more of them comes"
        assert await achieved(call) == "do_not_call"
        assert call.home.call()["outcome"] == "do_not_call"
        found = evidence(call)
        assert found is not None
        assert (found["heard_by"], found["words"]) == ("phrase", "Do not call me again.")
        said = [(turn["speaker"], turn["text"]) for turn in call.home.part("turns")]
        assert said[1:] == [("caller", "Do not call me again.")]
        kinds = call.home.kinds()
        assert (kinds.count("opt_out"), kinds.count("suppressed")) == (1, 1)
        assert call.home.part("tool_results") == []
        read = await call.home.services.attempts.read("a1")
        assert read is not None
        assert read[0].talk is not None
        assert read[0].talk["caller_turns"] == 1


async def test_half_a_sentence_is_no_opt_out() -> None:
    async with marketing() as call:
        await hung_up_while_saying_it(call)
        call.session.sends(CallerText("Do not call"))
        await asyncio.sleep(0.1)
        call.session.sends(CallerText(" before noon, in the afternoon I am at home."))
        await achieved(call)
        (turn,) = [turn for turn in call.home.part("turns") if turn["speaker"] == "caller"]
        assert turn["text"] == "Do not call before noon, in the afternoon I am at home."
        assert evidence(call) is None


async def test_words_that_come_after_their_answer_has_begun_are_waited_for() -> None:
    async with marketing() as call:
        await greeted(call)
        await call.phone.speaks(1200)
        await asyncio.sleep(0.5)
        call.session.speaks(200)
        await asyncio.sleep(0.1)
        call.phone.hang_up()
        await call.carried
        call.session.sends(TurnComplete())
        await asyncio.sleep(0.2)
        call.session.sends(CallerText("Do not call me again."))
        assert await achieved(call) == "do_not_call"


async def test_what_was_said_over_the_agent_before_the_hang_up_is_a_turn_of_its_own() -> None:
    async with marketing() as call:
        await greeted(call)
        await call.says("Yes?")
        call.agent_says("We have an offer for you.", 6000)
        await asyncio.sleep(1)
        await call.phone.speaks(900)
        await asyncio.sleep(0.5)
        call.phone.hang_up()
        await call.carried
        call.session.sends(CallerText("Do not call me again."))
        assert await achieved(call) == "do_not_call"
        said = [turn["text"] for turn in call.home.part("turns") if turn["speaker"] == "caller"]
        assert said == ["Yes?", "Do not call me again."]


async def test_a_socket_that_is_lost_takes_no_last_words_with_it() -> None:
    async with marketing() as call:
        await greeted(call)
        await call.phone.speaks(1200)
        call.phone.drop()
        await call.carried
        call.session.sends(CallerText("Do not call me again."))
        await asyncio.sleep(2)
        assert evidence(call) is not None
        assert call.home.call()["outcome"] == "do_not_call"
        assert call.session.closed


async def test_words_that_never_come_are_waited_for_so_long_and_no_longer() -> None:
    async with marketing() as call:
        await hung_up_while_saying_it(call)
        await asyncio.sleep(1.3)
        assert not call.session.closed
        await asyncio.sleep(0.3)
        assert call.session.closed
        await asyncio.sleep(0.5)
        read = await call.home.services.attempts.read("a1")
        assert read is not None
        assert read[0].talk is not None, "the campaign is told all the same"


async def test_a_session_that_breaks_has_nothing_more_to_say() -> None:
    async with marketing() as call:
        await hung_up_while_saying_it(call)
        call.session.breaks()
        await asyncio.sleep(0.1)
        read = await call.home.services.attempts.read("a1")
        assert read is not None
        assert read[0].talk is not None
        assert len(call.home.model.sessions) == 1, "and no other is opened"


async def test_nobody_waits_for_words_where_there_was_no_voice() -> None:
    async with marketing() as call:
        await greeted(call)
        await call.says("Yes, tell me.")
        call.agent_says("We have an offer.", 1000)
        await asyncio.sleep(3)
        call.phone.hang_up()
        sent_ms = call.session.audio_ms
        await call.carried
        assert call.session.closed
        assert call.session.audio_ms == sent_ms


async def test_nobody_waits_for_words_after_the_agents_goodbye() -> None:
    async with marketing() as call:
        await greeted(call)
        call.session.sends(AgentText("Goodbye."))
        call.session.speaks(500)
        call.session.sends(ToolCall("t1", "end_call", {"reason": "completed"}))
        await call.session.is_told()
        call.session.sends(GenerationComplete(), TurnComplete())
        await call.phone.speaks(300)
        await call.carried
        assert call.home.call()["ending"] == "agent_ended"
        assert call.session.closed


def suppressing_takes(call: Answered, seconds: float) -> None:
    """The store takes so long to put a number on the list."""
    create = call.home.store.create

    async def slow(path: str, data: Any) -> Any:
        if path.startswith("suppressions/"):
            await asyncio.sleep(seconds)
        return await create(path, data)

    call.home.store.create = slow  # type: ignore[method-assign]


async def test_a_process_that_ends_hears_the_last_words_first() -> None:
    async with marketing() as call:
        await hung_up_while_saying_it(call)
        suppressing_takes(call, 2)
        store, session = call.home.store, call.session
        asyncio.get_running_loop().call_later(0.3, session.sends, CallerText("Do not call me again."))
    assert suppression_path(PERSON) in store.documents
    assert session.closed


async def test_where_parley_says_when_the_caller_speaks_it_ends_their_last_turn() -> None:
    async with house(GATED) as home:
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        session = await home.model.session()
        await session.is_told()
        session.says("Hello, this is Tara.", 1200)
        await asyncio.sleep(1.6)
        await phone.says(clip("hours_question_en_am_michael"))
        phone.hang_up()
        await call
        assert [started for started, _ in session.activities] == [True, False]
        assert session.audio_ms == session.activities[-1][1], "nothing outside the turn"
        session.sends(CallerText("When are you open?"))
        await asyncio.sleep(2)
        assert [turn["text"] for turn in home.part("turns")][1:] == ["When are you open?"]
        assert session.closed


async def test_a_key_before_the_hang_up_reaches_a_slow_store() -> None:
    async with marketing() as call:
        await greeted(call)
        suppressing_takes(call, 0.2)
        call.phone.press("9")
        await asyncio.sleep(0.1)
        call.phone.hang_up()
        assert await achieved(call) == "do_not_call"
        await asyncio.sleep(1)
        assert evidence(call) is not None


async def test_an_opt_out_waits_for_a_store_that_is_away_after_the_hang_up_as_well() -> None:
    async with marketing() as call:
        await greeted(call)
        await call.phone.speaks(1200)
        call.session.sends(CallerText("Do not call me again."))
        call.home.store.away = True
        await asyncio.sleep(0.4)
        call.phone.hang_up()
        await call.carried
        await asyncio.sleep(5)
        call.home.store.away = False
        await asyncio.sleep(15)
        assert evidence(call) is not None
        assert await achieved(call) == "do_not_call"


async def test_a_process_that_ends_writes_the_opt_out_first() -> None:
    async with marketing() as call:
        await greeted(call)
        call.home.store.away = True
        call.phone.press("9")
        await asyncio.sleep(0.1)
        call.phone.hang_up()
        await call.carried
        call.home.store.away = False
        store = call.home.store
    assert suppression_path(PERSON) in store.documents


async def test_the_line_drops_within_two_seconds_of_the_goodbye_while_the_store_is_away() -> None:
    async with answered(Voicemail(), "en") as call:
        await greeted(call)
        call.session.sends(AgentText("Goodbye."))
        call.session.speaks(500)
        call.session.sends(ToolCall("t1", "end_call", {"reason": "completed"}))
        await call.session.is_told()
        call.session.sends(GenerationComplete(), TurnComplete())
        await asyncio.sleep(0.5)  # it has been heard
        call.home.store.away = True
        said_s = asyncio.get_running_loop().time()
        await call.carried
        assert asyncio.get_running_loop().time() - said_s <= 2
        await asyncio.sleep(4)
        call.home.store.away = False
        await asyncio.sleep(10)
        assert await achieved(call) == "goal_met"


async def test_a_fault_that_nobody_foresaw_lets_go_of_the_model_and_tells_the_campaign() -> None:
    async with answered(Voicemail(), "en") as call:
        await greeted(call)
        await call.says("Yes, tell me.")
        call.session.ends(LookupError())  # type: ignore[arg-type]
        with pytest.raises(BaseExceptionGroup):
            await call.carried
        assert call.session.closed
        assert call.home.call()["ending"] == "internal_error"
        read = await call.home.services.attempts.read("a1")
        assert read is not None
        talk = read[0].talk
        assert talk is not None
        assert (talk["our_fault"], talk["caller_turns"]) == (True, 1)


@pytest.mark.parametrize("name", ["0:" + "9" * 5000, "9" * 5000, "0:\u0669"])
async def test_no_name_of_a_mark_ends_a_call(name: str) -> None:
    async with house() as home:
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        session = await home.model.session()
        await session.is_told()
        phone.say({"event": "mark", "streamSid": "MZ1", "sequenceNumber": "4", "mark": {"name": name}})
        await asyncio.sleep(1)
        assert not call.done()
        phone.hang_up()
        await call
