"""Writes that must not keep anybody waiting: queued in order, sent in batches, kept while the store is away.

Only writes that may be sent twice are taken (Put and Merge), because a batch whose answer was lost is sent again.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from contextlib import suppress

from shared.store.store import BadDocument, Merge, Put, Store, StoreError

log = logging.getLogger(__name__)

MOST_PER_BATCH = 200
GATHER_S = 0.1
"""A write waits so long for others to go with, unless somebody waits for it: a commit costs much more than a write."""
MOST_KEPT = 20_000
"""Some 20 MB of records; with the store away for longer, the oldest are dropped and counted."""
WRITE_DEADLINE_S = 10.0
RETRY_AFTER_S = (0.2, 0.5, 1.0, 2.0, 5.0)


class Journal:
    """One process's queue of writes. put() never waits; run() does the writing until it is cancelled."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._queue: deque[Put | Merge] = deque()
        self._left = 0
        """How many writes have left the queue, made or dropped."""
        self._waiting: dict[asyncio.Future[None], int] = {}
        """Who waits until how many have left it."""
        self._arrived = asyncio.Event()
        self._hurry = asyncio.Event()
        """Somebody waits, or a batch is full."""
        self.dropped = 0

    def put(self, write: Put | Merge) -> None:
        """Keep this write; it will be made after all that came before it."""
        if len(self._queue) >= MOST_KEPT:
            self._leaves()
            self.dropped += 1
        self._queue.append(write)
        self._arrived.set()
        if len(self._queue) >= MOST_PER_BATCH:
            self._hurry.set()

    async def flush(self, deadline_s: float) -> bool:
        """Wait until everything that stands in the queue now has been written, but no longer than this; whether it
        has. What others put in meanwhile is not waited for."""
        if not self._queue:
            return True
        written = asyncio.get_running_loop().create_future()
        self._waiting[written] = self._left + len(self._queue)
        self._hurry.set()
        try:
            async with asyncio.timeout(deadline_s):
                await written
        except TimeoutError:
            return False
        finally:
            del self._waiting[written]
        return True

    async def run(self) -> None:
        """Write what comes, until cancelled."""
        failures = 0
        while True:
            await self._arrived.wait()
            with suppress(TimeoutError):
                async with asyncio.timeout(GATHER_S):
                    await self._hurry.wait()
            writes = [self._queue[index] for index in range(min(MOST_PER_BATCH, len(self._queue)))]
            written = self._left + len(writes)
            if await self._write(writes):
                failures = 0
                # What was dropped for room while this batch was on its way was the head of this batch.
                while self._left < written:
                    self._leaves()
                self._wake()
                continue
            await asyncio.sleep(RETRY_AFTER_S[min(failures, len(RETRY_AFTER_S) - 1)])
            failures += 1

    def _leaves(self) -> None:
        self._queue.popleft()
        self._left += 1

    def _wake(self) -> None:
        """Whoever has what they waited for; and hurry only as long as somebody waits."""
        for future, number in self._waiting.items():
            if number <= self._left and not future.done():
                future.set_result(None)
        if not self._queue:
            self._arrived.clear()
        if len(self._queue) < MOST_PER_BATCH and all(future.done() for future in self._waiting):
            self._hurry.clear()

    async def _write(self, writes: list[Put | Merge]) -> bool:
        try:
            async with asyncio.timeout(WRITE_DEADLINE_S):
                await self._store.batch(writes)
        except BadDocument:
            if len(writes) == 1:
                log.error("record refused by the store", extra={"path": writes[0].path})
                self.dropped += 1
                return True
            return all([await self._write([write]) for write in writes])
        except (StoreError, TimeoutError):
            log.warning("store is away; records are kept", extra={"waiting": len(self._queue)})
            return False
        return True
