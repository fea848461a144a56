"""What each column of a list means: found from its header and its cells, changed as the marketer says. [pure]"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from functions.console.lists.column_names import label_of, variable_names
from functions.console.lists.column_words import FIELDS, meaning, sounds_like_phone, words_of
from functions.console.lists.list_error import ListError
from shared.domain.phone_number import PhoneNumber, read_number

MAX_COLUMNS = 200
VARIABLE = "variable"
IGNORE = "ignore"
ACCOUNT = "account"
"""Columns that our own rejected.csv adds; they are never variables."""
ACCOUNT_HEADERS = ("_row", "_reason", "_explanation", "_fix")

_SAMPLED_VALUES = 40
_PLAIN_HEADER = 3.0
_PHONE_IN_HEADER = 1.5
_ALL_NUMBERS = 3.0
_LEAST_SCORE = 1.4
"""A column without a telling header is the phone column when about half of its values are numbers."""
_STILL_NUMBERS = frozenset(("excel_scientific", "ambiguous_country", "toll_free", "placeholder"))


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its header as people read it and as a variable's name, and what it is: its role."""

    index: int
    header: str
    name: str
    role: str = VARIABLE
    """One of FIELDS, or variable, ignore, account."""

    def told(self) -> dict[str, str | None]:
        """For the API: header, variable name, and the field it stands for (None: a variable)."""
        return {"header": self.header, "name": self.name, "field": None if self.role == VARIABLE else self.role}


def name_columns(header: Sequence[str], width: int) -> tuple[Column, ...]:
    """The columns of a list with this header (empty: none), at least as many as its first rows have cells."""
    labels = [label_of(cell) for cell in header]
    while labels and not labels[-1]:
        labels.pop()
    labels += [""] * (min(width, MAX_COLUMNS) - len(labels))
    if len(labels) > MAX_COLUMNS:
        raise ListError(
            "too_many_columns",
            f"The list has {len(labels)} columns; it may have {MAX_COLUMNS}.",
            "Take the columns out that no call needs.",
            column=labels[MAX_COLUMNS],
        )
    names = variable_names(labels)
    return tuple(
        Column(index, label or name, name, ACCOUNT if label in ACCOUNT_HEADERS else VARIABLE)
        for index, (label, name) in enumerate(zip(labels, names, strict=True))
    )


def find_roles(columns: Sequence[Column], rows: Sequence[Sequence[str]], region: str | None) -> tuple[Column, ...]:
    """Each field goes to the column whose header says it most plainly; the phone also to what the cells hold."""
    roles: dict[int, str] = {}
    shares = {column.index: _phone_share(column, rows, region) for column in columns if column.role == VARIABLE}
    filled = {index: _filled_share(index, rows) for index in shares}
    meanings = {column.index: meaning(column.header) for column in columns if column.role == VARIABLE}
    scores = {
        index: _header_score(columns[index].header, meanings[index]) + _ALL_NUMBERS * share * (1 + filled[index]) / 2
        for index, share in shares.items()
    }
    phone = max(scores, key=lambda index: scores[index], default=None)
    if phone is not None and scores[phone] >= _LEAST_SCORE:
        roles[phone] = "phone"
    for index, share in shares.items():
        field, _ = meanings[index] or ("", 0)
        second = field == "alternate_phone" or (
            share >= 0.3 and (field == "phone" or sounds_like_phone(columns[index].header))
        )
        if second and index not in roles and "alternate_phone" not in roles.values():
            roles[index] = "alternate_phone"
    for field in FIELDS:
        ranks = {
            index: found[1] for index, found in meanings.items() if found and found[0] == field and index not in roles
        }
        if ranks and field not in roles.values() and field != "phone":
            roles[min(ranks, key=lambda index: ranks[index])] = field
    return tuple(replace(column, role=roles.get(column.index, column.role)) for column in columns)


def _header_score(header: str, found: tuple[str, int] | None) -> float:
    if found is None:
        return _PHONE_IN_HEADER if sounds_like_phone(header) else 0.0
    field, rank = found
    return _PLAIN_HEADER - rank / 50 if field == "phone" else (-_PLAIN_HEADER if field != "alternate_phone" else 0.0)


def _phone_share(column: Column, rows: Sequence[Sequence[str]], region: str | None) -> float:
    """How many of the column's values are phone numbers."""
    values = [row[column.index] for row in rows if len(row) > column.index and row[column.index].strip()]
    sample = values[:_SAMPLED_VALUES]
    return sum(_is_number(value, region) for value in sample) / len(sample) if sample else 0.0


def _filled_share(index: int, rows: Sequence[Sequence[str]]) -> float:
    return sum(1 for row in rows if len(row) > index and row[index].strip()) / len(rows) if rows else 0.0


def _is_number(value: str, region: str | None) -> bool:
    digits = sum(map(str.isdecimal, value[:60]))
    if len(value) > 60 or not (digits >= 8 or (digits >= 2 and "e+" in value.casefold())):
        return False
    answer = read_number(value, region)
    return isinstance(answer, PhoneNumber) or answer.code in _STILL_NUMBERS


def with_mapping(columns: Sequence[Column], mapping: Mapping[str, str | None]) -> tuple[Column, ...]:
    """The columns with the marketer's word over ours. mapping: header or variable name → field, variable or ignore.

    A field has one column: it leaves the one that had it. Raises ListError naming the column or the field.
    """
    wanted: dict[int, str] = {}
    for key, value in mapping.items():
        header, role = (key, value) if _column(columns, key) is not None else (value or "", key)
        column = _column(columns, header)
        if column is None:
            raise ListError(
                "no_such_column",
                "The mapping names a column that the list does not have.",
                "Use its header.",
                column=key,
            )
        role = (role or VARIABLE).strip().casefold()
        if role not in (*FIELDS, VARIABLE, IGNORE):
            raise ListError(
                "no_such_field",
                "The mapping names a field that does not exist.",
                f"Use one of {', '.join((*FIELDS, VARIABLE, IGNORE))}.",
                column=column.header,
                field=role,
            )
        if role in FIELDS and role in wanted.values():
            raise ListError(
                "field_twice",
                "Two columns cannot be the same field.",
                "Map one of them.",
                column=column.header,
                field=role,
            )
        wanted[column.index] = role
    taken = set(wanted.values())
    return tuple(
        replace(
            column,
            role=wanted.get(column.index, VARIABLE if column.role in taken and column.role in FIELDS else column.role),
        )
        for column in columns
    )


def _column(columns: Sequence[Column], header: str) -> Column | None:
    """By its header, else by its variable's name, else by a header in other letters."""
    words = words_of(header)
    for column in columns:
        if column.header == header:
            return column
    return next((column for column in columns if column.name == header or words_of(column.header) == words), None)


def mapping_of(columns: Sequence[Column]) -> dict[str, str]:
    """Header → role, as it can be handed back to with_mapping."""
    return {column.header: column.role for column in columns if column.role != ACCOUNT}
