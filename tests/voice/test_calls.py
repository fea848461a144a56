"""Whole calls through the voice app, on a clock that takes no time: webhook, token, stream, conversation, records."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from starlette.applications import Starlette

from functions.tools.builtin import BUILTIN
from functions.voice.app import make_app
from functions.voice.circuits import Circuits
from functions.voice.model_choice import as_asked
from functions.voice.notice_board import NoticeBoard
from functions.voice.patience import LONGEST_HOLD_MS
from functions.voice.prompts import ASK_IF_THERE
from functions.voice.ready_sessions import ReadySessions
from functions.voice.recording.recordings import Recordings, StoredRecordings
from functions.voice.services import VoiceServices
from functions.voice.speech.model import (
    AgentText,
    CallerText,
    GenerationComplete,
    Interrupted,
    SpeechRefused,
    SpeechUnavailable,
    ToolCall,
    TurnComplete,
    UnknownMessage,
    Usage,
)
from functions.voice.stream_token import StreamTokens
from functions.voice.webhooks import Signatures
from shared.domain.agent import Agent, Languages, Limits
from shared.domain.model_catalogue import Platform
from shared.domain.model_succession import Resolution
from shared.domain.phone_number import number_hash
from shared.objects.objects import Objects
from shared.store.agents import AgentBook
from shared.store.attempts import Attempts
from shared.store.journal import Journal
from shared.store.settlement import Settlement
from tests.manual_clock import ManualClock
from tests.memory_store import MemoryStore
from tests.voice.phone import ACCOUNT, ORIGIN, TOKEN, Phone, token_in, verbs
from tests.voice.scripted_model import ScriptedModel

pytestmark = pytest.mark.virtual_time

TARA = Agent(
    id="reception",
    name="Tara",
    company="Asha Clinic",
    purpose="You answer the clinic's phone.",
    instructions="Book appointments.",
    greeting={"en": "Hello, this is Tara.", "hi": "नमस्ते, मैं तारा हूँ।"},
    languages=Languages(start="en", allowed=("en", "hi")),
    tools=("book_appointment", "end_call"),
    limits=Limits(silence_s=20),
)


@dataclass
class House:
    """Voice and everything around it."""

    app: Starlette
    store: MemoryStore
    model: ScriptedModel
    services: VoiceServices

    def call(self, number: int = 1) -> dict[str, Any]:
        return self.store.documents[f"calls/{Phone(self.app).call_sid}"][0]

    def part(self, part: str) -> list[dict[str, Any]]:
        prefix = f"calls/{Phone(self.app).call_sid}/{part}/"
        return [data for path, (data, _) in sorted(self.store.documents.items()) if path.startswith(prefix)]

    def kinds(self) -> list[str]:
        return [event["kind"] for event in self.part("events")]


@asynccontextmanager
async def house(
    agent: Agent = TARA,
    model: ScriptedModel | None = None,
    *,
    ready: int = 0,
    circuits: bool = False,
    model_of: Callable[[Agent], Resolution] = as_asked,
    objects: Objects | None = None,
) -> AsyncIterator[House]:
    store, clock, model = MemoryStore(), ManualClock(), model or ScriptedModel()
    notices = NoticeBoard()
    journal = Journal(store)
    services = VoiceServices(
        public_base_url=ORIGIN,
        account_sid=ACCOUNT,
        signatures=Signatures(TOKEN, ORIGIN),
        tokens=StreamTokens(TOKEN, store, clock),
        store=store,
        journal=journal,
        clock=clock,
        agents=AgentBook(store, {agent.id: agent}),
        tools=BUILTIN,
        speech_for=lambda _: model,
        model_of=model_of,
        attempts=Attempts(store, clock),
        settlement=Settlement(store, clock),
        ready=ReadySessions(ready),
        place_of=lambda agent: (Platform.DEVELOPER, None),
        circuits=Circuits(clock, notices.leave) if circuits else None,
        notices=notices,
        number_hash=lambda number: number_hash(number, b"a test's key"),
        recordings=Recordings() if objects is None else StoredRecordings(objects, journal, clock),
    )
    app = make_app(services)
    async with app.router.lifespan_context(app):
        yield House(app, store, model, services)


async def test_a_call_is_answered_talked_through_and_kept() -> None:
    async with house() as home:
        phone = Phone(home.app)
        token = await phone.dial()
        call = asyncio.create_task(phone.stream(token))
        session = await home.model.session()
        await session.is_told()
        assert "Hello, this is Tara." in session.texts[0]
        session.says("Hello, this is Tara.", 1200)
        await asyncio.sleep(1.5)
        await phone.speaks(1000)
        session.sends(CallerText("What do you "), CallerText("charge?"))
        await asyncio.sleep(0.8)
        session.says("Six hundred rupees.", 1000)
        session.sends(Usage({"audio": 50}, {"audio": 25, "text": 4}))
        await asyncio.sleep(1.4)
        phone.hang_up()
        await call
        assert home.call()["ending"] == "caller_hung_up"
        assert home.call()["state"] == "completed"
        assert [(turn["speaker"], turn["text"], turn["cut_off"]) for turn in home.part("turns")] == [
            ("agent", "Hello, this is Tara.", False),
            ("caller", "What do you charge?", False),
            ("agent", "Six hundred rupees.", False),
        ]
        latency = home.call()["latency"]
        assert latency["answer_p50_ms"] == latency["answer_max_ms"] == pytest.approx(800, abs=30)
        assert latency["model_gap_max_ms"] == 0
        assert home.call()["usage"] == {"input_audio": 50, "output_audio": 25, "output_text": 4}
        assert phone.played_ms == pytest.approx(2200, abs=25)
        assert session.closed


async def test_interrupted_answer_is_cleared_and_its_rest_never_heard() -> None:
    async with house() as home:
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        session = await home.model.session()
        session.sends(AgentText("one two three four five six seven eight nine ten"))
        session.speaks(4000)
        await phone.hears_something()
        await asyncio.sleep(1.9)
        await phone.speaks(100)
        session.sends(Interrupted())
        session.speaks(40)
        session.sends(TurnComplete())
        await asyncio.sleep(1)
        phone.hang_up()
        await call
        assert phone.clears == 1
        assert phone.played_ms == pytest.approx(2000, abs=45)
        (answer,) = [turn for turn in home.part("turns") if turn["speaker"] == "agent"]
        assert answer["cut_off"]
        assert answer["heard_ms"] == pytest.approx(phone.played_ms, abs=20)
        assert home.call()["latency"]["barge_in_ms"][0] <= 120


async def test_on_hold_the_model_hears_silence_until_the_turn_has_ended_and_the_call_goes_on_after_it() -> None:
    async with house() as home:
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        session = await home.model.session()
        await session.is_told()
        session.says("Hello, this is Tara.", 800)
        await asyncio.sleep(1)
        await phone.speaks(600)
        phone.on_hold = True
        before_ms = session.audio_ms
        await asyncio.sleep(5)
        assert session.audio_ms - before_ms == pytest.approx(3_000, abs=40), "enough for any turn to end, and no more"
        assert home.kinds().count("model_stuck") == 1, "an answer is owed as ever"
        phone.on_hold = False
        session.sends(CallerText("What do you charge?"))
        session.says("Six hundred rupees.", 1000)
        await asyncio.sleep(1.5)
        phone.hang_up()
        await call
        assert [turn["text"] for turn in home.part("turns")][1:] == ["What do you charge?", "Six hundred rupees."]


async def test_a_caller_who_puts_us_on_hold_is_neither_asked_nor_hung_up_on() -> None:
    """silence_s is 20: three times that, and a goodbye, used to end the call."""
    async with house() as home:
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        session = await home.model.session()
        await session.is_told()
        session.says("Hello, this is Tara.", 800)
        await asyncio.sleep(2)
        phone.on_hold = True
        told = len(session.texts)
        await asyncio.sleep(280)
        assert len(session.texts) == told
        phone.on_hold = False
        await asyncio.sleep(18)
        assert len(session.texts) == told
        await asyncio.sleep(4)
        assert session.texts[told:] == [ASK_IF_THERE], "whoever is back and says nothing is asked as ever"
        phone.hang_up()
        await call


async def test_a_line_that_is_dead_does_not_stay_open_for_ever() -> None:
    async with house() as home:
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        session = await home.model.session()
        await session.is_told()
        session.says("Hello, this is Tara.", 800)
        await asyncio.sleep(2)
        phone.on_hold = True
        await asyncio.sleep(LONGEST_HOLD_MS / 1000 - 1)
        assert not call.done()
        await asyncio.wait_for(call, 3)
        assert home.call()["ending"] == "silence"


async def test_breaks_stalls_and_gaps_are_counted_and_kept_with_the_call() -> None:
    async with house() as home:
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        first = await home.model.session()
        await first.is_told()
        first.says("Hello, this is Tara.", 800)
        await asyncio.sleep(1)
        home.model.refusals = [SpeechUnavailable("busy")]
        first.breaks(1011)
        second = await home.model.session(2)
        await phone.speaks(600)
        await asyncio.sleep(5)
        second.speaks(400)
        await asyncio.sleep(0.7)
        second.speaks(400)
        second.sends(GenerationComplete(), TurnComplete())
        await asyncio.sleep(1)
        phone.hang_up()
        await call
        counters, latency = home.call()["counters"], home.call()["latency"]
        assert (counters["reopenings"], counters["model_moves"]) == (1, {"broken": 1})
        assert counters["model_stuck"] == {"nudge": 1}
        assert counters["underruns"] == 1
        assert 250 <= latency["model_gap_max_ms"] <= 400
        assert latency["answer_max_ms"] > 4_000


async def test_tools_are_run_once_stored_and_answered_and_the_goodbye_is_heard() -> None:
    async with house() as home:
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        session = await home.model.session()
        await session.is_told()
        booking = ToolCall("t1", "book_appointment", {"name": "Meera", "starts_at": "2026-11-24T17:00"})
        session.sends(booking)
        await session.is_told()
        session.sends(booking)
        await session.is_told()
        assert [answer.response["status"] for answer in session.answers] == ["ok", "ok"]
        session.says("Booked. Goodbye!", 1000)
        session.sends(ToolCall("t2", "end_call", {"reason": "completed"}))
        await call
        assert phone.played_ms == pytest.approx(1000, abs=25)
        assert phone.close_code == 1000
        assert verbs((await phone.post("/voice/after")).text) == ["Hangup"]
        assert home.call()["ending"] == "agent_ended"
        appointments = [data for path, (data, _) in home.store.documents.items() if path.startswith("appointments/")]
        assert [one["name"] for one in appointments] == ["Meera"]
        assert [(one["name"], one["status"]) for one in home.part("tool_results")] == [
            ("book_appointment", "ok"),
            ("end_call", "ok"),
        ]


@pytest.mark.parametrize(
    ("name", "arguments", "status"),
    [
        ("no_such_tool", {}, "refused"),
        ("book_appointment", {"name": "Meera"}, "error"),
        ("book_appointment", {"name": "Meera", "starts_at": "2019-01-01T10:00"}, "error"),
        ("end_call", {"reason": "because"}, "error"),
    ],
)
async def test_every_tool_call_is_answered(name: str, arguments: dict[str, Any], status: str) -> None:
    async with house() as home:
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        session = await home.model.session()
        await session.is_told()
        session.sends(ToolCall("t1", name, arguments))
        await session.is_told()
        phone.hang_up()
        await call
        (answer,) = session.answers
        assert answer.response["status"] == status
        assert answer.response["message"]


async def test_model_that_refuses_leads_to_an_apology_in_the_callers_language() -> None:
    async with house(TARA.model_copy(update={"languages": Languages(start="hi")})) as home:
        home.model.refusals = [SpeechRefused("quota", code=429)]
        phone = Phone(home.app)
        await phone.stream(await phone.dial())
        after = await phone.post("/voice/after")
        assert verbs(after.text) == ["Say", "Hangup"]
        assert 'language="hi-IN"' in after.text
        assert (home.call()["state"], home.call()["ending"]) == ("failed", "speech_model_unavailable")


async def test_model_that_breaks_for_good_in_mid_call_leads_to_an_apology() -> None:
    async with house() as home:
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        session = await home.model.session()
        session.says("Hello", 400)
        await phone.hears_something()
        session.breaks(1007, resumable=False)
        await call
        assert verbs((await phone.post("/voice/after")).text) == ["Say", "Hangup"]
        assert home.call()["state"] == "failed"


async def test_model_that_breaks_is_taken_up_again_without_losing_a_word() -> None:
    async with house() as home:
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        first = await home.model.session()
        await asyncio.sleep(1)
        first.breaks()
        second = await home.model.session(2)
        await asyncio.sleep(1)
        phone.hang_up()
        await call
        assert first.audio_ms + second.audio_ms == pytest.approx(2000, abs=60)
        assert home.call()["counters"]["reopenings"] == 1


async def test_lost_socket_is_replaced_and_the_conversation_goes_on() -> None:
    async with house() as home:
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        session = await home.model.session()
        session.says("Hello", 400)
        await asyncio.sleep(1)
        phone.drop()
        await call
        again = await phone.post("/voice/after")
        assert verbs(again.text) == ["Connect", "Redirect"]
        call = asyncio.create_task(phone.stream(token_in(again.text)))
        second = await home.model.session(2)
        await second.is_told()
        phone.hang_up()
        await call
        assert home.call()["streams"] == 2
        assert home.call()["ending"] == "caller_hung_up"


async def test_socket_that_is_lost_again_and_again_is_given_up_with_an_apology() -> None:
    async with house() as home:
        phone = Phone(home.app)
        answer = await phone.post("/voice/inbound")
        for _ in range(4):
            call = asyncio.create_task(phone.stream(token_in(answer.text)))
            await home.model.session(len(home.model.sessions) + 1)
            phone.drop()
            await call
            answer = await phone.post("/voice/after")
        assert verbs(answer.text) == ["Say", "Hangup"]


async def test_store_that_is_away_does_not_touch_the_call_and_gets_its_records_later() -> None:
    async with house() as home:
        home.store.away = True
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        session = await home.model.session()
        session.says("Hello", 400)
        await asyncio.sleep(1)
        phone.hang_up()
        await call
        assert not home.store.documents
        home.store.away = False
        assert await home.services.journal.flush(30)
        assert home.call()["ending"] == "caller_hung_up"
        assert [turn["text"] for turn in home.part("turns")] == ["Hello"]


async def test_stream_without_a_signature_is_refused_before_it_opens() -> None:
    async with house() as home:
        phone = Phone(home.app)
        await phone.stream(await phone.dial(), signature="AAAAAAAAAAAAAAAAAAAAAAAAAAA=")
        assert not phone.accepted
        assert home.model.sessions == []


@pytest.mark.parametrize("token", ["", "x", "e30.abc.def"])
async def test_stream_with_a_forged_token_opens_nothing(token: str) -> None:
    async with house() as home:
        phone = Phone(home.app)
        await phone.dial()
        await phone.stream(token)
        assert phone.close_code == 1008
        assert home.model.sessions == []


async def test_token_of_another_call_opens_nothing() -> None:
    async with house() as home:
        token = await Phone(home.app, "CA" + "2" * 32).dial()
        phone = Phone(home.app)
        await phone.stream(token)
        assert phone.close_code == 1008
        assert home.model.sessions == []


@pytest.mark.parametrize("away", [False, True])
async def test_replayed_token_opens_nothing(away: bool) -> None:
    async with house() as home:
        home.store.away = away
        phone = Phone(home.app)
        token = await phone.dial()
        call = asyncio.create_task(phone.stream(token))
        await home.model.session()
        replay = Phone(home.app)
        await replay.stream(token)
        assert replay.close_code == 1008
        assert len(home.model.sessions) == 1
        home.store.away = False
        phone.hang_up()
        await call


async def test_socket_that_never_starts_is_closed() -> None:
    async with house() as home:
        phone = Phone(home.app)
        await phone.stream("", start=False)
        assert phone.close_code == 1008


async def test_bad_and_unknown_messages_do_not_end_a_healthy_call() -> None:
    async with house() as home:
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        session = await home.model.session()
        for bad in ("{", "[]", '{"event":"media"}', b"\x00\x01", '{"event":"weather"}'):
            phone.say(bad)
        session.sends(UnknownMessage(("weather",)))
        session.says("Still here", 400)
        await asyncio.sleep(1)
        phone.hang_up()
        await call
        counters = home.call()["counters"]
        assert (counters["bad_messages"], counters["unknown_messages"]) == (4, 2)
        assert phone.played_ms == pytest.approx(400, abs=25)


@pytest.mark.parametrize("path", ["/voice/inbound", "/voice/after", "/voice/status", "/voice/stream-status"])
async def test_unsigned_webhook_is_refused_and_leaves_nothing(path: str) -> None:
    async with house() as home:
        assert (await Phone(home.app).post(path, signed=False)).status_code == 403
        assert (await Phone(home.app, token="f" * 32).post(path)).status_code == 403
        assert not home.store.documents


async def test_webhook_without_a_call_is_bad() -> None:
    async with house() as home:
        assert (await Phone(home.app, "nonsense").post("/voice/inbound")).status_code == 400


async def test_late_status_callback_changes_nothing() -> None:
    async with house() as home:
        phone = Phone(home.app)
        await phone.dial()
        await phone.post("/voice/status", CallStatus="completed", SequenceNumber="3", CallDuration="41")
        assert await home.services.journal.flush(1)
        await phone.post("/voice/status", CallStatus="ringing", SequenceNumber="1")
        assert await home.services.journal.flush(1)
        assert (home.call()["carrier_status"], home.call()["duration_s"]) == ("completed", 41)


async def test_pressed_key_reaches_the_model() -> None:
    async with house() as home:
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        session = await home.model.session()
        await session.is_told()
        phone.press("9")
        await session.is_told()
        phone.hang_up()
        await call
        assert "9" in session.texts[-1]
        assert "dtmf" in home.kinds()


async def test_the_tone_of_a_key_is_no_speech_to_the_model() -> None:
    async with house() as home:
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        session = await home.model.session()
        await session.is_told()
        phone.press("9")
        await phone.speaks(160)
        await asyncio.sleep(0.2)
        assert session.audio_ms > 300
        assert session.loudest < 100
        await phone.speaks(100)
        assert session.loudest > 1000
        phone.hang_up()
        await call
