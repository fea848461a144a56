"""What a document may be, checked before any database sees it, so that every adapter refuses the same things.

A path alternates collection and document ids: no empty id, none that is ``.`` or ``..`` or looks like ``__this__``,
no slash inside one, at most 1,500 bytes each and 6,000 together. Top-level fields are plain names (letters, digits,
underscores); names inside a map may be anything that is not empty and does not look like ``__this__``. Values are
None, booleans, 64-bit integers, finite floats, text, aware datetimes (kept in UTC, to the microsecond), lists (none
directly inside another) and maps, nested at most 20 deep. A document holds at most 1 MiB, a batch 3.5 MB. These are
Firestore's own limits, or narrower.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from shared.store.store import BadDocument, Data, Merge, Put, Remove, Value, Write

MOST_WRITES = 500
MOST_DOCUMENT_BYTES = 1_048_551
"""1 MiB, less what OWN_FIELD takes."""
MOST_TEXT_BYTES = 1_048_487
"""In one text: Firestore's bound on the value of a field."""
MOST_BATCH_BYTES = 3_500_000
"""Its emulator takes messages of 4 MiB, the service itself of 10."""
MOST_NAME_BYTES = 1_500
MOST_PATH_BYTES = 6_000
MOST_DEPTH = 20
INT64 = range(-(2**63), 2**63)

OWN_FIELD = "_commit"
"""Kept by the Firestore adapter to recognise its own writes; not for documents."""

_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_RESERVED = re.compile(r"__.*__\Z", re.DOTALL)

Leaf = Callable[[Any], Any]
"""Turns a checked scalar into what one database keeps."""


def split_document_path(path: str) -> tuple[str, str]:
    """(collection, document id) of a document's path. Raises BadDocument."""
    collection, _, document_id = path.rpartition("/")
    collection_group(collection)
    # Most ids are hex digits; what else an id may be takes longer to tell.
    if not (document_id.isascii() and document_id.isalnum() and len(path) <= MOST_NAME_BYTES):
        _check_ids([*collection.split("/"), document_id])
    return collection, document_id


@lru_cache(maxsize=4096)
def collection_group(collection: str) -> str:
    """The last part of a collection's path, which names its kind. Raises BadDocument."""
    parts = collection.split("/")
    if not len(parts) % 2:
        raise BadDocument("documents and collections take turns in a path")
    _check_ids(parts)
    return parts[-1]


def check_field(name: object) -> str:
    """A top-level field's name, if it may be one. Raises BadDocument."""
    if isinstance(name, str) and _is_field(name):
        return name
    raise BadDocument("a top-level field needs a plain name of letters, digits and underscores")


def check_writes(writes: Sequence[Write]) -> None:
    """That a batch is of a fit size, and that no condition is muddled by a second write. Raises BadDocument."""
    if len(writes) > MOST_WRITES:
        raise BadDocument(f"a batch takes at most {MOST_WRITES} writes")
    unconditional: dict[str, bool] = {}
    for write in writes:
        free = isinstance(write, Put | Merge)
        if write.path in unconditional and not (free and unconditional[write.path]):
            raise BadDocument("only Put and Merge may write the same document again in a batch")
        unconditional[write.path] = free


def converted(data: Data, leaves: Mapping[type, Leaf]) -> dict[str, Any]:
    """A document's fields, checked, with every scalar turned by the leaf of its type. Raises BadDocument."""
    leaf_of = leaves.get
    try:
        return {
            check_field(name): leaf(value) if (leaf := leaf_of(type(value))) else _convert(value, leaves, 1, False)
            for name, value in data.items()
        }
    except UnicodeEncodeError:
        raise BadDocument("text must be valid Unicode") from None


def converted_changes(changes: Mapping[str, Value | Remove], leaves: Mapping[type, Leaf]) -> dict[str, Any]:
    """Like converted(); a Remove stays itself. Raises BadDocument."""
    kept = {name: value for name, value in changes.items() if not isinstance(value, Remove)}
    gone = {check_field(name): value for name, value in changes.items() if isinstance(value, Remove)}
    return {**converted(kept, leaves), **gone}


def check_size(path: str, data: Mapping[str, Any]) -> int:
    """The bytes in a document, in Firestore's way of counting. Raises BadDocument if it would not take as many."""
    name_bytes = sum(len(part.encode()) + 1 for part in path.split("/")) + 16
    size = name_bytes + 32 + _bytes_of(data)
    if size > MOST_DOCUMENT_BYTES:
        raise BadDocument("a document holds at most 1 MiB")
    return size


def check_batch_size(sizes: Iterable[int]) -> None:
    """That so many bytes fit in one message. Raises BadDocument."""
    if sum(sizes) > MOST_BATCH_BYTES:
        raise BadDocument("a batch holds at most 3.5 MB")


def text(value: str) -> str:
    """A leaf: text that has a UTF-8 form."""
    if not value.isascii():
        value.encode()
    return value


def integer(value: int) -> int:
    """A leaf: an integer of 64 bits."""
    if value not in INT64:
        raise BadDocument("an integer has at most 64 bits")
    return int(value)


def finite(value: float) -> float:
    """A leaf: a float that is a number."""
    if not math.isfinite(value):
        raise BadDocument("a float must be finite")
    return float(value)


def utc(value: datetime) -> datetime:
    """A leaf: an aware instant, in UTC and of the plain type."""
    if value.tzinfo is None:
        raise BadDocument("a datetime must be aware")
    try:
        at = value.astimezone(UTC)
    except OverflowError:
        raise BadDocument("a datetime must lie in the years 1 to 9999 in UTC") from None
    return datetime(at.year, at.month, at.day, at.hour, at.minute, at.second, at.microsecond, UTC)


def unchanged(value: Any) -> Any:
    """A leaf for what any database takes as it is."""
    return value


PLAIN: Mapping[type, Leaf] = {
    type(None): unchanged,
    bool: unchanged,
    int: integer,
    float: finite,
    str: text,
    datetime: utc,
}
"""Leaves that keep Python's own values: a document as a reader gets it."""


def plain(data: Data) -> dict[str, Value]:
    """The document as it will be read again. Raises BadDocument."""
    return converted(data, PLAIN)


def changed(before: Mapping[str, Value], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A document's fields after checked changes."""
    after = {name: value for name, value in before.items() if name not in changes}
    after.update((name, value) for name, value in changes.items() if not isinstance(value, Remove))
    return after


def _convert(value: Any, leaves: Mapping[type, Leaf], depth: int, in_list: bool) -> Any:
    leaf = leaves.get(type(value))
    if leaf is not None:
        return leaf(value)
    if depth >= MOST_DEPTH:
        raise BadDocument(f"values nest at most {MOST_DEPTH} deep")
    if isinstance(value, Mapping):
        return {_check_key(name): _convert(one, leaves, depth + 1, False) for name, one in value.items()}
    if isinstance(value, list | tuple):
        if in_list:
            raise BadDocument("a list cannot stand directly in a list")
        return [_convert(one, leaves, depth + 1, True) for one in value]
    if isinstance(value, str):  # an enum's member
        return leaves[str](str.__str__(value))
    for kind in (int, float, datetime):
        if isinstance(value, kind):
            return leaves[kind](value)
    raise BadDocument(f"a document cannot hold a {type(value).__name__}")


@lru_cache(maxsize=4096)
def _is_field(name: str) -> bool:
    short = len(name) <= MOST_NAME_BYTES
    return bool(short and _FIELD.match(name) and not _RESERVED.match(name) and name != OWN_FIELD)


def _check_key(name: object) -> str:
    if isinstance(name, str) and _is_key(name):
        return name
    raise BadDocument("a name inside a map is text of 1 to 1,500 bytes, and not of the form __name__")


@lru_cache(maxsize=4096)
def _is_key(name: str) -> bool:
    return 0 < len(name.encode()) <= MOST_NAME_BYTES and not _RESERVED.match(name)


def _check_ids(ids: Sequence[str]) -> None:
    try:
        sizes = [len(one.encode()) for one in ids]
    except UnicodeEncodeError:
        raise BadDocument("text must be valid Unicode") from None
    fit = all(0 < size <= MOST_NAME_BYTES for size in sizes) and sum(sizes) <= MOST_PATH_BYTES
    if not fit or any(one in {".", ".."} or _RESERVED.match(one) for one in ids):
        raise BadDocument("a path has an id that no database takes")


def _bytes_of(value: Any) -> int:
    if isinstance(value, str):
        size = len(value.encode())
        if size > MOST_TEXT_BYTES:
            raise BadDocument("a text holds at most 1 MiB")
        return size + 1
    if isinstance(value, Mapping):
        return sum(len(name.encode()) + 1 + _bytes_of(one) for name, one in value.items())
    if isinstance(value, list):
        return sum(_bytes_of(one) for one in value)
    return 1 if value is None or isinstance(value, bool) else 8
