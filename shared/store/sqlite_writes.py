"""Writes in SQLite, one after the other; runs of new documents go in together."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from shared.store.documents import (
    MOST_BATCH_BYTES,
    MOST_DOCUMENT_BYTES,
    changed,
    check_batch_size,
    check_size,
    check_writes,
    collection_group,
    converted,
    converted_changes,
    split_document_path,
)
from shared.store.sortable import SORTABLE, restored, to_json
from shared.store.store import (
    AlreadyExists,
    BadDocument,
    Conflict,
    Create,
    Delete,
    Merge,
    NotFound,
    Put,
    Remove,
    Update,
    Write,
)

MOST_BYTES_PER_CHARACTER = 4
"""That a character of our JSON can stand for, as documents are measured."""
NAME_BYTES = 100
"""What a document's size has beside its text and path."""

INSERT = "INSERT INTO documents (collection, kind, id, version, data) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO "
CREATE = INSERT + "NOTHING"
PUT = INSERT + "UPDATE SET version = excluded.version, data = excluded.data"
GET = "SELECT version, data FROM documents WHERE collection = ? AND id = ?"
DELETE = "DELETE FROM documents WHERE collection = ? AND id = ?"

Written = tuple[int, str]
"""A document's new version and data."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A write whose path and values have been checked."""

    write: Write
    collection: str
    document_id: str
    fields: Mapping[str, Any]
    """Sortable values, and Removes among them in an Update or Merge."""
    text: str
    """As JSON: the whole document in a Create or Put, what is set in an Update or Merge."""

    @property
    def most_bytes(self) -> int:
        """A bound on the document's size that costs nothing."""
        return _most_bytes(self.write.path, self.text)


def prepare(writes: Sequence[Write]) -> list[Prepared]:
    """The writes, checked and in SQLite's form, before anybody else has to wait for them. Raises BadDocument."""
    check_writes(writes)
    prepared = [_prepared(write) for write in writes]
    if sum(one.most_bytes for one in prepared) > MOST_BATCH_BYTES:
        check_batch_size(check_size(one.write.path, restored(_kept(one.fields))) for one in prepared)
    return prepared


def perform(connection: sqlite3.Connection, writes: Sequence[Prepared]) -> list[Written]:
    """Make these writes, in the transaction that is open; what each of them left.

    Raises AlreadyExists, NotFound, Conflict, BadDocument, and leaves it to the caller to undo the ones before.
    """
    (version,) = connection.execute("UPDATE commits SET number = number + 1 RETURNING number").fetchone()
    keys = {name: _collection_key(connection, name) for name in {one.collection for one in writes}}
    written: list[Written] = []
    for kind, run in groupby(writes, key=lambda one: type(one.write)):
        if issubclass(kind, Create | Put):
            written += _insert(connection, version, keys, kind, list(run))
        else:
            written += [_change(connection, version, keys[one.collection], one) for one in run]
    return written


def _prepared(write: Write) -> Prepared:
    collection, document_id = split_document_path(write.path)
    fields: Mapping[str, Any] = {}
    text = ""
    match write:
        case Create(data=data) | Put(data=data):
            fields = converted(data, SORTABLE)
            text = _checked_text(write.path, fields)
        case Update(changes=changes) | Merge(changes=changes):
            fields = converted_changes(changes, SORTABLE)
            text = to_json(_kept(fields))
    if isinstance(write, Update | Delete) and not isinstance(write.expected, int | None):
        raise BadDocument("the expected version was not read from this store")
    return Prepared(write, collection, document_id, fields, text)


def _insert(
    connection: sqlite3.Connection,
    version: int,
    keys: Mapping[str, int],
    kind: type[Write],
    run: Sequence[Prepared],
) -> list[Written]:
    rows = [(keys[one.collection], collection_group(one.collection), one.document_id, version, one.text) for one in run]
    made = connection.executemany(CREATE if kind is Create else PUT, rows).rowcount
    if made < len(rows):
        raise AlreadyExists("a document with this path exists already")
    return [(version, one.text) for one in run]


def _change(connection: sqlite3.Connection, version: int, collection: int, one: Prepared) -> Written:
    write, place = one.write, (collection, one.document_id)
    row: Written | None = connection.execute(GET, place).fetchone()
    expected = write.expected if isinstance(write, Update | Delete) else None
    if expected is not None and (row is None or row[0] != expected):
        raise Conflict("the document has changed or gone since it was read")
    if isinstance(write, Delete):
        connection.execute(DELETE, place)
        return version, ""
    if row is None and isinstance(write, Update):
        raise NotFound("there is no document at this path")
    before = {} if row is None else json.loads(row[1])
    text = _checked_text(write.path, changed(before, one.fields))
    connection.execute(PUT, (collection, collection_group(one.collection), one.document_id, version, text))
    return version, text


def _collection_key(connection: sqlite3.Connection, path: str) -> int:
    row = connection.execute("SELECT key FROM collections WHERE path = ?", (path,)).fetchone()
    if row is None:
        row = connection.execute("INSERT INTO collections (path) VALUES (?) RETURNING key", (path,)).fetchone()
    return int(row[0])


def _checked_text(path: str, fields: Mapping[str, Any]) -> str:
    text = to_json(fields)
    if _most_bytes(path, text) > MOST_DOCUMENT_BYTES:
        check_size(path, restored(fields))
    return text


def _most_bytes(path: str, text: str) -> int:
    return MOST_BYTES_PER_CHARACTER * (len(path) + len(text)) + NAME_BYTES


def _kept(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if not isinstance(value, Remove)}
