"""Calls that go on whatever becomes of the model, the line to it, or the stream: the table of faults.

Every fault ends in something the caller hears within its deadline: the answer, or at the very last an apology.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from functions.voice.speech.model import (
    AgentAudio,
    AgentText,
    CallerText,
    GenerationComplete,
    GoAway,
    Interrupted,
    ResumeHandle,
    SpeechRefused,
    SpeechUnavailable,
    ToolCall,
    TurnComplete,
)
from functions.voice.watchdog import BEYOND_MS, PATIENCE_MS, USUAL_MS, Step
from shared.domain.agent import Model, SpeechPlace
from tests.voice.phone import Phone, token_in, verbs
from tests.voice.scripted_model import MS_24K, ScriptedModel, ScriptedSession, spoken
from tests.voice.test_calls import TARA, House, house

pytestmark = pytest.mark.virtual_time

FIRST_MS = USUAL_MS[None] + BEYOND_MS
MARGIN_MS = 700
"""Ticks of half a second where no frames come, and the end of a turn, which is known 300 ms after it."""


@dataclass
class Talk:
    """A call that has been greeted."""

    home: House
    phone: Phone
    session: ScriptedSession
    carried: asyncio.Task[None]

    async def asks(self) -> None:
        """The caller asks something."""
        await self.phone.speaks(1_000)
        self.session.sends(CallerText("What do you charge?"))

    async def hears_within(self, ms: float) -> float:
        """Wait for sound; how long it took, in ms."""
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        async with asyncio.timeout((ms + MARGIN_MS) / 1000):
            await self.phone.hears_something()
        return (loop.time() - began_s) * 1000

    async def over(self) -> None:
        self.phone.hang_up()
        await self.carried

    def steps(self) -> list[str]:
        return [event["fields"]["step"] for event in self.home.part("events") if event["kind"] == "model_stuck"]


@asynccontextmanager
async def talk(home: House, *, greeted: bool = True) -> AsyncIterator[Talk]:
    phone = Phone(home.app)
    carried = asyncio.create_task(phone.stream(await phone.dial()))
    session = await home.model.session()
    await session.is_told()
    if greeted:
        session.sends(ResumeHandle("h1"))
        session.says("Hello, this is Tara.", 1_200)
        await asyncio.sleep(1.6)
    yield Talk(home, phone, session, carried)
    if not carried.done():
        phone.hang_up()
    await carried


# -- what goes wrong: each leaves the caller waiting


async def nothing_for_the_greeting(_: Talk) -> None:
    """The model says nothing at all."""


async def nothing_for_the_caller(talk: Talk) -> None:
    await talk.asks()


async def nothing_after_a_tool(talk: Talk) -> None:
    await talk.asks()
    talk.session.sends(ToolCall("t1", "book_appointment", {"name": "Meera", "starts_at": "2026-11-24T17:00"}))
    await talk.session.is_told()


async def nothing_after_half_a_sentence(talk: Talk) -> None:
    await talk.asks()
    talk.session.sends(AgentText("Six hundred"))
    talk.session.speaks(400)
    await asyncio.sleep(0.5)


async def nothing_after_an_interruption(talk: Talk) -> None:
    await talk.asks()
    talk.session.speaks(3_000)
    await asyncio.sleep(0.6)
    talk.phone.sound = b"\x8f\x0f" * 80
    await asyncio.sleep(0.3)
    talk.session.sends(Interrupted())
    talk.session.sends(TurnComplete())
    await asyncio.sleep(0.3)
    talk.phone.sound = b"\xff" * 160


async def empty_turn(talk: Talk) -> None:
    await talk.asks()
    await asyncio.sleep(0.4)
    talk.session.sends(TurnComplete())


async def rejected(talk: Talk) -> None:
    await talk.asks()
    await asyncio.sleep(0.4)
    talk.session.sends(TurnComplete("RESPONSE_REJECTED"))


async def near_silence(talk: Talk) -> None:
    await talk.asks()
    for _ in range(50):
        talk.session.sends(AgentAudio(b"\x04\x00\xfc\xff" * (MS_24K * 10), 24_000))
    talk.session.sends(GenerationComplete())
    talk.session.sends(TurnComplete())


async def a_tone(talk: Talk) -> None:
    await talk.asks()
    period = b"".join((6_000 * (-1 if at >= 12 else 1)).to_bytes(2, "little", signed=True) for at in range(24))
    for _ in range(100):
        talk.session.sends(AgentAudio(period * 40, 24_000))


@dataclass(frozen=True)
class Row:
    """A fault and the time until the caller hears speech, when the first remedy helps."""

    fault: Callable[[Talk], Awaitable[None]]
    deadline_ms: int
    greeted: bool = True


FAULTS = [
    Row(nothing_for_the_greeting, FIRST_MS, greeted=False),
    Row(nothing_for_the_caller, FIRST_MS),
    Row(nothing_after_a_tool, FIRST_MS),
    Row(nothing_after_half_a_sentence, BEYOND_MS),
    Row(nothing_after_an_interruption, FIRST_MS),
    Row(empty_turn, 300),
    Row(rejected, 0),
    Row(near_silence, 0),
    Row(a_tone, 0),
]


@pytest.mark.parametrize("row", FAULTS, ids=lambda row: row.fault.__name__)
async def test_a_nudge_is_enough(row: Row) -> None:
    async with house() as home, talk(home, greeted=row.greeted) as call:
        await row.fault(call)
        told = len(call.session.texts)

        async def revives() -> None:
            while len(call.session.texts) == told:
                await call.session.is_told()
            call.session.sends(TurnComplete())
            call.session.says("Six hundred rupees.", 800)

        reviving = asyncio.create_task(revives())
        await call.hears_within(row.deadline_ms)
        await reviving
        await asyncio.sleep(1.2)
        await call.over()
        assert call.steps() == ["nudge"]
        assert len(home.model.sessions) == 1
        assert home.part("turns")[-1]["text"].endswith("Six hundred rupees.")
        assert home.call()["ending"] == "caller_hung_up"


@pytest.mark.parametrize(("fault", "slow"), [(nothing_for_the_caller, True), (empty_turn, False), (rejected, False)])
async def test_a_model_that_may_only_be_slow_is_asked_not_to_answer_twice(
    fault: Callable[[Talk], Awaitable[None]], slow: bool
) -> None:
    """One that believes that it has answered is not: it would stay silent."""
    async with house() as home, talk(home) as call:
        await fault(call)
        while not any("Give it now" in text for text in call.session.texts):
            await call.session.is_told()
        assert ("do not give it again" in call.session.texts[-1]) is slow
        await call.over()


@pytest.mark.parametrize("row", FAULTS, ids=lambda row: row.fault.__name__)
@pytest.mark.parametrize("cured_by", [Step.RESUME, Step.REPLACE])
async def test_a_new_session_knows_what_is_owed(row: Row, cured_by: Step) -> None:
    number = 2 if cured_by is Step.RESUME else 3
    async with house() as home, talk(home, greeted=row.greeted) as call:
        await row.fault(call)

        async def answers() -> None:
            session = await home.model.session(number)
            assert call.session.closed, "the old socket is closed before the next is opened"
            while not session.texts and session.audio_ms < 900:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            session.says("Six hundred rupees.", 800)

        answering = asyncio.create_task(answers())
        waits = [PATIENCE_MS[Step.NUDGE], PATIENCE_MS[Step.RESUME]][: number - 1]
        await call.hears_within(row.deadline_ms + sum(waits))
        await answering
        await asyncio.sleep(1.2)
        await call.over()
        assert call.steps() == ["nudge", "resume", "replace"][:number]
        last = home.model.sessions[-1]
        assert last.texts or last.audio_ms >= 1_000, "the new session heard the question, or was told what is owed"
        if number == 3:
            assert last.setup.resume_handle is None
            assert last.setup.history or not row.greeted
        assert home.call()["ending"] == "caller_hung_up"
        assert home.call()["counters"]["model_stuck"][str(cured_by)] == 1


@pytest.mark.parametrize("row", FAULTS, ids=lambda row: row.fault.__name__)
async def test_when_nothing_helps_the_caller_hears_an_apology_in_time(row: Row) -> None:
    async with house() as home, talk(home, greeted=row.greeted) as call:
        await row.fault(call)
        began_s = asyncio.get_running_loop().time()
        await call.carried
        took_ms = (asyncio.get_running_loop().time() - began_s) * 1000
        assert took_ms <= row.deadline_ms + sum(PATIENCE_MS.values()) + MARGIN_MS
        assert call.steps() == ["nudge", "resume", "replace", "give_up"]
        assert len(home.model.sessions) == 3
        assert home.call()["ending"] == "speech_model_failed"
        assert verbs((await call.phone.post("/voice/after")).text) == ["Say", "Hangup"]


async def test_at_last_the_caller_is_joined_to_a_person_where_there_is_one() -> None:
    desk = TARA.model_copy(update={"transfer_numbers": {"desk": "+13105550199"}})
    async with house(desk) as home, talk(home) as call:
        await nothing_for_the_caller(call)
        await call.carried
        after = await call.phone.post("/voice/after")
        assert verbs(after.text) == ["Say", "Dial"]
        done = await call.phone.post("/voice/after", DialCallStatus="completed")
        assert verbs(done.text) == ["Hangup"]
        missed = await call.phone.post("/voice/after", DialCallStatus="no-answer")
        assert verbs(missed.text) == ["Say", "Hangup"]


# -- breaks and close codes


@pytest.mark.parametrize("code", [1000, 1001, 1006, 1008, 1011])
async def test_a_break_in_mid_question_loses_no_word_of_it(code: int) -> None:
    async with house() as home, talk(home) as call:
        call.phone.sound = b"\x8f\x0f" * 80
        await asyncio.sleep(0.6)
        call.session.breaks(code)
        second = await home.model.session(2)
        assert second.setup.resume_handle == "h1"
        await asyncio.sleep(0.6)
        call.phone.sound = b"\xff" * 160
        await asyncio.sleep(0.5)
        assert second.audio_ms >= 1_700
        second.says("Six hundred rupees.", 800)
        await call.hears_within(0)


async def test_a_break_in_mid_answer_is_gone_on_from() -> None:
    async with house() as home, talk(home) as call:
        await nothing_after_half_a_sentence(call)
        call.session.breaks(1011)
        second = await home.model.session(2)
        await second.is_told()
        assert "heard you say: 'Six" in second.texts[0]


async def test_tools_are_never_run_twice_because_the_line_broke() -> None:
    async with house() as home, talk(home) as call:
        await nothing_after_a_tool(call)
        call.session.breaks(1011)
        second = await home.model.session(2)
        await second.is_told()
        assert second.setup.resume_handle is None, "the handle is older than the call"
        assert second.answers == []
        assert "book_appointment answered" in second.setup.history[-1][1]
        assert '"ok"' in second.setup.history[-1][1]
        assert "Tell them what came of it" in second.texts[0]
        second.says("It is booked.", 800)
        await call.hears_within(0)
        await call.over()
        assert len([one for one in home.part("tool_results") if one["name"] == "book_appointment"]) == 1


@pytest.mark.parametrize("code", [1007, 1008])
async def test_final_codes_are_final_and_the_fallback_is_used_where_there_is_one(code: int) -> None:
    fallback = TARA.model_copy(update={"model": Model(fallbacks=(SpeechPlace(id="gemini-3.8-live"),))})
    async with house() as home, talk(home) as call:
        call.session.breaks(code, resumable=False)
        await call.carried
        assert len(home.model.sessions) == 1
        assert home.call()["ending"] == "speech_model_failed"
    async with house(fallback) as home, talk(home) as call:
        call.session.breaks(code, resumable=False)
        second = await home.model.session(2)
        assert second.setup.model == "gemini-3.8-live"
        assert second.setup.history == (("model", "Hello, this is Tara."),)
        second.breaks(code, resumable=False)
        await call.carried
        assert len(home.model.sessions) == 2


async def test_a_model_that_cannot_be_had_is_replaced_before_the_first_word() -> None:
    agent = TARA.model_copy(update={"model": Model(fallbacks=(SpeechPlace(id="gemini-3.8-live"),))})
    for refusal in (SpeechRefused("quota", code=429), SpeechUnavailable("away")):
        async with house(agent) as home:
            home.model.refusals = [refusal]
            async with talk(home) as call:
                assert call.session.setup.model == "gemini-3.8-live"


async def test_a_line_that_breaks_again_and_again_is_given_up() -> None:
    async with house() as home, talk(home) as call:
        for number in range(1, 12):
            if len(home.model.sessions) < number:
                break
            home.model.sessions[-1].sends(ResumeHandle(f"h{number}"))
            home.model.sessions[-1].breaks(1011)
            await asyncio.wait([call.carried], timeout=1)
        await call.carried
        assert home.call()["ending"] == "speech_model_failed"
        assert len(home.model.sessions) <= 8


# -- the ten-minute limit


class Clockwork(ScriptedModel):
    """A model whose connections take a while to open and are refused while the one before stands."""

    async def open(self, setup):  # type: ignore[no-untyped-def]
        assert all(session.closed for session in self.sessions), "1011: the old connection still stands"
        await asyncio.sleep(0.25)
        return await super().open(setup)


async def an_hour(home: House, call: Talk, *, go_away: bool) -> None:
    """A question every twenty seconds, a tool every fifth; handles as the service gives them."""
    told: set[int] = set()
    for turn in range(180):
        session = home.model.sessions[-1]
        await call.phone.speaks(1_500)
        session = home.model.sessions[-1]
        session.sends(CallerText(f"question {turn}"))
        await asyncio.sleep(0.8)
        if turn % 5 == 0:
            session.sends(ResumeHandle(None))
            session.sends(
                ToolCall(
                    f"t{turn}", "book_appointment", {"name": "M", "starts_at": f"2027-01-{turn % 28 + 1:02}T10:00"}
                )
            )
            await asyncio.sleep(0.3)
        session.says(f"answer {turn}", 2_000)
        session.sends(ResumeHandle(f"h{turn}"))
        number = len(home.model.sessions)
        if go_away and number not in told and turn % 27 == 26:
            told.add(number)
            session.sends(GoAway(50))
        await asyncio.sleep(20 - 2.3)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("go_away", [True, False], ids=["warned", "unwarned"])
async def test_an_hour_long_call_moves_six_times_and_loses_nothing(go_away: bool) -> None:
    agent = TARA.model_copy(update={"limits": TARA.limits.model_copy(update={"call_s": 7_200, "silence_s": 60})})
    async with house(agent, Clockwork()) as home, talk(home) as call:
        began_s = asyncio.get_running_loop().time()
        heard_before_ms = sum(session.audio_ms for session in home.model.sessions)
        await an_hour(home, call, go_away=go_away)
        passed_ms = (asyncio.get_running_loop().time() - began_s) * 1000
        assert passed_ms >= 3_600_000
        await call.over()
        taken_up = [event for event in home.part("events") if event["kind"] == "model_session_taken_up"]
        assert len(taken_up) >= 6
        assert {event["fields"]["why"] for event in taken_up} == {"planned"}
        assert max(event["fields"]["gap_ms"] for event in taken_up) <= 400
        heard_ms = sum(session.audio_ms for session in home.model.sessions) - heard_before_ms
        assert heard_ms == pytest.approx(passed_ms, abs=60), "every frame of the caller's went to a model, once"
        answers = [answer.id for session in home.model.sessions for answer in session.answers]
        assert answers == [f"t{turn}" for turn in range(0, 180, 5)]
        assert all(session.setup.resume_handle for session in home.model.sessions[1:])
        turns = [turn["text"] for turn in home.part("turns")]
        assert [text for text in turns if text.startswith("question")] == [f"question {turn}" for turn in range(180)]
        agent_turns = [turn for turn in home.part("turns") if turn["speaker"] == "agent"]
        assert not any(turn["cut_off"] for turn in agent_turns)
        assert call.steps() == []


async def test_silence_after_the_warning_does_not_keep_the_call_from_moving() -> None:
    async with house() as home, talk(home) as call:
        call.phone.sound = b"\x8f\x0f" * 80
        call.session.sends(GoAway(5))
        await asyncio.sleep(2.5)
        assert len(home.model.sessions) == 1, "not while the caller speaks"
        second = await home.model.session(2)
        call.phone.sound = b"\xff" * 160
        await asyncio.sleep(0.5)
        assert call.session.closed
        assert second.audio_ms >= 3_000, "what the caller is in the middle of saying is said again"


# -- the stream itself


async def test_the_second_stream_knows_what_was_said_and_does_not_greet_again() -> None:
    async with house() as home:
        async with talk(home) as call:
            await call.asks()
            call.session.says("Six hundred rupees.", 800)
            await asyncio.sleep(1)
            call.phone.drop()
            await call.carried
        again = await call.phone.post("/voice/after")
        assert verbs(again.text) == ["Connect", "Redirect"]
        carried = asyncio.create_task(call.phone.stream(token_in(again.text)))
        second = await home.model.session(2)
        await second.is_told()
        assert second.setup.history == (
            ("model", "Hello, this is Tara."),
            ("user", "What do you charge?"),
            ("model", "Six hundred rupees."),
        )
        assert "Hello" not in second.texts[0]
        call.phone.hang_up()
        await carried
        assert [turn["text"] for turn in home.part("turns")][:3] == [text for _, text in second.setup.history]


# -- what was heard


async def test_the_model_learns_what_of_its_answer_was_heard_before_it_answers() -> None:
    async with house() as home, talk(home) as call:
        await call.asks()
        call.session.sends(AgentText("one two three four five six seven eight nine ten"))
        call.session.speaks(4_000)
        await call.phone.hears_something()
        await asyncio.sleep(1.9)
        await call.phone.speaks(100)
        told = len(call.session.texts)
        call.session.sends(Interrupted())
        await asyncio.sleep(0.1)
        (note,) = call.session.context
        assert "one two three four five" in note.split("Not heard")[0]
        assert "ten" in note.split("Not heard")[1]
        assert len(call.session.texts) == told, "nothing that asks for an answer"


async def test_two_byte_chunks_and_duplicate_calls_and_calls_in_mid_sentence_are_no_faults() -> None:
    async with house() as home, talk(home) as call:
        await call.asks()
        call.session.sends(AgentAudio(b"\x10\x00", 24_000))
        call.session.speaks(400)
        booking = ToolCall("t1", "book_appointment", {"name": "Meera", "starts_at": "2026-11-24T17:00"})
        call.session.sends(booking, booking)
        await call.session.is_told()
        for at_ms in range(400, 1_200, 40):
            call.session.sends(spoken(40, at_ms))
        call.session.sends(GenerationComplete())
        call.session.sends(TurnComplete())
        await asyncio.sleep(2)
        await call.over()
        assert call.steps() == []
        assert call.phone.played_ms == pytest.approx(1_200 + 1_200, abs=25)
        assert len(home.part("tool_results")) == 1


# -- the start of a call


async def test_the_first_syllable_is_there_when_the_stream_is() -> None:
    async with house(ready=5) as home:
        phone = Phone(home.app)
        token = await phone.dial()
        session = await home.model.session()
        await session.is_told()
        session.says("Hello, this is Tara.", 1_200)
        await asyncio.sleep(0.6)
        carried = asyncio.create_task(phone.stream(token))
        began_s = asyncio.get_running_loop().time()
        await phone.hears_something()
        assert asyncio.get_running_loop().time() - began_s <= 0.150
        await asyncio.sleep(1.5)
        phone.hang_up()
        await carried
        assert len(home.model.sessions) == 1
        assert len(session.texts) == 1, "greeted once"
        assert phone.played_ms == pytest.approx(1_200, abs=25)


async def test_a_session_that_nobody_comes_for_is_dropped() -> None:
    async with house(ready=5) as home:
        phone = Phone(home.app)
        await phone.dial()
        session = await home.model.session()
        await asyncio.sleep(9.9)
        assert not session.closed
        await asyncio.sleep(0.2)
        assert session.closed


async def test_a_caller_who_hangs_up_before_the_stream_costs_nothing_more() -> None:
    async with house(ready=5) as home:
        phone = Phone(home.app)
        await phone.dial()
        session = await home.model.session()
        await phone.post("/voice/status", CallStatus="completed", SequenceNumber="3")
        await asyncio.sleep(0.1)
        assert session.closed


async def test_a_prepared_session_that_failed_is_opened_again() -> None:
    async with house(ready=5) as home:
        home.model.refusals = [SpeechUnavailable("away")]
        async with talk(home) as call:
            await call.over()
        assert home.call()["ending"] == "caller_hung_up"


@pytest.mark.parametrize("fallbacks", [0, 1])
async def test_a_prepared_session_that_was_refused_is_not_asked_for_again(fallbacks: int) -> None:
    model = Model(fallbacks=(SpeechPlace(id="gemini-3.8-live"),) * fallbacks)
    async with house(TARA.model_copy(update={"model": model}), ready=5) as home:
        home.model.refusals = [SpeechRefused("bad key", code=401)]
        phone = Phone(home.app)
        carried = asyncio.create_task(phone.stream(await phone.dial()))
        await asyncio.sleep(1)
        assert [session.setup.model for session in home.model.sessions] == ["gemini-3.8-live"] * fallbacks
        phone.hang_up()
        await carried
        assert home.call()["ending"] == ("caller_hung_up" if fallbacks else "speech_model_unavailable")


async def test_more_calls_than_may_wait_open_their_sessions_later() -> None:
    async with house(ready=1) as home:
        await Phone(home.app, "CA" + "2" * 32).dial()
        await Phone(home.app).dial()
        await asyncio.sleep(0.1)
        assert len(home.model.sessions) == 1


# -- a process that is told to stop


async def test_a_call_is_handed_over_at_a_quiet_moment_and_goes_on_elsewhere() -> None:
    async with house() as home, talk(home) as call:
        await call.asks()
        await asyncio.sleep(0.5)
        call.session.says("Six hundred rupees, and the second visit is free.", 2_000)
        await call.phone.hears_something()
        stopping = asyncio.create_task(home.services.drain.run())
        await call.carried
        assert call.phone.played_ms == pytest.approx(3_200, abs=25), "the answer was heard to its end"
        await stopping
        assert home.services.drain.streams == 0
        assert verbs((await call.phone.post("/voice/after")).text) == ["Connect", "Redirect"]


async def test_a_call_that_is_never_quiet_is_handed_over_before_the_platform_kills() -> None:
    async with house() as home, talk(home) as call:
        call.phone.sound = b"\x8f\x0f" * 80
        await asyncio.sleep(0.5)
        began_s = asyncio.get_running_loop().time()
        await home.services.drain.run()
        assert asyncio.get_running_loop().time() - began_s <= 7.5
        await call.carried
        assert home.call()["ending"] == "stream_lost"
