"""Whole conversations through Google's SDK, on both platforms."""

from __future__ import annotations

import time

import pytest
from google.genai import types

from local.dialogues import all_dialogues
from local.speech_model.behaviour import Behaviour, Listening
from local.speech_model.server import CLIPS
from tests.speech_model.conftest import Studio
from tests.speech_model.live_caller import LIVE_38, Speech

pytestmark = pytest.mark.portable


async def test_a_caller_books_an_appointment_and_is_seen_off(speech: Speech) -> None:
    async with speech.call() as caller:
        hello = await caller.greeted()
        assert hello.text == "Hello, this is Asha Clinic. How can I help you today?"
        await caller.makes_a_sound()
        day = await caller.answer()
        assert (day.heard, day.text) == ("I want to book an appointment.", "Which day suits you?")
        await caller.makes_a_sound()
        booked = await caller.answer()
        await caller.makes_a_sound()
        bye = await caller.answer()
    call = booked.tool_calls[0]
    assert call.name == "book_appointment"
    assert call.args == {"day": "2026-11-24", "at": "17:00", "language": "en"}
    assert booked.text == "One moment please, I am looking that up for you. It is booked."
    assert booked.order.index("audio") < booked.order.index("tool_call") < booked.order.index("generated")
    assert booked.order[-1] == "complete"
    assert (bye.text, [call.name for call in bye.tool_calls]) == ("Thank you, goodbye.", ["end_call"])
    record = speech.server.records[0]
    assert record.dialogue == "clinic"
    assert [said.line for said in record.said] == ["hello_en", "when_en", "moment_en", "booked_en", "bye_en"]
    assert all(said.whole for said in record.said)


async def test_it_works_the_same_on_vertex_ai(speech: Speech) -> None:
    async with speech.call(LIVE_38, client=speech.client(vertexai=True)) as caller:
        assert caller.session.session_id == "session-1"
        hello = await caller.greeted()
    assert hello.usage is not None
    assert hello.usage.response_token_count
    assert speech.server.records[0].platform == "vertex"
    assert str((speech.server.records[0].setup or {})["model"]).startswith("projects/p/locations/us-central1/")


@pytest.mark.parametrize("version", ["v1", "v1beta"])
async def test_both_versions_of_the_developer_api_answer(speech: Speech, version: str) -> None:
    async with speech.call(client=speech.client(version=version)) as caller:
        await caller.greeted()
    assert speech.server.records[0].api_version == version


async def test_audio_is_24_khz_speech_in_chunks_of_many_sizes(studio: Studio) -> None:
    speech = await studio.model(dialogues=all_dialogues(), clips=(CLIPS,))
    async with speech.call(system_instruction="Asha Clinic") as caller:
        hello = await caller.greeted()
    recorded = (CLIPS / "greeting_en_hf_alpha.ulaw").stat().st_size
    assert len(hello.audio) == pytest.approx(recorded * 6, abs=12)
    assert len(set(hello.chunks)) >= 3
    assert all(size % 2 == 0 for size in hello.chunks)
    assert hello.usage is not None
    assert hello.usage.response_token_count == pytest.approx(recorded / 8000 * 25, abs=1)


async def test_a_greeting_in_given_words_is_said_in_these_words(speech: Speech) -> None:
    async with speech.call() as caller:
        await caller.told("[Greet them with exactly these words, and then listen: नमस्ते, आशा क्लिनिक। बताइए?]")
        assert (await caller.answer()).text == "नमस्ते, आशा क्लिनिक। बताइए?"


async def test_the_start_language_comes_from_the_setup(speech: Speech) -> None:
    hindi = types.SpeechConfig(language_code="hi-IN")
    async with speech.call(speech_config=hindi) as caller:
        assert (await caller.greeted()).text.startswith("नमस्ते")
    async with speech.call(system_instruction="Asha Clinic appointments. Begin in Hindi.") as caller:
        assert (await caller.greeted()).text.startswith("नमस्ते")


async def test_a_caller_who_interrupts_is_heard_and_the_rest_is_not_said(studio: Studio) -> None:
    slow = Behaviour(think_ms=0, burst=4, playback=1, listening=Listening.ENERGY)
    speech = await studio.model(behaviour=slow)
    async with speech.call() as caller:
        await caller.told("greet")
        await caller.until("audio")
        await caller.makes_a_sound()
        cut = await caller.answer()
        assert cut.interrupted
        assert not cut.generated
        assert cut.order[-2:] == ["interrupted", "complete"]
        await caller.until("text")
    said = speech.server.records[0].said
    assert (said[0].line, said[0].whole) == ("hello_en", False)
    assert said[1].line == "when_en"
    assert speech.server.records[0].interruptions == 1


async def test_an_answer_can_be_interrupted_while_it_is_only_being_played(studio: Studio) -> None:
    speech = await studio.model(behaviour=Behaviour(think_ms=0, burst=500, playback=1, listening=Listening.ENERGY))
    async with speech.call() as caller:
        await caller.told("greet")
        await caller.until("generated")
        await caller.makes_a_sound()
        assert (await caller.answer()).order == ["interrupted", "complete"]


async def test_without_interruption_the_caller_waits_for_the_end(studio: Studio) -> None:
    speech = await studio.model(behaviour=Behaviour(think_ms=0, burst=50, playback=20, listening=Listening.ENERGY))
    patient = types.RealtimeInputConfig(
        automatic_activity_detection=types.AutomaticActivityDetection(silence_duration_ms=200),
        activity_handling=types.ActivityHandling.NO_INTERRUPTION,
    )
    async with speech.call(realtime_input_config=patient) as caller:
        await caller.told("greet")
        await caller.until("audio")
        await caller.makes_a_sound()
        assert not (await caller.answer()).interrupted
        assert (await caller.answer()).text == "Which day suits you?"


async def test_the_model_thinks_first_and_waits_for_the_listener_in_the_end(studio: Studio) -> None:
    hasty = Behaviour(think_ms=150, burst=20, playback=5, listening=Listening.ENERGY)
    speech = await studio.model(behaviour=hasty)
    async with speech.call() as caller:
        started = time.monotonic()
        await caller.told("greet")
        first = await caller.until("audio")
        assert time.monotonic() - started >= 0.15
        rest = await caller.until("generated")
        await caller.answer()
        assert time.monotonic() - started >= 0.15 + len(first.audio + rest.audio) / 48_000 / 5
