"""From records to classified rows: each row ends in exactly one class. [pure]

What is asked of every row is kept short: one look at all its cells together tells whether any of them needs cleaning,
and columns that say the same few things are read once for each of them.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import Protocol

from functions.console.lists.cell_text import MAX_CHARACTERS, as_it_came, needs_no_cleaning, plain
from functions.console.lists.columns import VARIABLE, Column
from functions.console.lists.country_names import region_named
from functions.console.lists.damage import damage_in
from functions.console.lists.language_names import language_tag
from functions.console.lists.memo import Memo
from functions.console.lists.moment import moment
from functions.console.lists.whereabouts import RememberedWhereabouts, WhereaboutsFor
from shared.domain.calling_rules import Purpose
from shared.domain.contact_row import (
    REASONS,
    Consent,
    ContactRow,
    RowClass,
    consent_meant,
    consent_refusal,
    duplicate_of,
)
from shared.domain.phone_number import NumberHash, PhoneNumber, read_number
from shared.domain.phone_problem import Problem
from shared.domain.phone_text import REPAIRS
from shared.domain.time_zone import Whereabouts

MAX_ROW_CHARACTERS = 100_000
_EMPTY_PHONE = "missing_phone"


@dataclass(frozen=True, slots=True)
class Terms:
    """What rows are measured against."""

    country: str
    """ISO code of the list: whose number one without + is."""
    purpose: Purpose
    number_hash: NumberHash
    suppressed: Callable[[str], bool] = lambda _: False
    """Whether the number of this hash must not be called."""
    whereabouts_for: WhereaboutsFor = field(default_factory=RememberedWhereabouts)


class Seen(Protocol):
    """The numbers of a list. A dict is one."""

    def setdefault(self, e164: str, row: int, /) -> int:
        """The row that has this number; from now on this one, if none had it."""
        ...


class Classifier:
    """Classifies the rows of one list, in order; it remembers the numbers that it has seen."""

    def __init__(self, columns: Sequence[Column], terms: Terms, seen: Seen | None = None) -> None:
        self.terms = terms
        self._width = len(columns)
        places = {column.role: column.index for column in columns}
        # A field without a column is read from an empty cell beyond the last one.
        self._phone, self._alternate, self._country, *others = (places.get(name, self._width) for name in _FIELDS)
        self._others = itemgetter(*others)
        self._region = terms.country
        self._other_columns_tell = "alternate_phone" in places or "country" in places
        """Whether a row's number depends on more than its phone cell."""
        self._variables = [(column.name, column.index) for column in columns if column.role == VARIABLE]
        self.seen: Seen = {} if seen is None else seen
        """E.164 → the first row that has it."""
        self.noticed: Counter[str] = Counter()
        """What is no reason to refuse a row but should be said: code → rows."""
        self._empty = array("I")
        day_first = terms.country != "US"
        self._languages: Memo[str | None] = Memo(language_tag)
        self._consents: Memo[Consent | None] = Memo(consent_meant)
        self._moments: Memo[datetime | None] = Memo(lambda cell: moment(cell, day_first=day_first))
        self._regions: Memo[str | None] = Memo(region_named)
        self._repaired: Memo[str] = Memo(lambda codes: " ".join(REPAIRS[code] for code in codes.split()))

    def classify(self, records: Iterable[tuple[int, list[str]]]) -> list[ContactRow]:
        """The next rows. An empty one counts once a row follows it: those at the end of a file are none."""
        rows: list[ContactRow] = []
        for number, cells in records:
            row = self._row(number, cells)
            if row is None:
                self._empty.append(number)
                continue
            if self._empty:
                rows.extend(map(self._empty_row, self._empty))
                del self._empty[:]
            rows.append(row)
        return rows

    @property
    def empty_rows_at_end(self) -> int:
        """Empty rows that no row has followed so far."""
        return len(self._empty)

    def classify_one(self, number: int, cells: list[str]) -> ContactRow:
        """A single row out of its order, as a mended file has them."""
        return self._row(number, cells) or self._empty_row(number)

    def _row(self, number: int, cells: list[str]) -> ContactRow | None:
        surplus = False
        if len(cells) != self._width:
            cells = cells + [""] * (self._width - len(cells))
            surplus = any(map(str.strip, cells[self._width :]))
        text = "|".join(cells)
        if needs_no_cleaning(text):
            values = [*map(str.strip, cells), ""]
        else:
            if len(text) > MAX_ROW_CHARACTERS:
                return self._unread(number, [as_it_came(text[:MAX_CHARACTERS])], "row_too_long")
            cells = list(map(as_it_came, cells))
            values = [*map(plain, cells), ""]
        if not any(values):
            return None
        if ("?" in text or "\ufffd" in text or "\u00e0" in text) and (damage := damage_in(cells)):
            self.noticed[damage] += 1
        if surplus:
            self.noticed["extra_cells"] += 1
        if len(values) > self._width + 1:
            values[self._width :] = [""]
        return self._classified(number, cells, values, surplus)

    def _classified(self, number: int, cells: list[str], values: list[str], surplus: bool) -> ContactRow:
        if self._other_columns_tell:
            found = self._number(cells, values)
        else:
            found = read_number(cells[self._phone].strip(), self._region)
        name, spoken, timezone, state, postal_code, said, since_said = self._others(values)
        consent = self._consents[said]
        if consent is None:
            self.noticed["consent_unreadable"] += 1
            consent = "unknown"
        language = self._languages[spoken]
        if language is None:
            self.noticed["language_unreadable"] += 1
            language = ""
        since = self._moments[since_said]
        if since is None and since_said:
            self.noticed["consent_at_unreadable"] += 1
        if isinstance(found, PhoneNumber):
            e164, country, _, _, extension, alternate = found
            digest = self.terms.number_hash(e164)
            place = self.terms.whereabouts_for(found, timezone, postal_code, state)
            row_class, reason, told, fix = self._verdict(
                number, found, digest, consent, bool(place.zones), timezone, surplus
            )
        else:
            e164 = country = extension = alternate = digest = ""
            place = _NOWHERE
            row_class, (reason, told, fix) = RowClass.INVALID, found
        variables = {variable: values[index] for variable, index in self._variables}
        return _new(
            ContactRow,
            (
                number,
                row_class,
                cells,
                variables,
                reason,
                told,
                fix,
                e164,
                digest,
                country,
                extension,
                alternate,
                name,
                language,
                timezone,
                place.zones,
                place.source or "",
                place.states,
                state,
                postal_code,
                consent,
                since,
            ),
        )

    def _verdict(
        self,
        number: int,
        found: PhoneNumber,
        digest: str,
        consent: Consent,
        placed: bool,
        timezone: str,
        surplus: bool,
    ) -> tuple[RowClass, str, str, str]:
        first = self.seen.setdefault(found.e164, number)
        if first != number:
            if consent == "denied":
                self.noticed["refusal_in_duplicate"] += 1
            return RowClass.DUPLICATE, *duplicate_of(first)
        if self.terms.suppressed(digest):
            return RowClass.SUPPRESSED, "suppressed", *REASONS["suppressed"]
        if reason := consent_refusal(consent, self.terms.purpose):
            return RowClass.NO_CONSENT, reason, *REASONS[reason]
        if not placed:
            reason = "timezone_unreadable" if timezone else "timezone_unknown"
            return RowClass.TZ_UNKNOWN, reason, *REASONS[reason]
        repairs = (*found.repairs, "extra_cells") if surplus else found.repairs
        if repairs:
            return RowClass.REPAIRED, repairs[0], self._repaired[" ".join(repairs)], ""
        return _OK

    def _number(self, cells: list[str], values: list[str]) -> PhoneNumber | Problem:
        region, certain = self._region, False
        if named := values[self._country]:
            told = self._regions[named]
            if told is None:
                self.noticed["country_unreadable"] += 1
            else:
                region, certain = told, True
        found = read_number(cells[self._phone].strip(), region, certain=certain)
        if not values[self._alternate]:
            return found
        other = read_number(values[self._alternate], region, certain=certain)
        if not isinstance(other, PhoneNumber):
            return found
        if isinstance(found, PhoneNumber):
            return found if found.alternate or found.e164 == other.e164 else found._replace(alternate=other.e164)
        return other._replace(repairs=("alternate_used", *other.repairs))

    def _empty_row(self, number: int) -> ContactRow:
        return self._unread(number, [], "empty_row")

    def _unread(self, number: int, cells: list[str], reason: str) -> ContactRow:
        return ContactRow(number, RowClass.INVALID, cells, {}, reason, *REASONS[reason])


_new = tuple.__new__
_OK = (RowClass.OK, "", "", "")
_NOWHERE = Whereabouts((), None)
_FIELDS = "phone alternate_phone country name language timezone state postal_code consent consent_at".split()
