"""Frames in and out: nothing but a refusal may come of a bad one."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from local.speech_model import server_messages as messages
from local.speech_model.client_messages import Activity, CallerAudio, Text, ToolResponse, read_message, setup_fields
from local.speech_model.doors import HttpRefusal, Keys, live_door
from local.speech_model.models import Platform
from local.speech_model.refusal import Refusal
from local.speech_model.setup_rules import read_setup
from local.speech_model.spoken import Cut, cut_line, faint, fragments
from local.speech_model.usage import Usage
from tests.speech_model.live_caller import FLASH_31

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)
KEYS = st.sampled_from(
    ["setup", "realtimeInput", "realtime_input", "clientContent", "toolResponse", "contextUpdate", "x"]
)


@given(st.text(max_size=60) | st.binary(max_size=60) | st.dictionaries(KEYS, JSON, max_size=2).map(json.dumps))
@example("[" * 100_000)
@example('{"realtimeInput": {"audio": {"data": "\ud800", "mimeType": "audio/pcm"}}}')
@example('{"realtimeInput": {"audio": {"data": "AAA", "mimeType": "audio/pcm;rate=²"}}}')
@example('{"realtimeInput": {"audio": null}}')
@example('{"realtimeInput": null}')
@example('{"toolResponse": {"functionResponses": [{"id": 1}]}}')
def test_any_frame_is_a_message_or_refused(frame: str | bytes) -> None:
    with suppress(Refusal):
        read_message(frame, media_chunks=True)
    with suppress(Refusal):
        setup_fields(frame)


@given(JSON, st.sampled_from(Platform))
def test_any_setup_is_taken_or_refused(fields: Any, platform: Platform) -> None:
    for setup in ({"model": fields}, {"model": f"models/{FLASH_31}", "generationConfig": fields}, {"tools": [fields]}):
        with suppress(Refusal):
            read_setup(setup, platform, "v1beta")


@given(st.binary(max_size=100))
def test_audio_comes_in_either_alphabet_with_or_without_padding(pcm: bytes) -> None:
    for data in (base64.b64encode(pcm), base64.urlsafe_b64encode(pcm), base64.urlsafe_b64encode(pcm).rstrip(b"=")):
        frame = json.dumps({"realtime_input": {"audio": {"data": data.decode(), "mime_type": "audio/pcm;rate=8000"}}})
        assert read_message(frame, media_chunks=False) == CallerAudio(pcm, 8000)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ({"realtimeInput": {"text": "x"}}, Text("x")),
        ({"realtime_input": {"activityStart": {}}}, Activity(True)),
        ({"realtime_input": {"activity_end": {}}}, Activity(False)),
        ({"tool_response": {}}, ToolResponse(())),
    ],
)
def test_what_a_client_says(frame: dict[str, Any], message: object) -> None:
    assert read_message(json.dumps(frame), media_chunks=False) == message


@given(st.text(max_size=80))
def test_fragments_make_up_the_text(text: str) -> None:
    assert "".join(fragments(text)) == text.rstrip() or not text.strip()


@given(st.binary(max_size=20_000), st.text(max_size=30), st.sampled_from([10, 20, 40]), st.booleans(), st.booleans())
def test_a_line_is_cut_without_losing_a_sample(pcm: bytes, text: str, chunk_ms: int, packs: bool, early: bool) -> None:
    pcm = pcm[: len(pcm) // 2 * 2]
    sent = b""
    for chunk in cut_line(pcm, text, Cut(chunk_ms, transcribe=True, packs=packs, early_transcript=early)):
        piece = b""
        for frame in chunk.messages:
            for part in json.loads(frame)["serverContent"].get("modelTurn", {}).get("parts", []):
                piece += base64.b64decode(part["inlineData"]["data"])
        assert len(piece) / 48 == pytest.approx(chunk.audio_ms)
        sent += piece
    assert sent == pcm


def test_older_models_send_one_thing_at_a_time() -> None:
    for packs, together in ((True, True), (False, False)):
        chunks = cut_line(bytes(48_000), "some words", Cut(40, transcribe=True, packs=packs))
        contents = [json.loads(frame)["serverContent"] for chunk in chunks for frame in chunk.messages]
        assert any(len(content) > 1 for content in contents) is together
        assert any(len(content.get("modelTurn", {}).get("parts", [])) > 1 for content in contents) is together


def test_a_faint_sound_has_its_length() -> None:
    assert len(faint(b"\xff\x7f" * 10)) == 20
    assert set(faint(b"\xff\x7f" * 10)) <= {26, 0}


def test_seconds_are_written_as_google_writes_them() -> None:
    assert messages.go_away(50_000) == {"goAway": {"timeLeft": "50s"}}
    assert messages.go_away(9_500) == {"goAway": {"timeLeft": "9.5s"}}
    assert messages.resumption_update(None) == {"sessionResumptionUpdate": {}}


def test_a_turn_bills_what_came_before_it() -> None:
    usage = Usage()
    usage.add_text("x" * 40)
    usage.add_caller_audio(2)
    usage.add_agent_audio(4)
    first = usage.end_turn(Platform.DEVELOPER)
    assert (first["promptTokenCount"], first["responseTokenCount"], first["totalTokenCount"]) == (60, 100, 160)
    second = usage.end_turn(Platform.VERTEX)
    assert (second["promptTokenCount"], second["candidatesTokenCount"]) == (160, 0)
    assert second["promptTokensDetails"] == [
        {"modality": "TEXT", "tokenCount": 10},
        {"modality": "AUDIO", "tokenCount": 150},
    ]


def test_compression_keeps_the_context_small() -> None:
    usage = Usage(compress_at=100, compress_to=50)
    usage.add_caller_audio(10)
    usage.end_turn(Platform.DEVELOPER)
    assert usage.context == (0.0, 50.0)


@pytest.mark.parametrize(
    ("path", "platform"),
    [
        ("//ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent", Platform.DEVELOPER),
        ("/ws/google.ai.generativelanguage.v1.GenerativeService.BidiGenerateContent", Platform.DEVELOPER),
        ("//ws/google.cloud.aiplatform.v1beta1.LlmBidiService/BidiGenerateContent", Platform.VERTEX),
        ("/ws/google.ai.generativelanguage.v9.GenerativeService.BidiGenerateContent", None),
    ],
)
def test_doors(path: str, platform: Platform | None) -> None:
    door = live_door(path)
    assert (door.platform if door else None) is platform


def test_keys() -> None:
    keys = Keys()
    assert keys.check_http(Platform.DEVELOPER, {"x-goog-api-key": "anything"}) is None
    assert keys.check_http(Platform.VERTEX, {"Authorization": "Bearer t"}) is None
    refused = keys.check_http(Platform.VERTEX, {"Authorization": "Basic t"})
    assert refused == HttpRefusal(401, "Request had invalid authentication credentials.")
    assert refused.body["error"]["status"] == "UNAUTHENTICATED"  # type: ignore[index]
