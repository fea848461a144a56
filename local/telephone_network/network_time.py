"""The telephone network's own time: real, faster than real, or moved on by hand."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime, timedelta
from typing import Protocol

from shared.clock import Clock


class NetworkTime(Protocol):
    """What time it is in the network, and waiting in it."""

    def now(self) -> datetime:
        """This instant of the network: aware, in UTC."""
        ...

    def elapsed_s(self) -> float:
        """Seconds of the network since it began."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait so many seconds of the network; at once when they are none."""
        ...

    def at_work(self) -> AbstractContextManager[None]:
        """Something is going on that takes no time of the network, such as a webhook being answered."""
        ...


class RunningTime:
    """Time that runs by itself, `speed` times as fast as the event loop's; it begins when it is first asked for."""

    def __init__(self, clock: Clock, speed: float = 1.0) -> None:
        if speed <= 0:
            raise ValueError("time runs forwards")
        self._start = clock.now()
        self._loop_began_s: float | None = None
        self._speed = speed

    def now(self) -> datetime:
        """This instant of the network."""
        return self._start + timedelta(seconds=self.elapsed_s())

    def elapsed_s(self) -> float:
        """Seconds of the network since it began."""
        loop_s = asyncio.get_running_loop().time()
        if self._loop_began_s is None:
            self._loop_began_s = loop_s
        return (loop_s - self._loop_began_s) * self._speed

    async def sleep(self, seconds: float) -> None:
        """Wait so many seconds of the network."""
        await asyncio.sleep(max(0.0, seconds) / self._speed)

    def at_work(self) -> AbstractContextManager[None]:
        """Nothing to keep account of: this time waits for nobody."""
        return nullcontext()


class SteppedTime:
    """Time that stands still until it is moved on; whoever sleeps is woken in order, at the exact instant."""

    _PASSES = 20
    """Turns of the event loop without work after which nothing more will happen by itself."""

    def __init__(self, clock: Clock) -> None:
        self._start = clock.now()
        self._elapsed_s = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self._at_work = 0

    def now(self) -> datetime:
        """This instant of the network."""
        return self._start + timedelta(seconds=self._elapsed_s)

    def elapsed_s(self) -> float:
        """Seconds of the network since it began."""
        return self._elapsed_s

    async def sleep(self, seconds: float) -> None:
        """Wait until time has been moved on so far."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._elapsed_s + seconds, next(self._order), woken))
        await woken

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Time does not move on while this goes on."""
        self._at_work += 1
        try:
            yield
        finally:
            self._at_work -= 1

    async def advance(self, seconds: float) -> None:
        """Move time on, waking sleepers one instant after the other and letting each finish what it does."""
        goal_s = self._elapsed_s + seconds
        await self.settle()
        while self._sleepers and self._sleepers[0][0] <= goal_s:
            at_s, _, woken = heapq.heappop(self._sleepers)
            if woken.done():
                continue
            self._elapsed_s = at_s
            woken.set_result(None)
            await self.settle()
        self._elapsed_s = goal_s

    async def settle(self) -> None:
        """Wait until everybody sleeps."""
        quiet = 0
        while quiet < self._PASSES:
            await asyncio.sleep(0.001 if self._at_work else 0)
            quiet = 0 if self._at_work else quiet + 1
