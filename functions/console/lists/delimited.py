"""Records of a .csv, .tsv or .txt file, whatever its delimiter and however its quotes are kept.

A quote that is opened and never closed would swallow all rows up to the next quote. Such a record is noticed by being
malformed, its first line is read alone, and the lines that it had swallowed are read again.
"""

from __future__ import annotations

import csv
import io
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain, islice
from typing import TextIO

DELIMITERS = ",;\t|"
BLOCK_CHARACTERS = 1 << 16
RECORDS_AT_ONCE = 250
MAX_LINE_CHARACTERS = 120_000
"""Below the csv module's limit of 131,072 for a cell."""
MAX_SECOND_LOOKS = 100
"""So many open quotes are read again to the letter; in a file with more of them, line by line."""
_SNIFFED_RECORDS = 60

Record = tuple[int, list[str]]


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
        self._source = chain.from_iterable(self._blocks())
        self._recent: deque[tuple[int, list[str]]] = deque()
        """Blocks of lines that may have to be read again, each with the number of its first line."""
        self._done = 0
        """Lines that have become records."""
        self._number = 0
        self.open_quotes: list[int] = []
        """Numbers of the records that had a quote opened and not closed."""

    def __iter__(self) -> Iterator[Record]:
        return chain.from_iterable(self._batches())

    def _batches(self) -> Iterator[list[Record]]:
        """Records of one line each come many at a time; where one has more lines, each record is looked at."""
        while True:
            reader = csv.reader(self._source, delimiter=self.delimiter)
            try:
                cells = list(islice(reader, RECORDS_AT_ONCE))
                of_one_line = reader.line_num == len(cells)
            except csv.Error:
                cells, of_one_line = [], False
            if not of_one_line:
                yield self._looked_at(self._raw(self._done, self._done + reader.line_num))
            elif cells:
                yield [record for record in enumerate(cells, self._number + 1) if record[1]]
                self._done += len(cells)
                self._number += len(cells)
            else:
                return
            while self._recent and self._recent[0][0] + len(self._recent[0][1]) <= self._done:
                self._recent.popleft()

    def _looked_at(self, lines: list[str]) -> list[Record]:
        """The records of these lines and of those that the last one needs. An open quote gets no more than its line."""
        records: list[Record] = []
        end, again = self._done + len(lines), iter(lines)
        reader, before = csv.reader(chain(again, self._source), delimiter=self.delimiter), 0
        while self._done < end:
            cells: list[str] | None = None
            with suppress(csv.Error):  # a cell beyond all measure
                cells = next(reader)
            taken, before = reader.line_num - before, reader.line_num
            self._number += 1
            raw = self._raw(self._done, self._done + taken) if taken > 1 or cells is None else []
            if raw and self._is_runaway(raw):
                self.open_quotes.append(self._number)
                cells = self._cells(raw[0].replace('"', "")[:MAX_LINE_CHARACTERS])
                end, again = max(end, self._done + taken), iter([*self._swallowed(raw[1:]), *again])
                reader, before = csv.reader(chain(again, self._source), delimiter=self.delimiter), 0
                taken = 1
            self._done += taken
            if cells:
                records.append((self._number, cells))
        return records

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
