"""When the next request may be sent: never sooner than the pace allows, and nothing is made up for later.

Sending late calls in a burst would put them into the carrier's queue, and a queued call may ring outside its window.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import datetime

from shared.clock import Clock
from shared.domain.pacing import Slots, next_turn
from shared.domain.shards import SHARDS


class Pace:
    """The account's slots for requests, as far as they are this dispatcher's."""

    def __init__(self, clock: Clock, calls_per_second: float, held: Collection[int], last: datetime | None) -> None:
        self._clock = clock
        self._per_second = calls_per_second
        self._held = frozenset(held)
        self._turns = Slots() if last is None else Slots().after(last.timestamp(), calls_per_second)
        self._sent = self._turns
        self._order = asyncio.Lock()

    async def turn(self) -> None:
        """Wait until the next attempt may be made ready."""
        now_s = self._clock.now().timestamp()
        at_s = max(now_s, self._turns.next_s)
        if len(self._held) < SHARDS:
            # Several dispatchers share the pace: the slots of a clock that all have go round the shards.
            at_s = next_turn(at_s, self._per_second, self._held, SHARDS)
        await self._until(at_s)
        self._turns = self._turns.after(at_s, self._per_second)

    async def slot(self) -> None:
        """Wait until the request itself may be sent.

        Making an attempt ready takes a store now longer and now shorter, and a machine under load wakes late: each
        request keeps its distance from when the one before was really sent.
        """
        async with self._order:
            await self._until(self._sent.next_s)
            self._sent = self._sent.after(self._clock.now().timestamp(), self._per_second)

    async def _until(self, at_s: float) -> None:
        wait_s = at_s - self._clock.now().timestamp()
        if wait_s > 0:
            await asyncio.sleep(wait_s)
