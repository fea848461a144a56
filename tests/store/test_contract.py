"""What the port promises, asked of every adapter: single documents and batches."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from random import Random
from typing import Any

import pytest

from shared.store import open_store
from shared.store.change import change_document
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
    StoreUnavailable,
    Update,
    Write,
)

NOON = datetime(2026, 11, 23, 12, 0, 0, 123_456, tzinfo=UTC)
MANY = 50


async def test_no_document_is_none(store: Store) -> None:
    assert await store.get("calls/CA1") is None


async def test_a_created_document_is_read_back(store: Store) -> None:
    created = await store.create("calls/CA1", {"status": "ringing", "started_at": NOON})
    read = await store.get("calls/CA1")
    assert created == read
    assert read is not None
    assert (read.path, read.id) == ("calls/CA1", "CA1")
    assert read.data == {"status": "ringing", "started_at": NOON}


async def test_creating_twice_leaves_the_first(store: Store) -> None:
    await store.create("calls/CA1", {"by": "first"})
    with pytest.raises(AlreadyExists):
        await store.create("calls/CA1", {"by": "second"})
    assert await fields(store, "calls/CA1") == {"by": "first"}


async def test_of_many_simultaneous_creates_one_wins(store: Store) -> None:
    async def claim(number: int) -> int | None:
        try:
            await store.create("attempts/c1:p1:1", {"owner": number})
        except AlreadyExists:
            return None
        return number

    winners = [one for one in await asyncio.gather(*map(claim, range(MANY))) if one is not None]
    assert len(winners) == 1
    assert await fields(store, "attempts/c1:p1:1") == {"owner": winners[0]}


async def test_many_simultaneous_changes_each_count_once(store: Store) -> None:
    await store.create("counters/spent", {"calls": 0})

    async def add_one(seed: int) -> None:
        await change_document(
            store,
            "counters/spent",
            lambda document: {"calls": int(str(document.data["calls"])) + 1},
            random=Random(seed),
            most_tries=200,
        )

    await asyncio.gather(*map(add_one, range(MANY)))
    assert await fields(store, "counters/spent") == {"calls": MANY}


async def test_an_update_changes_only_its_fields_and_returns_the_whole(store: Store) -> None:
    await store.create("calls/CA1", {"status": "ringing", "numbers": {"from": "a", "to": "b"}, "note": "x"})
    updated = await store.update("calls/CA1", {"status": "done", "numbers": {"to": "c"}, "note": REMOVE})
    assert updated.data == {"status": "done", "numbers": {"to": "c"}}
    assert updated == await store.get("calls/CA1")


async def test_a_version_that_was_returned_by_a_write_is_good_for_the_next(store: Store) -> None:
    document = await store.create("leases/tick", {"fence": 1})
    for fence in range(2, 5):
        document = await store.update("leases/tick", {"fence": fence}, expected=document.version)
        assert document.data == {"fence": fence}
    assert document == await store.get("leases/tick")


async def test_what_a_reader_does_to_its_copy_changes_nothing(store: Store) -> None:
    document = await store.create("leases/tick", {"holders": ["a"]})
    holders: Any = document.data["holders"]
    holders.append("b")
    after = await store.update("leases/tick", {"fence": 2}, expected=document.version)
    assert after.data == {"holders": ["a"], "fence": 2}


async def test_an_old_version_is_a_conflict(store: Store) -> None:
    first = await store.create("leases/tick", {"holder": "a"})
    await store.update("leases/tick", {"holder": "b"})
    with pytest.raises(Conflict):
        await store.update("leases/tick", {"holder": "c"}, expected=first.version)
    assert await fields(store, "leases/tick") == {"holder": "b"}


async def test_writing_the_same_again_still_makes_old_versions_conflict(store: Store) -> None:
    first = await store.create("leases/tick", {"holder": "a"})
    await store.update("leases/tick", {"holder": "a"}, expected=first.version)
    with pytest.raises(Conflict):
        await store.update("leases/tick", {"holder": "a"}, expected=first.version)


async def test_updating_nothing_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound):
        await store.update("calls/CA1", {"status": "done"})
    assert await store.get("calls/CA1") is None


async def test_a_version_of_a_document_that_went_is_a_conflict(store: Store) -> None:
    first = await store.create("leases/tick", {"holder": "a"})
    await store.batch([Delete("leases/tick")])
    with pytest.raises(Conflict):
        await store.update("leases/tick", {"holder": "b"}, expected=first.version)
    with pytest.raises(Conflict):
        await store.batch([Delete("leases/tick", expected=first.version)])


async def test_a_document_that_went_and_came_back_is_not_the_old_one(store: Store) -> None:
    first = await store.create("leases/tick", {"holder": "a"})
    await store.batch([Delete("leases/tick")])
    await store.create("leases/tick", {"holder": "a"})
    with pytest.raises(Conflict):
        await store.update("leases/tick", {"holder": "b"}, expected=first.version)


async def test_a_version_from_elsewhere_is_refused(store: Store) -> None:
    await store.create("leases/tick", {"holder": "a"})
    with pytest.raises(BadDocument):
        await store.update("leases/tick", {"holder": "b"}, expected="3")


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


class Status(StrEnum):
    """A field's value as the domain has it."""

    DONE = "done"


async def test_values_come_back_as_they_were(store: Store) -> None:
    data: dict[str, Any] = {
        "nothing": None,
        "yes": True,
        "no": False,
        "one": 1,
        "one_and_a_bit": 1.0000000000000002,
        "whole_float": 2.0,
        "largest": 2**63 - 1,
        "smallest": -(2**63),
        "tiny": 5e-324,
        "huge": -1.7976931348623157e308,
        "empty": "",
        "hindi": "नमस्ते, सुनीता जी 🙏🏽",
        "awkward": ["\x00", "a\x00b", "\x01", "\x01true", "\x02" + NOON.isoformat(), "\x03", "\x04", "'\"\\", "\u2028"],
        "noon": NOON,
        "first": datetime(1, 1, 1, tzinfo=UTC),
        "last": datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        "empty_map": {},
        "empty_list": [],
        "nested": {
            "list": [1, {"at": NOON, "text": "\x03", "no": False, "none": None}],
            "a.b": {"`c`\\": "हाँ", " ": 1},
        },
    }
    written = await store.create("calls/CA1", data)
    read = await store.get("calls/CA1")
    assert read is not None
    for found in (written.data, read.data):
        assert found == data
        assert [type(found[name]) for name in data] == [type(value) for value in data.values()]


async def test_values_are_kept_in_their_plain_form(store: Store) -> None:
    delhi = timezone(timedelta(hours=5, minutes=30))
    written = await store.create(
        "calls/CA1", {"at": datetime(2026, 11, 23, 10, tzinfo=delhi), "status": Status.DONE, "pair": (1, 2)}
    )
    read = await store.get("calls/CA1")
    for found in (written, read):
        assert found is not None
        at = found.data["at"]
        assert isinstance(at, datetime)
        assert type(at) is datetime
        assert at.isoformat() == "2026-11-23T04:30:00+00:00"
        assert type(found.data["status"]) is str
        assert found.data == {"at": at, "status": "done", "pair": [1, 2]}


async def test_closing_twice_is_fine_and_then_it_is_away(store: Store) -> None:
    await store.create("calls/CA1", {})
    await store.close()
    await store.close()
    with pytest.raises(StoreUnavailable):
        await store.get("calls/CA1")


async def test_what_is_written_is_there_for_the_next_process(store: Store, store_url: str) -> None:
    document = await store.create("calls/CA1", {"x": 1})
    await store.close()
    again = open_store(store_url)
    read = await again.get("calls/CA1")
    await again.close()
    assert read == document


async def fields(store: Store, path: str) -> dict[str, Any]:
    """The data of a document that must be there."""
    document = await store.get(path)
    assert document is not None
    return dict(document.data)
