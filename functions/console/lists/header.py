"""Where a list's header is: below titles, or nowhere. [pure]"""

from __future__ import annotations

from collections.abc import Sequence

from functions.console.lists.column_words import meaning, sounds_like_phone
from functions.console.lists.columns import ACCOUNT_HEADERS
from shared.domain.phone_number import PhoneNumber, read_number

LOOKED_AT = 20
"""A header stands within so many records, or there is none."""


def find_header(records: Sequence[Sequence[str]], region: str | None) -> int | None:
    """The index of the header among the first records; None when the rows begin at once.

    A header names a phone column or two other fields. Failing that it is the first record as wide as the rest,
    unless a number stands in it.
    """
    for index, cells in enumerate(records[:LOOKED_AT]):
        if _has_number(cells, region):
            break
        if _known_words(cells) >= 2:
            return index
    usual = max((_width(cells) for cells in records[:LOOKED_AT]), default=0)
    for index, cells in enumerate(records[:LOOKED_AT]):
        if _has_number(cells, region):
            return None
        if _width(cells) * 2 > usual and not _is_declaration(cells):
            return index
    return None


def first_row(records: Sequence[Sequence[str]]) -> int:
    """Where the rows of a list without a header begin: after a line that only declares the delimiter."""
    return 1 if records and _is_declaration(records[0]) else 0


def _known_words(cells: Sequence[str]) -> int:
    """A phone's word counts for two."""
    phones = sum(cell.strip() in ACCOUNT_HEADERS or sounds_like_phone(cell) for cell in cells)
    fields = [found[0] for found in map(meaning, cells) if found is not None]
    return 2 * (phones + fields.count("phone")) + len(fields)


def _has_number(cells: Sequence[str], region: str | None) -> bool:
    return any(
        len(cell) < 60 and sum(map(str.isdecimal, cell)) >= 8 and isinstance(read_number(cell, region), PhoneNumber)
        for cell in cells
    )


def _width(cells: Sequence[str]) -> int:
    return sum(1 for cell in cells if cell.strip())


def _is_declaration(cells: Sequence[str]) -> bool:
    return bool(cells) and cells[0].strip().casefold().startswith("sep=")
