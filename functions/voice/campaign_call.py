"""The campaign's side of an outbound stream: opt-outs, what the conversation achieved, and the report on it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from functions.tools.tool import CallbackPromised, EndCall, OptedOut, Transfer, Wish
from functions.voice.errand import Errand, report
from functions.voice.opt_out_net import OptOutNet
from functions.voice.services import VoiceServices
from shared.domain.call import Ending, Speaker, Turn
from shared.domain.disposition import MACHINE, Outcome, Talk, weightier
from shared.domain.suppression import Evidence
from shared.store.store import StoreError

MODEL_ACTS_S = 4.0
"""The model mostly hears an opt-out too, and calls its tool within a breath; told twice, it would confirm it twice."""
DETECTION_S = 40.0
"""Machine detection takes 30 s at the most (its default time-out), and its callback some more."""
LOOK_EVERY_S = 1.0
HEARD_WITHIN_MS = 2_000
"""An answered callee who hears nothing for so long has been abandoned (American and British law)."""


class CampaignCall:
    """One attempt's conversation, as its campaign sees it."""

    def __init__(self, services: VoiceServices, call_sid: str, errand: Errand) -> None:
        self.errand = errand
        self._services = services
        self._net = OptOutNet(services, call_sid, errand.contact.id, errand.campaign.id)
        self._outcome: Outcome | None = None
        self._left_message = False
        self._model_knows = False
        """The model has called its own tool for an opt-out."""

    def heard_turn(self, turn: Turn) -> Evidence | None:
        """The evidence of an opt-out in what the person said; it has to be acted on."""
        return self._opted_out(self._net.in_turn(turn) if turn.speaker is Speaker.CALLER else None)

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

    def granted(self, wish: Wish | None) -> None:
        """What a tool wished for tells what was achieved."""
        match wish:
            case EndCall(outcome=outcome, to_machine=to_machine):
                self._left_message = self._left_message or to_machine
                self._achieved(outcome)
            case Transfer():
                self._achieved(Outcome.TRANSFERRED)
            case OptedOut():
                self._model_knows = True
                self._achieved(Outcome.DO_NOT_CALL)
            case CallbackPromised():
                self._achieved(Outcome.CALLBACK_SCHEDULED)

    def _achieved(self, outcome: Outcome | None) -> None:
        self._outcome = weightier(self._outcome, outcome)

    async def machine(self) -> str | None:
        """Wait until machine detection says that a machine has answered; the message to leave, empty for none.

        None: a person answered, or nothing was heard about it in the time that detection takes.
        """
        for _ in range(round(DETECTION_S / LOOK_EVERY_S)):
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                read = await self._services.attempts.read(self.errand.attempt_id)
            except StoreError:
                continue
            word = None if read is None else read[0].answered_by
            if word in MACHINE:
                return self._message()
            if word in {"human", "fax"}:
                return None
        return None

    def _message(self) -> str:
        voicemail = self.errand.campaign.voicemail
        if not voicemail.leave_message or not voicemail.message:
            return ""
        language = self.errand.contact.language or self.errand.campaign.language or ""
        base = {tag.partition("-")[0]: words for tag, words in voicemail.message.items()}
        return voicemail.message.get(language) or base.get(language.partition("-")[0]) or next(iter(base.values()))

    async def report(
        self, ending: Ending, turns: Iterable[Turn], first_audio_ms: float | None, language: str | None
    ) -> None:
        """Tell the campaign how it went; nothing yet when the call goes on with another stream."""
        if ending is Ending.STREAM_LOST:
            return
        talk = Talk(
            caller_turns=sum(1 for turn in turns if turn.speaker is Speaker.CALLER and not turn.aside),
            our_fault=ending.is_our_fault,
            heard_agent=first_audio_ms is not None and first_audio_ms <= HEARD_WITHIN_MS,
            message_left=self._left_message,
        )
        await report(self._services, self.errand.attempt_id, talk, self._outcome, language)
