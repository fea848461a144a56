"""Transfers on the telephone network: who is rung, what they hear, what they press, and where the caller ends up."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from functions.voice.speech.model import ToolCall
from local.telephone_network.calls.call import Call
from local.telephone_network.sound import tones
from shared.domain.call_status import CallStatus
from tests.telephone_network.test_streams import heard
from tests.voice.phone import Phone
from tests.voice.scripted_model import ScriptedSession
from tests.voice.test_calls import TARA, house
from tests.voice.world import DESK, LISTEN, World, world

pytestmark = pytest.mark.virtual_time

COLD = TARA.model_copy(update={"tools": ("transfer_call", "end_call"), "transfer_numbers": {"front desk": DESK}})
WARM = COLD.model_copy(update={"warm_transfers": True})
SUMMARY = "Meera asks for her test results."


def answers(*steps: dict[str, Any], after_s: float = 3.0) -> dict[str, Any]:
    return {"reaction": "answers", "after_s": after_s, "script": [*steps, {"wait": "hang_up", "after_s": 60}]}


async def asked_for_the_desk(session: ScriptedSession) -> None:
    """The agent says that it connects the caller, and calls the tool."""
    session.says("One moment, I am connecting you.", 1200)
    session.sends(ToolCall("t1", "transfer_call", {"to": "front desk", "summary": SUMMARY}))


async def rung(around: World, callee: Any) -> tuple[Call, ScriptedSession]:
    """A caller who has been told that they are being connected."""
    around.network.answer_as({DESK: callee})
    call = around.dial()
    session = await around.session()
    session.says("Hello, this is Tara.", 800)
    await asyncio.sleep(2)
    await asked_for_the_desk(session)
    return call, session


async def test_cold_the_two_are_joined_once_the_agent_was_heard() -> None:
    async with world(COLD) as around:
        call, session = await rung(around, answers({"say": "hello_en"}, {"wait": 2.0}, {"hang_up": True}))
        await call.over.wait()
        assert around.call_to(DESK).journal.find("bridged")
        assert tones.murmur(1000) in heard(around.network, call)[1]
        assert around.record(call)["ending"] == "transferred"
        assert len(around.home.model.sessions) == 1
        (transfer,) = [tool for tool in session.setup.tools if tool.name == "transfer_call"]
        assert transfer.parameters is not None
        assert list(transfer.parameters["properties"]) == ["to"]


async def test_warm_the_person_hears_what_it_is_about_and_takes_the_caller() -> None:
    async with world(WARM) as around:
        talks: list[dict[str, Any]] = [{"wait": 1.0}, {"say": "hello_en"}, {"wait": 1.0}, {"hang_up": True}]
        call, _ = await rung(around, answers({"wait": 4.0}, {"press": "1"}, *talks))
        await call.over.wait()
        child = around.call_to(DESK)
        said = [note["text"] for note in child.journal.find("say")]
        assert SUMMARY in said[0]
        assert "Press 1 to take this call" in said[0]
        assert child.journal.find("bridged")
        audible = heard(around.network, call)[1]
        assert tones.ringback()[:8000] in audible, "the caller hears it ring while the person listens"
        assert tones.murmur(1000) in audible
        assert around.record(call)["transfer"]["answer"] == "taken"
        assert len(around.home.model.sessions) == 1


CASES: dict[str, tuple[dict[str, Any], str]] = {
    "declined": (answers({"wait": 4.0}, {"press": "2"}), "cannot take a call right now"),
    "silent": (answers(), "nobody answered"),
    "hangs up": (answers({"wait": 2.0}, {"hang_up": True}), "nobody answered"),
    "busy": ({"reaction": "busy", "after_s": 1.0}, "line is busy"),
    "no answer": ({"reaction": "no_answer"}, "nobody answered"),
    "fails": ({"reaction": "fails", "after_s": 1.0}, "could not be reached"),
}


@pytest.mark.parametrize(("callee", "told"), CASES.values(), ids=CASES)
async def test_warm_whoever_does_not_take_the_caller_gives_them_back_to_the_agent(
    callee: dict[str, Any], told: str
) -> None:
    async with world(WARM) as around:
        call, _ = await rung(around, callee)
        second = await around.session(2)
        assert told in second.texts[0]
        assert "back on the line with you" in second.texts[0]
        assert ("model", "Hello, this is Tara.") in second.setup.history
        second.says("I am sorry, nobody is there. Shall I take a message?", 1000)
        await asyncio.sleep(2)
        second.says("Goodbye.", 600)
        second.sends(ToolCall("e1", "end_call", {}))
        await call.over.wait()
        assert not around.call_to(DESK).journal.find("bridged")
        assert around.record(call)["ending"] == "agent_ended"
        assert around.record(call)["streams"] == 2


async def test_cold_too_a_caller_whom_nobody_took_comes_back() -> None:
    async with world(COLD) as around:
        await rung(around, {"reaction": "busy", "after_s": 1.0})
        second = await around.session(2)
        assert "their line is busy" in second.texts[0]


async def test_a_caller_who_hangs_up_while_it_rings_leaves_nobody_ringing() -> None:
    async with world(WARM) as around:
        around.network.answer_as({DESK: answers(after_s=30)})
        call = around.dial([{"wait": 12.0}, {"hang_up": True}])
        session = await around.session()
        await asked_for_the_desk(session)
        await call.over.wait()
        await asyncio.sleep(1)
        assert around.call_to(DESK).status is CallStatus.CANCELED
        assert around.record(call)["ending"] == "transferred"
        assert len(around.home.model.sessions) == 1


async def test_warm_wants_a_summary_in_words_that_the_person_understands() -> None:
    async with world(WARM) as around:
        call = around.dial(LISTEN)
        session = await around.session()
        (tool,) = [tool for tool in session.setup.tools if tool.name == "transfer_call"]
        assert tool.parameters is not None
        assert "in English" in tool.parameters["properties"]["summary"]["description"]
        assert tool.parameters["required"] == ["summary"]
        session.sends(ToolCall("t1", "transfer_call", {"to": "front desk", "summary": " "}))
        await session.is_told()
        assert session.answers[0].response["status"] == "error"
        call.hang_up("caller")
        await call.over.wait()


async def test_the_whisper_is_for_twilio_alone() -> None:
    async with house(WARM) as home:
        path = f"/voice/whisper/{Phone(home.app).call_sid}"
        for one in (path, f"{path}/answer"):
            assert (await Phone(home.app).post(one, signed=False)).status_code == 403
        assert (await Phone(home.app).post("/voice/whisper/nonsense")).status_code == 400
        assert "<Gather" in (await Phone(home.app).post(path)).text
