"""Workbooks: .xlsx through python-calamine where the sheet fits in memory, streamed where it does not.

calamine reads a sheet whole, as a rectangle: a million rows of eight cells take it 600 MB, and one stray cell in the
last row and column would take everything the machine has. So the sheet's size is looked at before.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from typing import BinaryIO

from python_calamine import CalamineError, CalamineWorkbook

from functions.console.lists.cell_text import cell_text
from functions.console.lists.list_error import ListError
from functions.console.lists.sheet_stream import MOST_COLUMNS, sheet_rows
from functions.console.lists.workbook_parts import BROKEN, Sheet, damaged, workbook_parts

MOST_BYTES_IN_MEMORY = 24 << 20
"""Of sheet and strings, unpacked: some 80,000 rows, which calamine holds in 50 MB."""
MOST_CELLS_IN_MEMORY = 2_000_000
MOST_BYTES_UNPACKED = 4 << 30
"""A sheet of a million rows and forty columns; more is an archive made to burst."""
_REFERENCE = re.compile(rb"""\br\s*=\s*["'](?:([A-Z]{1,3})?([0-9]{1,7})["'])?""")
_UNANSWERED_FORMULA = re.compile(rb"</f>\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>")


class Workbook:
    """An opened workbook: the sheet that is read, and the names of the others."""

    def __init__(self, stream: BinaryIO, sheet: str | None = None) -> None:
        self._stream = stream
        self.sheet = ""
        self.other_sheets: tuple[str, ...] = ()
        try:
            self._archive = zipfile.ZipFile(stream)
            parts = workbook_parts(self._archive)
        except BROKEN as fault:
            raise damaged() from fault
        chosen = self._choose(parts.sheets, sheet)
        self._parts, self._path = parts, chosen.path

    def _choose(self, sheets: tuple[Sheet, ...], wanted: str | None) -> Sheet:
        named = [sheet for sheet in sheets if wanted is None or sheet.name == wanted]
        if not named:
            raise ListError(
                "no_such_sheet", "The workbook has no sheet of this name.", "Name one of its sheets.", field="sheet"
            )
        chosen = next((sheet for sheet in named if not sheet.hidden), named[0])
        self.sheet = chosen.name
        self.other_sheets = tuple(sheet.name for sheet in sheets if sheet is not chosen and not sheet.hidden)
        return chosen

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Each row that has cells, with its number in the sheet."""
        if self._is_small():
            return calamine_rows(self._stream, self.sheet)
        return sheet_rows(self._archive, self._path, self._parts)

    def _is_small(self) -> bool:
        try:
            sizes = [self._archive.getinfo(path).file_size for path in (self._path, self._parts.strings_path) if path]
            if sum(sizes) > MOST_BYTES_UNPACKED:
                raise ListError("too_big", "The workbook is too big.", "Split it into several lists.")
            if sum(sizes) > MOST_BYTES_IN_MEMORY:
                return False
            with self._archive.open(self._path) as part:
                return is_compact(part.read(MOST_BYTES_IN_MEMORY + 1))
        except BROKEN as fault:
            raise damaged() from fault


def is_compact(sheet: bytes) -> bool:
    """Whether the cells' rectangle is small, every cell says plainly where it is, and every formula has its result."""
    if b"\0" in sheet[:100] or _UNANSWERED_FORMULA.search(sheet):
        return False
    last_row, letters = 0, set[bytes]()
    for found in _REFERENCE.finditer(sheet):
        column, row = found.groups()
        if row is None:
            return False
        last_row = max(last_row, int(row))
        if column is not None:
            letters.add(column)
    last_column = max(map(column_number, letters), default=0)
    return last_column <= MOST_COLUMNS and last_row * last_column <= MOST_CELLS_IN_MEMORY


def column_number(letters: bytes) -> int:
    """A is 1, Z 26, AA 27."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def calamine_rows(stream: BinaryIO, name: str) -> Iterator[tuple[int, list[str]]]:
    """The rows of the sheet of this name, as calamine reads them."""
    stream.seek(0)
    try:
        with CalamineWorkbook.from_filelike(stream) as workbook:
            sheet = workbook.get_sheet_by_name(name)
            left = [""] * (sheet.start or (0, 0))[1]
            for number, values in enumerate(sheet.iter_rows(), start=1):
                cells = left + [cell_text(value) for value in values]
                if any(cells):
                    yield number, cells
    except (CalamineError, ValueError, OverflowError) as fault:
        raise damaged() from fault
    except BaseException as fault:
        if type(fault).__name__ == "PanicException":  # what Rust's panics become; it is no Exception
            raise damaged() from fault
        raise
