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
        self._slots = Slots() if last is None else Slots().after(last.timestamp(), calls_per_second)

    async def slot(self) -> None:
        """Wait for the next slot and take it."""
        now_s = self._clock.now().timestamp()
        at_s = max(now_s, self._slots.next_s)
        if len(self._held) < SHARDS:
            # Several dispatchers share the pace: the slots of a clock that all have go round the shards.
            at_s = next_turn(at_s, self._per_second, self._held, SHARDS)
        if at_s > now_s:
            await asyncio.sleep(at_s - now_s)
        # A machine under load wakes late; the next slot is counted from when this one was really used.
        self._slots = self._slots.after(max(at_s, self._clock.now().timestamp()), self._per_second)
