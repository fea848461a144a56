"""Values as JSON text whose scalars sort, inside SQLite, as the values do.

json_extract() turns a JSON scalar into an SQL value, so numbers need nothing. Text, times and booleans are all JSON
strings, told apart by their first character, which no ordinary text begins with:

    U+0001  a boolean: "true" or "false"
    U+0002  a time, in UTC to the microsecond, always 32 characters
    U+0003  text that is empty or begins with a character up to this one; put before it

SQLite then sorts None (NULL), numbers, booleans, times, text. json_extract() ends text at U+0000, so that character
is kept as U+0001 U+0001, and U+0001 as U+0001 U+0002. Query cursors are written in the same way.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.store.documents import Leaf, finite, integer, text, unchanged, utc
from shared.store.store import Value

BOOLEAN, TIME, ESCAPE = "\x01", "\x02", "\x03"
FIRST_PLAIN = "\x04"
"""Text that begins with this or anything above stands as it is."""

_dumps = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def _text(value: str) -> str:
    plain = text(value)
    if "\x00" in plain or "\x01" in plain:
        plain = plain.replace("\x01", "\x01\x02").replace("\x00", "\x01\x01")
    return plain if plain >= FIRST_PLAIN else ESCAPE + plain


def _boolean(value: bool) -> str:
    return "\x01true" if value else "\x01false"


def _time(value: datetime) -> str:
    return TIME + utc(value).isoformat(timespec="microseconds")


SORTABLE: Mapping[type, Leaf] = {
    type(None): unchanged,
    bool: _boolean,
    int: integer,
    float: finite,
    str: _text,
    datetime: _time,
}
"""Leaves for documents.converted()."""


def to_json(converted: Any) -> str:
    """JSON text of what converted() made with these leaves."""
    return _dumps(converted)


def from_json(json_text: str) -> Any:
    """The value again."""
    return restored(json.loads(json_text))


def restored(value: Any) -> Any:
    """A value as it was before its scalars were made sortable. What json.loads() made is of exactly these types."""
    kind = type(value)
    if kind is str:
        return value if value >= FIRST_PLAIN and "\x01" not in value else _restored_text(value)
    if kind is dict:
        return {name: restored(one) if type(one) in _HOLDS_TEXT else one for name, one in value.items()}
    if kind is list:
        return [restored(one) if type(one) in _HOLDS_TEXT else one for one in value]
    return value


_HOLDS_TEXT = frozenset({str, dict, list})


def _restored_text(value: str) -> Value:
    match value[:1]:
        case "\x01":
            return value == "\x01true"
        case "\x02":
            return datetime.fromisoformat(value[1:])
        case "\x03":
            value = value[1:]
    return value.replace("\x01\x01", "\x00").replace("\x01\x02", "\x01")


def sql_value(converted: Any) -> Any:
    """What json_extract() gives for a top-level value made with these leaves."""
    return to_json(converted) if isinstance(converted, dict | list) else converted
