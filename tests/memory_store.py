"""A store in memory for tests on a virtual clock: no threads, so that nothing has to be waited for."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any

from shared.store.store import (
    AlreadyExists,
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
    StoreUnavailable,
    Update,
    Value,
    Version,
    Where,
    Write,
)


class MemoryStore:
    """Documents in a dictionary; can be told to be away."""

    def __init__(self) -> None:
        self.documents: dict[str, tuple[dict[str, Any], int]] = {}
        self.away = False
        self._versions = count(1)

    def _here(self) -> None:
        if self.away:
            raise StoreUnavailable

    async def get(self, path: str) -> Document | None:
        self._here()
        found = self.documents.get(path)
        return None if found is None else Document(path, copy.deepcopy(found[0]), found[1])

    async def create(self, path: str, data: Data) -> Document:
        self._here()
        self._apply([Create(path, data)])
        return Document(path, dict(data), self.documents[path][1])

    async def update(
        self, path: str, changes: Mapping[str, Value | Remove], *, expected: Version | None = None
    ) -> Document:
        self._here()
        self._apply([Update(path, changes, expected)])
        data, version = self.documents[path]
        return Document(path, copy.deepcopy(data), version)

    async def query(
        self,
        collection: str,
        where: Sequence[Where] = (),
        *,
        order_by: Sequence[OrderBy] = (),
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page:
        self._here()
        found = [one for one in self._matching(collection, where) if all(order.field in one.data for order in order_by)]
        ids = OrderBy("", descending=bool(order_by) and order_by[-1].descending)
        for order in reversed([*order_by, ids]):
            found.sort(key=_by(order.field), reverse=order.descending)
        start = int(cursor or 0)
        page = found[start : start + limit]
        return Page(page, str(start + limit) if start + limit < len(found) else None)

    async def count(self, collection: str, where: Sequence[Where] = ()) -> int:
        self._here()
        return len(self._matching(collection, where))

    def _matching(self, collection: str, where: Sequence[Where]) -> list[Document]:
        return [
            Document(path, copy.deepcopy(data), version)
            for path, (data, version) in sorted(self.documents.items())
            if path.rpartition("/")[0] == collection and all(_holds(data, one) for one in where)
        ]

    async def batch(self, writes: Sequence[Write]) -> None:
        self._here()
        self._apply(writes)

    def _apply(self, writes: Sequence[Write]) -> None:
        before = dict(self.documents)
        try:
            for write in writes:
                self._apply_one(write)
        except (AlreadyExists, Conflict, NotFound):
            self.documents = before
            raise

    def _apply_one(self, write: Write) -> None:
        found = self.documents.get(write.path)
        match write:
            case Create(path, data):
                if found is not None:
                    raise AlreadyExists
                self.documents[path] = (dict(data), next(self._versions))
            case Put(path, data):
                self.documents[path] = (dict(data), next(self._versions))
            case Merge(path, changes):
                self.documents[path] = (_changed(found[0] if found else {}, changes), next(self._versions))
            case Update(path, changes, expected):
                if found is None:
                    raise NotFound
                if expected is not None and expected != found[1]:
                    raise Conflict
                self.documents[path] = (_changed(found[0], changes), next(self._versions))
            case Delete(path, expected):
                if expected is not None and (found is None or expected != found[1]):
                    raise Conflict
                self.documents.pop(path, None)

    async def close(self) -> None:
        pass


def _by(field: str) -> Callable[[Document], Any]:
    return lambda one: one.data[field] if field else one.id


def _changed(data: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    after = {**data, **changes}
    return {name: value for name, value in after.items() if not isinstance(value, Remove)}


def _holds(data: Mapping[str, Any], where: Where) -> bool:
    if where.field not in data:
        return False
    value, other = data[where.field], where.value
    try:
        match where.comparison:
            case "==":
                return bool(value == other)
            case "!=":
                return bool(value != other)
            case "in":
                return value in other  # type: ignore[operator]
            case "<":
                return bool(value < other)
            case "<=":
                return bool(value <= other)
            case ">":
                return bool(value > other)
            case ">=":
                return bool(value >= other)
    except TypeError:
        return False
