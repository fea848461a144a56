"""Catches opt-outs that the model's own tool may miss: by the person's words or key, whatever the model does."""

from __future__ import annotations

import asyncio
import logging

from functions.voice.services import VoiceServices
from shared.domain.call import Turn
from shared.domain.opt_out_phrases import OPT_OUT_KEY, opt_out
from shared.domain.suppression import Evidence, HeardBy, Suppression, SuppressionReason
from shared.store.store import StoreError
from shared.store.suppressions import suppress

log = logging.getLogger(__name__)

TRIES_AFTER_S = (0.0, 0.5, 2.0, 5.0, 15.0, 60.0)
"""However long the call itself lasts."""


class OptOutNet:
    """Listens to one outbound call for the person who is called."""

    def __init__(self, services: VoiceServices, call_sid: str, contact_id: str, campaign_id: str) -> None:
        self._services = services
        self._call_sid = call_sid
        self._contact_id = contact_id
        self._campaign_id = campaign_id
        self._acted = False

    def in_turn(self, turn: Turn) -> Evidence | None:
        """The evidence in what the person said, the first time there is any."""
        found = None if self._acted else opt_out(turn.text, [turn.language or ""])
        if found is None:
            return None
        self._acted = True
        return Evidence(
            heard_by=HeardBy.PHRASE,
            call_sid=self._call_sid,
            words=turn.text,
            phrase=found.phrase,
            language=found.language,
            offset_ms=turn.start_ms,
        )

    def in_key(self, digit: str, now_ms: float) -> Evidence | None:
        """The evidence in a key that was pressed, the first time."""
        if self._acted or digit != OPT_OUT_KEY:
            return None
        self._acted = True
        return Evidence(heard_by=HeardBy.KEY, call_sid=self._call_sid, phrase=digit, offset_ms=round(now_ms))

    async def act(self, evidence: Evidence) -> bool:
        """Put the number on the suppression list now; whether it is there."""
        entry = Suppression(
            id=self._contact_id,
            reason=SuppressionReason.OPT_OUT,
            at=self._services.clock.now(),
            source_campaign_id=self._campaign_id,
            evidence=evidence,
        )
        for wait_s in TRIES_AFTER_S:
            await asyncio.sleep(wait_s)
            try:
                await suppress(self._services.store, entry)
                return True
            except StoreError:
                log.warning("opt-out could not be written yet", extra={"call": self._call_sid})
        log.error("OPT-OUT NOT WRITTEN", extra={"call": self._call_sid})
        return False
