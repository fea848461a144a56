"""What became of a list: how many rows ended where and why, and what its owner should know about the file. [pure]"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter

from shared.domain.contact_row import CALLABLE, ContactRow, RowClass

WARNINGS: dict[str, str] = {
    "text_lost": "{n} rows hold question marks where letters were: a program that knows no Hindi saved this file, and "
    "that text is gone from it. Upload the .xlsx itself, or save as CSV UTF-8.",
    "text_garbled": "{n} rows hold garbled Hindi: the file was read in a wrong encoding and saved again. Upload the "
    "file from before that, or save as CSV UTF-8.",
    "open_quotes": "{n} rows open a quote and never close it; they were read without quotes. Look at them.",
    "extra_cells": "{n} rows have more cells than the list has columns. A comma inside a cell needs quotes around it.",
    "empty_at_end": "{n} empty rows at the end were left out.",
    "no_rows": "The list has a header and no rows.",
    "other_sheets": "The workbook has {n} more sheets, which were not read.",
    "no_header": "The list has no header; its columns are called column_1, column_2 and so on.",
    "titles_skipped": "{n} lines above the header were left out.",
    "language_unreadable": "{n} rows name a language that nobody knows; the campaign's is used for them.",
    "consent_unreadable": "{n} rows say something about consent that is neither yes nor no; it counts as unknown.",
    "consent_at_unreadable": "{n} rows have a date of consent that nobody can read; it is left out.",
    "country_unreadable": "{n} rows name a country that nobody knows; the list's is used for them.",
    "refusal_in_duplicate": "{n} rows repeat a number of an earlier row and say that the contact refused, while the "
    "earlier row decides. Look at them before you call.",
}
"""What to say of a file, with {n} for how many."""

_class_of = itemgetter(ContactRow._fields.index("row_class"))
_reason_of = itemgetter(ContactRow._fields.index("reason"))


@dataclass(slots=True)
class Report:
    """The account of a list so far; the counts add up to the total at every moment."""

    classes: Counter[RowClass] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)

    def add(self, rows: Sequence[ContactRow]) -> None:
        """Count these rows."""
        self.classes.update(map(_class_of, rows))
        self.reasons.update(filter(None, map(_reason_of, rows)))

    @property
    def total(self) -> int:
        """Rows in the file."""
        return self.classes.total()

    @property
    def callable_rows(self) -> int:
        """Rows that may be called."""
        return sum(self.classes[row_class] for row_class in CALLABLE)

    def counts(self) -> dict[str, int]:
        """Every class and its rows, also those without any."""
        return {row_class.value: self.classes[row_class] for row_class in RowClass}

    def told_warnings(self) -> list[dict[str, str | int]]:
        """Code, number and sentence of each warning."""
        return told_warnings(self.warnings)


def told_warnings(warnings: Mapping[str, int]) -> list[dict[str, str | int]]:
    """Code, number and sentence of each warning."""
    return [
        {"code": code, "rows": count, "sentence": WARNINGS[code].format(n=count)}
        for code, count in warnings.items()
        if count
    ]
