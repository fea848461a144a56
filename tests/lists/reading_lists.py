"""Reads lists in tests: text or bytes in, rows out."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from functions.console.lists.classify import Terms
from functions.console.lists.columns import Column
from functions.console.lists.reading import ListReading
from functions.console.lists.report import Report
from shared.domain.calling_rules import Purpose
from shared.domain.contact_row import ContactRow
from shared.domain.phone_number import NumberHash, number_hash
from tests.lists.workbooks import Cell, write_workbook

KEY = b"a key for tests"


def terms(
    country: str = "IN", purpose: Purpose = Purpose.SERVICE, suppressed: Sequence[str] = (), **others: Any
) -> Terms:
    """Terms of an Indian service list; suppressed: numbers in E.164."""
    barred = {number_hash(e164, KEY) for e164 in suppressed}
    return Terms(country, purpose, NumberHash(KEY), suppressed=barred.__contains__, **others)


class Read:
    """A list, read to its end."""

    def __init__(self, columns: Sequence[Column], rows: list[ContactRow], report: Report, file: dict[str, str]) -> None:
        self.columns = columns
        self.rows = rows
        self.report = report
        self.file = file

    def __getitem__(self, number: int) -> ContactRow:
        return next(row for row in self.rows if row.row == number)

    @property
    def classes(self) -> list[str]:
        return [row.row_class.value for row in self.rows]

    @property
    def phones(self) -> list[str]:
        return [row.phone for row in self.rows]

    @property
    def roles(self) -> dict[str, str]:
        return {column.header: column.role for column in self.columns}

    @property
    def warnings(self) -> dict[str, int]:
        return {code: count for code, count in self.report.warnings.items() if count}


def read(
    file: str | bytes | Path,
    on: Terms | None = None,
    *,
    mapping: Mapping[str, str | None] | None = None,
    sheet: str | None = None,
    encoding: str = "utf-8",
    size: int = 250,
) -> Read:
    """Read a whole list."""
    data = file.encode(encoding) if isinstance(file, str) else file
    source = data if isinstance(data, Path) else io.BytesIO(data)
    with ListReading(source, on or terms(), mapping=mapping, sheet=sheet) as opened:
        rows = [row for batch in opened.batches(size) for row in batch]
        return Read(opened.columns, rows, opened.report, opened.format)


def workbook(rows: Sequence[Sequence[Cell]], **options: Any) -> bytes:
    """An .xlsx with these rows."""
    file = io.BytesIO()
    write_workbook(file, rows, **options)
    return file.getvalue()


def refused(reading: Callable[[], object]) -> dict[str, str | int]:
    """The problem with which reading a list ends."""
    from functions.console.lists.list_error import ListError

    try:
        reading()
    except ListError as error:
        return error.problem()
    raise AssertionError("the list was read")
