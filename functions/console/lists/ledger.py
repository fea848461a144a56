"""What every row of a list became, in ten bytes each: what a merge has to know of a list that is already in. [pure]"""

from __future__ import annotations

from array import array
from collections.abc import Iterable

from functions.console.lists.report import Report
from shared.domain.contact_row import CALLABLE, ContactRow, RowClass, duplicate_of

_CLASSES = tuple(RowClass)


class Ledger:
    """Class, reason and number of each row, and who was the first to have a number."""

    def __init__(self, report: Report, seen: dict[int, int]) -> None:
        """seen: number (E.164 as an integer) → the first row that has it, as the classifier fills it."""
        self.report = report
        self.seen = seen
        self.last_row = 0
        self._classes = bytearray()
        self._reasons = bytearray()
        self._numbers = array("Q")
        self._reason_codes: list[str] = []

    def record(self, rows: Iterable[ContactRow]) -> None:
        """Keep what these rows became; the report has counted them already."""
        for row in rows:
            self._grow(row.row)
            self._classes[row.row] = _CLASSES.index(row.row_class) + 1
            self._reasons[row.row] = self._reason(row.reason)
            self._numbers[row.row] = int(row.phone[1:]) if row.phone else 0

    def replace(self, row: ContactRow) -> None:
        """Count and keep a row in the place of what it was, if it was there."""
        if (before := self.class_of(row.row)) is not None:
            self.report.classes[before] -= 1
            reason = self._reason_codes[self._reasons[row.row]]
            self.report.reasons[reason] -= 1
        self.report.add([row])
        self.record([row])
        self.report.reasons += {}  # drops what is at zero

    def demote(self, number: int) -> None:
        """Count and keep a row as the duplicate of another."""
        reason, _, _ = duplicate_of(0)
        self.replace(ContactRow(number, RowClass.DUPLICATE, [], {}, reason, phone=self.phone_of(number)))

    def class_of(self, number: int) -> RowClass | None:
        """The class of this row, or None: the list has no such row."""
        known = self._classes[number] if 0 <= number < len(self._classes) else 0
        return _CLASSES[known - 1] if known else None

    def is_callable(self, number: int) -> bool:
        """Whether this row may be called."""
        return self.class_of(number) in CALLABLE

    def phone_of(self, number: int) -> str:
        """The row's number in E.164, or empty."""
        return f"+{self._numbers[number]}" if 0 <= number < len(self._numbers) and self._numbers[number] else ""

    def _grow(self, number: int) -> None:
        if number >= len(self._classes):
            more = number + 1 - len(self._classes)
            self._classes.extend(bytes(more))
            self._reasons.extend(bytes(more))
            self._numbers.frombytes(bytes(more * self._numbers.itemsize))
        self.last_row = max(self.last_row, number)

    def _reason(self, code: str) -> int:
        if code not in self._reason_codes:
            self._reason_codes.append(code)
        return self._reason_codes.index(code)
