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
from tests.voice.test_calls import house
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


async def test_a_key_before_the_hang_up_reaches_a_slow_store() -> None:
    async with marketing() as call:
        await greeted(call)
        create = call.home.store.create

        async def slow(path: str, data: Any) -> Any:
            if path.startswith("suppressions/"):
                await asyncio.sleep(0.2)
            return await create(path, data)

        call.home.store.create = slow
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
