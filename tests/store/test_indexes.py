"""Queries are held to the declared indexes on every database, since only Firestore itself would miss one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from shared.store.indexes import as_text, check_index, firestore_indexes, index
from shared.store.query import make_query
from shared.store.store import MissingIndex, OrderBy, Store, Where

ROOT = Path(__file__).resolve().parents[2]

DECLARED = (
    index("contacts", "status", "due_at"),
    index("contacts", "language", "due_at"),
    index("contacts", "campaign_id", "status", "-due_at"),
    index("calls", "agent_id", "-started_at"),
)

SERVED: dict[str, tuple[list[Any], list[OrderBy]]] = {
    "everything": ([], []),
    "equalities alone": ([Where("status", "==", 1), Where("a", "==", 2), Where("b", "in", [3])], []),
    "one range": ([Where("a", ">", 1), Where("a", "<", 9)], []),
    "one order": ([], [OrderBy("a", descending=True)]),
    "range and order on one field": ([Where("a", ">", 1)], [OrderBy("a", descending=True)]),
    "equality, then range": ([Where("status", "==", 1), Where("due_at", "<", 1)], []),
    "equality, then order": ([Where("status", "==", 1)], [OrderBy("due_at")]),
    "in, then order": ([Where("status", "in", [1, 2])], [OrderBy("due_at")]),
    "an order on what an equality settles": ([Where("status", "==", 1)], [OrderBy("status"), OrderBy("due_at")]),
    "two indexes joined": ([Where("status", "==", 1), Where("language", "==", "hi")], [OrderBy("due_at")]),
    "equalities in another order": (
        [Where("status", "==", 1), Where("campaign_id", "==", 1)],
        [OrderBy("due_at", descending=True)],
    ),
}

NOT_SERVED: dict[str, tuple[list[Any], list[OrderBy]]] = {
    "no such index": ([Where("status", "==", 1)], [OrderBy("created_at")]),
    "the other direction": ([Where("status", "==", 1)], [OrderBy("due_at", descending=True)]),
    "a range without a declared index": ([Where("status", "==", 1), Where("attempts", ">", 1)], []),
    "one equality too many": ([Where("status", "==", 1), Where("x", "==", 1)], [OrderBy("due_at")]),
    "one equality too few": ([Where("status", "==", 1)], [OrderBy("due_at", descending=True)]),
    "another collection's": ([Where("agent_id", "==", 1)], [OrderBy("started_at", descending=True)]),
    "two orders": ([], [OrderBy("status"), OrderBy("attempts")]),
}


@pytest.mark.parametrize("kind", SERVED)
def test_these_need_no_more_indexes(kind: str) -> None:
    where, order_by = SERVED[kind]
    check_index(make_query("campaigns/c1/contacts", where, order_by), DECLARED)


@pytest.mark.parametrize("kind", NOT_SERVED)
def test_these_need_an_index_that_is_not_declared(kind: str) -> None:
    where, order_by = NOT_SERVED[kind]
    with pytest.raises(MissingIndex):
        check_index(make_query("campaigns/c1/contacts", where, order_by), DECLARED)


async def test_every_store_refuses_a_query_without_its_index(store: Store) -> None:
    undeclared = [Where("language", "==", "hi"), Where("due_at", ">", 1)]
    with pytest.raises(MissingIndex, match="contacts: needs an index on language then due_at"):
        await store.query("campaigns/c1/contacts", undeclared)
    with pytest.raises(MissingIndex):
        await store.count("campaigns/c1/contacts", undeclared)
    with pytest.raises(MissingIndex):
        await store.query("calls/CA1/turns", order_by=[OrderBy("text")])


def test_the_file_for_firestore_is_in_step() -> None:
    """If this fails: python -m shared.store.indexes > firestore.indexes.json"""
    assert (ROOT / "firestore.indexes.json").read_text(encoding="utf-8") == as_text()


def test_firestore_gets_only_what_it_does_not_make_by_itself() -> None:
    written = firestore_indexes()
    shapes = [(one["collectionGroup"], str(one["fields"])) for one in written["indexes"]]
    assert len(set(shapes)) == len(shapes)
    assert all(len(one["fields"]) > 1 for one in written["indexes"])
    assert {
        "collectionGroup": "calls",
        "queryScope": "COLLECTION",
        "fields": [
            {"fieldPath": "state", "order": "ASCENDING"},
            {"fieldPath": "started_at", "order": "DESCENDING"},
        ],
    } in written["indexes"]
    assert {"collectionGroup": "turns", "fieldPath": "text", "indexes": []} in written["fieldOverrides"]


def test_no_declared_index_is_kept_out_of_the_indexes() -> None:
    written = firestore_indexes()
    indexed = {(one["collectionGroup"], part["fieldPath"]) for one in written["indexes"] for part in one["fields"]}
    overridden: Sequence[tuple[str, str]] = [
        (one["collectionGroup"], one["fieldPath"]) for one in written["fieldOverrides"]
    ]
    assert len(set(overridden)) == len(overridden)
    assert indexed.isdisjoint(overridden)
