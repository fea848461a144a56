"""The journal gathers what comes together, and does not keep those waiting who wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from shared.store.journal import GATHER_S, MOST_PER_BATCH, Journal
from shared.store.store import Put

pytestmark = pytest.mark.virtual_time


class Batches:
    """A store that keeps the sizes of batches, and when they came."""

    def __init__(self) -> None:
        self.seen: list[tuple[float, int]] = []

    async def batch(self, writes: Sequence[Any]) -> None:
        self.seen.append((asyncio.get_running_loop().time(), len(writes)))


async def written(journal: Journal, count: int = 1) -> None:
    for number in range(count):
        journal.put(Put(f"calls/CA{number}", {}))
    await asyncio.sleep(0)


async def test_what_comes_together_is_committed_together() -> None:
    store: Any = Batches()
    journal = Journal(store)
    running = asyncio.create_task(journal.run())
    began_s = asyncio.get_running_loop().time()
    for _ in range(3):
        await written(journal)
        await asyncio.sleep(GATHER_S / 4)
    await asyncio.sleep(1)
    assert store.seen == [(pytest.approx(began_s + GATHER_S), 3)]
    await written(journal, MOST_PER_BATCH)
    await asyncio.sleep(0.001)
    assert [size for _, size in store.seen] == [3, MOST_PER_BATCH]
    await written(journal)
    asked_s = asyncio.get_running_loop().time()
    assert await journal.flush(1)
    assert asyncio.get_running_loop().time() == pytest.approx(asked_s, abs=0.001)
    running.cancel()
