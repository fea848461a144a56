"""A caller is handed from one agent to another within the call, and each knows what was said to the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from functions.tools.builtin import EVERYWHERE
from functions.tools.registry import Registry
from functions.voice.speech.model import CallerText, ToolCall
from shared.domain.agent import Agent, Languages
from shared.store.store import Document
from tests.voice.phone import Phone, token_in
from tests.voice.scripted_model import ScriptedSession
from tests.voice.test_calls import TARA, House, house
from tests.voice.test_keys_and_patience import slow_tool, with_tools

pytestmark = pytest.mark.virtual_time

DESK = TARA.model_copy(update={"tools": ("hand_over", "end_call"), "hands_over_to": ("loans", "viewings")})
LOANS = Agent(
    id="loans",
    version=4,
    name="Vikram",
    company="Asha Homes",
    purpose="You explain loans.",
    instructions="Loans are at nine per cent.",
    greeting={"hi": "नमस्ते"},
    languages=Languages(start="hi", allowed=("hi", "en")),
    voice="Puck",
    tools=("hand_over", "take_message"),
    hands_over_to=("reception",),
)


@asynccontextmanager
async def two_agents(*others: Agent, desk: Agent = DESK) -> AsyncIterator[House]:
    async with house(desk) as home:
        for agent in others or (LOANS,):
            await home.store.create(f"agents/{agent.id}", agent.model_dump(mode="json"))
        yield home


async def handed_over(home: House, phone: Phone, session: ScriptedSession, **arguments: Any) -> ScriptedSession:
    """The reception greets, is asked, and hands the caller over to the loans."""
    await session.is_told()
    session.says("Hello, this is Tara.", 800)
    await asyncio.sleep(1)
    await phone.speaks(600)
    session.sends(CallerText("What is the interest on a home loan?"))
    await asyncio.sleep(0.6)
    session.says("I will put you through to my colleague.", 1000)
    session.sends(ToolCall("h1", "hand_over", {"to": "loans", "brief": "wants the interest", **arguments}))
    return await home.model.session(2)


async def test_caller_is_handed_over_with_what_was_said_and_hears_another_voice() -> None:
    async with two_agents() as home:
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        first = await home.model.session()
        second = await handed_over(home, phone, first)
        await second.is_told()
        assert (second.setup.voice, first.setup.voice) == ("Puck", "Kore")
        assert "Loans are at nine per cent" in second.setup.instructions
        assert [tool.name for tool in second.setup.tools] == ["hand_over", "take_message"]
        assert ("user", "What is the interest on a home loan?") in second.setup.history
        assert ("model", "Hello, this is Tara.") in second.setup.history
        assert "wants the interest" in second.texts[0]
        assert "you are Vikram" in second.texts[0]
        assert first.closed
        assert first.answers == []
        second.says("Vikram here. It is nine per cent.", 1000)
        await asyncio.sleep(2.5)
        phone.hang_up()
        await call
        spoken = [(turn["agent_id"], turn["text"], turn["cut_off"]) for turn in home.part("turns") if turn["agent_id"]]
        assert spoken == [
            ("reception", "Hello, this is Tara.", False),
            ("reception", "I will put you through to my colleague.", False),
            ("loans", "Vikram here. It is nine per cent.", False),
        ]
        assert phone.clears == 0
        assert phone.played_ms == pytest.approx(2800, abs=30)
        assert home.call()["agent_id"] == "reception"
        assert home.call()["agents"] == ["reception", "loans"]
        assert home.call()["held_by"] == {"agent_id": "loans", "agent_version": 4}
        assert "handed_over" in home.kinds()


@pytest.mark.parametrize("speaks_on", [False, True])
async def test_what_led_to_the_hand_over_is_not_heard_as_an_answer_to_the_other_agent(speaks_on: bool) -> None:
    async with two_agents() as home:
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        first = await home.model.session()
        await first.is_told()
        first.says("Hello, this is Tara. Shall I put you through?", 800)
        await asyncio.sleep(1)
        await phone.speaks(600)
        first.sends(CallerText("Yes, please."))
        await asyncio.sleep(0.6)
        more = asyncio.create_task(phone.speaks(500)) if speaks_on else None
        await asyncio.sleep(0.3)
        first.sends(ToolCall("h1", "hand_over", {"to": "loans", "brief": "wants a loan"}))
        second = await home.model.session(2)
        await second.is_told()
        await asyncio.sleep(0.1)
        assert (second.loudest > 1000) is speaks_on
        if more is not None:
            await more
        phone.hang_up()
        await call


async def test_a_tool_still_at_work_reaches_whoever_has_the_caller_then() -> None:
    async with two_agents() as home:
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        first = await home.model.session()
        second = await handed_over(home, phone, first)
        await second.is_told()
        second.sends(ToolCall("m1", "take_message", {"message": "call me"}))
        await second.is_told()
        assert [answer.response["status"] for answer in second.answers] == ["ok"]
        phone.hang_up()
        await call
        stored = {one["name"]: one["status"] for one in home.part("tool_results")}
        assert stored == {"hand_over": "ok", "take_message": "ok"}


@pytest.mark.parametrize(("to", "status"), [("nobody", "error"), ("viewings", "error")])
async def test_who_cannot_take_the_caller_leaves_them_where_they_are(to: str, status: str) -> None:
    """One is not named in the document, the other is and does not exist."""
    async with two_agents() as home:
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        session = await home.model.session()
        await session.is_told()
        session.sends(ToolCall("h1", "hand_over", {"to": to}))
        await session.is_told()
        assert [answer.response["status"] for answer in session.answers] == [status]
        phone.hang_up()
        await call
        assert len(home.model.sessions) == 1
        assert "held_by" not in home.call()


async def test_a_caller_is_not_sent_in_circles() -> None:
    async with two_agents() as home:
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        for number in range(1, 6):
            session = await home.model.session(number)
            await session.is_told()
            to = "loans" if number % 2 else "reception"
            session.sends(ToolCall(f"h{number}", "hand_over", {"to": to}))
        last = await home.model.session(6)
        await last.is_told()
        last.sends(ToolCall("h6", "hand_over", {"to": "reception"}))
        await last.is_told()
        assert [answer.response["status"] for answer in last.answers] == ["refused"]
        phone.hang_up()
        await call
        assert home.call()["agents"] == ["reception", "loans"] * 3


async def test_a_lost_socket_is_taken_up_by_the_agent_who_had_the_caller() -> None:
    for forgotten in (False, True):
        async with two_agents() as home:
            phone = Phone(home.app)
            call = asyncio.create_task(phone.stream(await phone.dial()))
            second = await handed_over(home, phone, await home.model.session())
            await second.is_told()
            phone.drop()
            await call
            if forgotten:
                home.services.endings.take(phone.call_sid)
            again = await phone.post("/voice/after")
            call = asyncio.create_task(phone.stream(token_in(again.text)))
            third = await home.model.session(3)
            assert third.setup.voice == "Puck"
            phone.hang_up()
            await call
            assert home.call()["agent_id"] == "reception"


async def test_the_model_is_told_whom_it_may_hand_the_caller_to() -> None:
    async with two_agents() as home:
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        session = await home.model.session()
        (tool,) = [tool for tool in session.setup.tools if tool.name == "hand_over"]
        assert tool.parameters is not None
        assert tool.parameters["properties"]["to"]["enum"] == ["loans", "viewings"]
        phone.hang_up()
        await call


@pytest.mark.parametrize("finished", [True, False], ids=["answered", "at work"])
async def test_a_tool_before_the_hand_over_does_not_cost_the_brief(finished: bool) -> None:
    async with two_agents(desk=DESK.model_copy(update={"tools": ("slow", "hand_over")})) as plain:
        home = with_tools(plain, Registry([*EVERYWHERE, slow_tool(0.2 if finished else 3)]))
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        first = await home.model.session()
        await first.is_told()
        first.sends(ToolCall("s1", "slow", {}))
        await asyncio.sleep(1)
        first.sends(ToolCall("h1", "hand_over", {"to": "loans", "brief": "wants a loan, is verified"}))
        second = await home.model.session(2)
        await second.is_told()
        assert ["wants a loan, is verified" in text for text in second.texts] == [True]
        assert ("Here it is." if finished else "slow is still at work") in second.setup.history[-1][1]
        await asyncio.sleep(4)
        assert ["Here it is." in text for text in second.texts[1:]] == ([] if finished else [True])
        phone.hang_up()
        await call


async def test_a_hand_over_that_was_asked_for_twice_leaves_the_other_agent_watched() -> None:
    """The session broke while the agent was being found, and the next one asked for the same."""
    async with two_agents() as home:
        get = home.store.get

        async def slowly(path: str) -> Document | None:
            if path == "agents/loans":
                await asyncio.sleep(0.5)
            return await get(path)

        home.store.get = slowly  # type: ignore[method-assign]
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        first = await home.model.session()
        await first.is_told()
        first.sends(ToolCall("h1", "hand_over", {"to": "loans"}))
        await asyncio.sleep(0.1)
        first.breaks()
        again = await home.model.session(2)
        again.sends(ToolCall("h2", "hand_over", {"to": "loans"}))
        loans = await home.model.session(3)
        await loans.is_told()
        loans.says("Vikram here.", 600)
        await asyncio.sleep(25)
        assert any("still there" in text for text in loans.texts), "a caller who says nothing is asked"
        assert (loans.answers, again.answers) == ([], [])
        assert not any("hand_over" in text for _, text in loans.setup.history)
        phone.hang_up()
        await call
