"""The SQLite file: its tables and indexes, and connections that several processes may hold at once.

    collections   path ⇄ a short number, since a campaign's contacts would each repeat its path in every index
    documents     one row each; data is JSON made by sortable.py
    commits       one row: the number of the last commit, which is the version of every document it wrote
    records       a view for people: path, version, data

Versions are never used twice, so a document that was deleted and made again does not pass for the old one.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from shared.store.indexes import INDEXES, Index
from shared.store.store import StoreError, StoreUnavailable

CACHE_KIB = 65_536
CHECKPOINT_PAGES = 8_000
"""32 MB of log between copies into the file: a bulk import touches the same index pages many times over."""
BUSY_RETRY_S = 0.02

TABLES: Mapping[str, str] = {
    "collections": "CREATE TABLE collections (key INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE)",
    "documents": """CREATE TABLE documents (
        key INTEGER PRIMARY KEY,
        collection INTEGER NOT NULL REFERENCES collections,
        kind TEXT NOT NULL,
        id TEXT NOT NULL,
        version INTEGER NOT NULL,
        data TEXT NOT NULL,
        UNIQUE (collection, id)
    )""",
    "commits": "CREATE TABLE commits AS SELECT 0 AS number",
    "records": """CREATE VIEW records AS
        SELECT collections.path || '/' || documents.id AS path, version, data
        FROM documents JOIN collections ON collections.key = documents.collection""",
}

BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL})
AWAY = BUSY | {
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_INTERRUPT,
}
"""Primary result codes after which trying again later can help."""


def field_sql(field: str) -> str:
    """The SQL value of a top-level field; checked names only."""
    return f"json_extract(data,'$.{field}')"


def index_name(one: Index) -> str:
    """What a declared index is called in the file."""
    return "_".join(["of", one.group, *(part.field for part in one.fields)])


def index_statement(one: Index) -> str:
    """CREATE INDEX for a declared index: the collection, the fields, then the id that breaks ties.

    All ascend: SQLite walks an index both ways.
    """
    columns = ", ".join(["collection", *(field_sql(part.field) for part in one.fields), "id"])
    return f"CREATE INDEX \"{index_name(one)}\" ON documents ({columns}) WHERE kind = '{one.group}'"


SCHEMA: Mapping[str, str] = {**TABLES, **{index_name(one): index_statement(one) for one in INDEXES}}


def connect(path: Path | None, deadline_s: float) -> sqlite3.Connection:
    """A connection to the file (None: to a new database in memory), with everything in it that should be.

    Raises StoreUnavailable, StoreError.
    """
    give_up_at = time.monotonic() + deadline_s
    with translated():
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        while True:
            try:
                return _connect_once(":memory:" if path is None else path, deadline_s)
            except sqlite3.OperationalError as error:
                # To give a new file its log, SQLite wants it alone, and does not wait for that by itself.
                if error.sqlite_errorcode & 0xFF not in BUSY or time.monotonic() > give_up_at:
                    raise
            time.sleep(BUSY_RETRY_S)


def _connect_once(path: Path | str, deadline_s: float) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=deadline_s, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        # A claimed attempt must still be claimed after a power cut.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        if _missing(connection):
            with transaction(connection):
                for statement in _missing(connection):
                    connection.execute(statement)
    except BaseException:
        connection.close()
        raise
    return connection


def _missing(connection: sqlite3.Connection) -> list[str]:
    there = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    return [statement for name, statement in SCHEMA.items() if name not in there]


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of the writes inside or none. Waits for other writers, of this process and others, first."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def translated() -> Iterator[None]:
    """SQLite's errors in the port's words."""
    try:
        yield
    except OSError as error:
        raise StoreUnavailable(f"the folder of the database file cannot be made ({error.strerror})") from None
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", None)
        name = getattr(error, "sqlite_errorname", type(error).__name__)
        if code is not None and code & 0xFF in AWAY:
            raise StoreUnavailable(f"SQLite did not answer in time ({name})") from None
        raise StoreError(f"SQLite could not do this ({name})") from error
