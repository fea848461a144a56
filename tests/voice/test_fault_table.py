"""What the caller hears, and by when, whatever the model, the line to it or Twilio does: one row a fault.

Freezes, empty turns and sounds that are no speech, each with every remedy, are in test_unbroken.py; the same faults on
real wires are `scripts/bench faults`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from functions.voice.endings import AfterStream
from functions.voice.speech.model import (
    AgentAudio,
    AgentText,
    GenerationComplete,
    GoAway,
    ToolCall,
    TurnComplete,
    UnknownMessage,
)
from functions.voice.watchdog import BEYOND_MS, PATIENCE_MS, Step
from shared.domain.call import Ending
from tests.voice.phone import Phone, token_in, verbs
from tests.voice.scripted_model import spoken
from tests.voice.test_calls import house
from tests.voice.test_unbroken import FAULTS, FIRST_MS, MARGIN_MS, Talk, talk

pytestmark = pytest.mark.virtual_time

BOOKING = {"name": "Meera", "starts_at": "2026-11-24T17:00"}
RESUMED_MS = FIRST_MS + PATIENCE_MS[Step.NUDGE] + 500


def code(number: int, *, resumable: bool = True) -> Callable[[Talk], Awaitable[None]]:
    async def breaks(call: Talk) -> None:
        await call.asks()
        call.session.breaks(number, resumable=resumable)

    return breaks


async def duplicate_tool_call(call: Talk) -> None:
    await call.asks()
    call.session.sends(ToolCall("t1", "book_appointment", BOOKING), ToolCall("t1", "book_appointment", BOOKING))
    await call.session.is_told()
    call.session.says("It is booked.", 800)


async def tool_call_in_mid_sentence(call: Talk) -> None:
    await call.asks()
    call.session.sends(AgentText("It is "))
    call.session.speaks(400)
    call.session.sends(ToolCall("t1", "book_appointment", BOOKING))
    await call.session.is_told()
    for at_ms in range(400, 800, 40):
        call.session.sends(spoken(40, at_ms))
    call.session.sends(AgentText("booked."), GenerationComplete(), TurnComplete())


async def go_away(call: Talk) -> None:
    call.session.sends(GoAway(50))
    second = await call.home.model.session(2)
    call.session = second
    await call.asks()
    second.says("Six hundred rupees.", 800)


async def go_away_then_silence(call: Talk) -> None:
    call.phone.sound = b"\x8f\x0f" * 80
    call.session.sends(GoAway(5))
    await asyncio.sleep(1)
    call.phone.sound = b"\xff" * 160


async def unknown_message(call: Talk) -> None:
    await call.asks()
    call.session.sends(UnknownMessage(("somethingNew",)))
    call.session.says("Six hundred rupees.", 800)


async def two_byte_chunk(call: Talk) -> None:
    await call.asks()
    call.session.sends(AgentAudio(b"\x10\x00", 24_000))
    call.session.says("Six hundred rupees.", 800)


async def delayed_marks(call: Talk) -> None:
    call.phone.marks_late_s = 0.8
    await call.asks()
    call.session.says("Six hundred rupees.", 800)


async def lost_marks(call: Talk) -> None:
    call.phone.marks_late_s = None
    await call.asks()
    call.session.says("Six hundred rupees.", 800)


async def dropped_twilio_socket(call: Talk) -> None:
    await call.asks()
    call.phone.drop()
    await call.carried
    again = await call.phone.post("/voice/after")
    assert verbs(again.text) == ["Connect", "Redirect"]
    call.phone.closed.clear()
    call.carried = asyncio.create_task(call.phone.stream(token_in(again.text)))


@dataclass(frozen=True)
class Row:
    """A fault, and what the caller hears by when: the agent, or an apology and the end of the call."""

    name: str
    fault: Callable[[Talk], Awaitable[None]]
    deadline_ms: float
    apology: bool = False
    sessions: int = 1


ROWS = [
    Row("duplicate tool call", duplicate_tool_call, 0),
    Row("tool call in mid-sentence", tool_call_in_mid_sentence, 0),
    Row("1006", code(1006), BEYOND_MS, sessions=2),
    Row("1011", code(1011), BEYOND_MS, sessions=2),
    Row("1008, aborted", code(1008), BEYOND_MS, sessions=2),
    Row("1008, not found", code(1008, resumable=False), 500, apology=True),
    Row("1007", code(1007, resumable=False), 500, apology=True),
    Row("goAway", go_away, 0, sessions=2),
    Row("goAway, then silence", go_away_then_silence, RESUMED_MS, sessions=2),
    Row("unknown message", unknown_message, 0),
    Row("2-byte chunk", two_byte_chunk, 0),
    Row("delayed marks", delayed_marks, 0),
    Row("lost marks", lost_marks, 0),
    Row("dropped Twilio socket", dropped_twilio_socket, BEYOND_MS, sessions=2),
]


async def answers(call: Talk) -> None:
    """Every later session answers half a second after it was told something or heard the caller."""
    first = call.home.model.sessions[0]
    while True:
        last = call.home.model.sessions[-1]
        if last is not first and last is not call.session and (last.texts or last.audio_ms >= 900):
            await asyncio.sleep(0.5)
            last.says("Six hundred rupees.", 800)
            return
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
async def test_the_caller_hears_what_they_should_in_time(row: Row) -> None:
    loop = asyncio.get_running_loop()
    async with house() as home, talk(home) as call:
        answering = asyncio.create_task(answers(call))
        await row.fault(call)
        began_s = loop.time()
        if row.apology:
            await call.carried
            assert (loop.time() - began_s) * 1000 <= row.deadline_ms
            assert verbs((await call.phone.post("/voice/after")).text) == ["Say", "Hangup"]
        else:
            await call.hears_within(row.deadline_ms)
            await asyncio.sleep(2.5)
            await call.over()
            assert home.call()["ending"] == "caller_hung_up"
            heard = [turn for turn in home.part("turns") if turn["speaker"] == "agent"][-1]
            assert heard["text"] in {"Six hundred rupees.", "It is booked."}
            assert (heard["cut_off"], heard["unheard"]) == (False, "")
        answering.cancel()
        assert len(home.model.sessions) == row.sessions
        booked = [one for one in home.part("tool_results") if one["name"] == "book_appointment"]
        assert len(booked) == ("tool call" in row.name)
        assert not call.steps()


@pytest.mark.parametrize("attempt_id", [None, "a1"])
async def test_whoever_is_rung_for_a_stranded_caller_sees_our_number_and_never_the_callers(
    attempt_id: str | None,
) -> None:
    ours, theirs, desk = "+13105550100", "+919800000001", "+13105550199"
    async with house() as home:
        phone = Phone(home.app)
        home.services.endings.remember(
            phone.call_sid,
            AfterStream(
                Ending.SPEECH_MODEL_FAILED,
                "en",
                1,
                transfer_to=desk,
                agent_id="reception",
                attempt_id=attempt_id,
            ),
        )
        from_, to = (theirs, ours) if attempt_id is None else (ours, theirs)
        after = await phone.post("/voice/after", From=from_, To=to)
        assert f'callerId="{ours}"' in after.text
        assert theirs not in after.text


def test_the_table_is_whole() -> None:
    """Each failure that was seen in the field has a row, here or in the table of silences."""
    silences = {row.fault.__name__ for row in FAULTS}
    assert silences >= {
        "nothing_for_the_greeting",
        "nothing_for_the_caller",
        "nothing_after_a_tool",
        "nothing_after_half_a_sentence",
        "nothing_after_an_interruption",
        "empty_turn",
        "near_silence",
        "a_tone",
    }
    assert MARGIN_MS < BEYOND_MS
