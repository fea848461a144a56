"""Work that goes on to its end when whoever began it is gone: what was begun is done, and a process ends after it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

log = logging.getLogger(__name__)

Result = TypeVar("Result")


class Unfinished:
    """One process's."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    def begin(self, work: Coroutine[Any, Any, Result]) -> asyncio.Task[Result]:
        """Begin it; cancelling whoever waits for it does not end it, if they shield it."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("work was not done to its end", extra={"error": type(error).__name__})

    async def settle(self, within_s: float) -> None:
        """Let what runs, and what it begins meanwhile, come to its end, but not for ever."""
        loop = asyncio.get_running_loop()
        by_s = loop.time() + within_s
        while self._running and (left_s := by_s - loop.time()) > 0:
            await asyncio.wait(set(self._running), timeout=left_s)
        for task in set(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
