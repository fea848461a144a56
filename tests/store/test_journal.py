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

    def __init__(self, takes_s: float = 0.0) -> None:
        self.seen: list[tuple[float, int]] = []
        self.takes_s = takes_s
        self.paths: list[str] = []

    async def batch(self, writes: Sequence[Any]) -> None:
        await asyncio.sleep(self.takes_s)
        self.seen.append((asyncio.get_running_loop().time(), len(writes)))
        self.paths += [write.path for write in writes]


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


async def test_nobody_waits_for_what_others_write_meanwhile() -> None:
    store: Any = Batches(takes_s=0.08)
    journal = Journal(store)
    running = asyncio.create_task(journal.run())

    async def others() -> None:
        for number in range(600):
            journal.put(Put(f"calls/other{number}", {}))
            await asyncio.sleep(1 / 60)

    busy = asyncio.create_task(others())
    loop, waited_s = asyncio.get_running_loop(), list[float]()
    for number in range(10):
        await asyncio.sleep(0.53)
        journal.put(Put(f"calls/ours{number}", {}))
        asked_s = loop.time()
        assert await journal.flush(2)
        waited_s.append(loop.time() - asked_s)
        assert f"calls/ours{number}" in store.paths
    assert max(waited_s) <= 2 * 0.08 + 0.001, "the batch that is on its way, and the next one"
    await busy
    sizes = [size for _, size in store.seen]
    assert sum(sizes) / len(sizes) > 5, "writes are gathered as ever while nobody waits"
    running.cancel()


async def test_a_flush_that_takes_too_long_leaves_the_rest_to_be_written() -> None:
    store: Any = Batches(takes_s=5)
    journal = Journal(store)
    running = asyncio.create_task(journal.run())
    await written(journal, MOST_PER_BATCH + 1)
    assert not await journal.flush(6)
    assert await journal.flush(6)
    assert await journal.flush(0)
    assert len(store.paths) == MOST_PER_BATCH + 1
    running.cancel()
