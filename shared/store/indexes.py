"""The composite indexes that Parley's queries need, declared once for both databases.

To add one, add a line to INDEXES: the last part of the collection's path, the fields that are compared for equality,
then the fields of the order (``-field`` descends). SQLite makes an index of its own from each line. Firestore gets
firestore.indexes.json, which `python -m shared.store.indexes > firestore.indexes.json` writes anew and a test compares.

Firestore makes indexes on single fields by itself, so lines of one field serve SQLite alone; there, a query on one
field that has no line reads its whole collection. Firestore also follows an index in its own direction only.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from shared.store.documents import OWN_FIELD
from shared.store.query import Query
from shared.store.store import MissingIndex, OrderBy


@dataclass(frozen=True, slots=True)
class Index:
    """An index over every collection whose path ends in this group."""

    group: str
    fields: tuple[OrderBy, ...]


def index(group: str, *fields: str) -> Index:
    """An index from its line."""
    return Index(group, tuple(OrderBy(name.removeprefix("-"), name.startswith("-")) for name in fields))


INDEXES: tuple[Index, ...] = (
    # what a beat of the dispatcher asks
    index("campaigns", "state"),
    index("contacts", "state", "due_at"),
    index("contacts", "state", "due_reason", "due_at"),
    index("contacts", "state", "shard", "due_at"),
    index("contacts", "state", "shard", "due_reason", "due_at"),
    index("attempts", "campaign_id", "state"),
    index("attempts", "campaign_id", "-created_at"),
    index("attempts", "sid"),
    index("attempts", "contact_id", "-created_at"),
    index("attempts", "check_at"),
    index("attempts", "is_open"),
    index("attempts", "campaign_id", "is_open"),
    index("calls", "state", "direction"),
    # what instances say of themselves
    index("live_sessions", "until"),
    index("notices", "until"),
    # what the console shows, newest first
    index("calls", "started_at"),
    index("calls", "-started_at"),
    index("calls", "campaign_id", "-started_at"),
    index("calls", "state", "-started_at"),
    index("suppressions", "-at"),
    index("campaigns", "-created_at"),
    index("campaigns", "state", "-created_at"),
    index("campaigns", "list_id"),
    index("lists", "-created_at"),
    # what a campaign's report counts, and what a preflight looks back on
    index("contacts", "refusal", "state"),
    index("attempts", "-created_at"),
    # what follows calls
    index("analyses", "state", "due_at"),
    index("announcements", "is_new"),
    index("deliveries", "state", "due_at"),
    index("deliveries", "webhook_id", "-at"),
    index("webhooks", "created_at"),
    index("messages", "-created_at"),
    # what an upload's report asks
    index("rows", "row"),
    index("rows", "class", "row"),
)

UNINDEXED: Sequence[tuple[str, str]] = (
    # (group, field): long text and maps that no query asks for; Firestore would index every one of them
    ("turns", "text"),
    ("tool_results", "arguments"),
    ("tool_results", "result"),
    ("events", "detail"),
    ("rows", "original"),
    ("lists", "preview"),
    ("pieces", "data"),
    ("calls", "analysis"),
    ("attempts", "reading"),
    ("announcements", "data"),
    ("deliveries", "payload"),
    ("messages", "message"),
)

EXPIRING: Sequence[tuple[str, str]] = (
    # (group, field): Firestore deletes such documents within about a day after the time in this field
    ("stream_tokens", "expires_at"),
    ("pieces", "expires_at"),
    ("announcements", "expires_at"),
    ("deliveries", "expires_at"),
)

GROUPS: Sequence[str] = (
    "agents",
    "analyses",
    "announcements",
    "appointments",
    "attempts",
    "calls",
    "campaigns",
    "contacts",
    "counters",
    "deliveries",
    "events",
    "leases",
    "lists",
    "messages",
    "number_locks",
    "numbers",
    "parts",
    "pieces",
    "reckonings",
    "rows",
    "stream_tokens",
    "suppressions",
    "tallies",
    "tool_results",
    "turns",
    "uploads",
    "versions",
    "webhooks",
)
"""Every kind of collection that Parley keeps; their bookkeeping field is not indexed."""


def check_index(query: Query, indexes: Sequence[Index] = INDEXES) -> None:
    """That Firestore could answer the query from the declared indexes. Raises MissingIndex.

    Equalities alone, and a range or order on one field alone, need none. Otherwise indexes that end in the query's
    order may be joined, as long as the fields before it add up to the query's equalities.
    """
    compared = {one.field for one in query.where}
    unindexed = compared.union(one.field for one in query.order).intersection(
        field for group, field in (*UNINDEXED, *EXPIRING) if group == query.group
    )
    if unindexed:
        raise MissingIndex(f"{query.group}: {', '.join(sorted(unindexed))} is kept out of the indexes")
    equal = {one.field for one in query.equalities}
    if not query.order or (len(query.order) == 1 and not equal):
        return
    joined: set[str] = set()
    found = False
    for one in indexes:
        prefix, order = one.fields[: -len(query.order)], one.fields[-len(query.order) :]
        names = {part.field for part in prefix}
        if one.group == query.group and order == query.order and names <= equal:
            joined |= names
            found = True
    if not found or joined != equal:
        order_text = ", ".join(f"{'-' if one.descending else ''}{one.field}" for one in query.order)
        raise MissingIndex(f"{query.group}: needs an index on {', '.join(sorted(equal))} then {order_text}")


def serving_index(query: Query, indexes: Sequence[Index] = INDEXES) -> Index | None:
    """The one index from which SQLite answers best: most equalities first, then the whole order."""
    equal = frozenset(one.field for one in query.equalities)
    return _best_index(query.group, equal, tuple(one.field for one in query.order), tuple(indexes))


@lru_cache(maxsize=1000)
def _best_index(group: str, equal: frozenset[str], order: tuple[str, ...], indexes: tuple[Index, ...]) -> Index | None:
    best: tuple[int, Index | None] = (0, None)
    for one in indexes:
        names = [part.field for part in one.fields]
        leading = next((place for place, name in enumerate(names) if name not in equal), len(names))
        fits = names[leading:] == list(order) if order else leading > 0
        if one.group == group and fits and (best[1] is None or leading > best[0]):
            best = leading, one
    return best[1]


def firestore_indexes() -> dict[str, Any]:
    """The contents of firestore.indexes.json."""
    composite = [
        {
            "collectionGroup": one.group,
            "queryScope": "COLLECTION",
            "fields": [
                {"fieldPath": part.field, "order": "DESCENDING" if part.descending else "ASCENDING"}
                for part in one.fields
            ],
        }
        for one in INDEXES
        if len(one.fields) > 1
    ]
    unindexed = sorted([*UNINDEXED, *((group, OWN_FIELD) for group in GROUPS)])
    overrides: list[dict[str, Any]] = [
        {"collectionGroup": group, "fieldPath": field, "indexes": []} for group, field in unindexed
    ]
    overrides += [
        {"collectionGroup": group, "fieldPath": field, "ttl": True, "indexes": []} for group, field in EXPIRING
    ]
    return {"indexes": composite, "fieldOverrides": overrides}


def as_text() -> str:
    """firestore.indexes.json, byte for byte."""
    return json.dumps(firestore_indexes(), indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(as_text())
