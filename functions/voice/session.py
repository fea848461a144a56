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
    MoveOn,
    Note,
    Play,
    Recover,
    RunTool,
    SaveTurn,
    SendMark,
    TellHeard,
    TellModel,
)
from functions.voice.agent_sound import AgentSound
from functions.voice.audio import Downsampler, Upsampler, decode_ulaw, encode_ulaw, loudness
from functions.voice.call_record import CallRecord, seqs
from functions.voice.campaign_call import CampaignCall
from functions.voice.conversation import Conversation
from functions.voice.errand import Errand
from functions.voice.leg import LegEnded, TwilioLeg
from functions.voice.media_stream import Dtmf, MarkEcho, Media, Stop
from functions.voice.model_link import ModelLink, Move
from functions.voice.patience import Pace
from functions.voice.prompts import NUDGES, OPTED_OUT, RESUMED, greet, leave_message, what_was_heard
from functions.voice.recall import Recall, said_before
from functions.voice.services import AfterStream, VoiceServices
from functions.voice.session_setup import first_words, places
from functions.voice.speech.model import (
    AgentAudio,
    GenerationComplete,
    Interrupted,
    SpeechError,
    SpeechEvent,
    SpeechRefused,
    SpeechUnavailable,
    TurnComplete,
    UnknownMessage,
    Usage,
)
from functions.voice.stream_token import StreamTicket
from functions.voice.tool_desk import ToolDesk
from functions.voice.watchdog import Step
from shared.domain.agent import Agent
from shared.domain.call import Ending, Speaker, Turn
from shared.domain.disposition import CONVERSATION_TURNS
from shared.domain.suppression import Evidence

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

    def __init__(
        self, services: VoiceServices, leg: TwilioLeg, ticket: StreamTicket, agent: Agent, errand: Errand | None = None
    ) -> None:
        self._services = services
        self._leg = leg
        self._ticket = ticket
        self._agent = agent
        self._errand = errand
        self._language = ticket.language or agent.languages.start
        self._record = CallRecord(ticket.call_sid, ticket.stream_no, services.journal, services.clock)
        pace = Pace(agent.limits.silence_s * 1000, agent.limits.call_s * 1000, agent.model.thinking_level)
        self._conversation = Conversation(pace, seqs(ticket.stream_no))
        self._up, self._down = Upsampler(), Downsampler()
        self._sound = AgentSound()
        self._recall = Recall(self._conversation, self._record, self._now_ms, self._line_lost)
        self._places = places(services, agent, self._language, ticket.caller, errand)
        self._link = ModelLink(self._places, self._recall)
        self._tools = ToolDesk(
            services.tools, self._link, self._record, services.clock, self._now_ms, self._tool_context
        )
        self._campaign = None if errand is None else CampaignCall(services, ticket.call_sid, errand)
        self._first_audio_ms: float | None = None
        self._transfer_to: str | None = None
        self._start_s = asyncio.get_running_loop().time()
        self._unknown_messages = 0
        self._tried: dict[Step, int] = dict.fromkeys(Step, 0)

    def _now_ms(self) -> float:
        return (asyncio.get_running_loop().time() - self._start_s) * 1000

    async def carry(self) -> AfterStream:
        """Carry the stream to its end, and say how it ended."""
        model = self._services.model_of(self._agent).to_document()
        self._record.began(
            {"agent_id": self._agent.id, "agent_version": self._agent.version, "language": self._language, **model}
        )
        self._record.event("stream_started", 0, {"stream": self._ticket.stream_no})
        ending = Ending.INTERNAL_ERROR
        try:
            ending = await self._run()
        finally:
            after = self._finish(ending)
        await self._link.close()
        if self._campaign is not None:
            turns = self._record.turns.values()
            await self._campaign.report(ending, turns, self._first_audio_ms, after.language)
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
            "model_moves": {str(move): times for move, times in self._link.moves.items() if times},
            "model_stuck": {str(step): times for step, times in self._tried.items() if times},
            "unknown_messages": self._unknown_messages + self._leg.unknown_messages,
            "bad_messages": self._leg.bad_messages,
        }
        if ending in {Ending.SPEECH_MODEL_FAILED, Ending.SPEECH_MODEL_UNAVAILABLE}:
            self._transfer_to = next(iter(self._agent.transfer_numbers.values()), None)
        extra = {"counters": counters, "transfer_to": self._transfer_to, "model": self._link.model}
        self._record.ended(ending, now_ms, extra)
        ticket = self._ticket
        after = AfterStream(
            ending, self._spoken_language(), ticket.stream_no, self._transfer_to, ticket.agent_id, ticket.attempt_id
        )
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
                if self._campaign is not None:
                    group.create_task(self._listen_for_machine(self._campaign))
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
                    await self._link.send_audio(self._up.push(pcm), unanswered=self._conversation.is_caller_unanswered)
                    await self._perform(self._conversation.caller_frame(loudness(pcm), self._now_ms()))
                case MarkEcho(name=name):
                    await self._perform(self._conversation.mark_played(name, self._now_ms()))
                case Dtmf(digit=digit):
                    if self._campaign is not None:
                        self._act_on(self._campaign, self._campaign.heard_key(digit, self._now_ms()))
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
            quiet = self._conversation.is_quiet
            if self._services.drain.wants_stream(asyncio.get_running_loop().time(), quiet=quiet):
                self._record.event("stream_handed_over", self._now_ms(), {"quiet": quiet})
                raise StreamOver(Ending.STREAM_LOST)

    # -- the model's side

    async def _speak(self) -> None:
        try:
            greeted = await self._open()
        except (SpeechUnavailable, SpeechRefused) as error:
            self._model_failed("speech model unavailable", error)
            raise StreamOver(Ending.SPEECH_MODEL_UNAVAILABLE) from None
        self._record.event("speech_model_ready", self._now_ms(), {"prepared": greeted})
        self._conversation.session_stands(self._now_ms())
        hello = RESUMED if self._ticket.stream_no > 1 else greet(first_words(self._agent, self._language, self._errand))
        await self._tell(hello, told=greeted)
        while True:
            try:
                events = await self._link.receive()
            except SpeechError as error:
                self._model_failed("speech model failed", error)
                raise StreamOver(Ending.SPEECH_MODEL_FAILED) from None
            for event in events:
                await self._take(event)

    async def _open(self) -> bool:
        """Open the model's session; True if one was ready that has been told to greet."""
        ready = None
        if self._ticket.stream_no == 1:
            try:
                ready = await self._services.ready.take(self._ticket.call_sid)
            except SpeechRefused:
                if not self._link.next_place():
                    raise
        else:
            self._recall.before = await said_before(self._services.store, self._ticket.call_sid)
            self._link.begin_with(self._recall.before)
        await self._link.open(ready.session if ready else None)
        return ready is not None and ready.greeted

    def _model_failed(self, phrase: str, error: SpeechError) -> None:
        log.error(phrase, extra={"call": self._ticket.call_sid, "code": error.code, "why": str(error)})
        self._record.event(phrase.replace(" ", "_"), self._now_ms(), {"code": error.code, "why": str(error)})

    async def _tell(self, text: str, *, told: bool = False) -> None:
        """Direct the model, which is to answer by voice."""
        self._conversation.told(text, self._now_ms())
        if not told:
            await self._link.send_text(text)

    async def _line_lost(self) -> None:
        self._down.reset()
        self._sound.end()
        await self._perform(self._conversation.session_ends(self._now_ms()))

    async def _take(self, event: SpeechEvent) -> None:
        now_ms = self._now_ms()
        match event:
            case AgentAudio(pcm=pcm):
                voice = self._down.push(pcm)
                if voice:
                    await self._perform(self._conversation.agent_audio(encode_ulaw(voice), now_ms))
                    if (flaw := self._sound.push(voice)) is not None:
                        await self._perform(self._conversation.flawed(str(flaw), now_ms))
                return
            case GenerationComplete() | TurnComplete() | Interrupted():
                tail = self._end_of_audio(event)
                if tail and self._conversation.agent.is_open:
                    await self._perform(self._conversation.agent_audio(tail, now_ms))
                if (flaw := self._sound.end()) is not None and not isinstance(event, Interrupted):
                    await self._perform(self._conversation.flawed(str(flaw), now_ms))
            case Usage(input_tokens=used, output_tokens=made):
                self._record.used(used, "input")
                self._record.used(made, "output")
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
                    if self._first_audio_ms is None:
                        self._first_audio_ms = self._now_ms()
                        self._record.event("first_audio", self._first_audio_ms)
                    await self._leg.play(ulaw, mark)
                case SendMark(name):
                    await self._leg.mark(name)
                case ClearPlayout():
                    await self._leg.clear()
                case TellModel(text):
                    await self._tell(text)
                case TellHeard(heard, unheard):
                    await self._link.add_context(what_was_heard(heard, unheard))
                case MoveOn():
                    self._link.move(Move.PLANNED)
                case Recover():
                    await self._recover(action)
                case SaveTurn(turn):
                    self._save(turn)
                case Note(kind, fields):
                    self._record.event(kind, self._now_ms(), fields)
                case RunTool(call):
                    self._tools.start(call, self._group, self._granted)
                case CancelTools(ids):
                    self._tools.unwanted(ids)
                case HangUp(ending):
                    raise StreamOver(ending)
                case _:
                    assert_never(action)

    async def _recover(self, action: Recover) -> None:
        self._tried[action.step] += 1
        log.warning("speech model is stuck", extra={"call": self._ticket.call_sid, "step": str(action.step)})
        match action.step:
            case Step.NUDGE:
                await self._link.send_text(NUDGES[action.awaiting])
            case Step.RESUME:
                self._link.move(Move.RESUME)
            case _:
                self._link.move(Move.REPLACE)

    def _save(self, turn: Turn) -> None:
        self._record.turn(turn)
        if self._campaign is not None:
            self._act_on(self._campaign, self._campaign.heard_turn(turn))

    def _act_on(self, campaign: CampaignCall, opt_out: Evidence | None) -> None:
        if opt_out is not None:
            self._record.event("opt_out", self._now_ms(), {"heard_by": str(opt_out.heard_by)})
            self._group.create_task(self._suppress(campaign, opt_out))

    async def _suppress(self, campaign: CampaignCall, evidence: Evidence) -> None:
        written = await campaign.suppress(evidence)
        self._record.event("suppressed", self._now_ms(), {"written": written})
        if await campaign.model_must_be_told():
            await self._tell(OPTED_OUT)

    async def _listen_for_machine(self, campaign: CampaignCall) -> None:
        """A machine gets the campaign's message, or nothing; what a person said weighs more than the detector."""
        message = await campaign.machine()
        caller_turns = sum(1 for turn in self._record.turns.values() if turn.speaker is Speaker.CALLER)
        if message is None or caller_turns >= CONVERSATION_TURNS:
            return
        self._record.event("machine_answered", self._now_ms(), {"message": bool(message)})
        if not message:
            raise StreamOver(Ending.AGENT_ENDED)
        await self._tell(leave_message(message))

    # -- tools

    def _tool_context(self, tool_call_id: str) -> ToolContext:
        ticket, errand = self._ticket, self._errand
        caller_turns = [turn for turn in self._record.turns.values() if turn.speaker is Speaker.CALLER]
        return ToolContext(
            call_sid=ticket.call_sid,
            agent=self._agent,
            caller=ticket.caller,
            idempotency_key=f"{ticket.call_sid}:{tool_call_id}",
            clock=self._services.clock,
            store=self._services.store,
            number_hash=errand.contact.id if errand else self._services.number_hash(ticket.caller),
            attempt_id=ticket.attempt_id,
            campaign_id=errand.campaign.id if errand else None,
            language=self._spoken_language(),
            last_words=caller_turns[-1].text if caller_turns else "",
            at_ms=round(self._now_ms()),
        )

    def _granted(self, tool_call_id: str, wish: Wish | None) -> None:
        now_ms = self._now_ms()
        self._conversation.tool_answered(tool_call_id, now_ms)
        if self._campaign is not None:
            self._campaign.granted(wish)
        match wish:
            case EndCall(ending):
                self._conversation.close_after_goodbye(ending, now_ms)
            case Transfer(number):
                self._transfer_to = number
                self._conversation.close_after_goodbye(Ending.TRANSFERRED, now_ms)
