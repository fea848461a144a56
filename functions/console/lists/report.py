"""What became of a list: how many rows ended where and why, and what its owner should know about the file. [pure]"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import itemgetter

from shared.domain.contact_row import ContactRow, RowClass
from shared.domain.counted import counted

WARNINGS: dict[str, str] = {
    "text_lost": "In {rows} question marks stand where letters were: a program that knows no Hindi saved this file, "
    "and the text is gone from it. Upload the .xlsx itself, or save as CSV UTF-8.",
    "text_garbled": "In {rows} the Hindi is garbled: the file was opened in a wrong encoding and saved again. Upload "
    "the file from before that, or save as CSV UTF-8.",
    "open_quotes": "In {rows} a quote is opened and never closed; it was read as if there were none. Look at them.",
    "extra_cells": "There are more cells than columns in {rows}. A comma inside a cell needs quotes around it.",
    "empty_at_end": "Left out: {rows} at the end, because empty.",
    "no_rows": "The list has a header and no rows.",
    "other_sheets": "The workbook has other sheets ({n}), which were not read.",
    "no_consent_column": "The list has no column of consent, and nobody is called for marketing without. Add one (yes "
    "or no for each person), or say in the mapping which column it is.",
    "no_header": "The list has no header; its columns are called column_1, column_2 and so on.",
    "titles_skipped": "Left out: {rows} above the header.",
    "language_unreadable": "In {rows} nobody knows the language that is named; the campaign's is used.",
    "consent_unreadable": "In {rows} the consent is neither yes nor no; it counts as unknown.",
    "consent_at_unreadable": "In {rows} nobody can read the date of consent; it is left out.",
    "country_unreadable": "In {rows} nobody knows the country that is named; the list's is used.",
    "refusal_in_duplicate": "In {rows} a number of an earlier row stands again and says no: the no counts, and the "
    "number is not called.",
}
"""What to say of a file, with {rows} or {n} for how many."""

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

    def counts(self) -> dict[str, int]:
        """Every class and its rows, also those without any."""
        return {row_class.value: self.classes[row_class] for row_class in RowClass}

    def told_warnings(self) -> list[dict[str, str | int]]:
        """Code, number and sentence of each warning."""
        told = ((code, n, counted(n, "row")) for code, n in self.warnings.items() if n)
        return [{"code": code, "rows": n, "sentence": WARNINGS[code].format(n=n, rows=rows)} for code, n, rows in told]
