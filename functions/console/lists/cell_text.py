"""A cell as text: what a workbook's value looks like, and what of an untrusted cell may go any further. [pure]"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta

from functions.console.lists.encoding import mended_text

MAX_CHARACTERS = 500
"""More of a cell never reaches an agent."""
MAX_ORIGINAL_CHARACTERS = 32_767
"""What a spreadsheet's cell can hold."""
_EXACT = 1e15
"""Below this a float keeps every digit of a whole number."""

IN_PLANE_14 = 0xF3
"""The byte with which signs of the last planes begin in UTF-8, and no others."""

CellValue = str | float | bool | date | time | timedelta

_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff]")
_UNSEEN = re.compile(
    "[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
"""Marks that turn or hide text. The joiners U+200C and U+200D stay: Indian scripts are written with them."""
_SPACES = re.compile(r"\s+")


def cell_text(value: CellValue) -> str:
    """A workbook's value as a person would write it; whole numbers with every digit."""
    match value:
        case str():
            return value
        case bool():
            return "TRUE" if value else "FALSE"
        case int() | float():
            return str(int(value)) if value == value // 1 and abs(value) < _EXACT else repr(value)
        case datetime():
            return value.isoformat() if value.time() != time.min else value.date().isoformat()
        case date() | time():
            return value.isoformat()
        case timedelta():
            minutes, seconds = divmod(round(value.total_seconds()), 60)
            return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"


def needs_no_cleaning(text: str) -> bool:
    """Whether plain() would leave cells of these signs as they are, but for spaces at their ends.

    The variation selectors of plane 14 count as printable, though nobody sees them.
    """
    if not text.isprintable() or len(text) > MAX_CHARACTERS:
        return False
    return text.isascii() or IN_PLANE_14 not in text.encode()


def as_it_came(cell: str) -> str:
    """The cell for the person who sent it: without control characters, no longer than a spreadsheet's."""
    return _CONTROLS.sub("", mended_text(cell))[:MAX_ORIGINAL_CHARACTERS]


def plain(cell: str) -> str:
    """The cell as data for an agent: one line, no control characters, no marks that hide or turn text, at most 500."""
    return _SPACES.sub(" ", _UNSEEN.sub("", as_it_came(cell))).strip()[:MAX_CHARACTERS]
