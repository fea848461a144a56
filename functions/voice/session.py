"""One stream of a call, from its start message to its end: the only place where a conversation's decisions act.

hear() brings the caller to the model, speak() brings the model to the caller, both hand what happened to the
Conversation and carry out what it answers. One TaskGroup holds them, the tools that run, and the clock.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import assert_never

from functions.tools.tool import EndCall, ToolContext, Transfer, Wish
from functions.voice.actions import (
    Action,
    CancelTools,
    ClearPlayout,
    HangUp,
    Note,
    Play,
    RunTool,
    SaveTurn,
    SendMark,
    TellModel,
)
from functions.voice.audio import Downsampler, Upsampler, decode_ulaw, encode_ulaw, loudness
from functions.voice.call_record import CallRecord, seqs
from functions.voice.conversation import Conversation, Pace
from functions.voice.instructions import instructions
from functions.voice.leg import LegEnded, TwilioLeg
from functions.voice.media_stream import Dtmf, MarkEcho, Media, Stop
from functions.voice.model_link import ModelLink
from functions.voice.prompts import RESUMED, greet
from functions.voice.services import AfterStream, VoiceServices
from functions.voice.speech.model import (
    ActivityDetection,
    AgentAudio,
    GenerationComplete,
    GoAway,
    Interrupted,
    SessionSetup,
    SpeechError,
    SpeechEvent,
    SpeechRefused,
    SpeechUnavailable,
    ToolAnswer,
    ToolCall,
    ToolDeclaration,
    TurnComplete,
    UnknownMessage,
    Usage,
)
from functions.voice.stream_token import StreamTicket
from shared.domain.agent import Agent
from shared.domain.call import Ending, Speaker, ToolResult

log = logging.getLogger(__name__)

HOLD_TICK_S = 0.5
"""Frames keep the conversation's time; this does when Twilio sends none."""
FLUSH_S = 2.0
"""Records of a call are written before its line is let go, unless the store takes longer than this."""


class StreamOver(Exception):
    """The stream is to end now."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(str(ending))
        self.ending = ending


class CallSession:
    """Joins one leg and one line to the model, and writes down what happens."""

    def __init__(self, services: VoiceServices, leg: TwilioLeg, ticket: StreamTicket, agent: Agent) -> None:
        self._services = services
        self._leg = leg
        self._ticket = ticket
        self._agent = agent
        self._language = ticket.language or agent.languages.start
        self._record = CallRecord(ticket.call_sid, ticket.stream_no, services.journal, services.clock)
        pace = Pace(silence_ms=agent.limits.silence_s * 1000, call_ms=agent.limits.call_s * 1000)
        self._conversation = Conversation(pace, seqs(ticket.stream_no))
        self._up, self._down = Upsampler(), Downsampler()
        self._link = ModelLink(services.speech_for(agent), self._setup(), self._history)
        self._tools: dict[str, asyncio.Task[None]] = {}
        self._tool_answers: dict[str, ToolAnswer] = {}
        self._unwanted: set[str] = set()
        """Tool calls the model took back. They run to their end, because half a booking helps nobody."""
        self._transfer_to: str | None = None
        self._start_s = asyncio.get_running_loop().time()
        self._heard_agent = False
        self._unknown_messages = 0

    def _now_ms(self) -> float:
        return (asyncio.get_running_loop().time() - self._start_s) * 1000

    def _setup(self) -> SessionSetup:
        agent, taking = self._agent, self._agent.turn_taking
        return SessionSetup(
            model=agent.model.id,
            instructions=instructions(agent, self._language, self._services.clock.now()),
            voice=agent.voice,
            language=self._language,
            tools=[
                ToolDeclaration(tool.name, tool.description, tool.parameters())
                for tool in map(self._services.tools.get, agent.tools)
            ],
            activity=ActivityDetection(
                start_sensitivity=taking.start_sensitivity,
                end_sensitivity=taking.end_sensitivity,
                prefix_padding_ms=taking.prefix_padding_ms,
                silence_ms=taking.silence_ms,
            ),
            thinking_level=agent.model.thinking_level,
            temperature=agent.model.temperature,
        )

    def _history(self) -> Sequence[tuple[str, str]]:
        turns = sorted(self._record.turns.values(), key=lambda turn: turn.seq)
        roles = {Speaker.CALLER: "user", Speaker.AGENT: "model"}
        return [(roles[turn.speaker], turn.text) for turn in turns if turn.text]

    async def carry(self) -> AfterStream:
        """Carry the stream to its end, and say how it ended."""
        self._record.began(
            {"agent_id": self._agent.id, "agent_version": self._agent.version, "language": self._language}
        )
        self._record.event("stream_started", 0, {"stream": self._ticket.stream_no})
        ending = Ending.INTERNAL_ERROR
        try:
            ending = await self._run()
        finally:
            after = self._finish(ending)
        await self._link.close()
        await self._services.journal.flush(FLUSH_S)
        return after

    def _finish(self, ending: Ending) -> AfterStream:
        now_ms = self._now_ms()
        for turn in self._conversation.end(now_ms):
            self._record.turn(turn)
        playout = self._conversation.agent.playout
        self._record.event("stream_ended", now_ms, {"ending": str(ending)})
        counters = {
            "underruns": playout.underruns,
            "stale_marks": playout.stale_marks,
            "reopenings": self._link.reopenings,
            "unknown_messages": self._unknown_messages + self._leg.unknown_messages,
            "bad_messages": self._leg.bad_messages,
        }
        self._record.ended(ending, now_ms, {"counters": counters, "transfer_to": self._transfer_to})
        after = AfterStream(ending, self._spoken_language(), self._ticket.stream_no, self._transfer_to)
        self._services.endings.remember(self._ticket.call_sid, after)
        return after

    def _spoken_language(self) -> str:
        spoken = [turn.language for turn in self._record.turns.values() if turn.language]
        return spoken[-1] if spoken else self._language

    async def _run(self) -> Ending:
        ending = Ending.INTERNAL_ERROR
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                group.create_task(self._speak())
                group.create_task(self._hear())
                group.create_task(self._keep_time())
        except* LegEnded:
            ending = Ending.STREAM_LOST
        except* StreamOver as over:
            # Both at once: the stream was to end anyway.
            first = over.exceptions[0]
            assert isinstance(first, StreamOver)
            ending = first.ending
        return ending

    # -- the caller's side

    async def _hear(self) -> None:
        while True:
            match await self._leg.receive():
                case Media(ulaw=ulaw):
                    pcm = decode_ulaw(ulaw)
                    await self._link.send_audio(self._up.push(pcm))
                    await self._perform(self._conversation.caller_frame(loudness(pcm), self._now_ms()))
                case MarkEcho(name=name):
                    await self._perform(self._conversation.mark_played(name, self._now_ms()))
                case Dtmf(digit=digit):
                    await self._perform(self._conversation.dtmf(digit, self._now_ms()))
                case Stop():
                    raise StreamOver(self._closed_by_caller())
                case _:
                    pass

    def _closed_by_caller(self) -> Ending:
        closing = self._conversation.closing
        return Ending.CALLER_HUNG_UP if closing is None else closing.ending

    async def _keep_time(self) -> None:
        while True:
            await asyncio.sleep(HOLD_TICK_S)
            await self._perform(self._conversation.tick(self._now_ms()))

    # -- the model's side

    async def _speak(self) -> None:
        try:
            await self._link.open()
        except (SpeechUnavailable, SpeechRefused) as error:
            log.error(
                "speech model unavailable", extra={"call": self._ticket.call_sid, "code": error.code, "why": str(error)}
            )
            self._record.event("speech_model_unavailable", self._now_ms(), {"code": error.code, "why": str(error)})
            raise StreamOver(Ending.SPEECH_MODEL_UNAVAILABLE) from None
        self._record.event("speech_model_ready", self._now_ms())
        await self._link.send_text(RESUMED if self._ticket.stream_no > 1 else greet(self._greeting()))
        while True:
            try:
                events = await self._link.receive()
            except SpeechError as error:
                log.error(
                    "speech model failed", extra={"call": self._ticket.call_sid, "code": error.code, "why": str(error)}
                )
                self._record.event("speech_model_failed", self._now_ms(), {"code": error.code, "why": str(error)})
                raise StreamOver(Ending.SPEECH_MODEL_FAILED) from None
            for event in events:
                await self._take(event)

    def _greeting(self) -> str:
        return self._agent.greeting.get(self._language) or self._agent.greeting[self._agent.languages.start]

    async def _take(self, event: SpeechEvent) -> None:
        now_ms = self._now_ms()
        match event:
            case AgentAudio(pcm=pcm):
                ulaw = encode_ulaw(self._down.push(pcm))
                if ulaw:
                    await self._perform(self._conversation.agent_audio(ulaw, now_ms))
                return
            case GenerationComplete() | TurnComplete() | Interrupted():
                tail = self._end_of_audio(event)
                if tail and self._conversation.agent.is_open:
                    await self._perform(self._conversation.agent_audio(tail, now_ms))
            case Usage(input_tokens=used, output_tokens=made):
                self._record.used(used, "input")
                self._record.used(made, "output")
            case GoAway(time_left_s=left_s):
                self._record.event("go_away", now_ms, {"time_left_s": left_s})
            case UnknownMessage():
                self._unknown_messages += 1
        await self._perform(self._conversation.speech_event(event, now_ms))

    def _end_of_audio(self, event: SpeechEvent) -> bytes:
        if isinstance(event, Interrupted):
            self._down.reset()
            return b""
        return encode_ulaw(self._down.flush()) if self._conversation.agent.is_open else b""

    # -- acting

    async def _perform(self, actions: Sequence[Action]) -> None:
        for action in actions:
            match action:
                case Play(ulaw, mark):
                    if not self._heard_agent:
                        self._heard_agent = True
                        self._record.event("first_audio", self._now_ms())
                    await self._leg.play(ulaw, mark)
                case SendMark(name):
                    await self._leg.mark(name)
                case ClearPlayout():
                    await self._leg.clear()
                case TellModel(text):
                    await self._link.send_text(text)
                case SaveTurn(turn):
                    self._record.turn(turn)
                case Note(kind, fields):
                    self._record.event(kind, self._now_ms(), fields)
                case RunTool(call):
                    self._start_tool(call)
                case CancelTools(ids):
                    self._unwanted.update(ids)
                case HangUp(ending):
                    raise StreamOver(ending)
                case _:
                    assert_never(action)

    def _start_tool(self, call: ToolCall) -> None:
        if call.id in self._tools:
            self._record.event("tool_call_repeated", self._now_ms(), {"tool": call.name})
            self._group.create_task(self._repeat_answer(call))
            return
        self._record.event("tool_call", self._now_ms(), {"tool": call.name, "tool_call_id": call.id})
        self._tools[call.id] = self._group.create_task(self._run_tool(call))

    async def _repeat_answer(self, call: ToolCall) -> None:
        """The model asked twice: the tool runs once, the answer goes out again."""
        await asyncio.wait([self._tools[call.id]])
        if (answer := self._tool_answers.get(call.id)) is not None:
            await self._link.answer(answer)

    async def _run_tool(self, call: ToolCall) -> None:
        started_ms = self._now_ms()
        context = ToolContext(
            call_sid=self._ticket.call_sid,
            agent=self._agent,
            caller=self._ticket.caller,
            idempotency_key=f"{self._ticket.call_sid}:{call.id}",
            clock=self._services.clock,
            store=self._services.store,
            attempt_id=self._ticket.attempt_id,
            language=self._spoken_language(),
        )
        outcome = await self._services.tools.run(call.name, call.arguments, context)
        now_ms = self._now_ms()
        self._record.tool_result(
            ToolResult(
                tool_call_id=call.id,
                name=call.name,
                arguments=dict(call.arguments),
                status=outcome.status,
                result=outcome.response,
                ms=round(now_ms - started_ms),
                at=self._services.clock.now(),
                idempotency_key=context.idempotency_key,
            )
        )
        self._record.event("tool_answered", now_ms, {"tool": call.name, "status": outcome.status})
        answer = ToolAnswer(call.id, call.name, outcome.response)
        self._tool_answers[call.id] = answer
        if outcome.wish is not None:
            self._grant(outcome.wish, now_ms)
        if call.id not in self._unwanted:
            await self._link.answer(answer)
        self._conversation.tool_answered(call.id, self._now_ms())

    def _grant(self, wish: Wish, now_ms: float) -> None:
        match wish:
            case EndCall(ending):
                self._conversation.close_after_goodbye(ending, now_ms)
            case Transfer(number):
                self._transfer_to = number
                self._conversation.close_after_goodbye(Ending.TRANSFERRED, now_ms)
            case _:
                assert_never(wish)
