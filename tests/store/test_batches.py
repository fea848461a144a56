"""What the port promises of batches, asked of every adapter."""

from __future__ import annotations

from typing import Any

import pytest

from shared.store.store import (
    REMOVE,
    AlreadyExists,
    BadDocument,
    Conflict,
    Create,
    Delete,
    Merge,
    NotFound,
    Put,
    Store,
    Update,
    Write,
)


async def test_a_batch_makes_all_kinds_of_write(store: Store) -> None:
    old = await store.create("calls/changed", {"status": "ringing", "note": 1})
    gone = await store.create("calls/gone", {"status": "ringing"})
    await store.create("calls/gone-too", {})
    await store.create("calls/whole", {"status": "ringing", "note": 1})
    await store.create("calls/merged", {"status": "ringing", "note": 1, "usage": {"in": 1, "out": 2}})
    await store.batch(
        [
            Create("calls/new", {"status": "queued"}),
            Put("calls/put", {"status": "queued"}),
            Put("calls/whole", {"status": "done"}),
            Merge("calls/merged", {"status": "done", "usage": {"in": 3}, "note": REMOVE}),
            Merge("calls/merged-new", {"status": "done", "note": REMOVE}),
            Update("calls/changed", {"status": "done", "note": REMOVE}, expected=old.version),
            Delete("calls/gone", expected=gone.version),
            Delete("calls/gone-too"),
            Delete("calls/never-was"),
        ]
    )
    page = await store.query("calls")
    assert {one.id: one.data for one in page.documents} == {
        "changed": {"status": "done"},
        "merged": {"status": "done", "usage": {"in": 3}},
        "merged-new": {"status": "done"},
        "new": {"status": "queued"},
        "put": {"status": "queued"},
        "whole": {"status": "done"},
    }


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        (Create("calls/there", {}), AlreadyExists),
        (Update("calls/nowhere", {"x": 1}), NotFound),
        (Put("calls/bad", {"x": float("nan")}), BadDocument),
    ],
    ids=["create", "update", "value"],
)
async def test_a_batch_with_one_bad_write_writes_nothing(store: Store, bad: Write, error: type[Exception]) -> None:
    await store.create("calls/there", {"x": 1})
    with pytest.raises(error):
        await store.batch([Put("calls/first", {}), Create("calls/second", {}), bad, Merge("calls/last", {})])
    page = await store.query("calls")
    assert {one.id: one.data for one in page.documents} == {"there": {"x": 1}}


async def test_a_batch_with_a_stale_version_writes_nothing(store: Store) -> None:
    old = await store.create("leases/tick", {"holder": "a"})
    await store.update("leases/tick", {"holder": "b"})
    for stale in (Update("leases/tick", {"holder": "c"}, old.version), Delete("leases/tick", old.version)):
        with pytest.raises(Conflict):
            await store.batch([Create("attempts/1", {}), stale])
    assert await store.get("attempts/1") is None
    assert await fields(store, "leases/tick") == {"holder": "b"}


async def test_writes_to_one_document_in_one_batch_follow_each_other(store: Store) -> None:
    await store.batch(
        [
            Put("calls/CA1", {"status": "queued", "note": 1}),
            Merge("calls/CA1", {"status": "ringing"}),
            Merge("calls/CA1", {"status": "done", "note": REMOVE}),
        ]
    )
    assert await fields(store, "calls/CA1") == {"status": "done"}


async def test_a_condition_and_another_write_on_one_document_are_refused(store: Store) -> None:
    document = await store.create("calls/CA1", {"status": "queued"})
    for write in (
        Create("calls/CA1", {"x": 2}),
        Update("calls/CA1", {"x": 2}),
        Update("calls/CA1", {"x": 2}, document.version),
        Delete("calls/CA1"),
    ):
        for pair in ([Merge("calls/CA1", {"x": 1}), write], [write, Put("calls/CA1", {"x": 1})], [write, write]):
            with pytest.raises(BadDocument):
                await store.batch(pair)
    assert await fields(store, "calls/CA1") == {"status": "queued"}


async def test_empty_changes_are_allowed(store: Store) -> None:
    await store.create("calls/CA1", {})
    assert (await store.update("calls/CA1", {})).data == {}
    await store.batch([Merge("calls/CA1", {}), Merge("calls/CA2", {}), Put("calls/CA3", {})])
    assert [one.data for one in (await store.query("calls")).documents] == [{}, {}, {}]
    await store.batch([])


async def test_a_batch_of_500_is_taken_and_one_of_501_is_not(store: Store) -> None:
    contacts = [Create(f"campaigns/c1/contacts/{number:04}", {"status": "pending"}) for number in range(501)]
    with pytest.raises(BadDocument):
        await store.batch(contacts)
    assert await store.count("campaigns/c1/contacts") == 0
    await store.batch(contacts[:500])
    assert await store.count("campaigns/c1/contacts") == 500


async def fields(store: Store, path: str) -> dict[str, Any]:
    """The data of a document that must be there."""
    document = await store.get(path)
    assert document is not None
    return dict(document.data)
