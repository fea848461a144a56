"""Every way in which the model can be asked to fail, seen by a client."""

from __future__ import annotations

import asyncio
import time

import numpy as np
import pytest
import websockets
from google.genai import errors, types

from local.speech_model.behaviour import Behaviour, Listening
from local.speech_model.faults import INCIDENTS, Fault, FaultBook, Kind, Moment
from tests.speech_model.conftest import Studio
from tests.speech_model.live_caller import OK, LiveCaller, Speech

QUIET_S = 0.15


async def stays_silent(caller: LiveCaller) -> bool:
    """Nothing comes any more (handles aside)."""
    try:
        async with asyncio.timeout(QUIET_S):
            await caller.until("never")
    except TimeoutError:
        return True
    raise AssertionError("unreachable")


async def in_the_middle(caller: LiveCaller) -> None:
    """Up to the question for a day, which the clinic's caller answers next."""
    await caller.greeted()
    await caller.makes_a_sound()
    await caller.answer()


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


@pytest.mark.parametrize(
    ("fault", "code", "reason"),
    [
        ({"kind": "close", "code": 1007, "reason": "Request contains an invalid argument."}, 1007, "invalid argument"),
        ({"kind": "close", "code": 1008, "reason": "The operation was aborted"}, 1008, "aborted"),
        ({"kind": "close", "code": 1011, "reason": "Internal error encountered."}, 1011, "Internal"),
        ({"kind": "close", "code": 1000}, 1000, ""),
        ({"kind": "quota"}, 1011, "You exceeded your current quota"),
        ({"kind": "drop"}, 1006, ""),
    ],
)
@pytest.mark.parametrize("moment", ["setup_done", "mid_answer", "caller_turn"])
async def test_the_connection_ends(
    speech: Speech, fault: dict[str, object], code: int, reason: str, moment: str
) -> None:
    speech.plan(at=moment, **fault)

    async def talk() -> None:
        async with speech.call() as caller:
            await caller.greeted()
            await caller.makes_a_sound()
            await caller.answer()

    with pytest.raises((errors.APIError, websockets.ConnectionClosed)) as ended:
        await talk()
    if isinstance(ended.value, errors.APIError):
        assert ended.value.code == code
        assert reason in str(ended.value.details)
    assert (speech.server.records[0].closed or {})["code"] == code


async def test_the_connection_ends_before_setup_complete(speech: Speech) -> None:
    speech.plan(kind="quota", at="setup")
    with pytest.raises(errors.APIError, match="exceeded your current quota"):
        async with speech.call():
            pass


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
async def test_the_handshake_is_refused(speech: Speech, status: int) -> None:
    speech.plan(kind="refuse", status=status)
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with speech.call():
            pass
    assert refused.value.response.status_code == status
    async with speech.call() as caller:
        await caller.greeted()


async def test_setup_is_slow_or_never_complete(speech: Speech) -> None:
    speech.plan(kind="slow_setup", after_ms=120, session=1)
    speech.plan(kind="no_setup_complete", session=2)
    started = time.monotonic()
    async with speech.call():
        assert time.monotonic() - started >= 0.12
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3), speech.call():
            pass


async def test_go_away_with_and_without_a_word_after_it(speech: Speech) -> None:
    speech.plan(kind="go_away", time_left_ms=9500, closes=False, session=1)
    speech.plan(kind="go_away", time_left_ms=100, silent=True, session=2)
    async with speech.call() as caller:
        await caller.greeted()
        await caller.makes_a_sound()
        assert (await caller.answer()).text == "Which day suits you?"
        assert caller.go_away == "9.5s"
    async with speech.call() as caller:
        await caller.greeted()
        await caller.makes_a_sound()
        with pytest.raises(errors.APIError, match="Deadline expired"):
            await caller.answer()


async def test_messages_nobody_knows(speech: Speech) -> None:
    speech.plan(kind="unknown_message", message={"somethingNew": {"value": 1}})
    async with speech.call() as caller:
        await caller.greeted()
        await caller.makes_a_sound()
        # The SDK falls over such a message; the socket stays open.
        with pytest.raises(TypeError):
            await caller.answer()
        assert (await caller.answer()).text == "Which day suits you?"


async def test_a_frame_that_is_no_json(speech: Speech) -> None:
    speech.plan(kind="garbage", at="text")
    async with speech.call() as caller:
        with pytest.raises(ValueError, match="Failed to parse"):
            await caller.greeted()
        assert (await caller.answer()).text


async def test_resuming_beside_the_old_connection_is_refused(speech: Speech) -> None:
    async with speech.call() as caller:
        await caller.greeted()
        resumption = types.SessionResumptionConfig(handle=await caller.handle())
        with pytest.raises(errors.APIError) as refused:
            async with speech.call(session_resumption=resumption):
                pass
        assert refused.value.code == 1011
    async with speech.call(session_resumption=resumption) as caller:
        await caller.makes_a_sound()
        assert (await caller.answer()).text == "Which day suits you?"


@pytest.mark.parametrize(("fault", "code"), [("still_open", 1011), ("lost_handle", 1008)])
async def test_a_resumption_can_fail(speech: Speech, fault: str, code: int) -> None:
    speech.plan(kind=fault)
    with pytest.raises(errors.APIError) as refused:
        async with speech.call():
            pass
    assert refused.value.code == code


async def test_pongs_can_be_late(speech: Speech) -> None:
    speech.plan(kind="late_pongs", after_ms=150)
    async with speech.call() as caller:
        started = time.monotonic()
        await (await caller.session._ws.ping())
        assert time.monotonic() - started >= 0.15
    async with speech.call() as caller:
        started = time.monotonic()
        await (await caller.session._ws.ping())
        assert time.monotonic() - started < 0.15


async def test_a_fault_can_wait_for_its_state_and_happen_more_than_once(speech: Speech) -> None:
    speech.plan(kind="empty_turn", state="book", times=2)
    async with speech.call(tools={"book_appointment": OK}) as caller:
        await in_the_middle(caller)
        for _ in range(2):
            await caller.makes_a_sound()
            assert (await caller.answer()).audio == b""
        await caller.makes_a_sound()
        assert (await caller.answer()).text.startswith("One moment")


@pytest.mark.parametrize("kind", sorted(set(Kind) - INCIDENTS))
def test_every_kind_has_a_moment(kind: Kind) -> None:
    fault = Fault(kind=kind)
    assert any(fault.happens_at(moment) for moment in Moment)


def test_a_fault_that_can_never_happen_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot happen"):
        FaultBook([Fault(kind=Kind.REFUSE, at=Moment.CALLER_TURN)])
