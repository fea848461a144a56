"""Calls in which Parley says when the caller speaks: recorded words into whole calls, on a clock that takes no time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from functions.voice.errand import Errand
from functions.voice.session_setup import gate_of, places
from functions.voice.speech.model import AgentText, CallerText, Interrupted, ToolCall, TurnComplete
from shared.domain.agent import TurnTaking
from shared.domain.calling_rules import Purpose
from tests.domain.builders import a_campaign, a_contact
from tests.voice.phone import Phone
from tests.voice.scripted_model import ScriptedSession
from tests.voice.test_calls import TARA, House, house
from tests.voice.test_hand_over import DESK, LOANS

pytestmark = pytest.mark.virtual_time

CLIPS = Path(__file__).parents[2] / "local" / "voices" / "clips"
GATED = TARA.model_copy(update={"turn_taking": TurnTaking(mode="parley")})
LIST = "one two three four five six seven eight nine ten"
BACKCHANNELS = sorted(path.stem for path in CLIPS.glob("backchannel_*.ulaw"))
HELLOS = sorted(path.stem for path in CLIPS.glob("hello_*.ulaw"))


def clip(name: str) -> bytes:
    return (CLIPS / f"{name}.ulaw").read_bytes()


@asynccontextmanager
async def call() -> AsyncIterator[tuple[House, Phone, ScriptedSession]]:
    """A call whose caller has been greeted and has asked for something."""
    async with house(GATED) as home:
        phone = Phone(home.app)
        stream = asyncio.create_task(phone.stream(await phone.dial()))
        session = await home.model.session()
        await session.is_told()
        session.says("Hello, this is Tara.", 1200)
        await asyncio.sleep(1.6)
        try:
            yield home, phone, session
        finally:
            phone.hang_up()
            await stream


async def test_the_model_is_told_when_the_caller_speaks_and_hears_the_turn_alone() -> None:
    async with call() as (home, phone, session):
        assert home.model.sessions[0].setup.activity.automatic is False
        assert (session.audio_ms, session.activities) == (0, [])
        await phone.says(clip("hours_question_en_am_michael"))
        await asyncio.sleep(1)
        session.sends(CallerText("When are you open?"))
        session.says("From nine to six.", 1000)
        await asyncio.sleep(1.5)
    (began, ended) = session.activities
    assert (began[0], ended[0]) == (True, False)
    assert began[1] == 0
    # A third of a second before the first sound, 1.4 s of speech, 0.6 s of silence.
    assert 1_900 <= ended[1] <= 2_600
    assert session.audio_ms == ended[1], "nothing outside the turn"
    assert [turn["text"] for turn in home.part("turns")][1:] == ["When are you open?", "From nine to six."]
    assert home.call()["latency"]["answer_p50_ms"] == pytest.approx(1_000, abs=250)


@pytest.mark.parametrize("message_ms", [10, 40])
@pytest.mark.parametrize(("spoken_ms", "cuts"), [(700, False), (1_400, True)])
async def test_how_long_somebody_speaks_over_the_agent_is_measured_in_messages_of_any_length(
    message_ms: int, spoken_ms: int, cuts: bool
) -> None:
    async with call() as (_, phone, session):
        phone.message_ms = message_ms
        session.sends(AgentText(LIST))
        session.says("", 4000)
        await asyncio.sleep(1)
        await phone.says(clip("hours_question_en_am_michael")[: spoken_ms * 8])
        await asyncio.sleep(2.5)
        assert bool(phone.clears) is cuts
        phone.message_ms = 20


@pytest.mark.parametrize("word", BACKCHANNELS)
async def test_a_backchannel_does_not_stop_the_agent(word: str) -> None:
    async with call() as (home, phone, session):
        session.sends(AgentText(LIST))
        session.says("", 4000)
        await asyncio.sleep(1)
        await phone.says(clip(word))
        await asyncio.sleep(3)
    assert (phone.clears, session.activities) == (0, [])
    assert phone.played_ms == pytest.approx(5_200, abs=25)
    assert "backchannel" in home.kinds()
    assert [turn["speaker"] for turn in home.part("turns")] == ["agent", "agent"]


@pytest.mark.parametrize("word", HELLOS)
async def test_a_mere_hello_over_the_goodbye_to_a_silent_caller_stops_it(word: str) -> None:
    async with call() as (home, phone, session):
        for _ in range(2):
            await session.is_told()
            session.says("Are you there?", 800)
        await session.is_told()
        session.says("I will end the call now. Goodbye.", 2_500)
        await asyncio.sleep(0.5)
        await phone.says(clip(word))
        await asyncio.sleep(0.8)
        session.says("Good. How can I help?", 1_000)
        await asyncio.sleep(4)
        assert "closing_cancelled" in home.kinds()
        assert phone.clears == 1
        assert phone.played_ms > 2_000, "they are answered"
    assert home.call()["ending"] == "caller_hung_up"


@pytest.mark.parametrize("word", HELLOS)
async def test_the_first_hello_does_not_cut_the_greeting_off(word: str) -> None:
    async with house(GATED) as home:
        phone = Phone(home.app)
        stream = asyncio.create_task(phone.stream(await phone.dial()))
        session = await home.model.session()
        await session.is_told()
        await asyncio.sleep(0.3)
        hello = asyncio.create_task(phone.says(clip(word)))
        await asyncio.sleep(0.3)
        session.says("Good morning! This is Tara, the assistant at Asha Clinic.", 4000)
        await hello
        await asyncio.sleep(4)
        phone.hang_up()
        await stream
    assert (phone.clears, session.activities) == (0, [])
    assert phone.played_ms == pytest.approx(4_000, abs=25)


async def test_a_question_cuts_the_agent_off_before_the_model_says_so_and_its_late_audio_is_dropped() -> None:
    async with call() as (home, phone, session):
        session.sends(AgentText(LIST))
        session.speaks(4000)
        await asyncio.sleep(1)
        question = asyncio.create_task(phone.says(clip("hours_question_en_am_michael")))
        await asyncio.sleep(1.2)
        assert phone.clears == 1
        session.speaks(400)
        session.sends(Interrupted())
        session.sends(TurnComplete())
        await question
        await asyncio.sleep(0.8)
        session.sends(CallerText("When are you open?"))
        session.says("From nine to six.", 1000)
        await asyncio.sleep(1.5)
    assert [started for started, _ in session.activities] == [True, False]
    assert phone.clears == 1
    (barge_in,) = [event["fields"] for event in home.part("events") if event["kind"] == "barge_in"]
    assert barge_in["by"] == "gate"
    assert barge_in["reaction_ms"] == pytest.approx(GATED.turn_taking.backchannel_ms, abs=100)
    texts = [(turn["text"], turn["cut_off"]) for turn in home.part("turns")][1:]
    assert texts[0][1]
    assert texts[1:] == [("When are you open?", False), ("From nine to six.", False)]


async def test_yes_at_the_very_end_of_a_question_answers_it() -> None:
    async with call() as (_, phone, session):
        session.says("Shall I book it for five o'clock?", 2000)
        await asyncio.sleep(1.4)
        await phone.says(clip("backchannel_haan_hi_hf_beta"))
        await asyncio.sleep(1.2)
    assert phone.clears == 0
    assert [started for started, _ in session.activities] == [True, False]
    assert session.audio_ms >= 700


async def test_ok_while_a_tool_is_at_work_does_not_take_its_call_back() -> None:
    async with call() as (_, phone, session):
        session.sends(ToolCall("t1", "no_such_tool", {}))
        await phone.says(clip("backchannel_ok_en_bf_emma"))
        await asyncio.sleep(0.2)
    assert session.answers


async def test_a_turn_that_a_broken_session_heard_in_part_is_told_whole_to_the_next() -> None:
    async with call() as (home, phone, session):
        question = asyncio.create_task(phone.says(clip("hours_question_hi_hm_omega")))
        await asyncio.sleep(0.8)
        session.breaks()
        await question
        await asyncio.sleep(1)
        after = home.model.sessions[-1]
    assert after is not session
    assert [started for started, _ in session.activities] == [True]
    assert [started for started, _ in after.activities] == [True, False]
    assert after.activities[0][1] == 0
    assert after.audio_ms >= 1_700


async def test_whoever_takes_the_call_over_is_told_when_the_caller_speaks_too() -> None:
    desk = DESK.model_copy(update={"turn_taking": GATED.turn_taking})
    async with house(desk) as home:
        await home.store.create(f"agents/{LOANS.id}", LOANS.model_dump(mode="json"))
        phone = Phone(home.app)
        stream = asyncio.create_task(phone.stream(await phone.dial()))
        first = await home.model.session()
        await first.is_told()
        first.sends(ToolCall("h1", "hand_over", {"to": "loans", "brief": "wants the interest"}))
        second = await home.model.session(2)
        await second.is_told()
        second.says("नमस्ते", 600)
        await asyncio.sleep(1.5)
        await phone.says(clip("how_much_hi_hf_beta"))
        await asyncio.sleep(1)
        phone.hang_up()
        await stream
    assert LOANS.turn_taking.mode == "model"
    assert second.setup.activity.automatic is False
    assert [started for started, _ in second.activities] == [True, False]


@pytest.mark.parametrize(("purpose", "gated"), [(None, True), (Purpose.SERVICE, True), (Purpose.MARKETING, False)])
async def test_a_single_stop_over_the_first_sentence_of_marketing_is_never_held_back(
    purpose: Purpose | None, gated: bool
) -> None:
    errand = None if purpose is None else Errand("a1", a_contact(), a_campaign(purpose=purpose))
    assert (gate_of(GATED, errand) is not None) is gated
    async with house(GATED) as home:
        (place,) = places(home.services, GATED, "en", "+919800000001", errand)
    assert place.setup.activity.automatic is not gated
    assert place.setup.activity.silence_ms == GATED.turn_taking.silence_ms
