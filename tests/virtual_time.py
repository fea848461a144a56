"""An event loop whose clock jumps to the next timer as soon as nothing else can happen.

A test marked ``@pytest.mark.virtual_time`` runs on it: thirty seconds of call take milliseconds, and always the same
ones. Sockets within the test work (what was sent on loopback is there at once), and so do executors: while one of
them works the clock follows real time. What the loop cannot see is another process, or a thread of somebody
else's: wrap the wait for one in ``real_time()``.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

START_S = 1_000.0
"""Where the loop's time starts: not 0, so that nobody takes a time for a duration and gets away with it."""


class JumpingSelector(selectors.DefaultSelector):
    """Never sleeps for a timer while jumping is allowed: it moves the time forward instead."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = START_S
        self.waits = 0
        """How many things outside the loop are being waited for; the clock runs in real time meanwhile."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready now; if nothing is, time passes."""
        if timeout is None:
            return super().select(None)
        if self.waits and timeout > 0:
            started_s = time.monotonic()
            ready = super().select(timeout)
            self.now_s += min(timeout, time.monotonic() - started_s) if ready else timeout
            return ready
        ready = super().select(0)
        if not ready and timeout > 0:
            self.now_s += timeout
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """The event loop of a test that takes no time."""

    def __init__(self) -> None:
        self._jumping = JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Seconds, from START_S on."""
        return self._jumping.now_s

    def run_in_executor(self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts) -> asyncio.Future[T]:
        """Run func in a thread; the clock does not jump over it."""
        future: asyncio.Future[T] = super().run_in_executor(executor, func, *args)
        self._jumping.waits += 1
        future.add_done_callback(self._one_wait_less)
        return future

    @contextmanager
    def real_time(self) -> Iterator[None]:
        """The clock follows real time while something outside the loop is waited for."""
        self._jumping.waits += 1
        try:
            yield
        finally:
            self._jumping.waits -= 1

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """Let the threads end; the deadline for it counts in real time."""
        with self.real_time():
            await super().shutdown_default_executor()

    def _one_wait_less(self, _: asyncio.Future[Any]) -> None:
        self._jumping.waits -= 1


@contextmanager
def real_time() -> Iterator[None]:
    """On a virtual loop, let the clock follow real time for a while; on any other, nothing."""
    loop = asyncio.get_running_loop()
    if isinstance(loop, VirtualTimeLoop):
        with loop.real_time():
            yield
    else:
        yield


class LoopClock:
    """A clock that starts at an instant and keeps time with the running loop, virtual or not."""

    def __init__(self, start_at: datetime) -> None:
        self._start = start_at
        self._started_s = asyncio.get_running_loop().time()

    def now(self) -> datetime:
        """This instant."""
        return self._start + timedelta(seconds=asyncio.get_running_loop().time() - self._started_s)

    def skip(self, seconds: float) -> None:
        """Show a later time from now on, as after a wait."""
        self._start += timedelta(seconds=seconds)
