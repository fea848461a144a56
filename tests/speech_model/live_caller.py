"""A caller for tests, on the google-genai SDK: what Parley's own client stands on."""

from __future__ import annotations

import math
import struct
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from google import genai
from google.genai import types
from google.genai.live import AsyncSession
from google.oauth2.credentials import Credentials

from local.speech_model.faults import Fault
from local.speech_model.server import SpeechModelServer

FLASH_31 = "gemini-3.1-flash-live-preview"
LIVE_38 = "gemini-3.8-live"
CALLER_HZ = 16_000
FRAME_BYTES = 640
SILENCE_MS = 200
INSTRUCTIONS = "You make appointments for Asha Clinic. It is Monday, 23 November 2026, 10:00 where the caller is."
TOOLS = types.Tool(
    function_declarations=[
        types.FunctionDeclaration(
            name="book_appointment",
            description="Book.",
            parameters=types.Schema(
                type=types.Type.OBJECT, properties={"day": types.Schema(type=types.Type.STRING)}, required=["day"]
            ),
        ),
        types.FunctionDeclaration(name="end_call", description="Hang up."),
    ]
)
OK = {"output": {"status": "ok"}}


def sound(ms: int) -> bytes:
    """Something that is plainly not silence, 16 kHz."""
    samples = (int(8000 * math.sin(n * 0.17)) for n in range(CALLER_HZ * ms // 1000))
    return b"".join(struct.pack("<h", sample) for sample in samples)


def silence(ms: int) -> bytes:
    """Nothing, 16 kHz."""
    return bytes(CALLER_HZ * ms // 1000 * 2)


def usual_setup(tools_offered: types.Tool = TOOLS, **other: Any) -> types.LiveConnectConfig:
    """What Parley asks for, more or less."""
    wanted: dict[str, Any] = {
        "response_modalities": ["AUDIO"],
        "system_instruction": INSTRUCTIONS,
        "tools": [tools_offered],
        "input_audio_transcription": types.AudioTranscriptionConfig(),
        "output_audio_transcription": types.AudioTranscriptionConfig(),
        "session_resumption": types.SessionResumptionConfig(),
        "realtime_input_config": types.RealtimeInputConfig(
            automatic_activity_detection=types.AutomaticActivityDetection(silence_duration_ms=SILENCE_MS)
        ),
        **other,
    }
    return types.LiveConnectConfig(**{key: value for key, value in wanted.items() if value is not None})


@dataclass
class Answer:
    """A turn of the model."""

    text: str = ""
    heard: str = ""
    audio: bytes = b""
    chunks: list[int] = field(default_factory=list)
    tool_calls: list[types.FunctionCall] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    interrupted: bool = False
    generated: bool = False
    reason: str | None = None
    usage: types.UsageMetadata | None = None
    order: list[str] = field(default_factory=list)
    """What kinds of events came, without repetitions in a row."""

    def note(self, kind: str) -> None:
        """Such an event came."""
        if self.order[-1:] != [kind]:
            self.order.append(kind)


class LiveCaller:
    """One session, seen from the client. tools: what each tool answers; None: no answer."""

    def __init__(self, session: AsyncSession, tools: Mapping[str, Mapping[str, Any] | None]) -> None:
        self.session = session
        self.tools = tools
        self.handles: list[str | None] = []
        self.go_away: str | None = None

    async def told(self, text: str) -> None:
        """A text from the telephone system."""
        await self.session.send_realtime_input(text=text)

    async def says(self, pcm: bytes, pause_ms: int = SILENCE_MS + 100) -> None:
        """Speech, and the silence after it; as fast as it goes."""
        stream = pcm + silence(pause_ms)
        for start in range(0, len(stream), FRAME_BYTES):
            chunk = types.Blob(data=stream[start : start + FRAME_BYTES], mime_type="audio/pcm;rate=16000")
            await self.session.send_realtime_input(audio=chunk)

    async def makes_a_sound(self, ms: int = 400) -> None:
        """Speech for a model that listens for energy alone."""
        await self.says(sound(ms))

    async def answer(self) -> Answer:
        """The model's next turn, to its end."""
        answer = Answer()
        async with aclosing(self.session.receive()) as messages:  # type: ignore[type-var]
            async for message in messages:
                await self._take(message, answer)
        return answer

    async def until(self, kind: str) -> Answer:
        """What comes before and with the first event of that kind."""
        answer = Answer()
        while kind not in answer.order:
            await self._take(await self.session._receive(), answer)
        return answer

    async def handle(self) -> str:
        """The next handle to resume with."""
        known = len([handle for handle in self.handles if handle])
        while len(given := [handle for handle in self.handles if handle]) == known:
            await self._take(await self.session._receive(), Answer())
        return given[-1]

    async def greeted(self) -> Answer:
        """The greeting."""
        await self.told("[The caller is on the line now. Greet them.]")
        return await self.answer()

    async def _take(self, message: types.LiveServerMessage, answer: Answer) -> None:
        if message.go_away is not None:
            self.go_away = message.go_away.time_left
            answer.note("go_away")
        if message.session_resumption_update is not None:
            update = message.session_resumption_update
            self.handles.append(update.new_handle if update.resumable else None)
        if message.usage_metadata is not None:
            answer.usage = message.usage_metadata
        if message.server_content is not None:
            _take_content(message.server_content, answer)
        if message.tool_call_cancellation is not None:
            answer.cancelled += message.tool_call_cancellation.ids or []
            answer.note("cancelled")
        if message.tool_call is not None:
            calls = message.tool_call.function_calls or []
            answer.tool_calls += calls
            answer.note("tool_call")
            for call in calls:
                await self.results(call)

    async def results(self, call: types.FunctionCall, **more: Any) -> None:
        """Answer a call as `tools` says."""
        response = self.tools.get(call.name or "", {"error": "there is no such tool"})
        if response is not None:
            await self.session.send_tool_response(
                function_responses=types.FunctionResponse(id=call.id, name=call.name, response=dict(response), **more)
            )


async def in_the_middle(caller: LiveCaller) -> None:
    """Up to the question for a day, which the clinic's caller answers next."""
    await caller.greeted()
    await caller.makes_a_sound()
    await caller.answer()


def _take_content(content: types.LiveServerContent, answer: Answer) -> None:
    for part in (content.model_turn.parts or []) if content.model_turn else []:
        if part.inline_data and part.inline_data.data is not None:
            answer.audio += part.inline_data.data
            answer.chunks.append(len(part.inline_data.data))
            answer.note("audio")
    if content.output_transcription and content.output_transcription.text:
        answer.text += content.output_transcription.text
        answer.note("text")
    if content.input_transcription and content.input_transcription.text:
        answer.heard += content.input_transcription.text
        answer.note("heard")
    if content.interrupted:
        answer.interrupted = True
        answer.note("interrupted")
    if content.generation_complete:
        answer.generated = True
        answer.note("generated")
    if content.turn_complete:
        answer.reason = content.turn_complete_reason.value if content.turn_complete_reason else None
        answer.note("complete")


class Speech:
    """A running speech model and clients for it."""

    def __init__(self, server: SpeechModelServer, stack: AsyncExitStack) -> None:
        self.server = server
        self._stack = stack
        self._tls = server.tls.client_context()

    def plan(self, **fault: Any) -> None:
        """Something shall go wrong."""
        self.server.plan(Fault.model_validate(fault))

    def client(self, key: str = "a-key", version: str = "v1beta", **options: Any) -> genai.Client:
        """Google's SDK, pointed here; with vertexai=True as on Vertex AI."""
        websocket = {"ssl": self._tls, "ping_interval": None, "close_timeout": 1, "compression": None, "proxy": None}
        if options.get("vertexai"):
            who: dict[str, Any] = {"project": "p", "location": "us-central1"}
            who["credentials"] = Credentials(token=key)  # type: ignore[no-untyped-call]
            version = "v1beta1"
        else:
            who = {"api_key": key}
        return genai.Client(
            **{**who, **options},
            http_options=types.HttpOptions(
                base_url=self.server.base_url,
                api_version=version,
                client_args={"verify": self._tls},
                async_client_args={"verify": self._tls, **websocket},
            ),
        )

    @asynccontextmanager
    async def call(
        self,
        model: str = FLASH_31,
        *,
        tools: Mapping[str, Mapping[str, Any] | None] | None = None,
        client: genai.Client | None = None,
        **setup: Any,
    ) -> AsyncIterator[LiveCaller]:
        """A session."""
        connected = (client or self.client()).aio.live.connect(model=model, config=usual_setup(**setup))
        async with connected as session:
            yield LiveCaller(session, {"book_appointment": OK, "end_call": OK} if tools is None else tools)

    def http(self) -> httpx.AsyncClient:
        """For the control and for what the SDK would not send."""
        return httpx.AsyncClient(base_url=self.server.base_url, verify=self._tls)
