"""A store whose answers the jumping clock waits for: the emulator is another process, which the loop cannot see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shared.store.store import Data, Document, OrderBy, Page, Remove, Store, Value, Version, Where, Write
from tests.virtual_time import real_time


class PatientStore:
    """Passes everything on; time runs as it really does meanwhile."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def get(self, path: str) -> Document | None:
        """Pass on."""
        with real_time():
            return await self._store.get(path)

    async def create(self, path: str, data: Data) -> Document:
        """Pass on."""
        with real_time():
            return await self._store.create(path, data)

    async def update(
        self, path: str, changes: Mapping[str, Value | Remove], *, expected: Version | None = None
    ) -> Document:
        """Pass on."""
        with real_time():
            return await self._store.update(path, changes, expected=expected)

    async def query(
        self,
        collection: str,
        where: Sequence[Where] = (),
        *,
        order_by: Sequence[OrderBy] = (),
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page:
        """Pass on."""
        with real_time():
            return await self._store.query(collection, where, order_by=order_by, limit=limit, cursor=cursor)

    async def count(self, collection: str, where: Sequence[Where] = ()) -> int:
        """Pass on."""
        with real_time():
            return await self._store.count(collection, where)

    async def batch(self, writes: Sequence[Write]) -> None:
        """Pass on."""
        with real_time():
            await self._store.batch(writes)

    async def close(self) -> None:
        """Pass on."""
        await self._store.close()
