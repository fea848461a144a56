"""The places (model, platform, region) where a call's agent can be voiced; opens the first that gives a session."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from functions.voice.circuits import Circuits
from functions.voice.speech.model import (
    SessionSetup,
    SpeechError,
    SpeechModel,
    SpeechRefused,
    SpeechSession,
    SpeechUnavailable,
)

log = logging.getLogger(__name__)

OPEN_WITHIN_S = 5.0
"""One place may take so long at the start of a call, while the caller hears nothing."""


IN_NEED_WITHIN_S = 2.0
"""One that is known to be away, and is tried because there is no other."""


@dataclass(frozen=True, slots=True)
class Place:
    """One model, somewhere, and what a session there is opened with."""

    model: SpeechModel
    setup: SessionSetup
    key: str = ""
    """platform/region/model, by which calls share what they know of it."""

    def listening(self, *, automatic: bool) -> Place:
        """The same, with the caller's turns found by the model or said to it: one call stays with one way."""
        return replace(self, setup=replace(self.setup, activity=replace(self.setup.activity, automatic=automatic)))


class Places:
    """The places of one call, and which of them it uses now. Those whose circuit is open come last."""

    def __init__(
        self,
        places: Sequence[Place],
        circuits: Circuits | None = None,
        not_had: Callable[[Place, SpeechError], None] = lambda _place, _error: None,
    ) -> None:
        self._circuits = circuits
        self._not_had = not_had
        """A session could not be opened there."""
        order = range(len(places)) if circuits is None else circuits.in_order([place.key for place in places])
        self._left = [places[at] for at in order]
        """The present place, and those that have not been given up."""

    @property
    def setup(self) -> SessionSetup:
        """What a session at the present place is opened with."""
        return self._left[0].setup

    @property
    def key(self) -> str:
        """The present place, by name."""
        return self._left[0].key

    @property
    def is_last(self) -> bool:
        """There is no other place to go to."""
        return len(self._left) == 1

    def begin_with(self, history: Sequence[tuple[str, str]]) -> None:
        """What was said before: every session is told, wherever it is."""
        told = tuple(history)
        self._left = [replace(place, setup=replace(place.setup, history=told)) for place in self._left]

    def next(self) -> bool:
        """Give the present place up; whether there is another."""
        if self.is_last:
            return False
        self._left.pop(0)
        return True

    def go_to(self, key: str) -> None:
        """A session stands at this place already."""
        self._left.sort(key=lambda place: place.key != key)

    def give_up(self, key: str) -> bool:
        """A session was refused at this place before; whether there is another."""
        self.go_to(key)
        return self.next()

    async def open(self, setup: SessionSetup) -> SpeechSession:
        """A session at the present place. Raises SpeechRefused or SpeechUnavailable, which say where."""
        place = self._left[0]
        within_s = OPEN_WITHIN_S
        if self._circuits is not None:
            within_s = OPEN_WITHIN_S if self._circuits.lets_pass(place.key) else IN_NEED_WITHIN_S
            self._circuits.sent(place.key)
        try:
            session = await _opened(place.model, setup, within_s)
        except SpeechError as error:
            error.place = place.key
            self.broke(error)
            self._not_had(place, error)
            raise
        if self._circuits is not None:
            self._circuits.worked(place.key)
        return session

    def broke(self, error: SpeechError) -> None:
        """A session at the present place failed so: other calls may want to know."""
        if self._circuits is not None:
            self._circuits.failed(self.key, error)

    async def open_first(self) -> SpeechSession:
        """A session at the present place or the next that gives one. Raises the last one's error."""
        while True:
            try:
                return await self.open(self.setup)
            except (SpeechRefused, SpeechUnavailable) as error:
                if not self.next():
                    raise
                log.warning(
                    "speech model not to be had; trying the next",
                    extra={"place": error.place, "code": error.code, "why": str(error), "next": self.key},
                )


async def _opened(model: SpeechModel, setup: SessionSetup, within_s: float) -> SpeechSession:
    try:
        async with asyncio.timeout(within_s):
            return await model.open(setup)
    except TimeoutError:
        raise SpeechUnavailable("the speech model did not answer in time") from None
