"""The line to the model: nothing the caller says is lost, and a broken session is taken up again, not for ever."""

from __future__ import annotations

import asyncio

import pytest

from functions.voice.model_link import MOST_REOPENINGS, ModelLink
from functions.voice.moves import Memory, Move, Recollection
from functions.voice.places import Place
from functions.voice.prompts import pressed
from functions.voice.speech.model import (
    AgentText,
    ResumeHandle,
    SessionEnded,
    SessionSetup,
    SpeechError,
    SpeechRefused,
    SpeechUnavailable,
    ToolAnswer,
    ToolCall,
)
from tests.voice.scripted_model import ScriptedModel

pytestmark = pytest.mark.virtual_time

SETUP = SessionSetup(model="m", instructions="You are Tara.", voice="Kore")
FRAME = b"\x00" * 640


class Said(Memory):
    def recollect(self) -> Recollection:
        return Recollection([("user", "hello"), ("model", "good morning")])


def link(model: ScriptedModel) -> ModelLink:
    return ModelLink([Place(model, SETUP)], Said())


async def test_what_the_caller_says_before_the_session_stands_is_sent_first() -> None:
    model = ScriptedModel()
    line = link(model)
    for _ in range(5):
        line.send_audio(FRAME)
    await line.open()
    session = await model.session()
    assert session.audio_ms == 100


async def test_refused_session_is_reported() -> None:
    model = ScriptedModel()
    model.refusals = [SpeechRefused("bad key", code=1007)]
    with pytest.raises(SpeechRefused):
        await link(model).open()


async def test_lost_session_is_resumed_with_its_last_handle() -> None:
    model = ScriptedModel()
    line = link(model)
    await line.open()
    first = await model.session()
    first.sends(ResumeHandle("h1"))
    first.sends(ResumeHandle(None))
    await line.receive()
    await line.receive()
    first.breaks()
    waiting = asyncio.create_task(line.receive())
    second = await model.session(2)
    second.sends(AgentText("I am back"))
    assert list(await waiting) == [AgentText("I am back")]
    assert second.setup.resume_handle == "h1"
    assert line.reopenings == 1


async def test_without_a_handle_the_new_session_is_told_what_was_said() -> None:
    model = ScriptedModel()
    line = link(model)
    await line.open()
    (await model.session()).breaks()
    waiting = asyncio.create_task(line.receive())
    second = await model.session(2)
    assert second.setup.history == (("user", "hello"), ("model", "good morning"))
    second.sends(AgentText("."))
    await waiting


async def test_tool_answer_and_words_during_the_gap_reach_the_next_session_in_order() -> None:
    model = ScriptedModel()
    line = link(model)
    await line.open()
    first = await model.session()
    first.closed = True
    line.send_audio(FRAME)
    await line.answer(ToolAnswer("t1", "book_appointment", {"status": "ok"}))
    first.breaks()
    waiting = asyncio.create_task(line.receive())
    second = await model.session(2)
    second.sends(AgentText("."))
    await waiting
    assert [answer.id for answer in second.answers] == ["t1"]
    assert second.audio_ms == 20


async def test_a_key_pressed_during_the_gap_is_told_once_though_it_is_owed_as_well() -> None:
    class Owes(Memory):
        def recollect(self) -> Recollection:
            return Recollection(debt=pressed("1"))

    model = ScriptedModel()
    line = ModelLink([Place(model, SETUP)], Owes())
    await line.open()
    first = await model.session()
    first.closed = True
    await line.send_text(pressed("1"))
    first.breaks()
    waiting = asyncio.create_task(line.receive())
    second = await model.session(2)
    second.sends(AgentText("."))
    await waiting
    assert second.texts == [pressed("1")]


async def test_a_tool_at_work_when_a_stuck_session_is_replaced_is_told_of_in_words() -> None:
    """The handle knows of the call, but what is replaced is not resumed; a result for it would mean nothing to it."""
    model = ScriptedModel()
    line = link(model)
    await line.open()
    first = await model.session()
    first.sends(ToolCall("t1", "book_appointment", {}), ResumeHandle("h1"))
    await line.receive()
    line.move(Move.REPLACE)
    waiting = asyncio.create_task(line.receive())
    second = await model.session(2)
    await second.is_told()
    assert "book_appointment is still at work" in second.setup.history[-1][1]
    await line.answer(ToolAnswer("t1", "book_appointment", {"status": "ok"}))
    second.sends(AgentText("."))
    await waiting
    assert second.answers == []
    assert "book_appointment answered" in second.texts[-1]


async def test_session_that_must_not_be_resumed_ends_the_line() -> None:
    model = ScriptedModel()
    line = link(model)
    await line.open()
    (await model.session()).breaks(1007, resumable=False)
    with pytest.raises(SessionEnded):
        await line.receive()
    assert len(model.sessions) == 1


async def test_model_that_stays_away_is_given_up() -> None:
    model = ScriptedModel()
    line = link(model)
    await line.open()
    model.refusals = [SpeechUnavailable("away")] * 10
    (await model.session()).breaks()
    with pytest.raises(SpeechError):
        await line.receive()
    assert len(model.refusals) == 10 - MOST_REOPENINGS


async def test_sessions_that_break_at_once_are_not_opened_for_ever() -> None:
    model = ScriptedModel()
    line = link(model)
    await line.open()

    async def break_every_session() -> None:
        for number in range(1, 10):
            (await model.session(number)).breaks()

    breaking = asyncio.create_task(break_every_session())
    with pytest.raises(SpeechError):
        await line.receive()
    breaking.cancel()
    assert len(model.sessions) == 1 + MOST_REOPENINGS
