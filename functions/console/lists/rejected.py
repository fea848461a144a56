"""rejected.csv: the rows that cannot be called, as they came, each with its reason, ready to be mended."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import Any

from functions.console.lists.columns import ACCOUNT_HEADERS
from functions.console.lists.csv_export import BYTE_ORDER_MARK, csv_lines
from functions.console.lists.row_document import list_path, row_from_document, rows_path
from shared.domain.contact_row import CALLABLE, ContactRow, RowClass
from shared.store.store import NotFound, OrderBy, Store, Where

REJECTED = tuple(each.value for each in RowClass if each not in CALLABLE)
ROWS_AT_ONCE = 250


async def rejected_file(store: Store, list_id: str) -> AsyncIterator[str]:
    """The file of a list in the store, in pieces. Raises NotFound."""
    document = await store.get(list_path(list_id))
    if document is None:
        raise NotFound("there is no such list")
    columns: Any = document.data.get("columns") or []
    yield "".join(rejected_csv([column["header"] for column in columns], ()))
    cursor = None
    while True:
        page = await store.query(
            rows_path(list_id),
            [Where("class", "in", REJECTED)],
            order_by=[OrderBy("row")],
            limit=ROWS_AT_ONCE,
            cursor=cursor,
        )
        yield "".join(csv_lines(_cells(row_from_document(each.data)) for each in page.documents))
        cursor = page.next
        if cursor is None:
            return


def rejected_csv(headers: Sequence[str], rows: Iterable[ContactRow]) -> Iterator[str]:
    """The file's text, line by line. The account comes first, so that surplus cells keep their place at the end."""
    yield BYTE_ORDER_MARK
    yield from csv_lines([(*ACCOUNT_HEADERS, *headers)])
    yield from csv_lines(_cells(row) for row in rows if row.row_class not in CALLABLE)


def _cells(row: ContactRow) -> Sequence[str]:
    return (str(row.row), row.reason, row.explanation, row.fix, *row.original)
