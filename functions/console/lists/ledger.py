"""What every row of a list became, in ten bytes each: what a merge has to know of a list that is already in. [pure]"""

from __future__ import annotations

from array import array
from collections.abc import Iterable

from functions.console.lists.report import Report
from shared.domain.contact_row import CALLABLE, ContactRow, RowClass, duplicate_of, withdrawn

_CLASSES = tuple(RowClass)
_NUMBERED = {each: number for number, each in enumerate(_CLASSES, start=1)}


class Ledger:
    """Class, reason and number of each row, and who was the first to have a number."""

    def __init__(self, report: Report, seen: dict[int, int]) -> None:
        """seen: number (E.164 as an integer) → the first row that has it, as the classifier fills it."""
        self.report = report
        self.seen = seen
        self.withdrawn: dict[int, int] = {}
        """Row → the row that has its number and says no. For whoever writes rows: what is written is taken out."""
        self._refusals: dict[int, tuple[int, ...]] = {}
        """Number → the rows that say no to it."""
        self._classes = bytearray()
        self._reasons = bytearray()
        self._numbers = array("Q")
        self._reason_codes: list[str] = []

    def record(self, rows: Iterable[ContactRow]) -> None:
        """Keep what these rows became; the report has counted them already."""
        for row in rows:
            if row.row >= len(self._classes):
                self._grow(row.row)
            self._classes[row.row] = _NUMBERED[row.row_class]
            self._reasons[row.row] = self._reason(row.reason)
            self._numbers[row.row] = int(row.phone[1:]) if row.phone else 0
            if row.consent == "denied" and row.phone:
                self._refuse(int(row.phone), row.row)

    def refused_by(self, row: ContactRow) -> int:
        """Another row that says no to this one's number; 0 when none does."""
        rows = self._refusals.get(int(row.phone), ()) if row.phone else ()
        return next((number for number in rows if number != row.row), 0)

    def withdraw(self, number: int, by: int) -> None:
        """Count and keep a row as one that is not called, because row `by`, which may be itself, says no."""
        phone = self.phone_of(number)
        self.replace(ContactRow(number, RowClass.NO_CONSENT, [], {}, withdrawn(number, by)[0], phone=phone))
        if by == number:
            self._refusals[int(phone)] = (*self._refusals.get(int(phone), ()), number)
        self.withdrawn[number] = by

    def _refuse(self, number: int, by: int) -> None:
        """A no counts whichever row it stands in: the row that would be called gives way to it."""
        self._refusals[number] = (*self._refusals.get(number, ()), by)
        first = self.seen.get(number, by)
        if first not in self._refusals[number] and self.phone_of(first) == f"+{number}":
            self.withdraw(first, by)

    def replace(self, row: ContactRow) -> None:
        """Count and keep a row in the place of what it was, if it was there."""
        if (before := self.class_of(row.row)) is not None:
            self.report.classes[before] -= 1
            reason = self._reason_codes[self._reasons[row.row]]
            self.report.reasons[reason] -= 1
        self.withdrawn.pop(row.row, None)
        self._take_back(row.row)
        self.report.add([row])
        self.record([row])
        self.report.reasons += {}  # drops what is at zero

    def demote(self, number: int) -> None:
        """Count and keep a row as the duplicate of another."""
        reason, _, _ = duplicate_of(0)
        self.replace(ContactRow(number, RowClass.DUPLICATE, [], {}, reason, phone=self.phone_of(number)))

    def _take_back(self, number: int) -> None:
        """The row is read anew: if it said no, it is asked again."""
        phone = self.phone_of(number)
        if phone and number in (rows := self._refusals.get(int(phone), ())):
            self._refusals[int(phone)] = tuple(row for row in rows if row != number)

    @property
    def last_row(self) -> int:
        """The number of the last row; 0 when there is none."""
        return max(len(self._classes) - 1, 0)

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
        more = number + 1 - len(self._classes)
        self._classes.extend(bytes(more))
        self._reasons.extend(bytes(more))
        self._numbers.frombytes(bytes(more * self._numbers.itemsize))

    def _reason(self, code: str) -> int:
        if code not in self._reason_codes:
            self._reason_codes.append(code)
        return self._reason_codes.index(code)
