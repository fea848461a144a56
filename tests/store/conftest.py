"""The contract is asked of the tests' own store, too: what passes on it says something about the others."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from shared.store import open_store
from shared.store.store import Store
from tests.memory_store import MemoryStore
from tests.store_fixtures import DEADLINE_S, EACH_STORE


@pytest_asyncio.fixture(params=("memory", *EACH_STORE))
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    """An empty store, of every kind in turn, the one in memory among them."""
    if request.param == "memory":
        yield MemoryStore()
        return
    opened = open_store(request.getfixturevalue(f"{request.param}_url"), deadline_s=DEADLINE_S)
    yield opened
    await opened.close()
