"""Ends a stream, for whatever reason: turns closed, records written, the campaign told, the model let go.

Nobody on the line waits for a store that is slow: the socket is closed within a second, and what is still to be done
then goes on without it. So does listening for what the caller said last, which the model understands a moment later.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from functions.tools.tool import Transfer
from functions.voice.campaign_desk import CampaignDesk
from functions.voice.endings import AfterStream
from functions.voice.hand_over import Relay
from functions.voice.language_watch import LanguageWatch
from functions.voice.last_words import last_words
from functions.voice.speech.model import SpeechSession
from functions.voice.stream import Stream
from functions.voice.wishes import Wishes
from shared.domain.call import Ending, Turn

WRITTEN_WITHIN_S = 1.0
"""The line drops within two seconds of the goodbye, and whoever asks what comes next should find the records."""
FLUSH_S = 5.0
"""The campaign is told when the records are written, since they say what the call cost; or after so long."""
LEFT_BY_CALLER = frozenset({Ending.CALLER_HUNG_UP, Ending.STREAM_LOST})
"""Nobody on our side knew that it was about to end."""


class StreamEnd:
    """The end of one stream."""

    def __init__(
        self,
        stream: Stream,
        campaign: CampaignDesk,
        languages: LanguageWatch,
        relay: Relay,
        wishes: Wishes,
    ) -> None:
        self._stream = stream
        self._record = stream.record
        self._campaign = campaign
        self._languages = languages
        self._relay = relay
        self._wishes = wishes

    async def come(
        self, ending: Ending, now_ms: float, counters: Mapping[str, Any], failure: Mapping[str, Any] | None
    ) -> AfterStream:
        """The stream is over; how it ended, for whoever asks what comes next."""
        unfinished, link = self._stream.services.unfinished, self._stream.link
        listens = ending in LEFT_BY_CALLER and self._stream.conversation.awaits_words(now_ms)
        session = link.leave() if listens else None
        unfinished.begin(link.close())
        try:
            return self._write_down(ending, now_ms, counters, failure)
        finally:
            if session is None:
                told = unfinished.begin(self._tell(ending))
                await asyncio.wait({told}, timeout=WRITTEN_WITHIN_S)
            else:
                unfinished.begin(self._tell_later(ending, session, now_ms))
                await self._stream.services.journal.flush(WRITTEN_WITHIN_S)

    async def _tell(self, ending: Ending) -> None:
        await self._stream.services.journal.flush(FLUSH_S)
        await self._campaign.report(ending, self._stream.spoken_language)

    async def _tell_later(self, ending: Ending, session: SpeechSession, now_ms: float) -> None:
        # All of them at once: half a sentence may sound like an opt-out that the whole of it is not.
        if words := await last_words(session):
            self._keep(self._stream.conversation.last_words(words, now_ms))
            self._record.achieved(self._campaign.outcome)
        await self._tell(ending)

    def _keep(self, turns: Iterable[Turn]) -> None:
        for turn in turns:
            told = self._languages.tagged(turn)
            self._record.turn(told)
            self._campaign.heard_last(told)

    def _write_down(
        self, ending: Ending, now_ms: float, counters: Mapping[str, Any], failure: Mapping[str, Any] | None
    ) -> AfterStream:
        self._keep(self._stream.conversation.end(now_ms))
        self._stream.recorder.close(now_ms)
        self._record.event("stream_ended", now_ms, {"ending": str(ending)})
        relay, wishes = self._relay, self._wishes
        if ending in {Ending.SPEECH_MODEL_FAILED, Ending.SPEECH_MODEL_UNAVAILABLE}:
            number = next(iter(relay.agent.transfer_numbers.values()), None)
            wishes.transfer = None if number is None else Transfer(number)
        transfer = wishes.transfer
        extra = {
            "counters": counters,
            "transfer_to": None if transfer is None else transfer.number,
            "transfer": wishes.transfer_document(),
            "model": self._stream.link.model,
            "model_place": self._stream.link.place,
            "failure": failure,
            **self._campaign.outcome,
            "language_use": self._languages.use().to_document(),
        }
        self._record.ended(ending, now_ms, extra)
        after = AfterStream(
            ending,
            self._stream.spoken_language,
            self._stream.ticket.stream_no,
            None if transfer is None else transfer.number,
            transfer is not None and bool(transfer.summary),
            relay.agent.id,
            self._stream.ticket.attempt_id,
            relay.agent.version,
            tuple(sorted(wishes.facts)),
        )
        self._stream.services.endings.remember(self._stream.ticket.call_sid, after)
        return after
