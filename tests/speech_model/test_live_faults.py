"""Every way in which the model can be asked to fail, seen by a client."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from local.speech_model.behaviour import Behaviour, Listening
from local.speech_model.faults import Fault, Kind, Moment
from tests.speech_model.conftest import Studio
from tests.speech_model.live_caller import LiveCaller, Speech, in_the_middle

QUIET_S = 0.15


async def stays_silent(caller: LiveCaller) -> bool:
    """Nothing comes any more (handles aside)."""
    try:
        async with asyncio.timeout(QUIET_S):
            await caller.until("never")
    except TimeoutError:
        return True
    raise AssertionError("unreachable")


async def test_a_frozen_caller_turn_thaws_at_a_text(speech: Speech) -> None:
    speech.plan(kind="freeze", at="caller_turn", lasts="text")
    async with speech.call() as caller:
        await caller.greeted()
        await caller.makes_a_sound()
        assert await stays_silent(caller)
        await caller.makes_a_sound()
        assert await stays_silent(caller)
        await caller.told("[Go on.]")
        assert (await caller.answer()).text == "Which day suits you?"
    assert speech.server.records[0].faults == ["freeze at caller_turn"]


async def test_a_freeze_can_end_when_the_caller_speaks_again(speech: Speech) -> None:
    speech.plan(kind="freeze", at="caller_turn", lasts="speech")
    async with speech.call() as caller:
        await caller.greeted()
        await caller.makes_a_sound()
        assert await stays_silent(caller)
        await caller.makes_a_sound()
        assert (await caller.answer()).text == "Which day suits you?"


@pytest.mark.parametrize("moment", ["setup_done", "text"])
async def test_a_frozen_session_never_greets_but_the_next_one_does(speech: Speech, moment: str) -> None:
    speech.plan(kind="freeze", at=moment, session=1)
    async with speech.call() as caller:
        await caller.told("greet")
        assert await stays_silent(caller)
    async with speech.call() as caller:
        assert (await caller.greeted()).text


async def test_a_freeze_in_mid_answer(speech: Speech) -> None:
    speech.plan(kind="freeze", at="mid_answer", after_ms=500)
    async with speech.call() as caller:
        await caller.told("greet")
        await caller.until("audio")
        assert await stays_silent(caller)
    said = speech.server.records[0].said[0]
    assert 500 <= said.sent_ms < 700
    assert not said.whole


async def test_a_freeze_after_a_tool_result(speech: Speech) -> None:
    speech.plan(kind="freeze", at="tool_result", lasts="text")
    async with speech.call() as caller:
        await in_the_middle(caller)
        await caller.makes_a_sound()
        await caller.until("tool_call")
        assert await stays_silent(caller)
        await caller.told(" ")
        assert (await caller.answer()).text == " It is booked."


async def test_a_freeze_after_an_interruption(studio: Studio) -> None:
    slow = Behaviour(think_ms=0, listening=Listening.ENERGY)
    speech = await studio.model(Fault(kind=Kind.FREEZE, at=Moment.INTERRUPT), behaviour=slow)
    async with speech.call() as caller:
        await caller.told("greet")
        await caller.until("audio")
        await caller.makes_a_sound()
        assert (await caller.answer()).interrupted
        assert await stays_silent(caller)


@pytest.mark.parametrize(("fault", "reason"), [("empty_turn", None), ("rejected", "RESPONSE_REJECTED")])
async def test_a_turn_without_an_answer_is_made_up_for_when_asked(
    speech: Speech, fault: str, reason: str | None
) -> None:
    speech.plan(kind=fault, at="caller_turn")
    async with speech.call() as caller:
        await caller.greeted()
        await caller.makes_a_sound()
        nothing = await caller.answer()
        assert (nothing.audio, nothing.generated, nothing.reason) == (b"", False, reason)
        await caller.told("[Answer the caller.]")
        assert (await caller.answer()).text == "Which day suits you?"


async def test_an_empty_turn_after_a_tool_result(speech: Speech) -> None:
    speech.plan(kind="empty_turn", at="tool_result")
    async with speech.call() as caller:
        await in_the_middle(caller)
        await caller.makes_a_sound()
        assert (await caller.answer()).text.startswith("One moment")
        await caller.told(" ")
        assert (await caller.answer()).text == "It is booked."


async def test_an_empty_tool_result_is_followed_by_nothing(speech: Speech) -> None:
    async with speech.call(tools={"book_appointment": {}}) as caller:
        await in_the_middle(caller)
        await caller.makes_a_sound()
        assert "booked" not in (await caller.answer()).text


async def test_sound_that_cannot_be_heard_and_a_tone_that_is_no_speech(speech: Speech) -> None:
    speech.plan(kind="near_silent")
    speech.plan(kind="tone", after_ms=1000, at="caller_turn")
    async with speech.call() as caller:
        faint = np.frombuffer((await caller.greeted()).audio, dtype="<i2")
        await caller.makes_a_sound()
        tone = np.frombuffer((await caller.answer()).audio, dtype="<i2").astype(float)
    assert faint.size > 24_000
    assert np.abs(faint).max() < 30
    assert tone.size == 24_000
    spectrum = np.abs(np.fft.rfft(tone))
    assert spectrum.argmax() == 440
    assert spectrum[438:443].sum() > 0.5 * spectrum.sum()


async def test_a_line_can_come_twice_and_begin_with_one_sample(speech: Speech) -> None:
    async with speech.call() as caller:
        once = await caller.greeted()
    speech.plan(kind="repeat", count=3)
    speech.plan(kind="two_byte_chunk")
    async with speech.call() as caller:
        thrice = await caller.greeted()
    assert thrice.audio == once.audio * 3
    assert thrice.chunks[0] == 2


async def test_the_transcript_can_run_ahead_of_the_audio(speech: Speech) -> None:
    speech.plan(kind="early_transcript")
    async with speech.call() as caller:
        await caller.told("greet")
        before = await caller.until("audio")
    assert before.text == "Hello, this is Asha Clinic. How can I help you today?"


async def test_the_callers_words_can_come_late_or_not_at_all(speech: Speech) -> None:
    speech.plan(kind="late_input_transcript")
    speech.plan(kind="no_input_transcript", state="ask_day")
    async with speech.call() as caller:
        await caller.greeted()
        await caller.makes_a_sound()
        late = await caller.answer()
        await caller.makes_a_sound()
        never = await caller.answer()
    assert late.order.index("audio") < late.order.index("heard")
    assert late.heard == "I want to book an appointment."
    assert never.heard == ""


async def test_a_tool_is_called_in_mid_sentence(speech: Speech) -> None:
    speech.plan(kind="mid_sentence_tool")
    async with speech.call() as caller:
        await in_the_middle(caller)
        await caller.makes_a_sound()
        before = await caller.until("tool_call")
        after = await caller.answer()
    assert not before.generated
    assert before.text + after.text == "One moment please, I am looking that up for you. It is booked."
    assert before.text
    assert len(after.text) > len(" It is booked.")


@pytest.mark.parametrize("other_id", [False, True])
async def test_a_tool_is_called_twice(speech: Speech, other_id: bool) -> None:
    speech.plan(kind="duplicate_tool", other_id=other_id)
    async with speech.call() as caller:
        await in_the_middle(caller)
        await caller.makes_a_sound()
        answer = await caller.answer()
    first, second = answer.tool_calls
    assert first.args == second.args
    assert (first.id != second.id) is other_id
    assert answer.text.count("It is booked.") == 1


async def test_a_tool_nobody_has_and_arguments_nobody_takes_come_before_the_right_call(speech: Speech) -> None:
    speech.plan(kind="unknown_tool")
    speech.plan(kind="bad_arguments", arguments={"day": 7})
    async with speech.call() as caller:
        await in_the_middle(caller)
        await caller.makes_a_sound()
        answer = await caller.answer()
    assert [(call.name, (call.args or {}).get("day")) for call in answer.tool_calls] == [
        ("no_such_tool", "2026-11-24"),
        ("book_appointment", 7),
        ("book_appointment", "2026-11-24"),
    ]
    assert answer.text.endswith("It is booked.")
