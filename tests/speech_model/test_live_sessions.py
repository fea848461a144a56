"""Tools, resumption, texts, ages and hearing: the rest of what a client can meet in a conversation."""

from __future__ import annotations

import asyncio
import base64
import json
from itertools import pairwise

import pytest
import websockets
from google.genai import types

from local.dialogues import all_dialogues
from local.speech_model.behaviour import Behaviour
from local.speech_model.listener import Recogniser
from local.speech_model.server import CLIPS
from tests.speech_model.conftest import Studio
from tests.speech_model.live_caller import FLASH_31, LIVE_38, OK, Speech, sound
from tests.speech_model.recordings import telephone_sound

pytestmark = pytest.mark.portable


async def test_a_blocked_tool_silences_the_model_until_its_result(speech: Speech) -> None:
    async with speech.call(tools={"book_appointment": None}) as caller:
        await caller.greeted()
        await caller.makes_a_sound()
        await caller.answer()
        await caller.makes_a_sound()
        asked = await caller.until("tool_call")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(caller.session._receive(), 0.2)
        caller.tools = {"book_appointment": {"output": {"status": "refused"}}}
        await caller.results(asked.tool_calls[0])
        assert (await caller.answer()).text.strip().startswith("That day is full.")


async def test_speaking_into_a_tool_call_cancels_it(speech: Speech) -> None:
    async with speech.call(tools={"book_appointment": None}) as caller:
        await caller.greeted()
        await caller.makes_a_sound()
        await caller.answer()
        await caller.makes_a_sound()
        asked = await caller.until("tool_call")
        await caller.makes_a_sound()
        cancelled = await caller.answer()
        assert cancelled.cancelled == [asked.tool_calls[0].id]
        again = await caller.until("tool_call")
    assert again.tool_calls[0].args == asked.tool_calls[0].args


async def test_a_tool_that_does_not_block_is_answered_in_a_turn_of_its_own(speech: Speech) -> None:
    async with speech.call(LIVE_38, tools={"book_appointment": None}) as caller:
        await caller.greeted()
        await caller.makes_a_sound()
        await caller.answer()
        await caller.makes_a_sound()
        asked = await caller.answer()
        assert asked.generated
        caller.tools = {"book_appointment": OK}
        await caller.results(asked.tool_calls[0])
        assert (await caller.answer()).text == "It is booked."


async def test_arguments_stay_out_where_the_declaration_is_a_json_schema(speech: Speech) -> None:
    plain = types.FunctionDeclaration(name="book_appointment", parameters_json_schema={"type": "object"})
    async with speech.call(tools_offered=types.Tool(function_declarations=[plain])) as caller:
        await caller.greeted()
        await caller.makes_a_sound()
        await caller.answer()
        await caller.makes_a_sound()
        assert (await caller.answer()).tool_calls[0].args == {}


async def test_a_conversation_goes_on_where_its_handle_was_given(speech: Speech) -> None:
    async with speech.call() as caller:
        await caller.greeted()
        await caller.makes_a_sound()
        await caller.answer()
        handle = await caller.handle()
    assert caller.handles[:1] == [None]
    later = types.SessionResumptionConfig(handle=handle)
    async with speech.call(session_resumption=later, system_instruction="Somebody else altogether") as caller:
        await caller.makes_a_sound()
        assert [call.name for call in (await caller.answer()).tool_calls] == ["book_appointment"]
    assert speech.server.records[1].resumed_from == 1


async def test_a_tool_result_reaches_the_resumed_session(speech: Speech) -> None:
    async with speech.call(tools={"book_appointment": None}) as caller:
        await caller.greeted()
        await caller.makes_a_sound()
        await caller.answer()
        await caller.makes_a_sound()
        asked = await caller.until("tool_call")
    handle = [handle for handle in caller.handles if handle][-1]
    async with speech.call(session_resumption=types.SessionResumptionConfig(handle=handle)) as caller:
        await caller.results(asked.tool_calls[0])
        assert (await caller.answer()).text == "It is booked."


async def test_history_says_where_a_new_session_goes_on(speech: Speech) -> None:
    history = types.HistoryConfig(initial_history_in_client_content=True)
    async with speech.call(history_config=history) as caller:
        turns: list[types.Content | types.ContentDict] = [
            types.Content(
                role="model", parts=[types.Part(text="Hello, this is Asha Clinic. How can I help you today?")]
            ),
            types.Content(role="user", parts=[types.Part(text="An appointment")]),
            types.Content(role="model", parts=[types.Part(text="Which day suits you?")]),
        ]
        await caller.session.send_client_content(turns=turns, turn_complete=True)
        await caller.makes_a_sound()
        assert [call.name for call in (await caller.answer()).tool_calls] == ["book_appointment"]


async def test_texts_in_mid_call_are_followed(speech: Speech) -> None:
    async with speech.call() as caller:
        await caller.greeted()
        await caller.told("[The caller has been silent for a while.]")
        assert (await caller.answer()).text == "Are you still there?"
        await caller.told("[Say this: Sorry, what did you say?]")
        assert (await caller.answer()).text == "Sorry, what did you say?"
        await caller.told("[Go on.]")
        assert (await caller.answer()).text.startswith("Hello, this is Asha Clinic")
        content = types.Content(role="user", parts=[types.Part(text="Please wrap up")])
        await caller.session.send_client_content(turns=content, turn_complete=True)
        assert (await caller.answer()).text == "Thank you, goodbye."


async def test_a_client_can_say_itself_when_the_caller_speaks(speech: Speech) -> None:
    manual = types.RealtimeInputConfig(automatic_activity_detection=types.AutomaticActivityDetection(disabled=True))
    async with speech.call(realtime_input_config=manual) as caller:
        await caller.greeted()
        await caller.makes_a_sound()  # before activity_start: dropped
        await caller.session.send_realtime_input(activity_start=types.ActivityStart())
        await caller.says(sound(300), pause_ms=0)
        await caller.session.send_realtime_input(activity_end=types.ActivityEnd())
        assert (await caller.answer()).text == "Which day suits you?"
    assert speech.server.records[0].heard[0]["speech_s"] == pytest.approx(0.3, abs=0.03)


async def test_text_in_the_middle_of_a_turn_of_the_clients_is_a_part_of_it(speech: Speech) -> None:
    manual = types.RealtimeInputConfig(automatic_activity_detection=types.AutomaticActivityDetection(disabled=True))
    async with speech.call(realtime_input_config=manual) as caller:
        await caller.greeted()
        await caller.session.send_realtime_input(activity_start=types.ActivityStart())
        await caller.session.send_realtime_input(text="[The caller interrupted.]")
        await caller.says(sound(300), pause_ms=0)
        await caller.session.send_realtime_input(activity_end=types.ActivityEnd())
        assert (await caller.answer()).text == "Which day suits you?"
    (record,) = speech.server.records
    assert record.texts[-1] == "[The caller interrupted.]"
    assert [one["started"] for one in record.activities] == [True, False]
    assert len(record.said) == 2, "the greeting and one answer"


async def test_the_end_of_the_stream_ends_the_turn(speech: Speech) -> None:
    async with speech.call() as caller:
        await caller.greeted()
        await caller.says(sound(300), pause_ms=0)
        await caller.session.send_realtime_input(audio_stream_end=True)
        assert (await caller.answer()).text == "Which day suits you?"


async def test_an_agent_that_nobody_wrote_for_is_still_spoken_for(speech: Speech) -> None:
    async with speech.call(system_instruction="You sell bicycles.") as caller:
        assert "local speech model" in (await caller.greeted()).text
        await caller.makes_a_sound()
        heard = await caller.answer()
    assert (heard.heard, heard.text) == ("<noise>", "I heard you. Please go on.")
    assert speech.server.records[0].dialogue == "neutral"


@pytest.mark.virtual_time
async def test_a_connection_is_told_to_go_and_then_ends(speech: Speech) -> None:
    clock = asyncio.get_running_loop().time
    started = clock()
    async with speech.call() as caller:
        await caller.greeted()
        await caller.until("go_away")
        assert caller.go_away == "50s"
        assert clock() - started == pytest.approx(550, abs=1)
        with pytest.raises(Exception, match="Deadline expired"):
            await caller.answer()
        assert clock() - started == pytest.approx(600, abs=1)


async def test_either_spelling_of_names_is_read_and_frames_are_binary(speech: Speech) -> None:
    address = speech.server.base_url.replace("https", "wss")
    path = "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"
    async with websockets.connect(
        address + path, ssl=speech.server.tls.client_context(), additional_headers={"x-goog-api-key": "k"}, proxy=None
    ) as socket:
        setup = {
            "model": f"models/{FLASH_31}",
            "system_instruction": {"parts": [{"text": "?"}]},
            "generationConfig": {},
        }
        await socket.send(json.dumps({"setup": setup}))
        assert await socket.recv() == b'{"setupComplete":{}}'
        for data in (base64.b64encode(b"\xfb\xff" * 320), base64.urlsafe_b64encode(b"\xfb\xff" * 320).rstrip(b"=")):
            audio = {"data": data.decode(), "mimeType": "audio/pcm;rate=16000"}
            await socket.send(json.dumps({"realtimeInput": {"audio": audio}}))
        await socket.send(json.dumps({"realtime_input": {"text": "hello"}}))
        assert isinstance(await socket.recv(), bytes)
    assert bytes(speech.server.records[0].audio) == b"\xfb\xff" * 640


async def test_eight_khz_is_brought_up_to_sixteen(speech: Speech) -> None:
    async with speech.call() as caller:
        blob = types.Blob(data=sound(200)[:3200], mime_type="audio/pcm;rate=8000")
        await caller.session.send_realtime_input(audio=blob)
        await caller.greeted()
    assert speech.server.records[0].audio_s == pytest.approx(0.2)


async def test_turns_cost_the_whole_context_again(speech: Speech) -> None:
    async with speech.call() as caller:
        costs = []
        for _ in range(3):
            await caller.told("[The caller has been silent for a while.]")
            usage = (await caller.answer()).usage
            assert usage is not None
            costs.append((usage.prompt_token_count or 0, usage.response_token_count or 0))
    for (before, said), (after, _) in pairwise(costs):
        assert after >= before + said


async def test_a_caller_is_understood_by_sound_and_answered_in_their_language(
    studio: Studio, recogniser: Recogniser
) -> None:
    listening = Behaviour(think_ms=0, burst=200, playback=500)
    speech = await studio.model(behaviour=listening, recogniser=recogniser, dialogues=all_dialogues(), clips=(CLIPS,))
    async with speech.call(system_instruction="Asha Clinic") as caller:
        await caller.greeted()
        await caller.says(telephone_sound("hours_question_hi_hm_omega"), pause_ms=500)
        hours = await caller.answer()
        assert hours.heard == "क्लिनिक कब खुलता है?"
        assert hours.text.startswith("हम सोमवार से शनिवार")
        await caller.says(telephone_sound("like_appointment_en_am_michael"), pause_ms=500)
        name = await caller.answer()
        assert name.text == "Of course. May I have your name, please?"
        await caller.says(telephone_sound("weather_en_am_michael"), pause_ms=500)
        lost = await caller.answer()
        assert (lost.heard, lost.text) == ("<noise>", "Sorry, I did not catch that. Could you say it again, please?")


async def test_3_8_calls_a_tool_again_that_came_back_with_nothing(speech: Speech) -> None:
    async with speech.call(LIVE_38, tools={"book_appointment": {}}) as caller:
        await caller.greeted()
        await caller.makes_a_sound()
        await caller.answer()
        await caller.makes_a_sound()
        calls = (await caller.answer()).tool_calls + (await caller.answer()).tool_calls
        caller.tools = {"book_appointment": OK}
        calls += (await caller.answer()).tool_calls
        assert (await caller.answer()).text == "It is booked."
    assert [call.name for call in calls] == ["book_appointment"] * 3
    assert calls[0].args == calls[2].args


async def test_a_model_that_thinks_says_when_it_is_idle(speech: Speech) -> None:
    async with speech.call("gemini-3.8-live-extended-thinking", tools={"book_appointment": None}) as caller:
        await caller.greeted()
        await caller.makes_a_sound()
        await caller.answer()
        await caller.makes_a_sound()
        asked = await caller.until("complete")  # the turn is complete, the interaction is not
        caller.tools = {"book_appointment": OK}
        await caller.results(asked.tool_calls[0])
        assert (await caller.answer()).text == "It is booked."


async def test_a_caller_who_pauses_in_mid_sentence_is_understood_as_a_whole(
    studio: Studio, recogniser: Recogniser
) -> None:
    thoughtful = Behaviour(think_ms=800, burst=200, playback=500)
    speech = await studio.model(behaviour=thoughtful, recogniser=recogniser, dialogues=all_dialogues(), clips=(CLIPS,))
    spoken = telephone_sound("like_appointment_en_am_michael")
    middle = len(spoken) // 2 // 2 * 2
    async with speech.call(system_instruction="Asha Clinic") as caller:
        await caller.greeted()
        await caller.says(spoken[:middle], pause_ms=600)
        await caller.says(spoken[middle:], pause_ms=600)
        pause = await caller.answer()
        assert pause.order == ["interrupted", "complete"]
        whole = await caller.answer()
    assert whole.heard == "Hello, I would like to make an appointment, please."
    (heard,) = speech.server.records[0].heard
    assert heard["speech_s"] > 0.8 * len(spoken) / 32_000, "both halves"
    assert whole.text == "Of course. May I have your name, please?"
