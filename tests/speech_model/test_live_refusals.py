"""What the real service refuses is refused here: with its codes, and words like its own."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
import websockets
from google.genai import errors, types

from local.speech_model.doors import Keys
from local.speech_model.models import LIVE_MODELS
from tests.speech_model.conftest import Studio
from tests.speech_model.live_caller import FLASH_31, LIVE_38, Speech, sound

pytestmark = pytest.mark.portable
EXTENDED = "gemini-3.8-live-extended-thinking"
NATIVE_25 = "gemini-2.5-flash-native-audio-preview-12-2025"
VERTEX_25 = "gemini-live-2.5-flash-native-audio"
DEVELOPER_PATH = "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"


def thinking(**config: Any) -> dict[str, Any]:
    return {"thinking_config": types.ThinkingConfig(**config)}


def detection(**config: Any) -> dict[str, Any]:
    automatic = types.AutomaticActivityDetection(**config)
    return {"realtime_input_config": types.RealtimeInputConfig(automatic_activity_detection=automatic)}


def covering(coverage: str) -> dict[str, Any]:
    return {"realtime_input_config": types.RealtimeInputConfig(turn_coverage=types.TurnCoverage(coverage))}


def offering(**declaration: Any) -> dict[str, Any]:
    function = types.FunctionDeclaration(name="f", **declaration)
    return {"tools_offered": types.Tool(function_declarations=[function])}


REFUSED: list[tuple[str, str, dict[str, Any], str]] = [
    ("text", FLASH_31, {"response_modalities": ["TEXT"]}, "non-audio"),
    ("thinking on 3.8", LIVE_38, thinking(thinking_level="LOW"), "Thinking is not supported"),
    ("minimal thinking", EXTENDED, thinking(thinking_level="MINIMAL"), "MINIMAL is not supported"),
    ("a level on 2.5", NATIVE_25, thinking(thinking_level="LOW"), "not supported"),
    ("a budget on 3.1", FLASH_31, thinking(thinking_budget=0), "budget is not supported"),
    ("not blocking on 3.1", FLASH_31, offering(behavior="NON_BLOCKING"), "NON_BLOCKING is not supported"),
    ("blocking when thinking", EXTENDED, offering(behavior="BLOCKING"), "BLOCKING is not supported"),
    ("proactive audio on 3.1", FLASH_31, {"proactivity": types.ProactivityConfig(proactive_audio=True)}, "Proactive"),
    ("proactive off on 3.8", LIVE_38, {"proactivity": types.ProactivityConfig(proactive_audio=False)}, "disabled"),
    ("affection on 3.8", LIVE_38, {"enable_affective_dialog": True}, "Affective"),
    (
        "an unknown voice",
        FLASH_31,
        {
            "speech_config": types.SpeechConfig(
                voice_config=types.VoiceConfig(prebuilt_voice_config=types.PrebuiltVoiceConfig(voice_name="Nobody"))
            )
        },
        "Nobody",
    ),
    (
        "another's tool",
        FLASH_31,
        {"tools_offered": types.Tool(code_execution=types.ToolCodeExecution())},
        "not supported",
    ),
]


@pytest.mark.parametrize(
    ("model", "setup", "reason"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
async def test_a_setup_is_refused_with_1007(speech: Speech, model: str, setup: dict[str, Any], reason: str) -> None:
    with pytest.raises(errors.APIError) as refused:
        async with speech.call(model, **setup):
            pass
    assert refused.value.code == 1007
    assert reason in str(refused.value.details)


@pytest.mark.parametrize(
    ("model", "setup"),
    [
        (FLASH_31, thinking(thinking_level="MINIMAL")),
        (EXTENDED, thinking(thinking_level="LOW")),
        (NATIVE_25, thinking(thinking_budget=0)),
        (LIVE_38, offering(behavior="NON_BLOCKING")),
        (LIVE_38, {"proactivity": types.ProactivityConfig(proactive_audio=True)}),
        (NATIVE_25, {"enable_affective_dialog": True}),
        (FLASH_31, covering("TURN_INCLUDES_AUDIO_ACTIVITY_AND_ALL_VIDEO")),
    ],
)
async def test_what_a_model_takes_is_taken(speech: Speech, model: str, setup: dict[str, Any]) -> None:
    async with speech.call(model, **setup) as caller:
        assert (await caller.greeted()).text


@pytest.mark.parametrize(
    ("setup", "reason"),
    [
        (covering("TURN_INCLUDES_AUDIO_ACTIVITY_AND_ALL_VIDEO"), "coverage"),
        ({"context_window_compression": types.ContextWindowCompressionConfig(trigger_tokens=100)}, "5000"),
    ],
)
async def test_vertex_ai_refuses_more(speech: Speech, setup: dict[str, Any], reason: str) -> None:
    with pytest.raises(errors.APIError, match=reason) as refused:
        async with speech.call(LIVE_38, client=speech.client(vertexai=True), **setup):
            pass
    assert refused.value.code == 1007


@pytest.mark.parametrize("model", ["gemini-9-live", VERTEX_25, "gemini-live-2.5-flash-preview"])
async def test_a_model_that_the_developer_api_does_not_have(speech: Speech, model: str) -> None:
    with pytest.raises(errors.APIError, match="not found for API version v1beta") as refused:
        async with speech.call(model):
            pass
    assert refused.value.code == 1008


@pytest.mark.parametrize("model", [FLASH_31, "gemini-9-live"])
async def test_a_model_that_vertex_ai_does_not_have(speech: Speech, model: str) -> None:
    with pytest.raises(errors.APIError, match="was not found") as refused:
        async with speech.call(model, client=speech.client(vertexai=True)):
            pass
    assert refused.value.code == 1008


async def test_vertex_ai_serves_no_live_model_globally(speech: Speech) -> None:
    with pytest.raises(errors.APIError) as refused:
        async with speech.call(LIVE_38, client=speech.client(vertexai=True, location="global")):
            pass
    assert refused.value.code == 1008


async def test_a_wrong_api_key_ends_the_session_and_a_wrong_token_never_gets_one(studio: Studio) -> None:
    speech = await studio.model(keys=Keys(api_keys={"right"}, bearer_tokens={"right"}))
    with pytest.raises(errors.APIError, match="API key not valid") as refused:
        async with speech.call(client=speech.client("wrong")):
            pass
    assert refused.value.code == 1007
    with pytest.raises(websockets.InvalidStatus) as unauthenticated:
        async with speech.call(LIVE_38, client=speech.client("wrong", vertexai=True)):
            pass
    assert unauthenticated.value.response.status_code == 401
    async with (
        speech.call(client=speech.client("right")),
        speech.call(LIVE_38, client=speech.client("right", vertexai=True)),
    ):
        pass


async def test_no_key_at_all_is_forbidden(speech: Speech) -> None:
    with pytest.raises(websockets.InvalidStatus) as refused:
        await talk_raw(speech, [], headers={})
    assert refused.value.response.status_code == 403


async def talk_raw(speech: Speech, frames: list[Any], headers: dict[str, str] | None = None) -> tuple[int, str]:
    """Send these frames as they are, after a good setup where they hold none; how the connection ended."""
    address = speech.server.base_url.replace("https", "wss") + DEVELOPER_PATH
    key = {"x-goog-api-key": "k"} if headers is None else headers
    tls = speech.server.tls.client_context()
    async with websockets.connect(address, ssl=tls, additional_headers=key, proxy=None) as socket:
        for frame in frames:
            await socket.send(frame if isinstance(frame, str | bytes) else json.dumps(frame))
        with suppress(websockets.ConnectionClosed):
            async for _ in socket:
                pass
    assert socket.close_code is not None
    return socket.close_code, socket.close_reason or ""


def setup(model: str = FLASH_31, **fields: Any) -> dict[str, Any]:
    return {"setup": {"model": f"models/{model}", **fields}}


def function(**fields: Any) -> dict[str, Any]:
    return setup(tools=[{"functionDeclarations": [fields]}])


def realtime(**fields: Any) -> dict[str, Any]:
    return {"realtimeInput": fields}


def turns(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"clientContent": {"turns": [{"parts": list(parts)}]}}


MEDIUM = {"automaticActivityDetection": {"startOfSpeechSensitivity": "MEDIUM"}}
ADDITIONAL = {"additionalProperties": False}
BAD_FRAMES: list[tuple[str, list[Any], int, str]] = [
    ("no setup", [{"realtime_input": {"text": "x"}}], 1007, "setup must be the first"),
    ("two setups", [setup(), setup()], 1007, "setup must be the first"),
    ("no JSON", [b"\xff{"], 1007, "Invalid JSON"),
    ("no object", ["[]"], 1007, "Invalid JSON"),
    ("deep nesting", ["[" * 100_000], 1007, "Invalid JSON"),
    ("tool config", [setup(toolConfig={})], 1007, "Unknown name \"toolConfig\" at 'setup'"),
    ("a nested mistake", [setup(generationConfig={"voise": 1})], 1007, "\"voise\" at 'setup.generationConfig'"),
    ("medium", [setup(realtimeInputConfig=MEDIUM)], 1007, "MEDIUM"),
    ("transparent", [setup(sessionResumption={"transparent": True})], 1007, "Transparent"),
    ("vertex's own", [setup(explicitVadSignal=True)], 1007, "explicitVadSignal"),
    ("a schema's key", [function(name="f", parameters=ADDITIONAL)], 1007, "additionalProperties"),
    ("a function's name", [function(name="two words")], 1007, "two words"),
    ("media chunks", [setup(), realtime(mediaChunks=[{"data": "", "mimeType": "audio/pcm"}])], 1007, "media_chunks"),
    ("activity", [setup(), realtime(activityStart={})], 1007, "Explicit activity control"),
    ("nothing", [setup(), realtime()], 1008, ""),
    ("no such message", [setup(), {"hello": {}}], 1007, 'Unknown name "hello"'),
    ("no such input", [setup(), realtime(smell="x")], 1007, "smell"),
    ("mp3", [setup(), realtime(audio={"data": "", "mimeType": "audio/mpeg"})], 1007, "MIME"),
    ("base64", [setup(), realtime(audio={"data": "*", "mimeType": "audio/pcm"})], 1007, "Base64"),
    ("calls in history", [setup(), turns({"functionCall": {"name": "f"}})], 1007, "invalid argument"),
    ("a handle", [setup(sessionResumption={"handle": "h"})], 1008, "not found"),
]


@pytest.mark.parametrize(
    ("frames", "code", "reason"), [bad[1:] for bad in BAD_FRAMES], ids=[bad[0] for bad in BAD_FRAMES]
)
async def test_a_message_is_refused(speech: Speech, frames: list[Any], code: int, reason: str) -> None:
    ended = await talk_raw(speech, frames)
    assert ended[0] == code
    assert reason in ended[1]


async def test_the_end_of_the_stream_means_nothing_without_automatic_detection(speech: Speech) -> None:
    async with speech.call(**detection(disabled=True)) as caller:
        await caller.session.send_realtime_input(audio_stream_end=True)
        with pytest.raises(errors.APIError) as refused:
            await caller.answer()
    assert refused.value.code == 1007


async def test_the_old_form_of_audio_still_reaches_2_5(speech: Speech) -> None:
    async with speech.call(NATIVE_25) as caller:
        await caller.greeted()
        await caller.session.send_realtime_input(media=types.Blob(data=sound(400), mime_type="audio/pcm"))
        await caller.makes_a_sound(20)
        assert (await caller.answer()).text == "Which day suits you?"


def test_every_model_is_served_somewhere() -> None:
    assert all(model.platforms for model in LIVE_MODELS.values())
