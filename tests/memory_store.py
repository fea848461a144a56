"""A store in memory for tests on a virtual clock: no threads, so that nothing has to be waited for.

It checks what it is given as the adapters do, and passes the contract suite with them (tests/store).
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

from shared.store.documents import (
    PLAIN,
    changed,
    check_batch_size,
    check_size,
    check_writes,
    converted,
    converted_changes,
    split_document_path,
)
from shared.store.indexes import check_index
from shared.store.query import EQUALITIES, Query, make_query
from shared.store.sortable import BOOLEAN, SORTABLE, TIME, to_json
from shared.store.store import (
    AlreadyExists,
    BadDocument,
    Conflict,
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

Rank = tuple[str, Any]
"""A value's kind, and where it stands among those of its kind; kinds stand in the order of their names."""


class MemoryStore:
    """Documents in a dictionary; can be told to be away."""

    def __init__(self) -> None:
        self.documents: dict[str, tuple[dict[str, Any], int]] = {}
        self.away = False
        self._closed = False
        self._versions = count(1)

    def _here(self) -> None:
        if self.away or self._closed:
            raise StoreUnavailable

    async def get(self, path: str) -> Document | None:
        split_document_path(path)
        self._here()
        found = self.documents.get(path)
        return None if found is None else Document(path, copy.deepcopy(found[0]), found[1])

    async def create(self, path: str, data: Data) -> Document:
        return self._written(Create(path, data))

    async def update(
        self, path: str, changes: Mapping[str, Value | Remove], *, expected: Version | None = None
    ) -> Document:
        return self._written(Update(path, changes, expected))

    def _written(self, write: Write) -> Document:
        self._apply([write])
        data, version = self.documents[write.path]
        return Document(write.path, copy.deepcopy(data), version)

    async def query(
        self,
        collection: str,
        where: Sequence[Where] = (),
        *,
        order_by: Sequence[OrderBy] = (),
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page:
        query = make_query(collection, where, order_by, limit, cursor)
        check_index(query)
        self._here()
        found = self._matching(query)
        found.sort(key=lambda one: one.id, reverse=query.ids_descend)
        for order in reversed(query.order):
            found.sort(key=lambda one, field=order.field: _rank(one.data[field]), reverse=order.descending)  # type: ignore[misc]
        if query.after is not None:
            found = [one for one in found if _is_after(one, query)]
        page = [Document(one.path, copy.deepcopy(one.data), one.version) for one in found[:limit]]
        return Page(page, query.cursor_after(page[-1]) if len(found) > limit else None)

    async def count(self, collection: str, where: Sequence[Where] = ()) -> int:
        query = make_query(collection, where)
        check_index(query)
        self._here()
        return len(self._matching(query))

    def _matching(self, query: Query) -> list[Document]:
        needed = [one.field for one in query.order]
        return [
            Document(path, data, version)
            for path, (data, version) in self.documents.items()
            if path.rpartition("/")[0] == query.collection
            and all(field in data for field in needed)
            and all(_holds(data, one) for one in query.where)
        ]

    async def batch(self, writes: Sequence[Write]) -> None:
        self._apply(writes)

    def _apply(self, writes: Sequence[Write]) -> None:
        check_writes(writes)
        checked = [_checked(write) for write in writes]
        self._here()
        before = dict(self.documents)
        try:
            for write, fields in checked:
                self._apply_one(write, fields)
            check_batch_size(check_size(one.path, self.documents.get(one.path, ({}, 0))[0]) for one in writes)
        except StoreError:
            self.documents.clear()
            self.documents.update(before)
            raise

    def _apply_one(self, write: Write, fields: dict[str, Any]) -> None:
        found = self.documents.get(write.path)
        expected = write.expected if isinstance(write, Update | Delete) else None
        if expected is not None and (found is None or found[1] != expected):
            raise Conflict
        match write:
            case Create() if found is not None:
                raise AlreadyExists
            case Update() if found is None:
                raise NotFound
            case Delete():
                self.documents.pop(write.path, None)
            case Create() | Put():
                self.documents[write.path] = (fields, next(self._versions))
            case _:
                self.documents[write.path] = (changed(found[0] if found else {}, fields), next(self._versions))

    async def close(self) -> None:
        self._closed = True


def _checked(write: Write) -> tuple[Write, dict[str, Any]]:
    """The write, and its fields as a reader will get them."""
    split_document_path(write.path)
    if isinstance(write, Update | Delete) and not isinstance(write.expected, int | None):
        raise BadDocument("the expected version was not read from this store")
    match write:
        case Create(data=data) | Put(data=data):
            return write, converted(data, PLAIN)
        case Update(changes=changes) | Merge(changes=changes):
            return write, converted_changes(changes, PLAIN)
    return write, {}


def _rank(value: Value) -> Rank:
    sortable = converted({"value": value}, SORTABLE)["value"]
    if sortable is None:
        return "0 none", 0
    if isinstance(sortable, str):
        kind = {BOOLEAN: "2 boolean", TIME: "3 time"}.get(sortable[:1], "4 text")
        return kind, value.encode() if isinstance(value, str) else sortable
    return ("1 number", sortable) if isinstance(sortable, int | float) else ("5 nested", to_json(sortable))


def _is_after(one: Document, query: Query) -> bool:
    """Whether it comes later in the query's order than the place where the page before it ended."""
    assert query.after is not None
    for order, there in zip(query.order, query.after.values, strict=True):
        here, before = _rank(one.data[order.field]), _rank(there)
        if here != before:
            return (here < before) if order.descending else (here > before)
    return (one.id < query.after.document_id) if query.ids_descend else (one.id > query.after.document_id)


def _holds(data: Mapping[str, Any], where: Where) -> bool:
    if where.field not in data:
        return False
    here = _rank(data[where.field])
    if where.comparison in EQUALITIES:
        wanted = where.value if where.comparison == "in" else [where.value]
        return isinstance(wanted, list) and here in [_rank(one) for one in wanted]
    there = _rank(where.value)
    if where.comparison == "!=":
        return data[where.field] is not None and here != there
    if here[0] != there[0]:
        return False
    match where.comparison:
        case "<":
            return bool(here < there)
        case "<=":
            return bool(here <= there)
        case ">":
            return bool(here > there)
    return bool(here >= there)
