"""Where an agent can be voiced, the best first: opened at the first that can be had."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from functions.voice.speech.model import (
    SessionSetup,
    SpeechModel,
    SpeechRefused,
    SpeechSession,
    SpeechUnavailable,
)

log = logging.getLogger(__name__)

OPEN_WITHIN_S = 5.0
"""One place may take so long at the start of a call, while the caller hears nothing."""


@dataclass(frozen=True, slots=True)
class Place:
    """One model, somewhere, and what a session there is opened with."""

    model: SpeechModel
    setup: SessionSetup


class Places:
    """One call's places, and at which of them it is."""

    def __init__(self, places: Sequence[Place]) -> None:
        self._places = tuple(places)
        self._at = 0

    @property
    def setup(self) -> SessionSetup:
        """What a session at the present place is opened with."""
        return self._places[self._at].setup

    @property
    def is_last(self) -> bool:
        """There is no other place to go to."""
        return self._at == len(self._places) - 1

    def begin_with(self, history: Sequence[tuple[str, str]]) -> None:
        """What was said before: every session is told, wherever it is."""
        told = tuple(history)
        self._places = tuple(Place(place.model, replace(place.setup, history=told)) for place in self._places)

    def next(self) -> bool:
        """Give the present place up; whether there is another."""
        if self.is_last:
            return False
        self._at += 1
        return True

    async def open(self, setup: SessionSetup) -> SpeechSession:
        """A session at the present place. Raises SpeechRefused or SpeechUnavailable."""
        try:
            async with asyncio.timeout(OPEN_WITHIN_S):
                return await self._places[self._at].model.open(setup)
        except TimeoutError:
            raise SpeechUnavailable("the speech model did not answer in time") from None

    async def open_first(self) -> SpeechSession:
        """A session at the present place or the next that gives one. Raises the last one's error."""
        while True:
            try:
                return await self.open(self.setup)
            except (SpeechRefused, SpeechUnavailable) as error:
                if not self.next():
                    raise
                log.warning("speech model not to be had; trying the next", extra={"code": error.code})
