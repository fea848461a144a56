"""rejected.csv: the rows that cannot be called, as they came, each with its reason, ready to be mended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from functions.console.lists.columns import ACCOUNT_HEADERS
from functions.console.lists.csv_export import BYTE_ORDER_MARK, csv_lines
from shared.domain.contact_row import CALLABLE, ContactRow


def rejected_csv(headers: Sequence[str], rows: Iterable[ContactRow]) -> Iterator[str]:
    """The file's text, line by line. The account comes first, so that surplus cells keep their place at the end."""
    yield BYTE_ORDER_MARK
    yield from csv_lines([(*ACCOUNT_HEADERS, *headers)])
    yield from csv_lines(_cells(row) for row in rows if row.row_class not in CALLABLE)


def _cells(row: ContactRow) -> Sequence[str]:
    return (str(row.row), row.reason, row.explanation, row.fix, *row.original)
