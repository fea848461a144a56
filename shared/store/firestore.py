"""The store in Firestore, for the cloud.

Every call has one deadline and its own retries, because the client library's would repeat a write whose answer was
lost; firestore_calls.py says how such a write is settled. No transactions: compare-and-set on the time of a document's
last write holds up far better when many want the same document.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any, TypeVar

from google.auth.exceptions import GoogleAuthError
from google.cloud.firestore_v1 import DELETE_FIELD, AsyncClient
from google.cloud.firestore_v1.base_query import FieldFilter

from shared.store.documents import (
    OWN_FIELD,
    PLAIN,
    changed,
    check_batch_size,
    check_size,
    check_writes,
    converted_changes,
    plain,
    split_document_path,
    utc,
)
from shared.store.firestore_calls import Commit, Patience, read
from shared.store.indexes import check_index
from shared.store.query import Query, make_query
from shared.store.store import (
    BadDocument,
    Create,
    Data,
    Delete,
    Document,
    Merge,
    NotFound,
    OrderBy,
    Page,
    Put,
    Remove,
    StoreError,
    StoreUnavailable,
    Update,
    Value,
    Version,
    Where,
    Write,
)

T = TypeVar("T")

DEADLINE_S = 5.0
"""For one call with its retries. Twilio waits 15 s for a webhook's answer."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A Version: when the document was last written, and what it held then."""

    update_time: Any
    data: Mapping[str, Value]


class FirestoreStore:
    """A Store in one Firestore database. It belongs to the event loop that first uses it."""

    def __init__(
        self, project: str, database: str = "(default)", *, deadline_s: float = DEADLINE_S, random: Random | None = None
    ) -> None:
        self._project = project
        self._database = database
        self._deadline_s = deadline_s
        self._random = random or Random()
        self._client: Any = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    async def get(self, path: str) -> Document | None:
        """The document at this path, or None."""
        split_document_path(path)
        reference = self._open().document(path)
        found = await self._read(lambda timeout_s: reference.get(retry=None, timeout=timeout_s))
        return _document(found) if found.exists else None

    async def create(self, path: str, data: Data) -> Document:
        """Write a new document; raises AlreadyExists."""
        (written_at,) = await self._commit([Create(path, data)])
        return Document(path, plain(data), Seen(written_at, plain(data)))

    async def update(
        self, path: str, changes: Mapping[str, Value | Remove], *, expected: Version | None = None
    ) -> Document:
        """Change top-level fields; raises NotFound, Conflict."""
        (written_at,) = await self._commit([Update(path, changes, expected)])
        if isinstance(expected, Seen):
            checked = converted_changes(changes, PLAIN)
            after = changed(expected.data, checked)
            return Document(path, plain(after), Seen(written_at, after))
        document = await self.get(path)
        if document is None:
            raise NotFound("the document was deleted right after it was changed")
        return document

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
        asked = _ordered(self._filtered(query), query).limit(limit + 1)
        found = await self._read(lambda timeout_s: asked.get(retry=None, timeout=timeout_s))
        documents = [_document(one) for one in found[:limit]]
        return Page(documents, query.cursor_after(documents[-1]) if len(found) > limit else None)

    async def count(self, collection: str, where: Sequence[Where] = ()) -> int:
        """How many documents query() would find without a limit."""
        query = make_query(collection, where)
        check_index(query)
        asked = self._filtered(query).count()
        found = await self._read(lambda timeout_s: asked.get(retry=None, timeout=timeout_s))
        return int(found[0][0].value)

    async def batch(self, writes: Sequence[Write]) -> None:
        """All of these or none of them."""
        if writes:
            await self._commit(writes)

    async def close(self) -> None:
        """Let go of the connection; closing twice is fine."""
        self._closed = True
        client, self._client = self._client, None
        if client is not None:
            # The client's own close() leaves its channel open.
            await client._firestore_api.transport.close()

    def _open(self) -> Any:
        loop = asyncio.get_running_loop()
        if self._closed:
            raise StoreUnavailable("the store is closed")
        if self._client is None:
            try:
                self._client = AsyncClient(project=self._project, database=self._database)
            except GoogleAuthError:
                raise StoreError("there are no Google credentials on this machine") from None
            self._loop = loop
        if self._loop is not loop:
            raise RuntimeError("a Firestore store is used on the event loop that first used it, and no other")
        return self._client

    def _patience(self) -> Patience:
        return Patience(asyncio.get_running_loop().time() + self._deadline_s, self._random)

    async def _read(self, call: Callable[[float], Awaitable[T]]) -> T:
        return await read(call, self._patience())

    async def _commit(self, writes: Sequence[Write]) -> list[Any]:
        check_writes(writes)
        client = self._open()
        mark = secrets.token_hex(8)
        batch = client.batch()
        for write in writes:
            split_document_path(write.path)
        fields = [_fields(write) for write in writes]
        # Measured before the client takes seconds to build a message that Firestore would refuse.
        check_batch_size(check_size(write.path, _kept(one)) for write, one in zip(writes, fields, strict=True))
        for write, one in zip(writes, fields, strict=True):
            _add(client, batch, write, one, mark)

        def snapshot(path: str, timeout_s: float) -> Awaitable[Any]:
            found: Awaitable[Any] = client.document(path).get(retry=None, timeout=timeout_s)
            return found

        return await Commit(batch, writes, mark, snapshot).send(self._patience())

    def _filtered(self, query: Query) -> Any:
        asked = self._open().collection(query.collection)
        for one in query.where:
            asked = asked.where(filter=FieldFilter(one.field, one.comparison, one.value))
        return asked


def _ordered(asked: Any, query: Query) -> Any:
    for one in query.order:
        asked = asked.order_by(one.field, direction=_direction(one.descending))
    asked = asked.order_by("__name__", direction=_direction(query.ids_descend))
    if query.after is None:
        return asked
    return asked.start_after([*query.after.values, query.after.document_id])


def _direction(descending: bool) -> str:
    return "DESCENDING" if descending else "ASCENDING"


def _fields(write: Write) -> dict[str, Any]:
    """What a write sets, checked; Removes among it."""
    match write:
        case Create(data=data) | Put(data=data):
            return plain(data)
        case Merge(changes=changes) | Update(changes=changes):
            return converted_changes(changes, PLAIN)
        case Delete():
            return {}


def _kept(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if not isinstance(value, Remove)}


def _add(client: Any, batch: Any, write: Write, fields: Mapping[str, Any], mark: str) -> None:
    """Put a write into the client's batch, with the commit's mark on what it writes."""
    reference = client.document(write.path)
    marked = {**dict.fromkeys(fields, DELETE_FIELD), **_kept(fields), OWN_FIELD: mark}
    match write:
        case Create():
            batch.create(reference, marked)
        case Put():
            batch.set(reference, marked)
        case Merge():
            # Naming the fields replaces a map whole; without names the client would merge its keys.
            batch.set(reference, marked, merge=list(marked))
        case Update(expected=expected):
            batch.update(reference, marked, option=_option(client, expected))
        case Delete(expected=expected):
            batch.delete(reference, option=_option(client, expected))


def _option(client: Any, expected: Version | None) -> Any:
    if expected is None:
        return None
    if not isinstance(expected, Seen):
        raise BadDocument("the expected version was not read from this store")
    return client.write_option(last_update_time=expected.update_time)


def _document(snapshot: Any) -> Document:
    fields = snapshot.to_dict()
    fields.pop(OWN_FIELD, None)
    data: dict[str, Value] = _value(fields)
    return Document(snapshot.reference.path, data, Seen(snapshot.update_time, _value(fields)))


def _value(value: Any) -> Any:
    """Firestore's value in plain Python; its times come in a class of their own."""
    if isinstance(value, datetime):
        return utc(value)
    if isinstance(value, dict):
        return {name: _value(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_value(one) for one in value]
    return value
