"""What every adapter finds, in which order, page by page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.store.store import Comparison, Create, Data, Document, OrderBy, Put, Store, Value, Where

CONTACTS = "campaigns/c1/contacts"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATER, MUCH_LATER = NOON + timedelta(microseconds=1), NOON + timedelta(days=3)

VALUES: dict[str, Value] = {
    "a-none": None,
    "b-false": False,
    "c-true": True,
    "d-minus": -1,
    "e-zero": 0,
    "f-zero-float": 0.0,
    "g-one": 1,
    "h-more": 1.5,
    "i-noon": NOON,
    "j-later": LATER,
    "k-empty": "",
    "l-control": "\x01true",
    "m-bracket": "[1]",
    "n-text": "a",
    "o-brace": '{"a":1}',
    "p-hindi": "हाँ",
    "q-list": [1],
    "r-map": {"a": 1},
    "s-nul": "a\x00b",
}

FOUND: list[tuple[Comparison, Value, str]] = [
    ("==", None, "a"),
    ("==", False, "b"),
    ("==", True, "c"),
    ("==", 0, "ef"),
    ("==", 0.0, "ef"),
    ("==", 1, "g"),
    ("==", 1.5, "h"),
    ("==", NOON, "i"),
    ("==", "", "k"),
    ("==", "\x01true", "l"),
    ("==", "[1]", "m"),
    ("==", "a", "n"),
    ("==", '{"a":1}', "o"),
    ("==", "हाँ", "p"),
    ("==", "b", ""),
    ("==", "a\x00b", "s"),
    ("==", "a\x00c", ""),
    (">", "a\x00", "ops"),
    ("<", "a\x00", "klmn"),
    ("!=", None, "bcdefghijklmnopqrs"),
    ("!=", True, "bdefghijklmnopqrs"),
    ("!=", 0, "bcdghijklmnopqrs"),
    ("!=", "a", "bcdefghijklmopqrs"),
    ("!=", "[1]", "bcdefghijklnopqrs"),
    ("!=", NOON, "bcdefghjklmnopqrs"),
    ("<", 1, "def"),
    ("<=", 1, "defg"),
    (">", 0, "gh"),
    (">=", 0, "efgh"),
    (">=", -(2**63), "defgh"),
    ("<", LATER, "i"),
    ("<=", LATER, "ij"),
    (">", NOON, "j"),
    (">=", NOON, "ij"),
    ("<", "a", "klm"),
    ("<=", "a", "klmn"),
    (">", "", "lmnops"),
    (">=", "", "klmnops"),
    (">", "[", "mnops"),
    (">", "हाँ", ""),
    ("<", True, "b"),
    ("<=", True, "bc"),
    (">=", False, "bc"),
    ("in", [0, "a", True, NOON, "[1]", "nobody"], "cefimn"),
    ("in", [1, 1, 1.0], "g"),
]


@pytest.fixture
async def filled(store: Store) -> Store:
    """A store with a document for every kind of value, one of them without the field."""
    writes = [Create(f"{CONTACTS}/{name}", {"v": value, "x": 1}) for name, value in VALUES.items()]
    await store.batch([*writes, Create(f"{CONTACTS}/t-missing", {"x": 1})])
    await store.batch([Create("campaigns/c2/contacts/elsewhere", {"v": 1, "x": 1}), Create("campaigns/c1", {"v": 1})])
    return store


async def test_comparisons(filled: Store) -> None:
    for comparison, value, expected in FOUND:
        where = [Where("v", comparison, value)]
        page = await filled.query(CONTACTS, where)
        found = "".join(sorted(one.id[0] for one in page.documents))
        assert (comparison, value, found) == (comparison, value, expected)
        assert await filled.count(CONTACTS, where) == len(expected)


async def test_filters_add_up(filled: Store) -> None:
    assert await ids(filled, [Where("x", "==", 1), Where("v", "==", 0)]) == ["e-zero", "f-zero-float"]
    assert await ids(filled, [Where("x", "==", 2), Where("v", "==", 0)]) == []
    assert await ids(filled, [Where("v", ">", -1), Where("v", "<=", 1)]) == ["e-zero", "f-zero-float", "g-one"]
    assert await ids(filled, [Where("v", ">", -1), Where("v", "!=", 0)]) == ["g-one", "h-more"]
    assert await ids(filled, [Where("v", ">", -1), Where("v", "<", "z")]) == []
    assert await filled.count(CONTACTS) == len(VALUES) + 1


async def test_the_order_of_one_kind_after_another(store: Store) -> None:
    ascending: list[Value] = [None, -(2**53) - 1, -1.5, 0, 2, 10, NOON, LATER, "", "10", "2", "A", "a", "अ", "हाँ", "🙏"]
    await store.batch([Put(f"calls/{99 - place}", {"started_at": value}) for place, value in enumerate(ascending)])
    up = await store.query("calls", order_by=[OrderBy("started_at")])
    assert [one.data["started_at"] for one in up.documents] == ascending
    down = await store.query("calls", order_by=[OrderBy("started_at", descending=True)])
    assert [one.data["started_at"] for one in down.documents] == ascending[::-1]


async def test_without_an_order_documents_come_by_id(store: Store) -> None:
    names = ["10", "2", "A", "a", "a-", "अ", "हाँ", "🙏"]
    await store.batch([Put(f"calls/{name}", {"x": 1}) for name in reversed(names)])
    for where in ([], [Where("x", "==", 1)], [Where("x", "in", [3, 1])]):
        page = await store.query("calls", where)
        assert [one.id for one in page.documents] == names


async def test_a_range_without_an_order_is_ordered_by_its_field(filled: Store) -> None:
    assert await ids(filled, [Where("v", "<=", 1)]) == ["d-minus", "e-zero", "f-zero-float", "g-one"]


async def test_documents_without_the_order_field_are_left_out(store: Store) -> None:
    await store.batch([Put("calls/a", {"started_at": None}), Put("calls/b", {}), Put("calls/c", {"started_at": NOON})])
    for descending, expected in ((False, ["a", "c"]), (True, ["c", "a"])):
        page = await store.query("calls", order_by=[OrderBy("started_at", descending)])
        assert [one.id for one in page.documents] == expected


async def test_an_equality_a_range_and_an_order(store: Store) -> None:
    calls: dict[str, Data] = {
        "later": {"state": "done", "started_at": LATER},
        "ringing": {"state": "ringing", "started_at": NOON},
        "no-time": {"state": "done"},
        "none": {"state": "done", "started_at": None},
    }
    for minute in range(5):
        calls[f"ago-{minute:02}"] = {"state": "done", "started_at": NOON - timedelta(minutes=minute)}
    await store.batch([Create(f"calls/{name}", data) for name, data in calls.items()])
    where = [Where("state", "==", "done"), Where("started_at", "<=", NOON)]
    newest_first = [OrderBy("started_at", descending=True)]
    page = await store.query("calls", where, order_by=newest_first, limit=3)
    assert [one.id for one in page.documents] == ["ago-00", "ago-01", "ago-02"]
    rest = await store.query("calls", where, order_by=newest_first, limit=3, cursor=page.next)
    assert [one.id for one in rest.documents] == ["ago-03", "ago-04"]
    assert await store.count("calls", [Where("started_at", "<=", NOON)]) == 6


@pytest.mark.parametrize("descending", [False, True], ids=["up", "down"])
async def test_a_thousand_documents_with_ties_page_by_page(store: Store, descending: bool) -> None:
    times: list[Value] = [NOON, LATER, None, MUCH_LATER]
    data = {f"{number * 7919 % 1000:03}": times[number * number % 4] for number in range(1000)}
    names = list(data)
    for start in (0, 500):
        await store.batch([Create(f"calls/{name}", {"started_at": data[name]}) for name in names[start : start + 500]])
    found = await all_pages(store, "calls", [], [OrderBy("started_at", descending)], limit=130)
    expected = sorted(names, key=lambda name: (times_rank(data[name]), name), reverse=descending)
    assert [one.id for one in found] == expected


async def test_pages_of_a_query_by_two_fields(store: Store) -> None:
    places = {f"{number:02}": (f"c{number % 3}", number % 5) for number in range(30)}
    await store.batch(
        [Create(f"lists/l1/rows/{name}", {"class": kind, "row": row}) for name, (kind, row) in places.items()]
    )
    found = await all_pages(store, "lists/l1/rows", [], [OrderBy("class"), OrderBy("row")], limit=7)
    assert [one.id for one in found] == sorted(places, key=lambda name: (*places[name], name))


async def test_pages_by_id_and_of_filters(store: Store) -> None:
    await store.batch([Create(f"calls/{number:03}", {"even": number % 2 == 0}) for number in range(100)])
    assert len(await all_pages(store, "calls", [], [], limit=33)) == 100
    found = await all_pages(store, "calls", [Where("even", "==", True)], [], limit=10)
    assert [one.id for one in found] == [f"{number:03}" for number in range(0, 100, 2)]


async def test_the_last_page_says_so(store: Store) -> None:
    await store.batch([Create(f"calls/{number}", {}) for number in range(4)])
    assert (await store.query("calls", limit=4)).next is None
    page = await store.query("calls", limit=3)
    assert page.next is not None
    rest = await store.query("calls", limit=3, cursor=page.next)
    assert ([one.id for one in rest.documents], rest.next) == (["3"], None)
    assert (await store.query("lists")).documents == []


async def test_a_page_does_not_repeat_or_skip_when_documents_come_and_go(store: Store) -> None:
    await store.batch([Create(f"calls/{name}", {"started_at": NOON}) for name in "bdfh"])
    page = await store.query("calls", order_by=[OrderBy("started_at")], limit=2)
    await store.batch([Create("calls/a", {"started_at": NOON}), Create("calls/e", {"started_at": NOON})])
    rest = await store.query("calls", order_by=[OrderBy("started_at")], limit=9, cursor=page.next)
    assert [one.id for one in rest.documents] == ["e", "f", "h"]


async def test_found_documents_can_be_changed_at_their_version(store: Store) -> None:
    await store.create(f"{CONTACTS}/a", {"status": "pending", "due_at": NOON})
    (found,) = (await store.query(CONTACTS, [Where("status", "==", "pending")])).documents
    changed = await store.update(found.path, {"status": "claimed"}, expected=found.version)
    assert changed.data == {"status": "claimed", "due_at": NOON}
    assert await store.count(CONTACTS, [Where("status", "==", "pending")]) == 0


def times_rank(value: Value) -> Any:
    """Where a time or None stands among them."""
    return (0, NOON) if value is None else (1, value)


async def ids(store: Store, where: list[Where]) -> list[str]:
    """Ids of the contacts that a query finds."""
    return [one.id for one in (await store.query(CONTACTS, where)).documents]


async def all_pages(
    store: Store, collection: str, where: list[Where], order_by: list[OrderBy], limit: int
) -> list[Document]:
    """Every document that a query finds, taken page by page."""
    found: list[Document] = []
    cursor: str | None = None
    while True:
        page = await store.query(collection, where, order_by=order_by, limit=limit, cursor=cursor)
        assert len(page.documents) <= limit
        found += page.documents
        assert len(found) <= 1000
        if page.next is None:
            return found
        cursor = page.next
