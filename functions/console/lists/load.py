"""Loading a list into the store: rows go in as they are read, and the list's document says how far it has come.

A loader may be killed at any moment and started again, or run twice at once: rows have the same ids and, for the same
file and terms, the same content. Each reading of a list has a token, which begin_reading() puts into the list's
document; a loader that finds another reading's token there stops.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, TypeVar

from functions.console.lists.classify import Terms
from functions.console.lists.columns import Column, mapping_of
from functions.console.lists.ledger import Ledger
from functions.console.lists.list_error import ListError
from functions.console.lists.mended import Mended
from functions.console.lists.reading import ListReading
from functions.console.lists.report import Report
from functions.console.lists.row_document import list_path, row_document, row_path, rows_path, size_of
from functions.console.lists.row_writer import RowWriter
from shared.domain.contact_row import ContactRow, RowClass
from shared.store.store import REMOVE, Conflict, Delete, Merge, Remove, Store, Value, Where

log = logging.getLogger(__name__)

Source = Path | BinaryIO
T = TypeVar("T")

PROGRESS_EVERY_S = 1.0
"""Firestore takes about one write a second to the same document."""
MOST_TITLES = 400
MOST_PREVIEW_BYTES = 300_000
"""A document holds 1 MiB, and 200 columns may have long headers."""
_MOST_TRIES = 10


async def begin_reading(store: Store, list_id: str, reading: str, fields: Mapping[str, Value]) -> None:
    """Write the list's document, new or not: it is being read from now on, by whoever has this token.

    fields: what else the document shall say (filename, country, purpose ...).
    """
    start: dict[str, Value | Remove] = {
        **fields,
        "list_id": list_id,
        "status": "reading",
        "reading": reading,
        "total": 0,
        "counts": Report().counts(),
        "problem": REMOVE,
    }
    await store.batch([Merge(list_path(list_id), start)])


async def load_list(
    store: Store,
    list_id: str,
    reading: str,
    source: Source,
    terms: Terms,
    *,
    mapping: Mapping[str, str | None] | None = None,
    sheet: str | None = None,
    mended: Sequence[Source] = (),
    last_only: bool = False,
) -> None:
    """Read, classify and store a list; its document ends as ready, or as failed with the problem.

    mended: mended rejected.csv files, laid over the list in this order. last_only: the rows of everything but the
    last one are in the store, classified on the same terms; only what that one changes is written.
    """
    loading = _Loading(store, list_id, reading)
    try:
        with await asyncio.to_thread(ListReading, source, terms, mapping=mapping, sheet=sheet) as opened:
            ledger = await loading.rows_of(
                opened, written=not last_only, remembered=bool(mended) or opened.tells_consent
            )
            for number, file in enumerate(mended, start=1):
                await loading.merge(file, opened.columns, terms, ledger, written=not last_only or number == len(mended))
            await loading.finish(opened.report, from_store=last_only)
    except ListError as error:
        log.info("list refused", extra={"list": list_id, "code": error.code})
        await loading.tell({"status": "failed", "problem": error.problem()})
    except Conflict:
        log.info("this reading of the list is no longer wanted", extra={"list": list_id})


class _Loading:
    """One reading of one list on its way into the store."""

    def __init__(self, store: Store, list_id: str, reading: str) -> None:
        self._store = store
        self._list_id = list_id
        self._reading = reading
        self._writer = RowWriter(store, list_id)
        self._told_s = 0.0

    async def rows_of(self, opened: ListReading, *, written: bool, remembered: bool) -> Ledger:
        """Store the rows of the list itself."""
        ledger = Ledger(opened.report, opened.seen)
        told = [{**column.told(), "examples": opened.examples(column)} for column in opened.columns]
        await self.tell({"columns": told, "mapping": mapping_of(opened.columns), "format": opened.format})
        preview = await asyncio.to_thread(opened.preview)
        await self.tell({"preview": [row_document(row) for row in _in_bytes(preview, MOST_PREVIEW_BYTES)]})
        if written:
            # An earlier reading may have taken the header, or a title above it, for rows.
            await self._store.batch(
                [Delete(row_path(self._list_id, n)) for n in range(1, min(opened.first_row, MOST_TITLES))]
            )
        async for rows in _in_thread(opened.batches()):
            if remembered:
                ledger.record(rows)
            if written:
                await self._writer.put(rows)
                await self._progress(opened)
        await self._writer.flush()
        await self._withdraw(ledger, written=written)
        return ledger

    async def _withdraw(self, ledger: Ledger, *, written: bool) -> None:
        """Rows that give way to a no further down are written again: they were in the store before it was read."""
        if written:
            await self._writer.withdraw(ledger.withdrawn)
        ledger.withdrawn.clear()

    async def merge(
        self, file: Source, columns: Sequence[Column], terms: Terms, ledger: Ledger, *, written: bool
    ) -> None:
        """Lay a mended file over the rows so far."""
        mended = await asyncio.to_thread(Mended, file, columns, terms, ledger)
        try:
            async for batch in _in_thread(mended.batches()):
                if written:
                    await self._writer.put(batch.rows)
                    await self._writer.demote(batch.demoted)
                await self._withdraw(ledger, written=written)
            await self._writer.flush()
        finally:
            mended.close()
        if written:
            await self.tell({"merged": mended.merged.told()})

    async def finish(self, report: Report, *, from_store: bool) -> None:
        """The list is ready. Counts are those of the rows in the store, whatever has happened on the way."""
        counts = await self._stored_counts() if from_store else report.counts()
        await self.tell(
            {
                "status": "ready",
                "total": sum(counts.values()),
                "counts": counts,
                "reasons": {reason: count for reason, count in report.reasons.items() if count},
                "warnings": report.told_warnings(),
                "read_share": 1.0,
            }
        )

    async def _stored_counts(self) -> dict[str, int]:
        rows = rows_path(self._list_id)
        return {each.value: await self._store.count(rows, [Where("class", "==", each.value)]) for each in RowClass}

    async def _progress(self, opened: ListReading) -> None:
        now_s = asyncio.get_running_loop().time()
        if now_s - self._told_s >= PROGRESS_EVERY_S:
            self._told_s = now_s
            report = opened.report
            await self.tell({"total": report.total, "counts": report.counts(), "read_share": opened.read_share})

    async def tell(self, changes: Mapping[str, Value | Remove]) -> None:
        """Change the list's document. Raises Conflict when the list is being read anew, by somebody else."""
        for _ in range(_MOST_TRIES):
            document = await self._store.get(list_path(self._list_id))
            if document is None or document.data.get("reading") != self._reading:
                raise Conflict("another reading has begun")
            try:
                await self._store.update(document.path, changes, expected=document.version)
                return
            except Conflict:
                continue
        raise Conflict("others changed the list's document first, every time")


def _in_bytes(rows: Iterable[ContactRow], most: int) -> Iterator[ContactRow]:
    """As many of the first rows as fit."""
    for row in rows:
        most -= size_of(row)
        if most < 0:
            return
        yield row


async def _in_thread(batches: Iterator[T]) -> AsyncIterator[T]:
    """The batches, each worked out in a thread, so that requests are answered in between."""
    while (batch := await asyncio.to_thread(next, batches, None)) is not None:
        yield batch
