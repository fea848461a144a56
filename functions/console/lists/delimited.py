"""Records of a .csv, .tsv or .txt file, whatever its delimiter and however its quotes are kept.

A quote that is opened and never closed would swallow all rows up to the next quote. Such a record is noticed by being
malformed, its first line is read alone, and the lines that it had swallowed are read again.
"""

from __future__ import annotations

import csv
import io
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TextIO

DELIMITERS = ",;\t|"
BLOCK_CHARACTERS = 1 << 16
MAX_LINE_CHARACTERS = 120_000
"""Below the csv module's limit of 131,072 for a cell."""
MAX_SECOND_LOOKS = 100
"""So many open quotes are read again to the letter; in a file with more of them, line by line."""
_SNIFFED_RECORDS = 60


def sniff_delimiter(sample: str) -> str:
    """The sign that cuts the sample's records into the same number of cells most often."""
    if found := _declared(sample):
        return found
    return max(DELIMITERS, key=lambda delimiter: _evenness(sample, delimiter))


def _declared(sample: str) -> str | None:
    """Excel writes sep=; as a first line of its own."""
    line = sample[:8].lstrip("\ufeff").lower()
    return line[4] if line.startswith("sep=") and line[4:5] in tuple(DELIMITERS) and line[5:6] in "\r\n" else None


def _evenness(sample: str, delimiter: str) -> tuple[float, int]:
    widths: Counter[int] = Counter()
    try:
        for cells in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter):
            if any(cells):
                widths[len(cells)] += 1
            if widths.total() >= _SNIFFED_RECORDS:
                break
    except csv.Error:
        pass
    several = Counter({width: count for width, count in widths.items() if width > 1})
    if not several:
        return 0.0, 0
    width, count = max(several.items(), key=lambda item: (item[1], item[0]))
    return count / widths.total(), width


class DelimitedRecords:
    """The records of a text stream, each with its number as a spreadsheet would show it; empty lines are left out."""

    def __init__(self, stream: TextIO, delimiter: str) -> None:
        self._stream = stream
        self.delimiter = delimiter
        self._recent: deque[tuple[int, list[str]]] = deque(maxlen=8)
        self.open_quotes: list[int] = []
        """Numbers of the records that had a quote opened and not closed."""

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        source = chain.from_iterable(self._blocks())
        again: Iterator[str] = iter(())
        reader = csv.reader(chain(again, source), delimiter=self.delimiter)
        number = done = base = 0
        while True:
            try:
                cells = next(reader)
                sound = base + reader.line_num == done + 1
            except StopIteration:
                return
            except csv.Error:
                cells, sound = [], False
            number += 1
            if not sound and self._is_runaway(raw := self._raw(done, base + reader.line_num)):
                self.open_quotes.append(number)
                cells = self._cells(raw[0].replace('"', ""))
                base = done + 1
                again = iter([*self._swallowed(raw[1:]), *again])
                reader = csv.reader(chain(again, source), delimiter=self.delimiter)
            done = base + reader.line_num
            if cells:
                yield number, cells

    def _blocks(self) -> Iterator[list[str]]:
        """The lines, many at a time, so that memory stays small and no line costs a step in Python."""
        tail, first = "", 0
        while block := self._stream.read(BLOCK_CHARACTERS):
            text = tail + block
            cut = max(text.rfind("\n"), text.rfind("\r", 0, -1)) + 1
            tail = text[cut:]
            lines = io.StringIO(text[:cut], newline="").readlines()
            if len(tail) > MAX_LINE_CHARACTERS:
                lines.append(tail[:MAX_LINE_CHARACTERS].replace('"', "") + "\n")
                tail = self._next_line()
            self._recent.append((first, lines))
            first += len(lines)
            yield lines
        # An empty line at the end, so that a quote left open in the last row has something to swallow.
        lines = [*io.StringIO(tail, newline="").readlines(), "\n"]
        self._recent.append((first, lines))
        yield lines

    def _next_line(self) -> str:
        while block := self._stream.read(BLOCK_CHARACTERS):
            _, end, rest = block.replace("\r", "\n").partition("\n")
            if end:
                return rest
        return ""

    def _raw(self, start: int, end: int) -> list[str]:
        """Lines number start to end of the file, counted from 0."""
        return [line for first, lines in self._recent for line in lines[max(0, start - first) : max(0, end - first)]]

    def _is_runaway(self, raw: Iterable[str]) -> bool:
        try:
            return len(list(csv.reader(raw, delimiter=self.delimiter, strict=True))) != 1
        except csv.Error:
            return True

    def _swallowed(self, raw: list[str]) -> list[str]:
        if len(self.open_quotes) <= MAX_SECOND_LOOKS:
            return raw
        return [line.replace('"', "") if self._is_runaway([line]) else line for line in raw]

    def _cells(self, line: str) -> list[str]:
        return next(csv.reader([line], delimiter=self.delimiter), [])
