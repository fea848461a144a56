"""Messages of Gemini Live: every kind on the record, several things in one, and our reading against the SDK's."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from google import genai
from google.genai.live import AsyncSession
from hypothesis import example, given
from hypothesis import strategies as st

from functions.voice.speech.model import (
    AgentAudio,
    AgentText,
    CallerText,
    GenerationComplete,
    GoAway,
    Interrupted,
    ResumeHandle,
    SpeechEvent,
    ToolAnswer,
    ToolCall,
    ToolCallsCancelled,
    TurnComplete,
    UnknownMessage,
    Usage,
    is_of_ours,
)
from functions.voice.speech.sdk_message import events_of
from functions.voice.speech.server_message import audio_rate_hz, read, seconds
from functions.voice.speech.session_config import function_response

pytestmark = pytest.mark.portable

PCM = bytes(range(96)) * 10
AUDIO = {"inlineData": {"mimeType": "audio/pcm;rate=24000", "data": base64.b64encode(PCM).decode()}}
TWO_BYTES = {"inlineData": {"mimeType": "audio/pcm;rate=24000", "data": "AQI="}}
PICTURE = {"inlineData": {"mimeType": "image/png", "data": "AA=="}}
DEVELOPER_USAGE = {
    "promptTokenCount": 120,
    "responseTokenCount": 60,
    "totalTokenCount": 180,
    "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 100}, {"modality": "TEXT", "tokenCount": 20}],
    "responseTokensDetails": [{"modality": "AUDIO", "tokenCount": 60}],
}
VERTEX_USAGE = {
    "promptTokenCount": 10,
    "candidatesTokenCount": 5,
    "totalTokenCount": 15,
    "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 10}],
    "candidatesTokensDetails": [{"modality": "AUDIO", "tokenCount": 5}],
    "trafficType": "ON_DEMAND",
}

KINDS: dict[str, tuple[dict[str, Any], list[SpeechEvent]]] = {
    "setup": ({"setupComplete": {}}, []),
    "setup on Vertex": ({"setupComplete": {"sessionId": "s1"}}, []),
    "handle": (
        {"sessionResumptionUpdate": {"newHandle": "h1", "resumable": True}},
        [ResumeHandle("h1")],
    ),
    "no handle": ({"sessionResumptionUpdate": {}}, [ResumeHandle(None)]),
    "no handle now": ({"sessionResumptionUpdate": {"newHandle": "h1", "resumable": False}}, [ResumeHandle(None)]),
    "transparent": (
        {"sessionResumptionUpdate": {"newHandle": "h", "resumable": True, "lastConsumedClientMessageIndex": "7"}},
        [ResumeHandle("h")],
    ),
    "audio": ({"serverContent": {"modelTurn": {"role": "model", "parts": [AUDIO]}}}, [AgentAudio(PCM, 24_000)]),
    "a first chunk of two bytes": (
        {"serverContent": {"modelTurn": {"parts": [TWO_BYTES]}}},
        [AgentAudio(b"\x01\x02", 24_000)],
    ),
    "two parts": (
        {"serverContent": {"modelTurn": {"parts": [AUDIO, TWO_BYTES]}}},
        [AgentAudio(PCM, 24_000), AgentAudio(b"\x01\x02", 24_000)],
    ),
    "a thought before the voice": (
        {"serverContent": {"modelTurn": {"parts": [{"text": "Hmm", "thought": True}, AUDIO]}}},
        [AgentAudio(PCM, 24_000)],
    ),
    "not audio": ({"serverContent": {"modelTurn": {"parts": [PICTURE]}}}, []),
    "no parts": ({"serverContent": {"modelTurn": {"parts": []}}}, []),
    "audio and words": (
        {"serverContent": {"modelTurn": {"parts": [AUDIO]}, "outputTranscription": {"text": "Na"}}},
        [AgentAudio(PCM, 24_000), AgentText("Na")],
    ),
    "caller": ({"serverContent": {"inputTranscription": {"text": " haan"}}}, [CallerText(" haan")]),
    "caller, finished": ({"serverContent": {"inputTranscription": {"finished": True}}}, []),
    "interrupted": ({"serverContent": {"interrupted": True}}, [Interrupted()]),
    "generation complete": ({"serverContent": {"generationComplete": True}}, [GenerationComplete()]),
    "turn complete": ({"serverContent": {"turnComplete": True}}, [TurnComplete()]),
    "turn rejected": (
        {"serverContent": {"turnComplete": True, "turnCompleteReason": "RESPONSE_REJECTED"}},
        [TurnComplete("RESPONSE_REJECTED")],
    ),
    "turn complete for no reason": (
        {"serverContent": {"turnComplete": True, "turnCompleteReason": "TURN_COMPLETE_REASON_UNSPECIFIED"}},
        [TurnComplete()],
    ),
    "waiting": ({"serverContent": {"waitingForInput": True}}, []),
    "usage with the end of a turn": (
        {"serverContent": {"turnComplete": True}, "usageMetadata": DEVELOPER_USAGE},
        [TurnComplete(), Usage({"audio": 100, "text": 20}, {"audio": 60})],
    ),
    "usage alone": (
        {"serverContent": {}, "usageMetadata": DEVELOPER_USAGE},
        [Usage({"audio": 100, "text": 20}, {"audio": 60})],
    ),
    "usage without items": (
        {"usageMetadata": {"promptTokenCount": 7, "responseTokenCount": 5, "thoughtsTokenCount": 2}},
        [Usage({"audio": 7}, {"audio": 5, "text": 2})],
    ),
    "usage of tools": (
        {"usageMetadata": DEVELOPER_USAGE | {"toolUsePromptTokenCount": 4}},
        [Usage({"audio": 100, "text": 24}, {"audio": 60})],
    ),
    "tool call": (
        {"toolCall": {"functionCalls": [{"id": "c1", "name": "book", "args": {"day": "Monday", "n": 2}}]}},
        [ToolCall("c1", "book", {"day": "Monday", "n": 2})],
    ),
    "two tool calls, one without arguments": (
        {"toolCall": {"functionCalls": [{"id": "c1", "name": "a"}, {"id": "c2", "name": "b", "args": {}}]}},
        [ToolCall("c1", "a", {}), ToolCall("c2", "b", {})],
    ),
    "tool call without an id": ({"toolCall": {"functionCalls": [{"name": "a"}]}}, [ToolCall("", "a", {})]),
    "cancelled": ({"toolCallCancellation": {"ids": ["c1", "c2"]}}, [ToolCallsCancelled(("c1", "c2"))]),
    "go away": ({"goAway": {"timeLeft": "50s"}}, [GoAway(50.0)]),
    "go away at once": ({"goAway": {}}, [GoAway(0.0)]),
    "voice activity": ({"voiceActivity": {"type": "ACTIVITY_START"}}, []),
    "nothing": ({}, []),
    "a whole answer in one message": (
        {
            "serverContent": {
                "turnComplete": True,
                "generationComplete": True,
                "outputTranscription": {"text": "Hello"},
                "inputTranscription": {"text": "hi"},
                "modelTurn": {"parts": [AUDIO]},
            },
            "usageMetadata": DEVELOPER_USAGE,
            "sessionResumptionUpdate": {"newHandle": "h2", "resumable": True},
        },
        [
            CallerText("hi"),
            AgentAudio(PCM, 24_000),
            AgentText("Hello"),
            GenerationComplete(),
            TurnComplete(),
            Usage({"audio": 100, "text": 20}, {"audio": 60}),
            ResumeHandle("h2"),
        ],
    ),
    "the last of an answer that was interrupted": (
        {
            "serverContent": {"interrupted": True, "turnComplete": True, "modelTurn": {"parts": [AUDIO]}},
            "toolCallCancellation": {"ids": ["c1"]},
        },
        [AgentAudio(PCM, 24_000), Interrupted(), ToolCallsCancelled(("c1",)), TurnComplete()],
    ),
}  # fmt: skip


class _Received:
    """A socket that holds one message."""

    def __init__(self, message: bytes) -> None:
        self._message = message

    async def recv(self, decode: bool | None = None) -> bytes:
        return self._message


@pytest.fixture(scope="module")
def developer_client() -> genai.Client:
    return genai.Client(vertexai=False, api_key="k")


@pytest.fixture(scope="module")
def vertex_client() -> genai.Client:
    from google.oauth2.credentials import Credentials

    return genai.Client(vertexai=True, project="p", location="us-central1", credentials=Credentials(token="t"))  # type: ignore[no-untyped-call]


def unnamed(events: Sequence[SpeechEvent]) -> list[SpeechEvent]:
    """The same, where ids of our own making are none."""
    return [
        replace(event, id="") if isinstance(event, ToolCall) and is_of_ours(event.id) else event for event in events
    ]


def as_the_sdk_reads(client: genai.Client, message: bytes) -> list[SpeechEvent]:
    async def receive() -> list[SpeechEvent]:
        session = AsyncSession(api_client=client._api_client, websocket=_Received(message))  # type: ignore[arg-type]
        return unnamed(events_of(await session._receive()))

    return asyncio.run(receive())


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_message(kind: str) -> None:
    message, events = KINDS[kind]
    assert unnamed(read(json.dumps(message).encode())) == events


def test_calls_that_come_without_an_id_are_told_apart_and_answered_without_one() -> None:
    message = b'{"toolCall":{"functionCalls":[{"name":"a"},{"name":"b"},{"id":"c1","name":"c"}]}}'
    calls = [event for event in (*read(message), *read(message)) if isinstance(event, ToolCall)]
    assert len({call.id for call in calls}) == 5
    answers = [function_response(ToolAnswer(call.id, call.name, {})) for call in calls[:3]]
    assert [answer.id for answer in answers] == ["", "", "c1"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_sdk_reads_the_same(kind: str, developer_client: genai.Client) -> None:
    message, events = KINDS[kind]
    assert as_the_sdk_reads(developer_client, json.dumps(message).encode()) == events


def test_usage_on_vertex_ai(vertex_client: genai.Client) -> None:
    message = json.dumps({"usageMetadata": VERTEX_USAGE}).encode()
    assert read(message) == as_the_sdk_reads(vertex_client, message) == [Usage({"audio": 10}, {"audio": 5})]


TEXT = st.text(max_size=12)
FLAG = st.booleans()
TOKENS = st.integers(0, 10_000)
DETAILS = st.lists(
    st.fixed_dictionaries(
        {"modality": st.sampled_from(["AUDIO", "TEXT", "MODALITY_UNSPECIFIED"]), "tokenCount": TOKENS}
    ),
    max_size=3,
)


def maybe(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


PARTS = st.lists(
    st.one_of(
        st.binary(max_size=40).map(
            lambda pcm: {"inlineData": {"mimeType": "audio/pcm;rate=24000", "data": base64.b64encode(pcm).decode()}}
        ),
        maybe(text=TEXT, thought=FLAG),
        st.just(PICTURE),
    ),
    max_size=4,
)
ARGUMENTS = st.dictionaries(
    TEXT,
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**53), 2**53)
        | st.floats(allow_nan=False, allow_infinity=False)
        | TEXT,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
        max_leaves=5,
    ),
    max_size=3,
)
MESSAGES = maybe(
    serverContent=maybe(
        modelTurn=maybe(parts=PARTS, role=st.just("model")),
        inputTranscription=maybe(text=TEXT, finished=FLAG),
        outputTranscription=maybe(text=TEXT, finished=FLAG, languageCode=st.just("hi-IN")),
        interrupted=FLAG,
        generationComplete=FLAG,
        turnComplete=FLAG,
        turnCompleteReason=st.sampled_from(["RESPONSE_REJECTED", "TURN_COMPLETE_REASON_UNSPECIFIED", "BLOCKLIST"]),
        waitingForInput=FLAG,
        interactionStatus=st.sampled_from(["IDLE", "IN_PROGRESS"]),
    ),
    toolCall=maybe(functionCalls=st.lists(maybe(id=TEXT, name=TEXT, args=ARGUMENTS), max_size=3)),
    toolCallCancellation=maybe(ids=st.lists(TEXT, max_size=3)),
    usageMetadata=maybe(
        promptTokenCount=TOKENS,
        responseTokenCount=TOKENS,
        totalTokenCount=TOKENS,
        thoughtsTokenCount=TOKENS,
        toolUsePromptTokenCount=TOKENS,
        promptTokensDetails=DETAILS,
        responseTokensDetails=DETAILS,
        toolUsePromptTokensDetails=DETAILS,
    ),
    goAway=maybe(timeLeft=st.sampled_from(["50s", "0.5s", "soon", ""])),
    sessionResumptionUpdate=maybe(newHandle=TEXT, resumable=FLAG),
    setupComplete=maybe(sessionId=TEXT),
)


@given(MESSAGES)
@example({"toolCall": {"functionCalls": [{"args": {"a": 1.0, "b": 2**53}}]}})
def test_any_message_is_read_as_the_sdk_reads_it(developer_client: genai.Client, message: dict[str, Any]) -> None:
    raw = json.dumps(message).encode()
    assert unnamed(read(raw)) == as_the_sdk_reads(developer_client, raw)


class TestStrange:
    """What we do not know, or cannot read, costs itself only."""

    def test_keys_nobody_knows(self) -> None:
        assert read(b'{"newThing":{},"other":1}') == [UnknownMessage(("newThing", "other"))]

    def test_a_key_nobody_knows_beside_one_we_do(self) -> None:
        assert read(b'{"newThing":{},"serverContent":{"interrupted":true}}') == [Interrupted()]

    def test_a_field_nobody_knows(self) -> None:
        assert read(b'{"serverContent":{"newThing":{},"turnComplete":true}}') == [TurnComplete()]

    @pytest.mark.parametrize(
        ("content", "events"),
        [
            (
                {"turnComplete": "perhaps", "interrupted": True},
                [Interrupted(), UnknownMessage(("serverContent.turnComplete",))],
            ),
            (
                {"modelTurn": {"parts": [TWO_BYTES, {"inlineData": {"data": "***"}}, TWO_BYTES]}},
                [
                    AgentAudio(b"\x01\x02", 24_000),
                    AgentAudio(b"\x01\x02", 24_000),
                    UnknownMessage(("serverContent.modelTurn.parts.inlineData.data",)),
                ],
            ),
            (
                {"modelTurn": {"parts": 5}, "outputTranscription": {"text": "x"}},
                [AgentText("x"), UnknownMessage(("serverContent.modelTurn.parts",))],
            ),
            (
                {"modelTurn": {"parts": [5, TWO_BYTES]}},
                [AgentAudio(b"\x01\x02", 24_000), UnknownMessage(("serverContent.modelTurn.parts.",))],
            ),
            ("x", [UnknownMessage(("serverContent.",))]),
        ],
    )  # fmt: skip
    def test_a_field_of_another_kind(self, content: Any, events: list[SpeechEvent]) -> None:
        assert read(json.dumps({"serverContent": content}).encode()) == events

    def test_arguments_that_are_none(self) -> None:
        message = {"toolCall": {"functionCalls": [{"id": "c1", "name": "a", "args": [1]}]}}
        path = "toolCall.functionCalls.args"
        assert read(json.dumps(message).encode()) == [ToolCall("c1", "a", {}), UnknownMessage((path,))]

    def test_null_is_absent(self) -> None:
        assert read(b'{"serverContent":{"modelTurn":null,"turnComplete":true},"goAway":null}') == [TurnComplete()]

    @given(st.binary() | st.text().map(str.encode))
    @example(b"")
    @example(b"null")
    @example(b"[" * 100_000)
    @example(b'{"a":' * 100_000)
    @example(b'{"serverContent":' + b"[" * 100_000)
    @example(b'{"serverContent":{"modelTurn":' + b"[" * 100_000 + b"]" * 100_000 + b"}}")
    @example(b'{"toolCall":{"functionCalls":[{"args":{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}}]}}")
    @example(b'{"serverContent":{"outputTranscription":{"text":"\\ud800"}}}')
    @example(b"\xff")
    def test_no_bytes_at_all_raise(self, message: bytes) -> None:
        assert all(isinstance(event, UnknownMessage) for event in read(message))

    @given(MESSAGES, st.integers(0, 400), st.binary(min_size=1, max_size=3))
    def test_a_damaged_message_raises_nothing(self, message: dict[str, Any], at: int, damage: bytes) -> None:
        raw = json.dumps(message).encode()
        read(raw[:at] + damage + raw[at + len(damage) :])


@pytest.mark.parametrize(
    ("mime_type", "rate_hz"),
    [
        ("audio/pcm;rate=24000", 24_000),
        ("audio/pcm; rate=16000", 16_000),
        ("AUDIO/PCM", 24_000),
        (None, 24_000),
        ("audio/pcm;rate=0", 24_000),
        ("audio/mpeg", None),
        ("text/plain", None),
    ],
)
def test_rates(mime_type: str | None, rate_hz: int | None) -> None:
    assert audio_rate_hz(mime_type) == rate_hz


@pytest.mark.parametrize(("duration", "told"), [("50s", 50.0), ("9.5s", 9.5), ("-1s", 0.0), ("inf", 0.0), (None, 0.0)])
def test_durations(duration: str | None, told: float) -> None:
    assert seconds(duration) == told
