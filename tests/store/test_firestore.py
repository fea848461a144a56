"""What only Firestore can get wrong: answers that are lost on the way, and a service that is not there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from shared.store import open_store
from shared.store.firestore import FirestoreStore
from shared.store.store import (
    AlreadyExists,
    BadDocument,
    Conflict,
    Create,
    Delete,
    Put,
    StoreError,
    StoreUnavailable,
    Update,
)

pytestmark = pytest.mark.firestore

PIECE = 65_536


QUIET_S = 0.1
"""After so long without a word, whatever Firestore had to say has been said."""


class BadLine:
    """A line to Firestore. Told to, it breaks before the next question, or swallows the next answer and then breaks."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._calls: set[asyncio.Task[None]] = set()
        self.breaks_before_question = False
        self.swallows_answer = False
        self.address = ""

    async def start(self) -> asyncio.Server:
        """Open the near end."""
        server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        return server

    async def stop(self, server: asyncio.Server) -> None:
        """Break for good."""
        server.close()
        for one in self._calls:
            one.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)

    async def _carry(self, near: asyncio.StreamReader, to_near: asyncio.StreamWriter) -> None:
        host, _, port = self._host.partition(":")
        far, to_far = await asyncio.open_connection(host, int(port))
        pipes = {
            asyncio.create_task(self._ask(near, to_far)),
            asyncio.create_task(self._answer(far, to_near)),
        }
        self._calls |= pipes
        await asyncio.wait(pipes, return_when=asyncio.FIRST_COMPLETED)
        for one in pipes:
            one.cancel()
        await asyncio.gather(*pipes, return_exceptions=True)
        to_near.close()
        to_far.close()

    async def _ask(self, near: asyncio.StreamReader, far: asyncio.StreamWriter) -> None:
        while piece := await near.read(PIECE):
            if self.breaks_before_question:
                self.breaks_before_question = False
                return
            far.write(piece)
            await far.drain()

    async def _answer(self, far: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        while piece := await far.read(PIECE):
            while self.swallows_answer:
                try:
                    async with asyncio.timeout(QUIET_S):
                        await far.read(PIECE)
                except TimeoutError:
                    self.swallows_answer = False
                    return
            near.write(piece)
            await near.drain()


@pytest_asyncio.fixture
async def line(firestore_host: str) -> AsyncIterator[BadLine]:
    """A line to the emulator that a test can cut."""
    bad_line = BadLine(firestore_host)
    server = await bad_line.start()
    yield bad_line
    await bad_line.stop(server)


@pytest_asyncio.fixture
async def behind(line: BadLine, firestore_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FirestoreStore]:
    """A store at the end of that line, which has already been used."""
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", line.address)
    store = open_store(firestore_url, deadline_s=25)
    assert isinstance(store, FirestoreStore)
    await store.batch([Put("calls/first", {"x": 0})])
    yield store
    await store.close()


async def test_a_create_whose_answer_was_lost_is_the_winner(line: BadLine, behind: FirestoreStore) -> None:
    line.swallows_answer = True
    created = await behind.create("attempts/1", {"owner": "us"})
    assert not line.swallows_answer
    assert created == await behind.get("attempts/1")
    updated = await behind.update("attempts/1", {"owner": "still us"}, expected=created.version)
    assert updated.data == {"owner": "still us"}


async def test_a_create_that_never_arrived_is_sent_again(line: BadLine, behind: FirestoreStore) -> None:
    line.breaks_before_question = True
    await behind.create("attempts/1", {"owner": "us"})
    assert not line.breaks_before_question
    assert await behind.get("attempts/1") is not None


async def test_a_create_that_was_late_and_lost_its_answer_is_no_winner(line: BadLine, behind: FirestoreStore) -> None:
    await behind.create("attempts/1", {"owner": "them"})
    line.swallows_answer = True
    with pytest.raises(AlreadyExists):
        await behind.create("attempts/1", {"owner": "them"})
    assert not line.swallows_answer


async def test_when_others_changed_it_meanwhile_nobody_can_tell(line: BadLine, behind: FirestoreStore) -> None:
    await behind.create("attempts/1", {"owner": "them"})
    await behind.update("attempts/1", {"owner": "them again"})
    line.swallows_answer = True
    with pytest.raises(StoreUnavailable):
        await behind.create("attempts/1", {"owner": "us"})


async def test_a_change_whose_answer_was_lost_was_made_once(line: BadLine, behind: FirestoreStore) -> None:
    before = await behind.create("counters/1", {"n": 1})
    line.swallows_answer = True
    after = await behind.update("counters/1", {"n": 2}, expected=before.version)
    assert not line.swallows_answer
    assert after == await behind.get("counters/1")
    with pytest.raises(Conflict):
        await behind.update("counters/1", {"n": 3}, expected=before.version)
    await behind.update("counters/1", {"n": 3}, expected=after.version)


async def test_a_batch_with_something_new_in_it_is_settled_as_a_whole(line: BadLine, behind: FirestoreStore) -> None:
    line.swallows_answer = True
    await behind.batch([Put("calls/CA1", {"x": 1}), Create("attempts/1", {}), Delete("calls/first")])
    assert not line.swallows_answer
    assert await behind.get("calls/CA1") is not None
    assert await behind.get("calls/first") is None


async def test_a_write_that_could_apply_twice_is_not_sent_again(line: BadLine, behind: FirestoreStore) -> None:
    for write in (Put("calls/first", {"x": 1}), Update("calls/first", {"x": 2}), Delete("calls/first")):
        assert await behind.get("calls/first") is not None  # the line works again
        line.swallows_answer = True
        with pytest.raises(StoreUnavailable):
            await behind.batch([write])
        assert not line.swallows_answer
    assert await behind.get("calls/first") is None  # and every one of them had arrived


async def test_a_question_whose_answer_was_lost_is_asked_again(line: BadLine, behind: FirestoreStore) -> None:
    line.swallows_answer = True
    assert await behind.get("calls/first") is not None
    line.breaks_before_question = True
    assert len((await behind.query("calls")).documents) == 1
    line.swallows_answer = True
    assert await behind.count("calls") == 1


async def test_a_dead_port_is_away_within_the_deadline(monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int) -> None:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", f"127.0.0.1:{unused_tcp_port}")
    store = FirestoreStore("test", deadline_s=0.4)
    started = time.monotonic()
    for ask in (
        lambda: store.get("calls/CA1"),
        lambda: store.create("calls/CA1", {}),
        lambda: store.query("calls"),
        lambda: store.count("calls"),
        lambda: store.batch([Put("calls/CA1", {})]),
    ):
        with pytest.raises(StoreUnavailable):
            await ask()
    assert time.monotonic() - started < 3
    await store.close()


async def test_a_service_that_says_nothing_is_away_after_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    connected: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _, writer: connected.append(writer), "127.0.0.1", 0)
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", f"127.0.0.1:{server.sockets[0].getsockname()[1]}")
    store = FirestoreStore("test", deadline_s=0.3)
    started = time.monotonic()
    with pytest.raises(StoreUnavailable):
        await store.get("calls/CA1")
    assert time.monotonic() - started < 3
    await store.close()
    for writer in connected:
        writer.close()
    server.close()


async def test_without_credentials_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/nonexistent")
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    store = FirestoreStore("test")
    with pytest.raises(StoreError, match="no Google credentials"):
        await store.get("calls/CA1")
    await store.close()


def test_a_store_stays_with_its_event_loop(firestore_url: str) -> None:
    store = open_store(firestore_url)
    with asyncio.Runner() as first:
        first.run(store.create("calls/CA1", {}))
        with asyncio.Runner() as second, pytest.raises(RuntimeError, match="event loop"):
            second.run(store.get("calls/CA1"))
        first.run(store.close())


async def test_the_adapters_own_field_is_not_seen(firestore_url: str) -> None:
    store = open_store(firestore_url)
    await store.create("calls/CA1", {"x": 1})
    (found,) = (await store.query("calls")).documents
    assert found.data == {"x": 1}
    with pytest.raises(BadDocument):
        await store.update("calls/CA1", {"_commit": "theirs"})
    await store.close()
