"""What the port promises of single documents, asked of every adapter."""

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
    Delete,
    NotFound,
    Store,
    StoreUnavailable,
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


async def test_what_is_written_is_there_for_the_next_process(store_url: str) -> None:
    store = open_store(store_url)
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
