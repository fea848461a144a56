"""Turns other people's values (a model's arguments, a system's answers) into something that the store takes.

Nothing is refused and as little as possible is changed: lists in lists and what nests too deep become JSON text,
numbers beyond 64 bits their digits, names that a map may not have get a letter in front, broken text is mended.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.store.documents import INT64, MOST_DEPTH

MOST_KEY_BYTES = 1_400
DEEP = MOST_DEPTH - 4
"""What is kept stands some levels deep in its document."""


def storable(value: Any, depth: int = 0, *, in_list: bool = False) -> Any:
    """The value, as a field of a document may hold it."""
    match value:
        case None | bool():
            return value
        case str():
            return _text(value)
        case int():
            return value if value in INT64 else str(value)
        case float():
            return value if math.isfinite(value) else str(value)
        case datetime():
            return value if value.tzinfo is not None else value.isoformat()
        case Mapping() if depth < DEEP:
            return {_name(str(name)): storable(one, depth + 1) for name, one in value.items()}
        case list() | tuple() if depth < DEEP and not in_list:
            return [storable(one, depth + 1, in_list=True) for one in value]
    return _text(json.dumps(value, ensure_ascii=False, default=str))


def _text(text: str) -> str:
    return str(text).encode("utf-8", "replace").decode("utf-8")


def _name(name: str) -> str:
    name = _text(name)
    while len(name.encode()) > MOST_KEY_BYTES:
        name = name[: len(name) // 2]
    return f"x{name}" if not name or name.startswith("__") else name
