"""The circuits of a process: shared by its calls, and told to other processes through the store.

Nothing here waits: what other processes found out is read in the background, and a call takes what is known.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from functions.voice.circuit import Circuit, CircuitState
from functions.voice.speech.model import SessionEnded, SpeechError, SpeechRefused, SpeechUnavailable
from shared.clock import Clock
from shared.store.notices import Notice, NoticeKind, read_notices
from shared.store.store import Store, StoreError

log = logging.getLogger(__name__)

READ_EVERY_S: Final = 15.0
READ_WITHIN_S: Final = 5.0
PLACES_FAULT: Final = frozenset({401, 403, 404, 1008})
"""Refusals that any agent would meet there: no permission, no such model. Others are the setup's own fault."""


class Circuits:
    """One circuit for each place, by its key "platform/region/model"."""

    def __init__(self, clock: Clock, tell: Callable[[Notice], None] = lambda _: None) -> None:
        self._clock = clock
        self._tell = tell
        self._by_place: dict[str, Circuit] = {}

    def _now_s(self) -> float:
        return self._clock.now().timestamp()

    def of(self, place: str) -> Circuit:
        """How it stands."""
        return self._by_place.get(place, Circuit())

    def lets_pass(self, place: str) -> bool:
        """Whether callers may be sent there now."""
        return self.of(place).lets_pass(self._now_s())

    def in_order(self, places: Sequence[str]) -> list[int]:
        """Where to try first: indices of the places, those that work before those that rest, else as they came."""
        return sorted(range(len(places)), key=lambda at: not self.lets_pass(places[at]))

    def sent(self, place: str) -> None:
        """A caller is sent there."""
        self._by_place[place] = self.of(place).sent(self._now_s())

    def worked(self, place: str) -> None:
        """A session stands there."""
        if (before := self.of(place)).state is CircuitState.CLOSED and not before.failed_s:
            return
        self._by_place[place] = before.worked()
        if before.state is not CircuitState.CLOSED:
            log.warning("speech model is used again", extra={"place": place})
            self._tell(self._notice(place, before, self._now_s()))

    def failed(self, place: str, error: SpeechError) -> None:
        """It could not be had, or a session there ended so."""
        now_s, before = self._now_s(), self.of(place)
        if error.quota:
            after = before.exhausted(now_s)
        elif isinstance(error, SessionEnded):
            return
        elif isinstance(error, SpeechUnavailable) or (isinstance(error, SpeechRefused) and error.code in PLACES_FAULT):
            after = before.failed(now_s)
        else:
            return
        self._by_place[place] = after
        if after.state is CircuitState.OPEN and after is not before:
            rest_s = round(after.until_s - now_s)
            log.error(
                "speech model is avoided for a while",
                extra={"place": place, "quota": after.quota, "why": str(error), "seconds": rest_s},
            )
            self._tell(self._notice(place, after, after.until_s))

    @staticmethod
    def _notice(place: str, circuit: Circuit, until_s: float) -> Notice:
        kind = NoticeKind.QUOTA if circuit.quota else NoticeKind.AVOIDED
        why = "the account's quota is used up" if circuit.quota else "it could not be had several times"
        sentence = f"Callers are sent elsewhere than to {place} first: {why}."
        return Notice(kind, place, sentence, datetime.fromtimestamp(until_s, UTC))

    # -- other processes

    async def run(self, store: Store) -> None:
        """Read what other processes found out, until cancelled."""
        while True:
            await asyncio.sleep(READ_EVERY_S)
            await self.read(store)

    async def read(self, store: Store) -> None:
        """What other processes say now; nothing while the store is away."""
        try:
            async with asyncio.timeout(READ_WITHIN_S):
                notices = await read_notices(store, self._clock.now())
        except (StoreError, TimeoutError):
            return
        for notice in notices:
            if notice.kind in {NoticeKind.QUOTA, NoticeKind.AVOIDED}:
                told = self.of(notice.subject).told(notice.until.timestamp(), quota=notice.kind is NoticeKind.QUOTA)
                self._by_place[notice.subject] = told
