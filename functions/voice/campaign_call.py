"""What an outbound conversation means to its campaign: opt-outs, what was achieved, and the report on it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from functions.tools.tool import CallbackPromised, EndCall, OptedOut, Transfer, Wish
from functions.voice.endings import MOST_STREAMS
from functions.voice.errand import Errand, report
from functions.voice.opt_out_net import OptOutNet
from functions.voice.services import VoiceServices
from functions.voice.stream_token import StreamTicket
from shared.domain.agent import Agent
from shared.domain.call import Ending, Speaker, Turn
from shared.domain.calling_rules import Purpose
from shared.domain.disclosure import who_calls
from shared.domain.disposition import MACHINE, Outcome, Talk, weightier
from shared.domain.extension import sending
from shared.domain.machine_phrases import machine_says
from shared.domain.suppression import Evidence
from shared.store.store import StoreError

MODEL_ACTS_S = 4.0
"""The model mostly hears an opt-out too, and calls its tool within a breath; told twice, it would confirm it twice."""
DETECTION_S = 40.0
"""Machine detection takes 30 s at the most (its default time-out), and its callback some more."""
LOOK_EVERY_S = 1.0


class CampaignCall:
    """One attempt's conversation, as its campaign sees it."""

    def __init__(self, services: VoiceServices, ticket: StreamTicket, errand: Errand) -> None:
        self.errand = errand
        self.unfinished = services.unfinished
        """Where what must be written goes on when the call is over."""
        self._services = services
        self._may_go_on = ticket.stream_no < MOST_STREAMS
        """Another stream follows if this one is lost."""
        self._net = OptOutNet(services, ticket.call_sid, errand.contact.id, errand.campaign.id)
        self._outcome: Outcome | None = None
        self._left_message = False
        self._listens_for_machine = True
        self._machine_heard = False
        """The model takes it for a machine."""
        self._model_knows = False
        """The model has called its own tool for an opt-out."""

    def heard_turn(self, turn: Turn) -> Evidence | None:
        """The evidence of an opt-out in what the person said; it has to be acted on."""
        if turn.speaker is not Speaker.CALLER or machine_says(turn.text):
            return None
        return self._opted_out(self._net.in_turn(turn))

    def heard_key(self, digit: str, now_ms: float) -> Evidence | None:
        """The evidence of an opt-out in a key; it has to be acted on."""
        return self._opted_out(self._net.in_key(digit, now_ms))

    def _opted_out(self, evidence: Evidence | None) -> Evidence | None:
        if evidence is not None:
            self._achieved(Outcome.DO_NOT_CALL)
        return evidence

    async def suppress(self, evidence: Evidence) -> bool:
        """Put the number on the suppression list; whether it is there."""
        return await self._net.act(evidence)

    async def model_must_be_told(self) -> bool:
        """After an opt-out that we heard: whether the model has missed it, given a moment to act by itself."""
        await asyncio.sleep(MODEL_ACTS_S)
        return not self._model_knows

    def granted(self, wish: Wish | None, *, message_said: bool) -> None:
        """What a tool wished for tells what was achieved; message_said: the agent has said the campaign's message."""
        match wish:
            case EndCall(outcome=outcome, to_machine=to_machine):
                self._machine_heard = self._machine_heard or to_machine
                self._left_message = self._left_message or message_said
                self._achieved(outcome)
            case Transfer():
                self._achieved(Outcome.TRANSFERRED)
            case OptedOut():
                self._model_knows = True
                self._achieved(Outcome.DO_NOT_CALL)
            case CallbackPromised():
                self._achieved(Outcome.CALLBACK_SCHEDULED)

    @property
    def outcome(self) -> Outcome | None:
        """What the conversation has achieved, as far as tools, keys and the person's words tell."""
        return self._outcome

    def _achieved(self, outcome: Outcome | None) -> None:
        self._outcome = weightier(self._outcome, outcome)

    def has_left_message(self) -> None:
        """The campaign's message has been said to its end after the beep."""
        self._left_message = True

    def waits_for_beep(self, wish: Wish | None) -> bool:
        """Whether the call goes on though the agent has ended it: it has recognised the machine by its greeting, and
        the campaign's message is to be left after the beep."""
        to_machine = isinstance(wish, EndCall) and wish.to_machine
        return to_machine and self._listens_for_machine and self._message() is not None

    def talk(self, turns: Iterable[Turn]) -> Talk:
        """Whom the agent has talked with in these turns of one stream: what a machine says is no turn of a person."""
        turns = tuple(turns)
        callee = [one for one in turns if one.speaker is Speaker.CALLER and not one.aside]
        people = [one for one in callee if not machine_says(one.text)]
        heard_ms = [one.end_ms for one in turns if one.speaker is Speaker.AGENT and one.text and not one.cut_off]
        return Talk(
            caller_turns=len(people),
            answered_us=any(one.start_ms >= min(heard_ms, default=math.inf) for one in people),
            message_left=self._left_message,
            machine_heard=self._machine_heard or len(people) < len(callee),
        )

    @property
    def is_done_with_machine(self) -> bool:
        """The agent has ended the call with a machine, and nobody waits for a beep any more."""
        return self._machine_heard and not self._listens_for_machine

    def hears_no_machine(self) -> None:
        """Machine detection is not listened to, or not any more."""
        self._listens_for_machine = False

    async def machine(self, agent: Agent) -> str | None:
        """Wait until machine detection says that a machine has answered; the message to leave, empty for none.

        None: a person answered, or nothing was heard about it in the time that detection takes.
        """
        message = await self._detected(agent)
        self.hears_no_machine()
        return message

    async def _detected(self, agent: Agent) -> str | None:
        for _ in range(round(DETECTION_S / LOOK_EVERY_S)):
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                read = await self._services.attempts.read(self.errand.attempt_id)
            except StoreError:
                continue
            word = None if read is None else read[0].answered_by
            if word in MACHINE:
                return self._spoken_message(agent)
            if word in {"human", "fax"}:
                return None
        return None

    def _message(self) -> tuple[str, str] | None:
        """Language and words of what the campaign leaves on this contact's machine."""
        campaign = self.errand.campaign
        return campaign.voicemail.words_for(self.errand.contact.language, campaign.language)

    def _spoken_message(self, agent: Agent) -> str:
        """All of it. For marketing it begins with who calls: what was said before the beep is not on the machine."""
        message = self._message()
        if message is None:
            return ""
        language, words = message
        if self.errand.campaign.purpose is not Purpose.MARKETING:
            return words
        return f"{who_calls(agent, self.errand.campaign, language)} {words}"

    async def report(
        self,
        ending: Ending,
        talk: Talk,
        outcome_before: str | None,
        language: str | None,
        silent_until: datetime | None,
    ) -> None:
        """Tell the campaign how the whole call went; of one that may go on with another stream, what it has achieved.

        outcome_before: what earlier streams achieved; a transfer that has led back here was none.
        silent_until: when the person heard the agent for the first time, or was gone. None: not known.
        """
        if outcome_before not in (None, Outcome.TRANSFERRED):
            self._achieved(Outcome(outcome_before))
        # While an extension's keys are sent there is nobody to talk to.
        if silent_until is not None:
            silent_until -= sending(self.errand.contact.extension)
        goes_on = ending is Ending.STREAM_LOST and self._may_go_on
        told = None if goes_on else replace(talk, our_fault=ending.is_our_fault)
        if told is not None or self._outcome is not None:
            await report(self._services, self.errand.attempt_id, told, self._outcome, language, silent_until)
