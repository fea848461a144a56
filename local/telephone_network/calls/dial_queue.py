"""Twilio's queue in front of an account: so many calls may start in a second, the rest wait their turn."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from datetime import timedelta

from local.telephone_network.calls.call import Call
from local.telephone_network.network_time import NetworkTime
from shared.domain.call_status import CallStatus

LONGEST_WAIT = timedelta(hours=24)
"""What has waited longer is cancelled instead of started."""


class DialQueue:
    """Starts calls in the order in which they were asked for, at the account's pace."""

    def __init__(
        self, time: NetworkTime, calls_per_second: float, start: Callable[[Call], None], expire: Callable[[Call], None]
    ) -> None:
        if calls_per_second <= 0:
            raise ValueError("an account may start calls at some rate")
        self._time = time
        self._start = start
        self._expire = expire
        self._gap_s = 1 / calls_per_second
        self._waiting: deque[Call] = deque()
        self._filled = asyncio.Event()

    def put(self, call: Call) -> None:
        """Wait for a turn."""
        self._waiting.append(call)
        self._filled.set()

    async def run(self) -> None:
        """Start what waits, one call each gap; a call that was cancelled while it waited takes no turn."""
        next_s = self._time.elapsed_s()
        while True:
            while not self._waiting:
                self._filled.clear()
                await self._filled.wait()
            next_s = max(next_s, self._time.elapsed_s())
            await self._time.sleep(next_s - self._time.elapsed_s())
            call = self._next()
            if call is not None:
                self._start(call)
                next_s += self._gap_s

    def _next(self) -> Call | None:
        while self._waiting:
            call = self._waiting.popleft()
            if call.status is not CallStatus.QUEUED:
                continue
            if self._time.now() - call.created_at <= LONGEST_WAIT:
                return call
            self._expire(call)
        return None
