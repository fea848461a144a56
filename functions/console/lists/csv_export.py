"""CSV that opens as text in a spreadsheet: no cell becomes a formula, Hindi stays Hindi, +91… stays a number. [pure]"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence

BYTE_ORDER_MARK = "\ufeff"
"""Without it Excel takes UTF-8 for the machine's own code page."""
_STARTS_FORMULA = tuple("=+-@\t\r\n\0＝＋－＠")
_HARMLESS = re.compile(r"\+[0-9][0-9 ]{5,20}|-?[0-9]{1,15}(?:\.[0-9]{1,15})?|[-+＋－]+")
"""Phone numbers with + in groups, negative numbers, and bare signs calculate nothing."""


def defused(cell: str) -> str:
    """The cell with an apostrophe in front where a spreadsheet would calculate it; our import takes it away again."""
    if cell.startswith(_STARTS_FORMULA) and not _HARMLESS.fullmatch(cell):
        return "'" + cell
    return cell


def undefused(cell: str) -> str:
    """The cell as it was before it was exported."""
    return cell[1:] if cell[:1] == "'" and defused(cell[1:]) == cell else cell


def csv_text(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A whole file, line by line, beginning with the byte order mark."""
    yield BYTE_ORDER_MARK
    yield from csv_lines(rows)


def csv_lines(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The lines of these rows."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    for row in rows:
        writer.writerow([defused(cell) for cell in row])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
