"""How SQLite answers queries: from the declared indexes, in stretches."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from shared.store import open_store
from shared.store.indexes import INDEXES, Index
from shared.store.query import make_query
from shared.store.sqlite import SqliteStore
from shared.store.sqlite_file import connect, index_name
from shared.store.sqlite_query import count_statement, page_statements, read_page
from shared.store.store import Create, Document, OrderBy, Put, Where

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
CONTACTS = "campaigns/c1/contacts"
DUE = [Where("status", "==", "pending"), Where("due_at", "<=", NOON)]


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    """A connection to an empty database."""
    with closing(connect(None, 1)) as opened:
        yield opened


def steps(connection: sqlite3.Connection, sql: str, values: list[Any]) -> list[str]:
    """What SQLite would do."""
    return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)]


def page_steps(connection: sqlite3.Connection, *, cursor: str | None = None, **query: Any) -> list[list[str]]:
    """What SQLite would do for each statement of a page."""
    made = make_query(cursor=cursor, limit=200, **query)
    return [steps(connection, sql, [*values, 201]) for sql, values in page_statements(made)]


DECLARED: dict[str, tuple[dict[str, Any], str]] = {
    "who is due": ({"collection": CONTACTS, "where": DUE}, "of_contacts_status_due_at"),
    "stale leases": (
        {"collection": "attempts", "where": [Where("status", "==", 1), Where("lease_until", "<", NOON)]},
        "of_attempts_status_lease_until",
    ),
    "a number's attempts": (
        {"collection": "attempts", "where": [Where("number_hash", "==", "x"), Where("created_at", ">", NOON)]},
        "of_attempts_number_hash_created_at",
    ),
    "newest calls": (
        {"collection": "calls", "order_by": [OrderBy("started_at", descending=True)]},
        "of_calls_started_at",
    ),
    "a campaign's newest calls": (
        {
            "collection": "calls",
            "where": [Where("campaign_id", "==", "c1")],
            "order_by": [OrderBy("started_at", descending=True)],
        },
        "of_calls_campaign_id_started_at",
    ),
    "an upload's rows of a class": (
        {"collection": "lists/l1/rows", "where": [Where("class", "==", "ok")], "order_by": [OrderBy("row")]},
        "of_rows_class_row",
    ),
}


@pytest.mark.parametrize("kind", DECLARED)
def test_a_query_with_a_declared_index_reads_only_what_it_returns(connection: sqlite3.Connection, kind: str) -> None:
    query, name = DECLARED[kind]
    (plan,) = page_steps(connection, **query)
    assert any(step.startswith(f"SEARCH documents USING INDEX {name} ") for step in plan)
    assert not any("TEMP B-TREE" in step for step in plan)


def test_the_next_page_is_one_stretch_of_the_index_however_many_tie(connection: sqlite3.Connection) -> None:
    first = make_query(CONTACTS, DUE)
    cursor = first.cursor_after(Document(f"{CONTACTS}/a", {"due_at": NOON}, 1))
    ties, later = page_steps(connection, collection=CONTACTS, where=DUE, cursor=cursor)
    for plan in (ties, later):
        assert not any("TEMP B-TREE" in step for step in plan)
    assert any("of_contacts_status_due_at (collection=? AND <expr>=? AND <expr>=? AND id>?)" in step for step in ties)
    assert any("of_contacts_status_due_at (collection=? AND <expr>=? AND <expr>>?" in step for step in later)


@pytest.mark.parametrize("one", INDEXES, ids=index_name)
def test_every_declared_index_serves_its_query(connection: sqlite3.Connection, one: Index) -> None:
    *equal, last = one.fields
    where = [Where(part.field, "==", 1) for part in equal]
    (plan,) = page_steps(connection, collection=one.group, where=where, order_by=[last])
    equalities = " AND ".join(["collection=?", *["<expr>=?"] * len(equal)])
    assert plan[0] == f"SEARCH documents USING INDEX {index_name(one)} ({equalities})"
    assert not any("TEMP B-TREE" in step for step in plan)


def test_counting_a_status_does_not_read_documents(connection: sqlite3.Connection) -> None:
    sql, values = count_statement(make_query(CONTACTS, [Where("status", "==", "pending")]))
    assert any("INDEX of_contacts_status_due_at" in step for step in steps(connection, sql, values))


def test_equalities_alone_use_an_index_that_begins_with_one(connection: sqlite3.Connection) -> None:
    (plan,) = page_steps(connection, collection="attempts", where=[Where("campaign_id", "==", 1), Where("x", "==", 2)])
    assert any("INDEX of_attempts_campaign_id_status" in step for step in plan)


@pytest.mark.parametrize("first_down", [False, True])
@pytest.mark.parametrize("second_down", [False, True])
async def test_pages_in_any_mix_of_directions(sqlite_url: str, first_down: bool, second_down: bool) -> None:
    """No declared index mixes directions yet; the statements can."""
    order = [OrderBy("a", first_down), OrderBy("b", second_down)]
    places = {f"{number:02}": (None if number % 3 else 1 + number % 4, number % 5 or None) for number in range(40)}
    store = SqliteStore(Path(sqlite_url.removeprefix("sqlite:///")))
    await store.batch([Put(f"calls/{name}", {"a": a, "b": b}) for name, (a, b) in places.items()])
    await store.close()
    found: list[str] = []
    cursor: str | None = None
    with closing(connect(Path(sqlite_url.removeprefix("sqlite:///")), 1)) as connection:
        while True:
            page = read_page(connection, make_query("calls", order_by=order, limit=7, cursor=cursor))
            found += [one.id for one in page.documents]
            if page.next is None:
                break
            cursor = page.next
    by_id = sorted(places, reverse=second_down)
    by_second = sorted(by_id, key=lambda name: places[name][1] or 0, reverse=second_down)
    assert found == sorted(by_second, key=lambda name: places[name][0] or -1, reverse=first_down)


async def test_people_can_read_the_file(sqlite_url: str) -> None:
    store = open_store(sqlite_url)
    await store.batch([Create("calls/CA1/turns/1", {"text": "नमस्ते", "start_ms": 120, "heard": True, "at": NOON})])
    await store.close()
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as connection:
        (row,) = connection.execute("SELECT path, version, data FROM records").fetchall()
    assert row[:2] == ("calls/CA1/turns/1", 1)
    assert "नमस्ते" in row[2]
    assert '"start_ms":120' in row[2]
