"""When the next request may be sent: never sooner than the pace allows, and nothing is made up for later.

Sending late calls in a burst would put them into the carrier's queue, and a queued call may ring outside its window.
"""

from __future__ import annotations

import asyncio

MARGIN = 1.02
"""Requests are jittered on their way; a little slower keeps any second at or under the account's number."""


class Pace:
    """Slots for requests, on the loop's clock."""

    def __init__(self, calls_per_second: float, not_before_s: float) -> None:
        self.interval_s = MARGIN / calls_per_second
        self._next_s = not_before_s

    async def slot(self) -> None:
        """Wait for the next slot and take it."""
        now_s = asyncio.get_running_loop().time()
        at_s = max(now_s, self._next_s)
        self._next_s = at_s + self.interval_s
        if at_s > now_s:
            await asyncio.sleep(at_s - now_s)
