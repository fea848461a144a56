"""rejected.csv: the rows that cannot be called, as they came, each with its reason, ready to be mended. [pure]"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from functions.console.lists.columns import ACCOUNT_HEADERS
from functions.console.lists.csv_export import csv_text
from shared.domain.contact_row import CALLABLE, ContactRow


def rejected_csv(headers: Sequence[str], rows: Iterable[ContactRow]) -> Iterator[str]:
    """The file's text in pieces. The account stands in the first columns, so that surplus cells keep their place."""
    return csv_text(_cells(headers, rows))


def _cells(headers: Sequence[str], rows: Iterable[ContactRow]) -> Iterator[Sequence[str]]:
    yield (*ACCOUNT_HEADERS, *headers)
    for row in rows:
        if row.row_class not in CALLABLE:
            yield (str(row.row), row.reason, row.explanation, row.fix, *row.original)
