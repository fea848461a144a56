"""A mended rejected.csv laid over the list it came from: its rows take the place of the rows that were refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

from functions.console.lists.classify import Classifier, Terms
from functions.console.lists.columns import ACCOUNT_HEADERS, Column, name_columns
from functions.console.lists.csv_export import undefused
from functions.console.lists.header import LOOKED_AT, find_header
from functions.console.lists.ledger import Ledger
from functions.console.lists.list_error import ListError
from functions.console.lists.records import Records
from shared.domain.contact_row import CALLABLE, WITHDRAWN, ContactRow, RowClass, duplicate_of, withdrawn
from shared.domain.phone_number import PhoneNumber, read_number
from shared.domain.phone_text import REPAIRS

ROW_HEADER = ACCOUNT_HEADERS[0]
BATCH_ROWS = 250


@dataclass(slots=True)
class Merged:
    """What a mended file did to its list."""

    replaced: int = 0
    """Refused rows that were read again, whatever came of it."""
    added: int = 0
    """Rows that the list did not have."""
    unchanged: int = 0
    """Rows that could be called already; nothing replaces them but a no."""

    def told(self) -> dict[str, int]:
        """For the API."""
        return {"replaced": self.replaced, "added": self.added, "unchanged": self.unchanged}


@dataclass(frozen=True, slots=True)
class MendedBatch:
    """Rows as they are now, and rows that became duplicates of one of them: row → the row that has its number."""

    rows: list[ContactRow]
    demoted: dict[int, int]


class Mended:
    """A pass over a mended file. A row is found by its _row, else by its number, else it is new.

    columns: those of the list; the mended file's are told by their headers, in any order. Raises ListError.
    """

    def __init__(self, source: Path | BinaryIO, columns: Sequence[Column], terms: Terms, ledger: Ledger) -> None:
        self.merged = Merged()
        self._terms = terms
        self._ledger = ledger
        self._classifier = Classifier(columns, terms, _Anybodys())
        self._phone = next(column.index for column in columns if column.role == "phone")
        self._records = Records(source)
        try:
            stream = iter(self._records)
            head = list(islice(stream, LOOKED_AT))
            header = find_header([cells for _, cells in head], terms.country)
            theirs = name_columns(head[header][1] if header is not None else [], 0)
            self._places = self._match(columns, theirs)
            self._row_place = next((column.index for column in theirs if column.header == ROW_HEADER), None)
            self._width = len(theirs)
            self._stream = chain(head[(header or 0) + 1 :], stream)
        except BaseException:
            self.close()
            raise

    def _match(self, ours: Sequence[Column], theirs: Sequence[Column]) -> list[int | None]:
        """Where each of the list's columns is in the mended file."""
        places = {column.name: column.index for column in theirs}
        by_header = {column.header: column.index for column in reversed(theirs)}
        found = [by_header.get(column.header, places.get(column.name)) for column in ours]
        if found[self._phone] is None:
            raise ListError(
                "not_this_list",
                "The mended file has no column like the list's phone column.",
                "Upload the rejected.csv of this list with its header as it was.",
                column=ours[self._phone].header,
                field="phone",
            )
        return found

    def batches(self, size: int = BATCH_ROWS) -> Iterator[MendedBatch]:
        """The rows that took a place in the list, as they are now; the ledger and its report count them already."""
        while some := list(islice(self._stream, size)):
            batch = MendedBatch([], {})
            for _, cells in some:
                if any(map(str.strip, cells)):
                    self._lay_over(cells, batch)
            yield batch

    def _lay_over(self, theirs: list[str], batch: MendedBatch) -> None:
        cells = [undefused(theirs[at]) if at is not None and at < len(theirs) else "" for at in self._places]
        cells += map(undefused, theirs[self._width :])
        target = self._target(theirs, cells)
        restored = self._restore(cells, target)
        row = self._classifier.classify_one(target, cells)
        if self._ledger.is_callable(target):
            self._leave(row)
            return
        if restored and row.row_class == RowClass.OK:
            row = row._replace(row_class=RowClass.REPAIRED, reason="restored", explanation=REPAIRS["restored"])
        row = self._owned(row, batch)
        if self._ledger.class_of(target) is None:
            self.merged.added += 1
        else:
            self.merged.replaced += 1
        self._ledger.replace(row)
        batch.demoted.pop(target, None)
        batch.rows.append(row._replace(consent="denied") if row.reason == WITHDRAWN else row)

    def _leave(self, row: ContactRow) -> None:
        """A row that can be called stays as it is, unless it says no now."""
        if row.consent == "denied":
            self.merged.replaced += 1
            self._ledger.withdraw(row.row, row.row)
        else:
            self.merged.unchanged += 1

    def _owned(self, row: ContactRow, batch: MendedBatch) -> ContactRow:
        """The row, or the duplicate it is. A row that can be called takes its number from one that cannot."""
        if not row.phone:
            return row
        ledger = self._ledger
        if row.consent != "denied" and (by := ledger.refused_by(row)):
            reason, explanation, fix = withdrawn(row.row, by)
            row = row._replace(row_class=RowClass.NO_CONSENT, reason=reason, explanation=explanation, fix=fix)
        phone = int(row.phone)
        owner = ledger.seen.get(phone)
        if owner is None or owner == row.row or ledger.phone_of(owner) != row.phone:
            ledger.seen[phone] = row.row
        elif ledger.is_callable(owner) or row.row_class not in CALLABLE:
            reason, explanation, fix = duplicate_of(owner)
            return row._replace(row_class=RowClass.DUPLICATE, reason=reason, explanation=explanation, fix=fix)
        else:
            ledger.seen[phone] = row.row
            ledger.demote(owner)
            batch.demoted[owner] = row.row
        return row

    def _target(self, theirs: list[str], cells: list[str]) -> int:
        """The number of the row in the list."""
        number = 0
        if self._row_place is not None and self._row_place < len(theirs):
            written = theirs[self._row_place].strip().removesuffix(".0")
            number = int(written) if written.isascii() and written.isdigit() and len(written) <= 7 else 0
        if self._ledger.class_of(number) is None:
            phone = read_number(cells[self._phone].strip(), self._terms.country)
            number = self._ledger.seen.get(int(phone.e164), 0) if isinstance(phone, PhoneNumber) else 0
        return number or self._ledger.last_row + 1

    def _restore(self, cells: list[str], target: int) -> bool:
        """A spreadsheet that mended other cells has shortened this number; the list still knows it."""
        phone = self._ledger.phone_of(target)
        if phone and _is_short_for(cells[self._phone].strip(), phone):
            cells[self._phone] = phone
            return True
        return False

    def close(self) -> None:
        """Let go of the file."""
        self._records.close()


class _Anybodys:
    """Numbers for a row that is looked at by itself."""

    def setdefault(self, number: int, row: int, /) -> int:
        """Whoever asks."""
        del number
        return row


def _is_short_for(cell: str, e164: str) -> bool:
    """Whether a cell like 9.19877E+11 is what a spreadsheet makes of this number."""
    if "E+" not in cell.upper() or len(cell) > 30:
        return False
    try:
        short = Decimal(cell.replace(",", "."))
    except InvalidOperation:
        return False
    digits = len(short.as_tuple().digits)
    return short == +Decimal(f"{Decimal(e164):.{max(0, digits - 1)}E}")
