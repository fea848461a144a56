"""What no adapter takes, and that nothing was written then."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from shared.store.store import BadDocument, Create, Merge, OrderBy, Put, Store, Update, Where

KIB = 1024


def nested(containers: int) -> Any:
    value: Any = 1
    for _ in range(containers):
        value = {"deeper": value}
    return value


BAD_PATHS = [
    "",
    "calls",
    "calls/CA1/turns",
    "/calls/CA1",
    "calls/CA1/",
    "calls//turns/1",
    "calls/.",
    "calls/..",
    "../CA1",
    "calls/__CA1__",
    "__calls__/CA1",
    "calls/" + "x" * 1501,
    "calls/" + "अ" * 501,
    "/".join(["calls", "x" * 1400] * 5),
    "calls/\ud800",
]

GOOD_IDS = ["0", " ", "c1:p1:1", "+919876543210", "अ" * 500, "x" * 1500, "a.b", "...", "__a", "a__", "%2F", "\n"]

BAD_DATA: dict[str, Any] = {
    "bytes": {"x": b"audio"},
    "set": {"x": {1}},
    "object": {"x": object()},
    "naive time": {"x": datetime(2026, 11, 23)},  # noqa: DTZ001
    "time before year 1 in UTC": {"x": datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1)))},
    "not a number": {"x": float("nan")},
    "infinity": {"x": [float("inf")]},
    "65 bits": {"x": 2**63},
    "65 negative bits": {"x": {"y": -(2**63) - 1}},
    "lone surrogate": {"x": "\ud800"},
    "lone surrogate inside": {"x": {"y": ["\udfff"]}},
    "lone surrogate as a name": {"x": {"\ud800": 1}},
    "list in a list": {"x": [[1]]},
    "too deep": {"x": nested(20)},
    "name with a dot": {"a.b": 1},
    "name with a space": {"a b": 1},
    "name in Hindi": {"नाम": 1},
    "empty name": {"": 1},
    "name with a digit first": {"1a": 1},
    "name with a line end": {"a\n": 1},
    "reserved name": {"__a__": 1},
    "the adapter's own name": {"_commit": 1},
    "long name": {"a" * 1501: 1},
    "number as a name": {1: 1},
    "empty name inside": {"x": {"": 1}},
    "reserved name inside": {"x": [{"__a__": 1}]},
    "number as a name inside": {"x": {1: 1}},
    "long name inside": {"x": {"अ" * 501: 1}},
    "one text over 1 MiB": {"x": "y" * 1_048_488},
    "one Hindi text over 1 MiB": {"x": "अ" * 349_526},
    "many numbers over 1 MiB": {"x": [1] * 131_100},
    "many names over 1 MiB": {"x": {f"{number:028}": True for number in range(40_000)}},
}


@pytest.mark.parametrize("path", BAD_PATHS, ids=range(len(BAD_PATHS)))
async def test_bad_paths(store: Store, path: str) -> None:
    attempts: list[Callable[[], Awaitable[object]]] = [
        lambda: store.get(path),
        lambda: store.create(path, {}),
        lambda: store.update(path, {"x": 1}),
        lambda: store.batch([Put("calls/CA1", {}), Put(path, {})]),
    ]
    for attempt in attempts:
        with pytest.raises(BadDocument):
            await attempt()
    assert await store.get("calls/CA1") is None


@pytest.mark.parametrize("collection", ["", "calls/CA1", "/calls", "calls/", "calls//turns", "__a__", "calls/../turns"])
async def test_bad_collections(store: Store, collection: str) -> None:
    with pytest.raises(BadDocument):
        await store.query(collection)
    with pytest.raises(BadDocument):
        await store.count(collection)


async def test_any_other_id_is_fine(store: Store) -> None:
    for document_id in GOOD_IDS:
        await store.create(f"calls/{document_id}", {"id": document_id})
        document = await store.get(f"calls/{document_id}")
        assert document is not None
        assert (document.id, document.data) == (document_id, {"id": document_id})
    page = await store.query("calls")
    assert [one.id for one in page.documents] == sorted(GOOD_IDS, key=str.encode)


@pytest.mark.parametrize("kind", BAD_DATA)
async def test_bad_documents(store: Store, kind: str) -> None:
    data = BAD_DATA[kind]
    await store.create("calls/CA1", {"kept": 1})
    attempts: list[Callable[[], Awaitable[object]]] = [
        lambda: store.create("calls/CA2", data),
        lambda: store.update("calls/CA1", data),
        lambda: store.batch([Put("calls/CA2", data)]),
        lambda: store.batch([Merge("calls/CA1", data)]),
        lambda: store.batch([Put("calls/CA3", {}), Create("calls/CA2", data)]),
    ]
    for attempt in attempts:
        with pytest.raises(BadDocument):
            await attempt()
    page = await store.query("calls")
    assert {one.id: one.data for one in page.documents} == {"CA1": {"kept": 1}}


async def test_the_largest_and_deepest_document_is_taken(store: Store) -> None:
    text = "y" * 1_048_487
    await store.create("calls/CA1", {"x": text})
    document = await store.get("calls/CA1")
    assert document is not None
    assert document.data == {"x": text}
    await store.create("calls/CA2", {"x": nested(19), "y": {"z": [{"a": [1]}]}})


async def test_a_document_cannot_grow_past_the_limit(store: Store) -> None:
    await store.create("calls/CA1", {"x": "y" * 700 * KIB})
    for write in (Update("calls/CA1", {"z": "y" * 700 * KIB}), Merge("calls/CA1", {"z": "y" * 700 * KIB})):
        with pytest.raises(BadDocument):
            await store.batch([write])
    document = await store.get("calls/CA1")
    assert document is not None
    assert list(document.data) == ["x"]


async def test_a_batch_has_a_limit_in_bytes(store: Store) -> None:
    rows = [Put(f"lists/l1/rows/{number}", {"original": "y" * 340 * KIB}) for number in range(11)]
    with pytest.raises(BadDocument):
        await store.batch(rows)
    assert await store.count("lists/l1/rows") == 0
    await store.batch(rows[:10])
    assert await store.count("lists/l1/rows") == 10
    with pytest.raises(BadDocument):
        await store.batch([Merge(row.path, row.data) for row in rows])


BAD_QUERIES: dict[str, tuple[list[Any], list[Any], int]] = {
    "unknown comparison": ([Where("status", "like", "x")], [], 10),  # type: ignore[arg-type]
    "field with a dot": ([Where("a.b", "==", 1)], [], 10),
    "field with a quote": ([Where("a'b", "==", 1)], [], 10),
    "order by a field with a quote": ([], [OrderBy('a"b')], 10),
    "the adapter's own field": ([Where("_commit", "==", "x")], [], 10),
    "list": ([Where("status", "==", [1])], [], 10),
    "map": ([Where("status", "==", {"a": 1})], [], 10),
    "not a number": ([Where("status", "==", float("nan"))], [], 10),
    "naive time": ([Where("due_at", "<", datetime(2026, 11, 23))], [], 10),  # noqa: DTZ001
    "smaller than None": ([Where("status", "<", None)], [], 10),
    "in a text": ([Where("status", "in", "pending")], [], 10),
    "in nothing": ([Where("status", "in", [])], [], 10),
    "in too many": ([Where("status", "in", list(range(31)))], [], 10),
    "in None": ([Where("status", "in", [1, None])], [], 10),
    "two ins": ([Where("status", "in", [1]), Where("attempts", "in", [1])], [], 10),
    "two !=": ([Where("status", "!=", 1), Where("status", "!=", 2)], [], 10),
    "ranges on two fields": ([Where("due_at", ">", 1), Where("attempts", ">", 2)], [], 10),
    "equality and range on one field": ([Where("status", "==", 1), Where("status", ">", 0)], [], 10),
    "range field not first in the order": ([Where("due_at", ">", 1)], [OrderBy("status")], 10),
    "one field twice in the order": ([], [OrderBy("status"), OrderBy("status", descending=True)], 10),
    "no documents": ([], [], 0),
    "too many documents": ([], [], 10_001),
}


@pytest.mark.parametrize("kind", BAD_QUERIES)
async def test_bad_queries(store: Store, kind: str) -> None:
    where, order_by, limit = BAD_QUERIES[kind]
    with pytest.raises(BadDocument):
        await store.query("campaigns/c1/contacts", where, order_by=order_by, limit=limit)


CURSORS = ["", "x", "!!!", "नमस्ते", "bnVsbA", "W10", "WzEsW10sImEiXQ", "W" * 4000, "W1tbW1tb" * 500]


async def test_bad_cursors(store: Store) -> None:
    await store.batch([Put(f"calls/{number}", {"started_at": datetime(2026, 11, 23, tzinfo=UTC)}) for number in "abc"])
    by_time = (await store.query("calls", order_by=[OrderBy("started_at")], limit=1)).next
    by_id = (await store.query("calls", limit=1)).next
    assert by_time is not None
    assert by_id is not None
    for cursor in [*CURSORS, by_id, by_time[:-3], by_time + "AAAA"]:
        with pytest.raises(BadDocument):
            await store.query("calls", order_by=[OrderBy("started_at")], cursor=cursor)
    for cursor in [*CURSORS, by_time]:
        with pytest.raises(BadDocument):
            await store.query("calls", cursor=cursor)
    with pytest.raises(BadDocument):
        await store.query("suppressions", cursor=by_id)
