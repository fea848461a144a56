"""A classified row as the store keeps it, under lists/{list_id}/rows. [pure]"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.domain.contact_row import ContactRow, RowClass
from shared.store.store import Value

_NAMES = {name: "class" if name == "row_class" else name for name in ContactRow._fields}
_ALWAYS = frozenset(("row", "class", "reason", "phone", "country", "original"))
"""The other fields are left out when they are empty, which most are."""
_TUPLES = ("zones", "states")


def list_path(list_id: str) -> str:
    """Where a list is kept."""
    return f"lists/{list_id}"


def rows_path(list_id: str) -> str:
    """The collection of its rows."""
    return f"lists/{list_id}/rows"


def row_path(list_id: str, number: int) -> str:
    """Where a row is kept; ids sort like the rows."""
    return f"lists/{list_id}/rows/{number:07}"


def row_document(row: ContactRow) -> dict[str, Value]:
    """The row's fields; class for row_class, because people read the documents too."""
    return {name: value for name, value in zip(_NAMES.values(), row, strict=True) if value or name in _ALWAYS}


def row_from_document(data: Mapping[str, Any]) -> ContactRow:
    """The row that was kept."""
    fields = {field: data[name] for field, name in _NAMES.items() if name in data}
    fields.update((name, tuple(fields[name])) for name in _TUPLES if name in fields)
    fields["row_class"] = RowClass(fields["row_class"])
    return ContactRow(**{"variables": {}, **fields})


def size_of(row: ContactRow) -> int:
    """About how many bytes the row takes in the store: its text, three bytes to a sign at the most, and the rest."""
    texts = sum(map(len, row.original)) + sum(map(len, row.variables.values()))
    return 1000 + 3 * texts + 40 * len(row.variables)
