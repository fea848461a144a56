"""The document port: what Parley asks of a database, and the errors it may answer with.

A document is a mapping of field names to values at a path of alternating collection and document ids
(``calls/CA1/turns/0001``). Two adapters serve it, SQLite on a laptop and Firestore in the cloud, and one
contract suite holds both to the words below. What a path, a field and a value may be stands in documents.py.

StoreError
├── AlreadyExists     create() found a document at that path
├── NotFound          update() found none
├── Conflict          the document changed or went since it was read, or a batch met a precondition that failed
├── BadDocument       a path, field name, value or query the port does not take; nothing was written
│   └── MissingIndex  the query needs a composite index that shared/store/indexes.py does not declare
└── StoreUnavailable  the database could not be reached in time; whether a write happened is unknown

A plain StoreError is a fault that trying again does not mend: a database that does not exist, an identity
that it refuses, a file that is no database.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

Value = None | bool | int | float | str | datetime | Sequence["Value"] | Mapping[str, "Value"]
Data = Mapping[str, Value]
Version = object
"""An opaque token: the state of a document when it was read. Only the adapter that made it can read it."""


class StoreError(Exception):
    """The database could not do what was asked."""


class AlreadyExists(StoreError):
    """A document with this path exists already; it was left as it was."""


class NotFound(StoreError):
    """There is no document at this path."""


class Conflict(StoreError):
    """The document changed since it was read; read it again and decide anew."""


class BadDocument(StoreError):
    """The store does not take this path, field, value or query; nothing was written."""


class MissingIndex(BadDocument):
    """This query needs a composite index; declare it in shared/store/indexes.py."""


class StoreUnavailable(StoreError):
    """The database did not answer in time; a write may or may not have happened."""


class Remove:
    """As a value in update(): takes the field away."""


REMOVE = Remove()


@dataclass(frozen=True, slots=True)
class Document:
    """A document as it was when it was read."""

    path: str
    data: dict[str, Value]
    version: Version = field(repr=False, compare=False)

    @property
    def id(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]


Comparison = Literal["==", "!=", "<", "<=", ">", ">=", "in"]


@dataclass(frozen=True, slots=True)
class Where:
    """Keep documents whose top-level field compares so with the value. A missing field matches nothing.

    Values are scalars; ``in`` takes a list of 1 to 30 of them. Only ``==`` and ``!=`` take None. The order
    comparisons keep values of the same kind (1 and 1.5 are one kind, "1" is another); ``!=`` keeps every
    other kind but never None.
    """

    field: str
    comparison: Comparison
    value: Value


@dataclass(frozen=True, slots=True)
class OrderBy:
    """Sort by a top-level field; documents without it are left out.

    Ties are broken by document id, in the direction of the last field. None sorts before numbers, numbers
    before times, times before text. Booleans, lists and maps sort among themselves only: where a field mixes
    them with other kinds, their place differs between databases.
    """

    field: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Some of a query's documents, and where the next ones start (None: these were the last)."""

    documents: list[Document]
    next: str | None


@dataclass(frozen=True, slots=True)
class Create:
    """Write a document that must not exist yet."""

    path: str
    data: Data


@dataclass(frozen=True, slots=True)
class Put:
    """Write a document whole, whether or not one was there."""

    path: str
    data: Data


@dataclass(frozen=True, slots=True)
class Update:
    """Change some top-level fields of a document that must exist, at this version if one is given."""

    path: str
    changes: Mapping[str, Value | Remove]
    expected: Version | None = None


@dataclass(frozen=True, slots=True)
class Merge:
    """Set some top-level fields of a document, making it if there is none. Safe to send twice."""

    path: str
    changes: Mapping[str, Value | Remove]


@dataclass(frozen=True, slots=True)
class Delete:
    """Take a document away; no error when there is none, unless a version is expected."""

    path: str
    expected: Version | None = None


Write = Create | Put | Merge | Update | Delete


class Store(Protocol):
    """Documents, read and written one at a time, by query, or in an atomic batch."""

    async def get(self, path: str) -> Document | None:
        """The document at this path, or None."""
        ...

    async def create(self, path: str, data: Data) -> Document:
        """Write a new document. Exactly one of several simultaneous callers succeeds; raises AlreadyExists."""
        ...

    async def update(
        self, path: str, changes: Mapping[str, Value | Remove], *, expected: Version | None = None
    ) -> Document:
        """Change top-level fields (each replaced whole, REMOVE takes it away). Raises NotFound, Conflict.

        With `expected` it succeeds only on the very state that was read: a document that has changed, gone,
        or gone and come back is a Conflict. Without it the last writer wins, and the answer may already show
        a later writer's change.
        """
        ...

    async def query(
        self,
        collection: str,
        where: Sequence[Where] = (),
        *,
        order_by: Sequence[OrderBy] = (),
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page:
        """Documents directly in this collection, in order.

        Comparisons other than ``==`` and ``in`` may name one field only, which then leads the order; with no
        order given it is the order. Otherwise documents come by id. A query that filters on some fields and
        orders by others needs a declared index (MissingIndex). `cursor` is the `next` of an earlier page of
        a query with the same collection and order.
        """
        ...

    async def count(self, collection: str, where: Sequence[Where] = ()) -> int:
        """How many documents query() would find without a limit."""
        ...

    async def batch(self, writes: Sequence[Write]) -> None:
        """All of these or none of them, at most 500. Raises Conflict, AlreadyExists or NotFound.

        Each is on another document, except that Puts and Merges may share one and then follow each other.
        """
        ...

    async def close(self) -> None:
        """Let go of connections and threads. Closing twice is fine."""
        ...
