"""Speech models that fail are avoided for a while, by all calls, and a quota that is used up is called by its name."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.voice.circuit import (
    FAILURES_TO_OPEN,
    FIRST_REST_S,
    MOST_REST_S,
    NEXT_STATE,
    QUOTA_REST_S,
    TRIAL_S,
    Circuit,
    CircuitState,
)
from functions.voice.circuits import Circuits
from functions.voice.places import Place, Places
from functions.voice.speech.failures import FREE_TIER_USED_UP, USED_UP, closed_while_opening, ended, refused_status
from functions.voice.speech.model import SessionEnded, SessionSetup, SpeechError, SpeechRefused, SpeechUnavailable
from shared.domain.agent import Model, SpeechPlace
from shared.store.notices import Notice, NoticeKind, read_notices
from tests.manual_clock import ManualClock
from tests.memory_store import MemoryStore
from tests.voice.phone import Phone
from tests.voice.scripted_model import ScriptedModel
from tests.voice.test_calls import TARA, house

FIRST, SECOND = "developer/gemini-3.1-flash-live-preview", "developer/gemini-3.8-live"
AWAY = SpeechUnavailable("away", code=503)
USED = SpeechRefused(USED_UP, code=429, quota=True)
WITH_FALLBACK = TARA.model_copy(update={"model": Model(fallbacks=(SpeechPlace(id="gemini-3.8-live"),))})

# -- one circuit


def test_three_failures_within_half_a_minute_open_a_circuit_and_two_do_not() -> None:
    two = Circuit().failed(0).failed(10)
    assert two.state is CircuitState.CLOSED
    assert two.failed(45).state is CircuitState.CLOSED  # the first two are forgotten
    opened = two.failed(20)
    assert (opened.state, opened.until_s) == (CircuitState.OPEN, 20 + FIRST_REST_S)
    assert not opened.lets_pass(20 + FIRST_REST_S - 1)


def test_a_session_that_stands_forgives_everything() -> None:
    assert Circuit().failed(0).failed(1).worked() == Circuit()


def test_after_its_rest_one_caller_tries_and_the_others_wait_for_what_comes_of_it() -> None:
    rested_s = 20 + FIRST_REST_S
    trial = Circuit().failed(0).failed(10).failed(20).sent(rested_s)
    assert trial.state is CircuitState.HALF_OPEN
    assert not trial.lets_pass(rested_s + 1)
    assert trial.worked() == Circuit()
    again = trial.failed(rested_s + 2)
    assert (again.state, again.until_s) == (CircuitState.OPEN, rested_s + 2 + 2 * FIRST_REST_S)
    assert trial.lets_pass(rested_s + TRIAL_S)  # whoever tried has hung up: the next one may


def test_a_quota_opens_at_once_and_for_longer() -> None:
    opened = Circuit().exhausted(0)
    assert (opened.state, opened.quota, opened.until_s) == (CircuitState.OPEN, True, QUOTA_REST_S)


def test_what_is_tried_in_need_does_not_prolong_the_rest() -> None:
    opened = Circuit().failed(0).failed(1).failed(2)
    assert opened.failed(5) == opened
    assert Circuit().exhausted(0).exhausted(5) == Circuit().exhausted(0)


@given(st.lists(st.tuples(st.sampled_from(["failed", "exhausted", "worked", "sent"]), st.floats(0, 40)), max_size=60))
def test_no_history_keeps_a_place_shut_for_ever(steps: list[tuple[str, float]]) -> None:
    circuit, now_s = Circuit(), 0.0
    for step, later_s in steps:
        now_s += later_s
        circuit = circuit.worked() if step == "worked" else getattr(circuit, step)(now_s)
        assert circuit.until_s <= now_s + MOST_REST_S
        assert circuit.lets_pass(now_s + MOST_REST_S)
    assert circuit.sent(now_s + MOST_REST_S).worked() == Circuit()


def test_the_table_has_a_row_for_everything_that_can_happen() -> None:
    assert {state for state, _ in NEXT_STATE} == set(CircuitState)
    assert len(NEXT_STATE) == 11


# -- those of a process


def a_place(key: str, model: ScriptedModel) -> Place:
    return Place(model, SessionSetup(key.rpartition("/")[2], "", "Kore"), key)


@pytest.mark.virtual_time
async def test_calls_share_what_they_find_out() -> None:
    clock = ManualClock()
    circuits = Circuits(clock)
    broken, sound = ScriptedModel(), ScriptedModel()

    async def call() -> str:
        places = Places([a_place(FIRST, broken), a_place(SECOND, sound)], circuits)
        await places.open_first()
        return places.key

    broken.refusals = [AWAY] * FAILURES_TO_OPEN
    assert [await call() for _ in range(4)] == [SECOND] * 4
    assert broken.refusals == []  # the fourth call did not ask it
    clock.advance(seconds=FIRST_REST_S)
    assert await call() == FIRST  # the trial
    assert circuits.of(FIRST) == Circuit()


@pytest.mark.virtual_time
async def test_an_open_circuit_is_no_reason_to_turn_a_caller_away() -> None:
    circuits, model = Circuits(ManualClock()), ScriptedModel()
    circuits.failed(FIRST, USED)
    await Places([a_place(FIRST, model)], circuits).open_first()
    assert circuits.of(FIRST) == Circuit()


@pytest.mark.parametrize(
    ("error", "opens"),
    [
        (AWAY, True),
        (SpeechRefused("no such model", code=404), True),
        (SpeechRefused("no such model", code=1008), True),
        (SpeechRefused("bad setup", code=1007), False),  # the agent's own document is at fault
        (SessionEnded("broke off", code=1011), False),  # taken up again, and watched by the call itself
        (SessionEnded(USED_UP, code=1011, quota=True), True),
    ],
)
def test_what_counts_against_a_place(error: SpeechError, opens: bool) -> None:
    circuits = Circuits(ManualClock())
    for _ in range(FAILURES_TO_OPEN):
        circuits.failed(FIRST, error)
    assert circuits.lets_pass(FIRST) is not opens


@pytest.mark.virtual_time
async def test_other_processes_learn_it_from_the_store_without_a_call_waiting() -> None:
    clock, store = ManualClock(), MemoryStore()
    told: list[Notice] = []
    here, there = Circuits(clock, told.append), Circuits(clock)
    here.failed(FIRST, USED)
    (notice,) = told
    assert (notice.kind, notice.subject) == (NoticeKind.QUOTA, FIRST)
    await store.batch([notice.put()])
    await there.read(store)
    assert not there.lets_pass(FIRST)
    assert there.of(FIRST).quota
    clock.advance(seconds=QUOTA_REST_S)
    assert there.lets_pass(FIRST)
    here.sent(FIRST)
    here.worked(FIRST)
    await store.batch([told[-1].put()])
    assert await read_notices(store, clock.now()) == []  # taken back


def test_notices_name_no_people_and_there_is_one_for_each_subject() -> None:
    until = datetime(2026, 11, 28, tzinfo=UTC)
    quota, avoided = (Notice(kind, FIRST, "x", until) for kind in (NoticeKind.QUOTA, NoticeKind.AVOIDED))
    replaced = Notice(NoticeKind.REPLACED, FIRST, "x", until)
    assert quota.path == avoided.path != replaced.path
    assert Notice.from_document(quota.put().data) == quota


# -- a quota by its name


@pytest.mark.parametrize(
    ("error", "named"),
    [
        (refused_status(429), USED_UP),
        (refused_status(429, '{"error": {"status": "RESOURCE_EXHAUSTED"}}'), USED_UP),
        (refused_status(403, "Quota exceeded for quota metric 'GenerateContent requests'"), USED_UP),
        (closed_while_opening(1011, "You exceeded your current quota, please check your plan and billing"), USED_UP),
        (ended(1011, "Resource has been exhausted (e.g. check quota)."), USED_UP),
        (ended(1011, "Quota exceeded for metric: live_free_tier_sessions, limit: 3"), FREE_TIER_USED_UP),
        (closed_while_opening(1011, "generate_content_free_tier_requests exceeded quota"), FREE_TIER_USED_UP),
    ],
)
def test_a_quota_is_told_from_every_other_fault(error: SpeechError, named: str) -> None:
    assert error.quota
    assert str(error) == named
    assert not getattr(error, "resumable", False)


@pytest.mark.parametrize("reason", ["Internal error encountered.", "The service is currently unavailable.", ""])
def test_other_1011_are_not_taken_for_a_quota(reason: str) -> None:
    assert not ended(1011, reason).quota


# -- on calls


def closed_quota(reason: str) -> SessionEnded:
    return ended(1011, reason)


def of_kind(home: Any, kind: str) -> list[dict[str, Any]]:
    return [event["fields"] for event in home.part("events") if event["kind"] == kind]


@pytest.mark.virtual_time
@pytest.mark.parametrize("ready", [0, 5])
async def test_a_quota_that_is_used_up_is_named_in_record_and_log_and_the_next_model_answers(
    ready: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with house(WITH_FALLBACK, ready=ready, circuits=True) as home:
        home.model.refusals = [USED]
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        session = await home.model.session()
        assert session.setup.model == "gemini-3.8-live"
        await session.is_told()
        await asyncio.sleep(3)
        phone.hang_up()
        await call
        assert of_kind(home, "speech_model_not_had") == [{"place": FIRST, "why": USED_UP, "code": 429, "quota": True}]
        assert (home.call()["model_place"], home.call()["failure"]) == (SECOND, None)
        assert home.call()["ending"] == "caller_hung_up"
        assert any(record.message == "speech model is avoided for a while" for record in caplog.records)
        (notice,) = await read_notices(home.store, home.services.clock.now())
        assert (notice.kind, notice.subject) == (NoticeKind.QUOTA, FIRST)
        again = Phone(home.app, "CA" + "2" * 32)
        second = asyncio.create_task(again.stream(await again.dial()))
        await (await home.model.session(2)).is_told()
        assert [one.setup.model for one in home.model.sessions] == ["gemini-3.8-live"] * 2
        again.hang_up()
        await second


@pytest.mark.virtual_time
async def test_a_quota_that_runs_out_in_the_middle_of_a_call_is_an_apology_and_never_silence(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    async with house(circuits=True) as home:
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        session = await home.model.session()
        await session.is_told()
        session.ends(closed_quota("Resource has been exhausted (e.g. check quota)."))
        await asyncio.wait_for(call, 2)
        assert home.call()["ending"] == "speech_model_failed"
        failure = {"what": "speech model failed", "code": 1011, "why": USED_UP, "quota": True}
        assert home.call()["failure"] == failure
        after = await phone.post("/voice/after")
        assert "technical problem" in after.text
        assert any(getattr(record, "quota", False) for record in caplog.records)
        assert not any("exhausted (e.g." in record.getMessage() for record in caplog.records)
