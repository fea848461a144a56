"""The store in one SQLite file, for a laptop: no server, and any number of processes may share it.

One thread writes and two read, so that a dashboard's long count holds up neither a caller nor the dispatcher. A write
is on the disk when it returns; writes that wait for the disk at the same time wait together.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from shared.store.documents import split_document_path
from shared.store.indexes import check_index
from shared.store.query import make_query
from shared.store.sqlite_commits import CommitQueue
from shared.store.sqlite_file import connect, translated
from shared.store.sqlite_query import count_statement, found, read_page
from shared.store.sqlite_writes import Written, prepare
from shared.store.store import (
    Create,
    Data,
    Document,
    OrderBy,
    Page,
    Remove,
    StoreUnavailable,
    Update,
    Value,
    Version,
    Where,
    Write,
)

T = TypeVar("T")

DEADLINE_S = 10.0
"""How long to wait for other writers. A batch of 500 holds the file for some 20 ms."""
READERS = 2
PREPARED_AT_ONCE = 50
"""Writes; to prepare more would hold up whoever talks on the same event loop for a millisecond or longer."""

GET = """SELECT id, version, data FROM documents
    WHERE collection = (SELECT key FROM collections WHERE path = ?) AND id = ?"""


class SqliteStore:
    """A Store in the file at `path`; in memory, gone with the store, when that is None."""

    def __init__(self, path: Path | None, *, deadline_s: float = DEADLINE_S) -> None:
        self._path = path
        self._deadline_s = deadline_s
        self._writer = ThreadPoolExecutor(1, "store-writer")
        # A database in memory belongs to one connection.
        self._reader = self._writer if path is None else ThreadPoolExecutor(READERS, "store-reader")
        self._commits = CommitQueue()
        self._of_thread = threading.local()
        self._connections: list[sqlite3.Connection] = []

    async def get(self, path: str) -> Document | None:
        """The document at this path, or None."""
        collection, document_id = split_document_path(path)

        def read(connection: sqlite3.Connection) -> Document | None:
            row = connection.execute(GET, (collection, document_id)).fetchone()
            return None if row is None else found(collection, row)

        return await self._run(self._reader, read)

    async def create(self, path: str, data: Data) -> Document:
        """Write a new document; raises AlreadyExists."""
        return await self._write(Create(path, data))

    async def update(
        self, path: str, changes: Mapping[str, Value | Remove], *, expected: Version | None = None
    ) -> Document:
        """Change top-level fields; raises NotFound, Conflict."""
        return await self._write(Update(path, changes, expected))

    async def query(
        self,
        collection: str,
        where: Sequence[Where] = (),
        *,
        order_by: Sequence[OrderBy] = (),
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page:
        """Documents directly in this collection, in order."""
        query = make_query(collection, where, order_by, limit, cursor)
        check_index(query)
        return await self._run(self._reader, lambda connection: read_page(connection, query))

    async def count(self, collection: str, where: Sequence[Where] = ()) -> int:
        """How many documents query() would find without a limit."""
        query = make_query(collection, where)
        check_index(query)
        sql, values = count_statement(query)
        return await self._run(self._reader, lambda connection: int(connection.execute(sql, values).fetchone()[0]))

    async def batch(self, writes: Sequence[Write]) -> None:
        """All of these or none of them."""
        await self._apply(writes)

    async def close(self) -> None:
        """Let go of connections and threads; closing twice is fine."""
        await asyncio.to_thread(self._close)

    async def _write(self, write: Create | Update) -> Document:
        ((version, text),) = await self._apply([write])
        collection, document_id = split_document_path(write.path)
        return found(collection, (document_id, version, text))

    async def _apply(self, writes: Sequence[Write]) -> list[Written]:
        if len(writes) > PREPARED_AT_ONCE:
            prepared = await self._run(self._reader, lambda _: prepare(writes))
        else:
            prepared = prepare(writes)
        outcome = self._commits.add(prepared)
        try:
            while not outcome.done():
                await self._run(self._writer, self._commits.commit)
        finally:
            outcome.cancel()  # nobody waits for it any more; this does nothing to a batch that is done
        return outcome.result()

    async def _run(self, threads: ThreadPoolExecutor, work: Callable[[sqlite3.Connection], T]) -> T:
        def run() -> T:
            with translated():
                return work(self._connection())

        try:
            future = asyncio.get_running_loop().run_in_executor(threads, run)
        except RuntimeError:
            raise StoreUnavailable("the store is closed") from None
        return await future

    def _connection(self) -> sqlite3.Connection:
        """This thread's own connection, made on first use."""
        connection: sqlite3.Connection | None = getattr(self._of_thread, "connection", None)
        if connection is None:
            connection = self._of_thread.connection = connect(self._path, self._deadline_s)
            self._connections.append(connection)
        return connection

    def _close(self) -> None:
        self._reader.shutdown()
        self._writer.shutdown()
        while self._connections:
            self._connections.pop().close()
