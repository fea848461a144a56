"""The rows of a worksheet, streamed: for sheets that would not fit in memory, and those whose cells lie far apart.

Cells are read as python-calamine reads them (one contract suite holds both to it), with one gain: a formula without a
stored result, as some programs write them, gives its own text.
"""

from __future__ import annotations

import re
import zipfile
from array import array
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import IO

from functions.console.lists.cell_text import cell_text
from functions.console.lists.workbook_parts import BROKEN, WorkbookParts, damaged, safe_parser

BLOCK_BYTES = 1 << 16
MOST_COLUMNS = 256
"""Cells further to the right are not part of a list."""
_NOTHING, _VALUE, _FORMULA = range(3)
_ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")


def sheet_rows(archive: zipfile.ZipFile, path: str, parts: WorkbookParts) -> Iterator[tuple[int, list[str]]]:
    """Each row that has cells, with its number in the sheet."""
    strings = SharedStrings(archive, parts.strings_path)
    grid = _Grid(parts, strings)
    try:
        with archive.open(path) as part:
            yield from grid.rows(part)
    except BROKEN as fault:
        raise damaged() from fault


class SharedStrings:
    """The workbook's strings, read only as far as needed, kept as bytes: half a million take 30 MB."""

    def __init__(self, archive: zipfile.ZipFile, path: str | None) -> None:
        self._text = bytearray()
        self._ends = array("Q", [0])
        self._pieces: list[str] = []
        self._taking = self._phonetic = False
        self._part: IO[bytes] | None = archive.open(path) if path else None
        self._parser = safe_parser()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters

    def __getitem__(self, index: int) -> str:
        while index + 1 >= len(self._ends):
            self._read_on()
        return self._text[self._ends[index] : self._ends[index + 1]].decode("utf-8", "surrogatepass")

    def _read_on(self) -> None:
        block = self._part.read(BLOCK_BYTES) if self._part else b""
        if not block:
            raise damaged()
        self._parser.Parse(block)

    def _start(self, name: str, _: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        if local == "t":
            self._taking = not self._phonetic
        elif local == "rPh":
            self._phonetic = True

    def _characters(self, text: str) -> None:
        if self._taking:
            self._pieces.append(text)

    def _end(self, name: str) -> None:
        local = name.rpartition(":")[2]
        if local == "t":
            self._taking = False
        elif local == "rPh":
            self._phonetic = False
        elif local == "si":
            self._text += unescaped("".join(self._pieces)).encode("utf-8", "surrogatepass")
            self._ends.append(len(self._text))
            self._pieces.clear()


class _Grid:
    """Collects a sheet's cells into rows. Its three listeners are called eight million times for a million rows."""

    def __init__(self, parts: WorkbookParts, strings: SharedStrings) -> None:
        self._parts = parts
        self._string = lru_cache(maxsize=50_000)(strings.__getitem__)
        self._done: list[tuple[int, list[str]]] = []
        self._row: list[str] = []
        self._number = 0
        self._column = 0
        self._columns: dict[str, int] = {}
        self._kind: str | None = None
        self._style: str | None = None
        self._value = self._formula = ""
        self._into = _NOTHING

    def rows(self, part: IO[bytes]) -> Iterator[tuple[int, list[str]]]:
        """The rows as far as the sheet has been read, again and again."""
        parser = safe_parser()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        while block := part.read(BLOCK_BYTES):
            parser.Parse(block)
            yield from self._done
            self._done.clear()
        parser.Parse(b"", True)
        yield from self._done

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "v":
            self._into = _VALUE
            return
        local = name.rpartition(":")[2]
        if local == "c":
            reference = attributes.get("r")
            if reference is None:
                self._column += 1
            else:
                letters = reference.rstrip("0123456789")
                self._column = self._columns.get(letters) or self._column_of(letters)
            self._kind, self._style = attributes.get("t"), attributes.get("s")
            self._value = self._formula = ""
        elif local in ("v", "t"):
            self._into = _VALUE
        elif local == "f":
            self._into = _FORMULA
        elif local == "row":
            number = attributes.get("r", "")
            self._number = max(self._number + 1, int(number) if number.isdecimal() else 0)
            self._row, self._column = [], 0

    def _characters(self, text: str) -> None:
        if self._into == _VALUE:
            self._value += text
        elif self._into == _FORMULA:
            self._formula += text

    def _end(self, name: str) -> None:
        if name == "v":
            self._into = _NOTHING
            return
        local = name.rpartition(":")[2]
        if local == "c":
            text = self._text()
            if text and self._column <= MOST_COLUMNS:
                row, missing = self._row, self._column - len(self._row)
                if missing == 1:
                    row.append(text)
                else:
                    row += [""] * missing
                    row[self._column - 1] = text
        elif local in ("v", "t", "f"):
            self._into = _NOTHING
        elif local == "row" and self._row:
            self._done.append((self._number, self._row))

    def _column_of(self, letters: str) -> int:
        column = 0
        for letter in letters.upper():
            column = min(column * 26 + ord(letter) - 64, 1 << 20)
        column = self._columns[letters] = max(1, column)
        return column

    def _text(self) -> str:
        kind, value = self._kind, self._value
        if kind == "s":
            return self._string(int(value)) if value.isdecimal() else ""
        if kind == "e":
            return ""
        if not value:
            return "=" + self._formula if self._formula else ""
        if kind is None or kind == "n":
            return self._number_text(value)
        if kind == "b":
            return cell_text(value == "1")
        return unescaped(value)

    def _number_text(self, value: str) -> str:
        try:
            number = float(value)
            style = int(self._style or 0)
            if style in self._parts.duration_styles:
                return cell_text(timedelta(days=number))
            if style in self._parts.date_styles:
                return cell_text(_moment(number, self._parts.starts_1904))
        except (ValueError, OverflowError):
            return value
        return cell_text(number)


def _moment(days: float, starts_1904: bool) -> datetime | time:
    """A day count as spreadsheets keep it; less than a day is a time of day."""
    since = timedelta(milliseconds=round(days * 86_400_000))
    if starts_1904:
        start = datetime(1904, 1, 1, tzinfo=UTC)
    else:  # this calendar has a 29 February 1900 that never was
        start = datetime(1899, 12, 30 if days >= 60 else 31, tzinfo=UTC)
    moment = (start + since).replace(tzinfo=None)
    return moment.time() if days < 1 else moment


def unescaped(text: str) -> str:
    """Characters that XML cannot hold stand in workbooks as _x000D_."""
    return _ESCAPE.sub(lambda found: chr(int(found.group(1), 16)), text) if "_x" in text else text
