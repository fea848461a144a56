"""Counts the model sessions of this process and publishes them in the store under a lease; no call waits for it."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from shared.clock import Clock
from shared.domain.call import Direction
from shared.store.live_sessions import forget_dead_instances, lease, release
from shared.store.store import Store, StoreError

log = logging.getLogger(__name__)

RENEW_S: Final = 20.0
AT_MOST_EVERY_S: Final = 2.0
"""However many calls come and go, the lease is not written more often."""
WRITE_WITHIN_S: Final = 5.0


class LiveSessions:
    """The sessions of one process, by region and direction."""

    def __init__(self) -> None:
        self.instance = secrets.token_hex(8)
        self._held: dict[object, tuple[Direction, Callable[[], str]]] = {}
        """By stream, not by call: the next stream of a call may be there before the last one is gone."""
        self._changed = asyncio.Event()

    @contextmanager
    def holding(self, direction: Direction, place: Callable[[], str]) -> Iterator[None]:
        """A stream holds a session as long as this lasts; place says where it is now, as "platform/region/model"."""
        stream = object()
        self._held[stream] = (direction, place)
        self._changed.set()
        try:
            yield
        finally:
            del self._held[stream]
            self._changed.set()

    def by_region(self) -> dict[str, dict[Direction, int]]:
        """What is held now."""
        counts: dict[str, dict[Direction, int]] = {}
        for direction, place in self._held.values():
            region = place().rpartition("/")[0]
            ways = counts.setdefault(region, dict.fromkeys(Direction, 0))
            ways[direction] += 1
        return counts

    async def run(self, store: Store, clock: Clock) -> None:
        """Keep the lease, until cancelled. A process that has held nothing writes nothing."""
        said = False
        try:
            await _forget(store, clock)
            while True:
                try:
                    async with asyncio.timeout(RENEW_S if said or self._held else None):
                        await self._changed.wait()
                except TimeoutError:
                    pass
                self._changed.clear()
                if self._held:
                    said = await self._say(store, clock) or said
                elif said:
                    said = not await self._let_go(store)
                await asyncio.sleep(AT_MOST_EVERY_S)
        finally:
            if said:
                await self._let_go(store)

    async def _say(self, store: Store, clock: Clock) -> bool:
        try:
            async with asyncio.timeout(WRITE_WITHIN_S):
                await store.batch([lease(self.instance, self.by_region(), clock.now())])
        except (StoreError, TimeoutError) as error:
            log.warning("sessions in use could not be written down", extra={"error": type(error).__name__})
            return False
        return True

    async def _let_go(self, store: Store) -> bool:
        try:
            async with asyncio.timeout(WRITE_WITHIN_S):
                await store.batch([release(self.instance)])
        except (StoreError, TimeoutError):
            return False  # it expires by itself
        return True


async def _forget(store: Store, clock: Clock) -> None:
    try:
        async with asyncio.timeout(WRITE_WITHIN_S):
            await forget_dead_instances(store, clock.now())
    except (StoreError, TimeoutError):
        pass
