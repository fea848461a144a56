"""A list being read: opened, its columns understood, its rows classified batch by batch as they stream past."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain, islice
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from functions.console.lists.cell_text import plain
from functions.console.lists.classify import Classifier, Terms
from functions.console.lists.columns import ACCOUNT, Column, find_roles, name_columns, with_mapping
from functions.console.lists.csv_export import undefused
from functions.console.lists.header import LOOKED_AT, find_header, first_row
from functions.console.lists.list_error import ListError
from functions.console.lists.records import Records
from functions.console.lists.report import Report
from shared.domain.calling_rules import Purpose
from shared.domain.contact_row import ContactRow
from shared.domain.phone_number import is_region

BATCH_ROWS = 250
"""So many rows stay in the processor's cache, and are gone before the garbage collector looks at them."""
SAMPLED_ROWS = 100
PREVIEW_ROWS = 20
EXAMPLES = 3
MAX_RECORDS = 1_048_576
"""A spreadsheet's own limit."""


class ListReading:
    """One pass over a file. Raises ListError, at opening or while rows are read.

    source: a path, or a binary stream that can seek. mapping: header → field, as the marketer wants it (the rest is
    found). sheet: of a workbook; the first visible one by default.
    """

    def __init__(
        self,
        source: Path | BinaryIO,
        terms: Terms,
        *,
        mapping: Mapping[str, str | None] | None = None,
        sheet: str | None = None,
    ) -> None:
        if not is_region(terms.country):
            raise ListError(
                "unknown_country", "The list's country is none.", "Use a code such as IN or US.", field="country"
            )
        self.report = Report()
        self.seen: dict[int, int] = {}
        """Number (E.164 as an integer) → the first row that has it, of the rows given out so far."""
        self._records = Records(source, sheet=sheet)
        try:
            self._stream = iter(self._records)
            head = list(islice(self._stream, SAMPLED_ROWS))
            self.columns = self._understand(head, terms.country, mapping or {})
            self._classifier = Classifier(self.columns, terms, self.seen)
        except BaseException:
            self.close()
            raise

    def _understand(
        self, head: list[tuple[int, list[str]]], country: str, mapping: Mapping[str, str | None]
    ) -> tuple[Column, ...]:
        cells = [record[1] for record in head]
        header = find_header(cells, country)
        start = first_row(cells) if header is None else header + 1
        self._head = head[start:]
        self.report.warnings["no_header"] = int(header is None)
        self.report.warnings["titles_skipped"] = header or 0
        rows = cells[start:]
        width = max(map(len, rows[:LOOKED_AT]), default=0) if header is None else 0
        columns = name_columns([] if header is None else cells[header], width)
        if any(column.role == ACCOUNT for column in columns):  # it comes out of our own rejected.csv
            self._head = [(number, list(map(undefused, row))) for number, row in self._head]
            self._stream = ((number, list(map(undefused, row))) for number, row in self._stream)
        return with_mapping(find_roles(columns, rows, country), mapping)

    @property
    def tells_consent(self) -> bool:
        """Whether a row can take back what an earlier one with the same number says."""
        return any(column.role == "consent" for column in self.columns)

    @property
    def first_row(self) -> int:
        """The number of the first row below the header; 1 when there is none."""
        return self._head[0][0] if self._head else 1

    def examples(self, column: Column) -> list[str]:
        """The beginning of what stands in the first cells of a column."""
        cells = (plain(cells[column.index])[:60] for _, cells in self._head if len(cells) > column.index)
        return list(islice(filter(None, cells), EXAMPLES))

    @property
    def format(self) -> dict[str, str]:
        """What the file turned out to be."""
        return self._records.format

    @property
    def read_share(self) -> float:
        """How much of the file has been read, from 0 to 1."""
        return self._records.read_share

    def preview(self, rows: int = PREVIEW_ROWS) -> list[ContactRow]:
        """The first rows, classified on their own; the pass itself goes on unchanged."""
        self._need_phone()
        classifier = Classifier(self.columns, self._classifier.terms)
        return classifier.classify(self._head)[:rows]

    def batches(self, size: int = BATCH_ROWS) -> Iterator[list[ContactRow]]:
        """All rows, once, about so many at a time. The report holds what has been given out so far."""
        self._need_phone()
        records = chain(self._head, self._stream)
        while some := list(islice(records, size)):
            if some[-1][0] > MAX_RECORDS:
                raise ListError(
                    "too_many_rows",
                    "A list may have 1,048,576 rows.",
                    "Split the file into several lists.",
                    row=MAX_RECORDS + 1,
                )
            if rows := self._classifier.classify(some):
                self.report.add(rows)
                yield rows
        self._notice()

    def _need_phone(self) -> None:
        if all(column.role != "phone" for column in self.columns):
            raise ListError(
                "no_phone_column",
                "No column of the list holds phone numbers.",
                "Say which column is the phone in the mapping, or call its header Phone.",
                field="phone",
            )

    def _notice(self) -> None:
        warnings = self.report.warnings
        warnings.update(self._classifier.noticed)
        warnings["open_quotes"] = len(self._records.open_quotes)
        warnings["other_sheets"] = len(self._records.other_sheets)
        warnings["empty_at_end"] = self._classifier.empty_rows_at_end
        warnings["no_rows"] = int(not self.report.total)
        if self._classifier.terms.purpose is Purpose.MARKETING and all(one.role != "consent" for one in self.columns):
            warnings["no_consent_column"] = self.report.total

    def close(self) -> None:
        """Let go of the file."""
        self._records.close()

    def __enter__(self) -> ListReading:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
