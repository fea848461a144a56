"""Every way in which a connection can fail: refused, broken, silent, told to go, taken up again too early."""

from __future__ import annotations

import asyncio
import time

import pytest
import websockets
from google.genai import errors, types

from local.speech_model.faults import INCIDENTS, Fault, FaultBook, Kind, Moment
from tests.speech_model.live_caller import OK, Speech, in_the_middle


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
