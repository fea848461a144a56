"""Stores for tests: `store` is every adapter in turn, `sqlite_store` the one of a laptop.

Each test gets a store of its own. Firestore is Google's emulator, one for each process of the test run, in which every
test has a project of its own.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio

from bench.patient_store import PatientStore
from local.firestore_emulator import EmulatorMissing, firestore_emulator
from shared.store import open_store
from shared.store.store import Store

DEADLINE_S = 25.0
"""Tests share a small machine with each other; a slow answer is not what they look for."""
EACH_STORE = ("sqlite", pytest.param("firestore", marks=pytest.mark.firestore))


@pytest.fixture(scope="session")
def firestore_host() -> Iterator[str]:
    """host:port of a running Firestore emulator. Skips without one, but fails in CI."""
    with ExitStack() as running:
        try:
            host = running.enter_context(firestore_emulator())
        except EmulatorMissing as error:
            reason = f"no Firestore emulator: {error}"
            if os.environ.get("CI") == "true":
                pytest.fail(reason)
            pytest.skip(reason)
        yield host


@pytest.fixture
def firestore_url(firestore_host: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Address of an empty Firestore database."""
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", firestore_host)
    return f"firestore://test-{uuid4().hex[:12]}/(default)"


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """Address of a SQLite database that is not there yet."""
    return f"sqlite:///{tmp_path / 'parley.db'}"


@pytest.fixture(params=EACH_STORE)
def store_url(request: pytest.FixtureRequest) -> str:
    """Address of an empty store, of every kind in turn."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest_asyncio.fixture
async def store(store_url: str) -> AsyncIterator[Store]:
    """An empty store, of every kind in turn."""
    opened = open_store(store_url, deadline_s=DEADLINE_S)
    yield opened
    await opened.close()


@pytest_asyncio.fixture(params=EACH_STORE)
async def new_store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Callable[[], Store]]:
    """Opens an empty store each time it is called, of every kind in turn; for the clock that jumps."""
    request.getfixturevalue(f"{request.param}_url")
    opened: list[Store] = []

    def new() -> Store:
        name = uuid4().hex[:12]
        url = f"sqlite:///{tmp_path / name}.db" if request.param == "sqlite" else f"firestore://test-{name}/(default)"
        opened.append(open_store(url, deadline_s=DEADLINE_S))
        return PatientStore(opened[-1])

    yield new
    for one in opened:
        await one.close()


@pytest_asyncio.fixture
async def sqlite_store(sqlite_url: str) -> AsyncIterator[Store]:
    """An empty store in a file."""
    opened = open_store(sqlite_url, deadline_s=DEADLINE_S)
    yield opened
    await opened.close()
