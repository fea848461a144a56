"""Tools that press keys or wait for them, and what a caller hears while a tool takes its time."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from functions.tools.registry import Registry
from functions.tools.tool import Answer, Arguments, Result, Tool, ToolContext, Traits
from functions.voice import own_sound
from functions.voice.app import make_app
from functions.voice.audio import decode_ulaw
from functions.voice.held_lines import HeldLines
from functions.voice.speech.model import (
    AgentText,
    CallerText,
    GenerationComplete,
    Interrupted,
    ToolCall,
    ToolCallsCancelled,
    TurnComplete,
)
from shared.domain.agent import Agent
from shared.store.store import Data, Document
from tests.telephone_network.test_streams import heard
from tests.voice.phone import Phone, token_in
from tests.voice.test_calls import TARA, House, house
from tests.voice.world import world

pytestmark = pytest.mark.virtual_time

KEYS = TARA.model_copy(update={"tools": ("send_dtmf", "collect_digits")})
LINE = bytes([0x90, 0x10]) * 4_000
"""A second of something that is no silence."""


def keys_in(ulaw: bytes) -> str:
    """Which keys are to be heard, by the two strongest of their eight tones in each 20 ms (Goertzel's filter)."""
    tones = [697, 770, 852, 941, 1209, 1336, 1477]
    signs = {
        (row, column): sign
        for row, line in zip(tones[:4], ("123", "456", "789", "*0#"), strict=True)
        for column, sign in zip(tones[4:], line, strict=True)
    }
    samples = np.frombuffer(decode_ulaw(ulaw), "<i2").astype(float)
    found, last = "", None
    for start in range(0, len(samples) - 160, 160):
        frame = samples[start : start + 160]
        times = np.arange(160) / 8_000
        power = {hz: abs(np.sum(frame * np.exp(-2j * np.pi * hz * times))) for hz in tones}
        row, column = max(tones[:4], key=power.__getitem__), max(tones[4:], key=power.__getitem__)
        loud = min(power[row], power[column]) > 100_000
        sign = signs[row, column] if loud else None
        if sign is not None and sign != last:
            found += sign
        last = sign
    return found


def test_every_key_sounds_as_it_should() -> None:
    assert keys_in(own_sound.keys("0123456789*#w11W2")) == "0123456789*#112"


async def test_keys_are_heard_at_the_other_end_of_the_line() -> None:
    async with world(KEYS) as around:
        call = around.dial()
        session = await around.session()
        session.sends(ToolCall("d1", "send_dtmf", {"digits": "1w42#"}))
        await session.is_told()
        assert session.answers[0].response["status"] == "ok"
        call.hang_up("caller")
        await call.over.wait()
        assert keys_in(heard(around.network, call)[1]) == "142#"
        stored = around.home.store.documents[f"calls/{call.sid}/tool_results/d1"][0]
        assert stored["arguments"] == {}


@pytest.mark.parametrize(
    ("arguments", "pressed", "digits"),
    [
        ({}, "4711#", "4711"),
        ({"length": 4}, "4711", "4711"),
        ({"terminator": "*"}, "12#3*", "12#3"),
        ({"terminator": "", "length": 2}, "#1", "#1"),
        ({"timeout_s": 2}, "47", "47"),
    ],
)
async def test_a_caller_types_digits_that_the_model_gets_and_nobody_else(
    arguments: dict[str, Any], pressed: str, digits: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with world(KEYS) as around:
        call = around.dial([{"wait": 1.0}, {"press": pressed}, {"wait": "hang_up", "after_s": 60}])
        session = await around.session()
        session.sends(ToolCall("c1", "collect_digits", arguments))
        await session.is_told()
        assert session.answers[0].response["digits"] == digits
        assert not any("pressed the key" in text for text in session.texts)
        call.hang_up("caller")
        await call.over.wait()
        await around.home.services.journal.flush(5)
        kept = [str(data) for path, (data, _) in around.home.store.documents.items() if path.startswith("calls/")]
        assert not any(f"'digits': '{digits}'" in one for one in kept)
        assert not any(digits in record.getMessage() for record in caplog.records)


async def test_a_caller_who_types_nothing_is_not_waited_for_for_ever() -> None:
    async with world(KEYS) as around:
        around.dial()
        session = await around.session()
        session.sends(ToolCall("c1", "collect_digits", {"timeout_s": 2}))
        await session.is_told()
        assert session.answers[0].response["status"] == "error"
        session.sends(ToolCall("c2", "collect_digits", {"length": 99}))
        await session.is_told()
        assert "length" in session.answers[1].response["message"]


@pytest.mark.parametrize("in_one_turn", [False, True])
async def test_keys_pressed_in_the_middle_of_an_answer_leave_the_conversation_as_it_was(in_one_turn: bool) -> None:
    async with house(KEYS) as home:
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        session = await home.model.session()
        await session.is_told()
        session.says("Hello.", 500)
        await asyncio.sleep(1)
        session.sends(AgentText("I press one now."))
        session.speaks(800)
        session.sends(ToolCall("d1", "send_dtmf", {"digits": "1"}))
        await session.is_told()
        if not in_one_turn:
            session.sends(GenerationComplete(), TurnComplete())
        session.says("Pressed.", 400)
        await asyncio.sleep(24)
        assert any("still there" in text for text in session.texts), "the floor is nobody's again"
        said = ["Hello.", "I press one now.", "Pressed."]
        assert [(turn["text"], turn["cut_off"]) for turn in home.part("turns")] == [(text, False) for text in said]
        phone.hang_up()
        await call


# -- a tool that takes its time


class Nothing(Arguments):
    """None."""


def slow_tool(seconds: float, ran: list[str] | None = None) -> Tool[Nothing]:
    async def run(_: Nothing, context: ToolContext) -> Answer:
        await asyncio.sleep(seconds)
        if ran is not None:
            ran.append(context.tool_call_id)
        return Result(message="Here it is."), None

    return Tool("slow", "Takes its time.", Nothing, run, Traits(timeout_s=8))


def slow(seconds: float, ran: list[str] | None = None) -> Registry:
    return Registry([slow_tool(seconds, ran)])


def with_tools(home: House, registry: Registry, line: bytes | None = None) -> House:
    class Lines(HeldLines):
        def line(self, agent: Agent, language: str) -> bytes | None:
            return line

    services = replace(home.services, tools=registry, held_lines=Lines())
    return replace(home, services=services, app=make_app(services))


PATIENT = TARA.model_copy(update={"tools": ("slow",)})


@pytest.mark.parametrize("line", [LINE, None], ids=["stored line", "typing"])
async def test_a_caller_hears_something_while_a_tool_takes_its_time(line: bytes | None) -> None:
    async with house(PATIENT) as plain:
        home = with_tools(plain, slow(5), line)
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        session = await home.model.session()
        await session.is_told()
        session.sends(ToolCall("s1", "slow", {}))
        await asyncio.sleep(1.0)
        assert phone.played_ms == 0
        await asyncio.sleep(0.5)
        assert phone.played_ms > 0, "the first sound comes after 1.2 s of silence"
        await session.is_told()
        assert [answer.response["message"] for answer in session.answers] == ["Here it is."]
        expected = 1000 if line else 2 * len(own_sound.typing()) / 8
        assert phone.played_ms >= expected - 60
        played_ms = phone.played_ms
        session.says("It is here.", 400)
        await asyncio.sleep(2.5)
        assert phone.played_ms == pytest.approx(played_ms + 400, abs=700)
        phone.hang_up()
        await call
        sounds = [event["fields"]["sound"] for event in home.part("events") if event["kind"] == "hold"]
        assert sounds[0] == ("line" if line else "typing")
        assert [turn["text"] for turn in home.part("turns")] == ["It is here."]


async def test_a_quick_tool_and_a_talking_agent_need_no_company() -> None:
    async with house(PATIENT) as plain:
        home = with_tools(plain, slow(2))
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        session = await home.model.session()
        await session.is_told()
        session.says("One moment, I am looking.", 1500)
        session.sends(ToolCall("s1", "slow", {}))
        await session.is_told()
        phone.hang_up()
        await call
        assert "hold" not in home.kinds()


async def test_what_was_begun_is_done_and_known_when_the_call_is_taken_up_again() -> None:
    ran: list[str] = []
    async with house(PATIENT) as plain:
        home = with_tools(plain, slow(3, ran))
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        session = await home.model.session()
        await session.is_told()
        session.sends(ToolCall("s1", "slow", {}))
        await asyncio.sleep(0.5)
        phone.drop()
        await call
        await asyncio.sleep(4)
        assert ran == ["s1"], "the tool ran to its end without its stream"
        again = await phone.post("/voice/after")
        call = asyncio.create_task(phone.stream(token_in(again.text)))
        second = await home.model.session(2)
        await second.is_told()
        assert "Here it is." in second.setup.history[-1][1]
        second.sends(ToolCall("s1", "slow", {}))
        await second.is_told()
        assert [answer.response["message"] for answer in second.answers] == ["Here it is."]
        assert ran == ["s1"], "the same call of the model, on another stream, is not run again"
        phone.hang_up()
        await call


async def test_a_session_that_takes_over_and_calls_again_what_is_at_work_gets_that_answer() -> None:
    ran: list[str] = []
    async with house(PATIENT) as plain:
        home = with_tools(plain, slow(2, ran))
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        first = await home.model.session()
        await first.is_told()
        first.sends(ToolCall("s1", "slow", {}))
        await asyncio.sleep(0.5)
        first.breaks()
        second = await home.model.session(2)
        await second.is_told()
        assert "do not call them again" in second.texts[0]
        second.sends(ToolCall("s2", "slow", {}))
        await asyncio.sleep(3)
        assert ran == ["s1"]
        assert [(one.id, one.response["message"]) for one in second.answers] == [("s2", "Here it is.")]
        for _ in range(4):
            second.says("Anything else?", 400)
            await asyncio.sleep(10)
        second.sends(ToolCall("s3", "slow", {}))
        await asyncio.sleep(3)
        assert ran == ["s1", "s3"], "much later it is a question of its own"
        phone.hang_up()
        await call


async def test_a_call_that_comes_twice_leaves_nothing_open() -> None:
    async with house(PATIENT) as plain:
        home = with_tools(plain, slow(0.1))
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        session = await home.model.session()
        await session.is_told()
        session.says("Hello.", 400)
        await asyncio.sleep(1)
        for _ in range(2):
            session.sends(ToolCall("s1", "slow", {}))
            await asyncio.sleep(1)
        session.says("Here.", 400)
        await asyncio.sleep(25)
        assert any("still there" in text for text in session.texts), "a tool that is done keeps nobody from asking"
        phone.hang_up()
        await call


async def test_a_tool_that_the_model_takes_back_runs_to_its_end_unanswered() -> None:
    ran: list[str] = []
    async with house(PATIENT) as plain:
        home = with_tools(plain, slow(1, ran))
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        session = await home.model.session()
        await session.is_told()
        session.sends(ToolCall("s1", "slow", {}))
        session.sends(ToolCallsCancelled(("s1",)))
        await asyncio.sleep(2)
        phone.hang_up()
        await call
        assert (ran, session.answers) == (["s1"], [])


async def test_a_tool_that_was_taken_back_leaves_the_conversation_alone_when_it_ends() -> None:
    async with house(PATIENT) as plain:
        home = with_tools(plain, slow(3))
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        session = await home.model.session()
        await session.is_told()
        session.says("Hello.", 500)
        await asyncio.sleep(1.5)
        session.sends(ToolCall("s1", "slow", {}))
        await asyncio.sleep(0.5)
        session.sends(ToolCallsCancelled(("s1",)))
        session.says("Sure, what else?", 1000)
        told = len(session.texts)
        await asyncio.sleep(10)
        assert (session.texts[told:], session.answers, len(home.model.sessions)) == ([], [], 1)
        assert "hold" not in home.kinds(), "nobody waits for it any more"
        phone.hang_up()
        await call


@pytest.mark.parametrize("again_after_s", [0.5, 2.0], ids=["at work", "done"])
async def test_what_was_taken_back_and_is_asked_for_again_is_done_once(again_after_s: float) -> None:
    ran: list[str] = []
    async with house(PATIENT) as plain:
        home = with_tools(plain, slow(1, ran))
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        session = await home.model.session()
        await session.is_told()
        session.sends(ToolCall("s1", "slow", {}))
        session.sends(ToolCallsCancelled(("s1",)))
        await asyncio.sleep(again_after_s)
        session.sends(ToolCall("s2", "slow", {}))
        await asyncio.sleep(2)
        assert [(one.id, one.response["message"]) for one in session.answers] == [("s2", "Here it is.")]
        assert ran == ["s1"]
        phone.hang_up()
        await call


async def test_an_end_that_was_taken_back_does_not_end_the_call_and_a_later_one_does() -> None:
    """The claim on the tool takes its time; meanwhile the caller has one more question."""
    async with house() as home:
        create = home.store.create

        async def slowly(path: str, data: Data) -> Document:
            if "tool_results" in path:
                await asyncio.sleep(0.6)
            return await create(path, data)

        home.store.create = slowly  # type: ignore[method-assign]
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        session = await home.model.session()
        await session.is_told()
        session.says("Goodbye then.", 1500)
        session.sends(ToolCall("e1", "end_call", {}))
        await asyncio.sleep(0.2)
        speaking = asyncio.create_task(phone.speaks(900))
        await asyncio.sleep(0.1)
        session.sends(Interrupted(), ToolCallsCancelled(("e1",)))
        await speaking
        session.sends(CallerText("Wait, one more question."))
        await asyncio.sleep(0.5)
        session.says("Of course, what is it?", 1200)
        await asyncio.sleep(6)
        assert not call.done()
        session.says("Goodbye.", 600)
        session.sends(ToolCall("e2", "end_call", {}))
        await asyncio.wait_for(call, 4)
        assert home.call()["ending"] == "agent_ended"
