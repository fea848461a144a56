"""From records to classified rows: each row ends in exactly one class. [pure]

What is asked of every row is kept short: one look at all its cells together tells whether any of them needs cleaning,
and columns that say the same few things are read once for each of them.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import repeat
from operator import itemgetter
from typing import Protocol, TypeVar

from functions.console.lists.cell_text import IN_PLANE_14, MAX_CHARACTERS, as_it_came, needs_no_cleaning, plain
from functions.console.lists.columns import VARIABLE, Column
from functions.console.lists.country_names import region_named
from functions.console.lists.damage import damage_in
from functions.console.lists.language_names import language_tag
from functions.console.lists.memo import Memo
from functions.console.lists.moment import moment
from functions.console.lists.whereabouts import RememberedWhereabouts, WhereaboutsFor
from shared.domain.calling_rules import Purpose
from shared.domain.common_number import common_number
from shared.domain.contact_row import (
    CONSENTS,
    REASONS,
    Consent,
    ContactRow,
    RowClass,
    consent_meant,
    consent_refusal,
    duplicate_of,
)
from shared.domain.phone_number import NumberHash, PhoneNumber, read_number, read_uncommon_number
from shared.domain.phone_problem import Problem
from shared.domain.phone_text import REPAIRS
from shared.domain.time_zone import Whereabouts

MAX_ROW_CHARACTERS = 100_000


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


T = TypeVar("T")
UNKNOWN: Consent = "unknown"
Cleaned = tuple[int, list[str], list[str], bool]
"""A row's number, its cells as they came, their values with an empty one behind, and whether it has too many cells."""


Verdict = tuple[RowClass, str, str, str]
"""Class, reason, sentence and way out."""


class Seen(Protocol):
    """The numbers of a list, as integers: E.164 without its +. A dict is one."""

    def setdefault(self, number: int, row: int, /) -> int:
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
        """Number → the first row that has it. Integers, because a million texts would be twice as big and as slow."""
        self.noticed: Counter[str] = Counter()
        """What is no reason to refuse a row but should be said: code → rows."""
        self._empty = array("I")
        day_first = terms.country != "US"
        self._languages: Memo[str, str | None] = Memo(language_tag)
        self._consents: Memo[str, Consent | None] = Memo(consent_meant)
        self._moments: Memo[str, datetime | None] = Memo(lambda cell: moment(cell, day_first=day_first))
        self._regions: Memo[str, str | None] = Memo(region_named)
        self._repaired: Memo[tuple[str, ...], Verdict] = Memo(_repaired)
        self._refusals = {each: consent_refusal(each, terms.purpose) for each in CONSENTS}
        self._hash, self._whereabouts = terms.number_hash, terms.whereabouts_for

    def classify(self, records: Sequence[tuple[int, list[str]]]) -> list[ContactRow]:
        """The next rows. An empty one counts once a row follows it: those at the end of a file are none."""
        rows: list[ContactRow] = []
        ready: list[Cleaned] = []
        texts = ["|".join(cells) for _, cells in records]
        tidy, sound = _looks("".join(texts))
        for (number, cells), text in zip(records, texts, strict=True):
            if len(cells) == self._width and len(text) <= MAX_CHARACTERS and (tidy or needs_no_cleaning(text)):
                values, surplus = [*map(str.strip, cells), ""], False
            else:
                cells, values, surplus = self._cleaned(cells)
            if not (surplus or any(values)):
                self._empty.append(number)
                continue
            too_long = len(text) > MAX_ROW_CHARACTERS
            if self._empty or too_long:
                rows += [*self._rows(ready), *map(self._empty_row, self._empty)]
                ready.clear()
                del self._empty[:]
            if too_long:
                rows.append(_unread(number, [as_it_came(text[:MAX_CHARACTERS])], "row_too_long"))
                continue
            if not sound and (damage := damage_in(cells)):
                self.noticed[damage] += 1
            ready.append((number, cells, values, surplus))
        return rows + self._rows(ready)

    def classify_one(self, number: int, cells: list[str]) -> ContactRow:
        """A single row out of its order, as a mended file has them."""
        rows = self.classify([(number, cells)])
        del self._empty[:]
        return rows[0] if rows else self._empty_row(number)

    @property
    def empty_rows_at_end(self) -> int:
        """Empty rows that no row has followed so far."""
        return len(self._empty)

    def _cleaned(self, cells: list[str]) -> tuple[list[str], list[str], bool]:
        """Cells as they came, filled up to the list's width; their values; and whether there are more than columns."""
        cells = [*map(as_it_came, cells), *[""] * (self._width - len(cells))]
        values = list(map(plain, cells))
        surplus = any(values[self._width :])
        self.noticed["extra_cells"] += surplus
        return cells, [*values[: self._width], ""], surplus

    def _rows(self, ready: Sequence[Cleaned]) -> list[ContactRow]:
        """The rows of these cells, worked out column by column: a processor is fastest at one thing at a time."""
        if not ready:
            return []
        number, original, values, surplus = zip(*ready, strict=True)
        name, spoken, timezone, state, postal_code, said, since_said = zip(*map(self._others, values), strict=True)
        found = self._found(original, values)
        phones = [each if isinstance(each, PhoneNumber) else _NO_NUMBER for each in found]
        e164, country, _, _, extension, alternate = zip(*phones, strict=True)
        digest = [self._hash(each) if each else "" for each in e164]
        places = [
            self._whereabouts(phone, *told) if phone.e164 else _NOWHERE
            for phone, told in zip(phones, zip(timezone, postal_code, state, strict=True), strict=True)
        ]
        consent = self._meant([self._consents[cell] for cell in said], "consent_unreadable", UNKNOWN)
        language = self._meant([self._languages[cell] for cell in spoken], "language_unreadable", "")
        since = [self._moments[cell] for cell in since_said]
        self.noticed["consent_at_unreadable"] += sum(map(bool, since_said)) - sum(map(bool, since))
        zones = [place.zones for place in places]
        first = [self.seen.setdefault(int(each), row) if each else 0 for each, row in zip(e164, number, strict=True)]
        refusal = [self._refusals[each] for each in consent]
        barred = map(self.terms.suppressed, digest)
        verdicts = map(self._verdict, number, found, first, barred, refusal, zones, timezone, surplus)
        row_class, reason, told, fix = zip(*verdicts, strict=True)
        variables = [{variable: row[index] for variable, index in self._variables} for row in values]
        source, states = [place.source or "" for place in places], [place.states for place in places]
        number_part = (e164, digest, country, extension, alternate, name, language)
        place_part = (timezone, zones, source, states, state, postal_code)
        fields = (number, row_class, original, variables, reason, told, fix, *number_part, *place_part, consent, since)
        return list(map(_new, repeat(ContactRow), zip(*fields, strict=True)))

    def _meant(self, meant: list[T | None], unreadable: str, instead: T) -> list[T]:
        """What some cells say; those that nobody can read are counted, and say something else instead."""
        if None in meant:
            self.noticed[unreadable] += meant.count(None)
        return [instead if each is None else each for each in meant]

    def _verdict(
        self,
        number: int,
        found: PhoneNumber | Problem,
        first: int,
        barred: bool,
        refusal: str | None,
        zones: tuple[str, ...],
        timezone: str,
        surplus: bool,
    ) -> Verdict:
        """Class, reason, sentence and way out."""
        if isinstance(found, Problem):
            return RowClass.INVALID, *found
        if first != number:
            self.noticed["refusal_in_duplicate"] += refusal == "consent_denied"
            return RowClass.DUPLICATE, *duplicate_of(first)
        if barred:
            return RowClass.SUPPRESSED, "suppressed", *REASONS["suppressed"]
        if refusal:
            return RowClass.NO_CONSENT, refusal, *REASONS[refusal]
        if not zones:
            reason = "timezone_unreadable" if timezone else "timezone_unknown"
            return RowClass.TZ_UNKNOWN, reason, *REASONS[reason]
        if found.repairs or surplus:
            return self._repaired[(*found.repairs, "extra_cells") if surplus else found.repairs]
        return _OK

    def _found(self, cells: Sequence[list[str]], values: Sequence[list[str]]) -> list[PhoneNumber | Problem]:
        """The number in each row's phone cell, or why there is none."""
        if self._other_columns_tell:
            return list(map(self._number, cells, values))
        phone, region = self._phone, self._region
        stripped = [row[phone].strip() for row in cells]
        return [common_number(cell, region) or read_uncommon_number(cell, region) for cell in stripped]

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
        return _unread(number, [], "empty_row")


def _looks(together: str) -> tuple[bool, bool]:
    """Whether the signs of many rows together need no cleaning, and no program can have spoiled any of them."""
    tidy = together.isprintable() and (together.isascii() or IN_PLANE_14 not in together.encode())
    return tidy, not ("?" in together or "\ufffd" in together or "\u00e0" in together)


def _unread(number: int, cells: list[str], reason: str) -> ContactRow:
    return ContactRow(number, RowClass.INVALID, cells, {}, reason, *REASONS[reason])


def _repaired(codes: tuple[str, ...]) -> Verdict:
    return RowClass.REPAIRED, codes[0], " ".join(REPAIRS[code] for code in codes), ""


_new = tuple.__new__
_OK = (RowClass.OK, "", "", "")
_NO_NUMBER = PhoneNumber("", "", "")
_NOWHERE = Whereabouts((), None)
_FIELDS = "phone alternate_phone country name language timezone state postal_code consent consent_at".split()
