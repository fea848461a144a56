"""One stream of a call, from its start message to its end.

Whatever comes from either side is dealt with at once, in the socket's own callback: no task wakes up for a frame. The
Hearing brings the caller to the model, the Speaking brings the model to the caller; both hand what happened to the
Conversation, whose decisions the Performer carries out. One TaskGroup holds what takes time: sessions that open, texts
to the model, the tools that run, and the clock.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

from functions.tools.tool import ToolContext
from functions.voice.actions import Action
from functions.voice.call_record import CallRecord, seqs
from functions.voice.campaign_call import CampaignCall
from functions.voice.campaign_desk import CampaignDesk
from functions.voice.company import Company
from functions.voice.conversation import Conversation
from functions.voice.endings import AfterStream
from functions.voice.errand import Errand
from functions.voice.greetings.greeting import Greeting
from functions.voice.hand_over import Relay
from functions.voice.hearing import Hearing
from functions.voice.keypad import Keypad
from functions.voice.language_watch import LanguageWatch
from functions.voice.leg import LegEnded, TwilioLeg
from functions.voice.media_stream import Dtmf, MarkEcho, Message, Stop
from functions.voice.meter import Meter
from functions.voice.model_link import ModelLink
from functions.voice.moves import Move
from functions.voice.opening import Greeted, Opening
from functions.voice.patience import Pace
from functions.voice.performer import Performer
from functions.voice.prompts import wrong_language
from functions.voice.recall import Recall
from functions.voice.services import VoiceServices
from functions.voice.session_setup import gate_of, places
from functions.voice.speaking import Speaking
from functions.voice.speech.model import SpeechError, SpeechEvent, SpeechRefused, SpeechUnavailable
from functions.voice.stream import Stream
from functions.voice.stream_end import StreamEnd
from functions.voice.stream_over import StreamOver
from functions.voice.stream_token import StreamTicket
from functions.voice.tool_desk import ToolDesk
from functions.voice.wishes import Wishes, tool_context
from shared.domain.agent import Agent
from shared.domain.call import Ending, Turn
from shared.domain.language_use import is_outside
from shared.domain.languages import region_of

log = logging.getLogger(__name__)

HOLD_TICK_S = 0.5
"""Frames keep the conversation's time; this does when Twilio sends none."""


class CallSession:
    """Joins one leg and one line to the model, and writes down what happens."""

    def __init__(
        self, services: VoiceServices, leg: TwilioLeg, ticket: StreamTicket, agent: Agent, errand: Errand | None = None
    ) -> None:
        self._services = services
        self._leg = leg
        self._ticket = ticket
        self._agent = agent
        language = ticket.language or agent.languages.start
        self._failure: dict[str, str | int | bool | None] | None = None
        """Why the speech model failed this call, once it has."""
        self._time_s = asyncio.get_running_loop().time
        self._start_s = self._time_s()
        now_ms = self._now_ms
        limits = agent.limits
        meter = Meter(limits.cost, services.model_of(agent).id, region_of(ticket.caller))
        pace = Pace(limits.silence_s * 1000, limits.call_s * 1000, agent.model.thinking_level, meter)
        conversation = self._conversation = Conversation(pace, seqs(ticket.stream_no), gate_of(agent, errand))
        record = self._record = CallRecord(ticket.call_sid, ticket.stream_no, services.journal, services.clock)
        self._recall = Recall(conversation, record, now_ms, self._line_lost)
        voiced = places(services, agent, language, ticket.caller, errand)
        link = self._link = ModelLink(voiced, self._recall, services.circuits)
        recorder = self._recorder = services.recordings.of(ticket.call_sid, ticket.stream_no, agent, ticket.caller)
        stream = self._stream = Stream(services, ticket, errand, language, conversation, link, record, recorder, now_ms)
        company = Company(conversation, record, now_ms, self._perform_now, self._held_line)
        tools = ToolDesk(stream, self._tool_context, company.keep)
        self._keypad = Keypad(conversation, now_ms, self._perform_now)
        campaign = None if errand is None else CampaignCall(services, ticket, errand)
        self._campaign = CampaignDesk(stream, campaign, self._tell, self._perform_now, self._tell_afresh)
        self._languages = LanguageWatch(agent, language, services.tagger)
        self._opening = Opening(stream, agent, self._recall, self._play)
        relay = self._relay = Relay(services, ticket, errand, agent)
        self._wishes = Wishes(stream, self._campaign, relay, self._changes_agent)
        conversation.agent.speaks_as(agent.id)
        self._performer = Performer(
            stream,
            leg,
            tools,
            granted=self._wishes.granted,
            tagged=self._languages.tagged,
            heard_turn=self._heard_turn,
            first_words=self._opening.first_words,
            opening_is_owed=lambda: self._campaign.opening_is_owed,
        )
        self._perform = self._performer.perform
        self._hearing = Hearing(link, conversation, recorder, now_ms, self._perform, lambda: self._keypad.is_typed_on)
        self.hear_voice = self._hearing.frame
        self._speaking = Speaking(conversation, record, now_ms, self._perform, meter)

    def _now_ms(self) -> float:
        return (self._time_s() - self._start_s) * 1000

    def _perform_now(self, actions: Sequence[Action]) -> None:
        self._performer.perform(actions)

    def _held_line(self) -> bytes | None:
        """What the agent says while a tool works, as it was stored."""
        return self._services.held_lines.line(self._relay.agent, self._stream.spoken_language)

    def _tell(self, text: str) -> None:
        self._performer.tell(text)

    def _tell_afresh(self, text: str) -> None:
        self._performer.tell(text, told=True)
        self._link.move(Move.AFRESH)

    def _line_lost(self) -> None:
        self._speaking.line_lost()

    @property
    def place(self) -> str:
        """Where the agent is voiced, as "platform/region/model"."""
        return self._link.place

    def _heard_turn(self, turn: Turn) -> None:
        self._recorder.heard_turn(turn, self._now_ms())
        self._opening.first_words.heard_turn(turn)
        self._campaign.heard_turn(turn)

    def _tool_context(self, tool_call_id: str) -> ToolContext:
        return tool_context(self._stream, self._relay, frozenset(self._wishes.facts), self._keypad, tool_call_id)

    def _changes_agent(self, agent: Agent) -> str:
        """Another agent goes on, in the language of the conversation if it speaks that."""
        language, spoken = self._stream.spoken_language, agent.languages
        if spoken.allowed and is_outside(language, spoken.allowed):
            language = spoken.start
        self._languages.passes_to(agent, language)
        return language

    # -- from beginning to end

    async def carry(self) -> AfterStream:
        """Carry the stream to its end, and say how it ended."""
        model = self._services.model_of(self._agent).to_document()
        self._record.began(self._agent, self._stream.language, model)
        self._record.event("stream_started", 0, {"stream": self._ticket.stream_no})
        self._services.held_lines.expect(self._agent, self._stream.language)
        ending = Ending.INTERNAL_ERROR
        try:
            ending = await self._run()
        finally:
            end = StreamEnd(self._stream, self._campaign, self._languages, self._relay, self._wishes)
            after = await end.come(ending, self._now_ms(), self._counters(), self._failure)
        return after

    def _counters(self) -> dict[str, Any]:
        playout = self._conversation.agent.playout
        return {
            "underruns": playout.underruns,
            "stale_marks": playout.stale_marks,
            "reopenings": self._link.reopenings,
            "model_moves": {str(move): times for move, times in self._link.moves.items() if times},
            "model_stuck": {str(step): times for step, times in self._performer.tried.items() if times},
            "unknown_messages": self._speaking.unknown_messages + self._leg.unknown_messages,
            "bad_messages": self._leg.bad_messages,
        }

    async def _run(self) -> Ending:
        ending = Ending.INTERNAL_ERROR
        try:
            async with asyncio.TaskGroup() as group:
                self._performer.group = self._campaign.group = group
                group.create_task(self._speak())
                group.create_task(self._leg.listen(self))
                group.create_task(self._leg.send_the_long_way())
                group.create_task(self._performer.tell_model())
                group.create_task(self._keep_time())
                group.create_task(self._campaign.listen_for_machine(self._agent))
        except* LegEnded:
            ending = Ending.STREAM_LOST
        except* StreamOver as over:
            # Both at once: the stream was to end anyway.
            first = over.exceptions[0]
            assert isinstance(first, StreamOver)
            ending = first.ending
        return ending

    # -- the caller's side

    def hear(self, message: Message) -> None:
        """A message that is no voice. Raises StreamOver when it is the last."""
        match message:
            case MarkEcho(name=name):
                self._recorder.mark(name, self._now_ms())
                self._perform(self._conversation.mark_played(name, self._now_ms()))
            case Dtmf(digit=digit):
                self._hearing.key()
                if self._keypad.takes(digit):
                    return
                told = self._campaign.heard_key(digit)
                self._perform(self._conversation.dtmf(digit, self._now_ms(), told=told))
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
            self._hearing.fill()
            self._perform(self._conversation.tick(self._now_ms()))
            quiet = self._conversation.is_quiet
            if quiet and self._conversation.closing is None:
                self._performer.remind()
            if quiet and (drift := self._languages.correction()) is not None:
                self._record.event("language_drift", self._now_ms(), {"language": drift.spoken})
                self._tell(wrong_language(drift.spoken, drift.allowed, drift.wanted))
            if self._services.drain.wants_stream(asyncio.get_running_loop().time(), quiet=quiet):
                self._record.event("stream_handed_over", self._now_ms(), {"quiet": quiet})
                raise StreamOver(Ending.STREAM_LOST)

    # -- the model's side

    async def _speak(self) -> None:
        try:
            greeted = await self._opening.open()
        except (SpeechUnavailable, SpeechRefused) as error:
            self._model_failed("speech model unavailable", error)
            raise StreamOver(Ending.SPEECH_MODEL_UNAVAILABLE) from None
        self._record.event("speech_model_ready", self._now_ms(), {"greeting": str(greeted)})
        self._conversation.session_stands(self._now_ms())
        if greeted is not Greeted.FROM_STORE:
            self._performer.tell(self._opening.hello, told=greeted is Greeted.PREPARED)
        self._link.take(self._take)
        while True:
            try:
                events = await self._link.receive()
            except SpeechError as error:
                self._model_failed("speech model failed", error)
                raise StreamOver(Ending.SPEECH_MODEL_FAILED) from None
            self._take(events)

    def _take(self, events: Sequence[SpeechEvent]) -> None:
        for event in events:
            self._speaking.take(event)

    def _play(self, greeting: Greeting) -> None:
        now_ms = self._now_ms()
        self._record.event("stored_greeting", now_ms, {"ms": len(greeting.ulaw) // 8})
        self._perform(self._conversation.stored_turn(greeting.words, greeting.ulaw, now_ms))

    def _model_failed(self, phrase: str, error: SpeechError) -> None:
        why = {"code": error.code, "why": str(error), "quota": error.quota}
        log.error(phrase, extra={"call": self._ticket.call_sid, "place": error.place or self._link.place, **why})
        self._record.event(phrase.replace(" ", "_"), self._now_ms(), why)
        self._failure = {"what": phrase, **why}
