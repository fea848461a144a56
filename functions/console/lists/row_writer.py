"""Rows on their way into the store: in batches that it takes, several at a time, tried again when it was away."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from functions.console.lists.row_document import row_document, row_path, size_of
from shared.domain.contact_row import ContactRow, RowClass, duplicate_of, withdrawn
from shared.store.store import Merge, Put, Store, StoreUnavailable, Value, Write

BATCH_ROWS = 500
BATCH_BYTES = 3_000_000
BATCHES_AT_ONCE = 4
TRIES = 6
FIRST_PAUSE_S = 0.2


class RowWriter:
    """Writes the rows of one list. Writing a row twice is fine."""

    def __init__(self, store: Store, list_id: str, *, first_pause_s: float = FIRST_PAUSE_S) -> None:
        self._store = store
        self._first_pause_s = first_pause_s
        self._list_id = list_id
        self._batch: list[Write] = []
        self._batch_bytes = 0
        self._full: list[list[Write]] = []

    async def put(self, rows: Iterable[ContactRow]) -> None:
        """Take these rows; they are in the store after flush()."""
        for row in rows:
            size = size_of(row)
            if len(self._batch) == BATCH_ROWS or self._batch_bytes + size > BATCH_BYTES:
                self._close_batch()
            self._batch.append(Put(row_path(self._list_id, row.row), row_document(row)))
            self._batch_bytes += size
        if len(self._full) >= BATCHES_AT_ONCE:
            await self._write()

    async def demote(self, rows: Mapping[int, int]) -> None:
        """Make these rows duplicates of others: row → the row that has its number now."""
        await self._change({row: _became(RowClass.DUPLICATE, duplicate_of(first)) for row, first in rows.items()})

    async def withdraw(self, rows: Mapping[int, int]) -> None:
        """Let these rows not be called: row → the row that has its number and says no."""
        refused = {row: _became(RowClass.NO_CONSENT, withdrawn(row, by)) for row, by in rows.items()}
        await self._change({row: {**became, "consent": "denied"} for row, became in refused.items()})

    async def _change(self, rows: Mapping[int, Mapping[str, Value]]) -> None:
        """Once they are in the store."""
        if not rows:
            return
        await self.flush()
        for number, changes in rows.items():
            if len(self._batch) == BATCH_ROWS:
                self._close_batch()
            self._batch.append(Merge(row_path(self._list_id, number), changes))
        await self.flush()

    async def flush(self) -> None:
        """Write what is still here."""
        self._close_batch()
        await self._write()

    def _close_batch(self) -> None:
        if self._batch:
            self._full.append(self._batch)
            self._batch, self._batch_bytes = [], 0

    async def _write(self) -> None:
        full, self._full = self._full, []
        try:
            async with asyncio.TaskGroup() as writing:
                for batch in full:
                    writing.create_task(self._write_batch(batch))
        except ExceptionGroup as faults:
            raise faults.exceptions[0] from None

    async def _write_batch(self, batch: Sequence[Write]) -> None:
        """Every write may be sent twice, so a lost answer is no harm."""
        for tries in range(TRIES):
            try:
                await self._store.batch(batch)
                return
            except StoreUnavailable:
                if tries == TRIES - 1:
                    raise
                await asyncio.sleep(self._first_pause_s * 2**tries)


def _became(row_class: RowClass, told: tuple[str, str, str]) -> dict[str, Value]:
    reason, explanation, fix = told
    return {"class": row_class.value, "reason": reason, "explanation": explanation, "fix": fix}
