"""Sessions with Gemini Live, against a server that speaks its wire: what we send, what we make of what comes back."""

from __future__ import annotations

import asyncio
import base64
import logging
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from http import HTTPStatus
from typing import Any

import pytest

from functions.voice.caller_stream import MOST_KEPT, Backlog
from functions.voice.speech.gemini import GeminiLive, GeminiSession, developer_api, vertex_ai
from functions.voice.speech.model import (
    ActivityDetection,
    AgentAudio,
    AgentText,
    CallerText,
    SessionEnded,
    SessionSetup,
    SpeechError,
    SpeechEvent,
    SpeechRefused,
    SpeechUnavailable,
    ToolAnswer,
    ToolDeclaration,
    TurnComplete,
    UnknownMessage,
)
from tests.voice.speech.gemini_server import GeminiServer

pytestmark = pytest.mark.portable

SETUP = SessionSetup("gemini-3.1-flash-live-preview", "You are Asha.", "Kore")
BOOK = ToolDeclaration(
    "book", "Book a slot.", {"type": "object", "properties": {"day": {"type": ["string", "null"]}}, "required": ["day"]}
)


def developer(gemini: GeminiServer, **options: Any) -> GeminiLive:
    return developer_api("k3y", base_url=gemini.url, **options)


def vertex(gemini: GeminiServer, **options: Any) -> GeminiLive:
    return vertex_ai("shop", "us-central1", base_url=gemini.url, **options)


@asynccontextmanager
async def session(model: GeminiLive, setup: SessionSetup = SETUP) -> AsyncIterator[GeminiSession]:
    opened = await model.open(setup)
    try:
        yield opened
    finally:
        await opened.close()


async def failure_of(model: GeminiLive, setup: SessionSetup = SETUP) -> SpeechError:
    with pytest.raises(SpeechError) as caught:
        await model.open(setup)
    return caught.value


class TestOpening:
    """The setup, word by word."""

    async def test_a_plain_session_on_the_developer_api(self, gemini: GeminiServer) -> None:
        async with session(developer(gemini)) as opened:
            assert opened.warnings == ()
        assert gemini.paths[0].endswith("/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent")
        assert gemini.headers[0]["x-goog-api-key"] == "k3y"
        assert "sec-websocket-extensions" not in gemini.headers[0]
        assert gemini.setup == {
            "model": "models/gemini-3.1-flash-live-preview",
            "generationConfig": {
                "responseModalities": ["AUDIO"],
                "speechConfig": {"voice_config": {"prebuilt_voice_config": {"voice_name": "Kore"}}},
            },
            "systemInstruction": {"parts": [{"text": "You are Asha."}], "role": "user"},
            "sessionResumption": {},
            "inputAudioTranscription": {},
            "outputAudioTranscription": {},
            "realtimeInputConfig": {
                "automatic_activity_detection": {"disabled": False},
                "activity_handling": "START_OF_ACTIVITY_INTERRUPTS",
                "turn_coverage": "TURN_INCLUDES_ONLY_ACTIVITY",
            },
            "contextWindowCompression": {"trigger_tokens": 25_600, "sliding_window": {"target_tokens": 12_800}},
        }

    async def test_a_plain_session_on_vertex_ai(self, gemini: GeminiServer) -> None:
        async with session(vertex(gemini), replace(SETUP, model="gemini-3.8-live")):
            pass
        assert gemini.paths[0].endswith("/ws/google.cloud.aiplatform.v1beta1.LlmBidiService/BidiGenerateContent")
        assert gemini.headers[0]["authorization"] == "Bearer loopback"
        assert gemini.setup["model"] == "projects/shop/locations/us-central1/publishers/google/models/gemini-3.8-live"
        assert gemini.setup["realtimeInputConfig"]["turn_coverage"] == "TURN_INCLUDES_ONLY_ACTIVITY"

    async def test_everything_a_setup_can_say(self, gemini: GeminiServer) -> None:
        activity = ActivityDetection(True, "high", "low", 20, 600, interrupts=False)
        full = replace(
            SETUP, tools=[BOOK], activity=activity, thinking_level="low", temperature=0.7, resume_handle="h1",
            compress_at_tokens=None, language="hi-IN",
        )  # fmt: skip
        async with session(developer(gemini), full):
            pass
        setup = gemini.setup
        assert setup["tools"] == [
            {
                "functionDeclarations": [
                    {
                        "name": "book",
                        "description": "Book a slot.",
                        "parameters": {
                            "type": "OBJECT",
                            "properties": {"day": {"type": "STRING", "nullable": True}},
                            "required": ["day"],
                        },
                    }
                ]
            }
        ]
        assert setup["sessionResumption"] == {"handle": "h1"}
        assert setup["generationConfig"]["temperature"] == pytest.approx(0.7)
        assert setup["generationConfig"]["thinkingConfig"] == {"thinking_level": "LOW"}
        assert setup["realtimeInputConfig"] == {
            "automatic_activity_detection": {
                "disabled": False,
                "start_of_speech_sensitivity": "START_SENSITIVITY_HIGH",
                "end_of_speech_sensitivity": "END_SENSITIVITY_LOW",
                "prefix_padding_ms": 20,
                "silence_duration_ms": 600,
            },
            "activity_handling": "NO_INTERRUPTION",
            "turn_coverage": "TURN_INCLUDES_ONLY_ACTIVITY",
        }
        assert "contextWindowCompression" not in setup

    async def test_our_own_activity_detection(self, gemini: GeminiServer) -> None:
        async with session(developer(gemini), replace(SETUP, activity=ActivityDetection(automatic=False))) as opened:
            opened.send_activity(True)
            opened.send_activity(False)
            assert await gemini.said.get() == {"realtime_input": {"activityStart": {}}}
            assert await gemini.said.get() == {"realtime_input": {"activityEnd": {}}}
        assert gemini.setup["realtimeInputConfig"]["automatic_activity_detection"] == {"disabled": True}

    async def test_earlier_turns_are_announced_and_told(self, gemini: GeminiServer) -> None:
        history = (("user", "Namaste"), ("model", "Namaste, Asha here."), ("user", ""))
        async with session(developer(gemini), replace(SETUP, history=history)):
            told = await gemini.said.get()
        assert gemini.setup["historyConfig"] == {"initial_history_in_client_content": True}
        assert told == {
            "client_content": {
                "turns": [
                    {"parts": [{"text": "Namaste"}], "role": "user"},
                    {"parts": [{"text": "Namaste, Asha here."}], "role": "model"},
                ],
                "turnComplete": True,
            }
        }

    async def test_on_vertex_ai_earlier_turns_are_told_without_asking_for_an_answer(self, gemini: GeminiServer) -> None:
        setup = replace(SETUP, model="gemini-live-2.5-flash-native-audio", history=(("user", "Namaste"),))
        async with session(vertex(gemini), setup):
            told = await gemini.said.get()
        assert "historyConfig" not in gemini.setup
        assert told["client_content"]["turnComplete"] is False

    async def test_a_resumed_session_brings_its_own_history(self, gemini: GeminiServer) -> None:
        async with session(developer(gemini), replace(SETUP, resume_handle="h", history=(("user", "x"),))) as opened:
            await opened.send_text("Go on.")
            assert await gemini.said.get() == {"realtime_input": {"text": "Go on."}}
        assert "historyConfig" not in gemini.setup

    async def test_what_a_model_does_not_take_is_left_out_and_told(
        self, gemini: GeminiServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        setup = replace(SETUP, model="gemini-3.8-live", thinking_level="low", tools=[BOOK])
        with caplog.at_level(logging.WARNING):
            async with session(developer(gemini), setup) as opened:
                assert len(opened.warnings) == 1
        assert "thinkingConfig" not in gemini.setup["generationConfig"]
        assert gemini.setup["tools"][0]["functionDeclarations"][0]["behavior"] == "BLOCKING"
        assert "does not take this thinking level" in caplog.text


class TestNotOpening:
    """Who is to blame, and whether another try can help."""

    @pytest.mark.parametrize("status", [400, 401, 403, 404])
    async def test_refused_at_the_door(self, gemini: GeminiServer, status: int) -> None:
        gemini.status, gemini.body = HTTPStatus(status), "API key not valid"
        error = await failure_of(developer(gemini))
        assert isinstance(error, SpeechRefused)
        assert (error.code, error.quota, error.detail) == (status, False, "API key not valid")

    async def test_throttled_at_the_door(self, gemini: GeminiServer) -> None:
        gemini.status = HTTPStatus.TOO_MANY_REQUESTS
        error = await failure_of(developer(gemini))
        assert isinstance(error, SpeechRefused)
        assert error.quota

    @pytest.mark.parametrize("status", [500, 502, 503])
    async def test_a_door_that_does_not_work(self, gemini: GeminiServer, status: int) -> None:
        gemini.status = HTTPStatus(status)
        error = await failure_of(developer(gemini))
        assert isinstance(error, SpeechUnavailable)
        assert error.code == status

    @pytest.mark.parametrize(
        ("code", "reason", "kind", "quota"),
        [
            (1007, "Request contains an invalid argument.", SpeechRefused, False),
            (1007, "User location is not supported for the API use.", SpeechRefused, False),
            (1008, "models/x is not found for API version v1beta", SpeechRefused, False),
            (1008, "The operation was aborted", SpeechUnavailable, False),
            (1011, "You exceeded your current quota, please check your plan", SpeechRefused, True),
            (1011, "RESOURCE_EXHAUSTED", SpeechRefused, True),
            (1011, "Internal error encountered.", SpeechUnavailable, False),
            (1000, "", SpeechUnavailable, False),
        ],
    )
    async def test_closed_at_the_setup(
        self, gemini: GeminiServer, code: int, reason: str, kind: type[SpeechError], quota: bool
    ) -> None:
        gemini.close_on_setup = (code, reason)
        error = await failure_of(developer(gemini))
        assert type(error) is kind
        assert (error.code, error.quota) == (code, quota)
        assert reason == "" or reason not in str(error)

    async def test_no_word_that_it_is_set_up(self, gemini: GeminiServer) -> None:
        gemini.first = None
        started = time.monotonic()
        error = await failure_of(developer(gemini, open_timeout_s=0.2))
        assert isinstance(error, SpeechUnavailable)
        assert time.monotonic() - started < 2

    async def test_another_word_than_that_it_is_set_up(self, gemini: GeminiServer) -> None:
        gemini.first = {"goAway": {"timeLeft": "0s"}}
        assert isinstance(await failure_of(developer(gemini)), SpeechUnavailable)

    async def test_nobody_there(self, gemini: GeminiServer) -> None:
        async with _closed_port() as url:
            error = await failure_of(developer_api("k", base_url=url))
        assert isinstance(error, SpeechUnavailable)

    async def test_a_certificate_nobody_vouches_for(
        self, gemini: GeminiServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("SSL_CERT_FILE")
        assert isinstance(await failure_of(developer(gemini)), SpeechUnavailable)

    async def test_a_tool_that_cannot_be_told(self, gemini: GeminiServer) -> None:
        endless = ToolDeclaration("t", "", {"properties": {"x": {"$ref": "#"}}})
        assert isinstance(await failure_of(developer(gemini), replace(SETUP, tools=[endless])), SpeechRefused)
        unnamed = replace(SETUP, tools=[ToolDeclaration("no name", "")])
        assert isinstance(await failure_of(developer(gemini), unnamed), SpeechRefused)

    @pytest.mark.parametrize(("project", "location"), [("", "us-central1"), ("p", ""), ("p", "global")])
    def test_vertex_ai_without_a_place(self, project: str, location: str) -> None:
        with pytest.raises(ValueError, match="region"):
            vertex_ai(project, location)


class TestTalking:
    """Both directions of an open session."""

    async def test_the_callers_voice(self, gemini: GeminiServer) -> None:
        pcm = bytes(range(256)) * 2 + b"\xfb\xff" * 64
        async with session(developer(gemini)) as opened:
            opened.send_audio(pcm)
            said = await gemini.said.get()
        assert said == {
            "realtime_input": {"audio": {"mime_type": "audio/pcm;rate=16000", "data": base64.b64encode(pcm).decode()}}
        }
        assert gemini.binary_frames == 0

    async def test_a_direction_to_the_model(self, gemini: GeminiServer) -> None:
        async with session(developer(gemini)) as opened:
            await opened.send_text('Say "नमस्ते".')
            assert await gemini.said.get() == {"realtime_input": {"text": 'Say "नमस्ते".'}}

    async def test_results_of_tools(self, gemini: GeminiServer) -> None:
        answers = [ToolAnswer("c1", "book", {"output": {"ok": True}}), ToolAnswer("c2", "price", {})]
        async with session(developer(gemini)) as opened:
            await opened.send_tool_answers(answers)
            assert await gemini.said.get() == {
                "tool_response": {
                    "functionResponses": [
                        {"id": "c1", "name": "book", "response": {"output": {"ok": True}}},
                        {"id": "c2", "name": "price", "response": {"output": "done, without a result"}},
                    ]
                }
            }

    async def test_the_agents_voice_and_words(self, gemini: GeminiServer) -> None:
        audio = {"inlineData": {"mimeType": "audio/pcm;rate=24000", "data": base64.b64encode(b"\x01\x02" * 3).decode()}}
        async with session(developer(gemini)) as opened:
            await gemini.say(
                {"serverContent": {"inputTranscription": {"text": "hello"}}},
                {
                    "serverContent": {
                        "modelTurn": {"parts": [audio, {"text": "thinking", "thought": True}, audio]},
                        "outputTranscription": {"text": "Hi"},
                        "turnComplete": True,
                    }
                },
            )
            assert await opened.receive() == [CallerText("hello")]
            assert await opened.receive() == [
                AgentAudio(b"\x01\x02" * 3, 24_000),
                AgentAudio(b"\x01\x02" * 3, 24_000),
                AgentText("Hi"),
                TurnComplete(),
            ]

    async def test_it_goes_on_after_a_turn_and_after_a_message_nobody_knows(self, gemini: GeminiServer) -> None:
        async with session(developer(gemini)) as opened:
            await gemini.say({"serverContent": {"turnComplete": True}}, {"newThing": {}}, b"nonsense")
            await gemini.say({"serverContent": {"outputTranscription": {"text": "x"}}})
            received = [await opened.receive() for _ in range(4)]
        assert received == [
            [TurnComplete()],
            [UnknownMessage(("newThing",))],
            [UnknownMessage(("not an object",))],
            [AgentText("x")],
        ]

    async def test_receiving_may_be_cancelled_without_losing_a_word(self, gemini: GeminiServer) -> None:
        async with session(developer(gemini)) as opened:
            heard: list[SpeechEvent] = []
            for n in range(20):
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(opened.receive(), 0.001)
                await gemini.say({"serverContent": {"outputTranscription": {"text": str(n)}}})
                heard += await opened.receive()
            assert heard == [AgentText(str(n)) for n in range(20)]

    async def test_the_api_without_the_light_way_does_the_same(
        self, gemini: GeminiServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A release of the SDK that keeps its socket elsewhere costs speed, and a warning."""
        async with session(developer(gemini)) as opened:
            slow = GeminiSession(_Elsewhere(opened._session), opened._connection, ())  # type: ignore[arg-type]
            assert "own methods" in caplog.text
            slow.send_audio(b"\xff\xfe" * 4)
            said = await gemini.said.get()
            assert base64.urlsafe_b64decode(said["realtime_input"]["audio"]["data"]) == b"\xff\xfe" * 4
            await gemini.say({"serverContent": {"turnComplete": True}}, {"newThing": {}}, {"setupComplete": {}})
            assert [await slow.receive() for _ in range(3)] == [[TurnComplete()], (UnknownMessage(()),), []]
            await gemini.close(1011, "Internal error")
            with pytest.raises(SessionEnded) as caught:
                await slow.receive()
            assert (caught.value.code, caught.value.resumable) == (1011, True)
            slow.send_audio(b"\xff\xfe")  # the task that sends it meets the end...
            await asyncio.sleep(0.01)
            with pytest.raises(SessionEnded):  # ...and the next one hears of it
                slow.send_audio(b"\xff\xfe")


class _Elsewhere:
    """The SDK's session under a class that has no _ws of its own."""

    def __init__(self, session: Any) -> None:
        self._inner = session

    def __getattr__(self, name: str) -> Any:
        if name == "_ws":
            raise AttributeError(name)
        return getattr(self._inner, name)


class TestEnding:
    """How a session ends, and whether it may be taken up again."""

    @pytest.mark.parametrize(
        ("code", "reason", "resumable", "quota"),
        [
            (1000, "", True, False),
            (1001, "", True, False),
            (1007, "Request contains an invalid argument.", False, False),
            (1007, "The context window is exhausted", False, False),
            (1008, "The operation was aborted", True, False),
            (1008, "Operation is not implemented, or supported, or enabled.", True, False),
            (1008, "Requested entity was not found.", False, False),
            (1011, "Deadline expired before operation could complete.", True, False),
            (1011, "The service is currently unavailable.", True, False),
            (1011, "You exceeded your current quota", False, True),
        ],
    )
    async def test_closed_by_the_service(
        self, gemini: GeminiServer, code: int, reason: str, resumable: bool, quota: bool
    ) -> None:
        async with session(developer(gemini)) as opened:
            await gemini.close(code, reason)
            with pytest.raises(SessionEnded) as receiving:
                await opened.receive()
            with pytest.raises(SessionEnded) as sending:
                opened.send_audio(bytes(640))
            with pytest.raises(SessionEnded) as saying:
                await opened.send_text("hello")
        for caught in (receiving, sending, saying):
            error = caught.value
            assert (error.code, error.resumable, error.quota, error.detail) == (code, resumable, quota, reason)
            assert reason == "" or reason not in str(error)

    async def test_the_connection_breaks(self, gemini: GeminiServer) -> None:
        async with session(developer(gemini)) as opened:
            await gemini.break_off()
            with pytest.raises(SessionEnded) as caught:
                await opened.receive()
        assert (caught.value.code, caught.value.resumable) == (1006, True)

    async def test_what_was_sent_before_the_close_is_still_received(self, gemini: GeminiServer) -> None:
        async with session(developer(gemini)) as opened:
            await gemini.say({"serverContent": {"outputTranscription": {"text": "bye"}}})
            await gemini.close(1000)
            assert await opened.receive() == [AgentText("bye")]
            with pytest.raises(SessionEnded):
                await opened.receive()

    async def test_a_session_we_close_is_not_to_be_resumed(self, gemini: GeminiServer) -> None:
        opened = await developer(gemini).open(SETUP)
        waiting = asyncio.create_task(opened.receive())
        await asyncio.sleep(0)
        await opened.close()
        with pytest.raises(SessionEnded) as caught:
            await waiting
        assert not caught.value.resumable
        await opened.close()
        with pytest.raises(SessionEnded):
            opened.send_audio(bytes(640))
        await asyncio.sleep(0.05)
        assert gemini.close_codes == [1000]

    async def test_closing_takes_no_longer_than_a_second(self, gemini: GeminiServer) -> None:
        opened = await developer(gemini).open(SETUP)
        await gemini.stop_reading()
        started = time.monotonic()
        await opened.close()
        assert time.monotonic() - started < 1.5  # a busy machine gets half a second more

    async def test_half_a_minute_of_the_caller_is_sent_again_as_fast_as_a_narrow_network_takes_it(
        self, gemini: GeminiServer
    ) -> None:
        opened = await developer(gemini).open(SETUP)
        opened._session._ws.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16_384)
        speech = Backlog()
        speech.add(*[bytes(640)] * MOST_KEPT)
        await speech.send(opened)
        async with asyncio.timeout(5):
            for _ in range(MOST_KEPT):
                await gemini.said.get()
        await opened.close()

    async def test_a_frozen_service_never_makes_the_caller_wait(self, gemini: GeminiServer) -> None:
        """Audio piles up to some seconds' worth; then the session is over, at once and not after a time-out."""
        opened = await developer(gemini).open(SETUP)
        await gemini.stop_reading()
        started = time.monotonic()

        async def talk() -> None:
            while True:
                opened.send_audio(bytes(32_000))

        with pytest.raises(SessionEnded) as caught:
            await talk()
        assert caught.value.resumable
        await opened.close()
        assert time.monotonic() - started < 3


@asynccontextmanager
async def _closed_port() -> AsyncIterator[str]:
    server = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    yield f"https://127.0.0.1:{port}"
