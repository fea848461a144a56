"""A list on its way into the store: all rows, once, whatever happens to the loader."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence
from typing import Any

import pytest

from functions.console.lists.classify import Terms
from functions.console.lists.load import begin_reading, load_list
from functions.console.lists.row_document import row_document, row_from_document
from functions.console.lists.row_writer import RowWriter
from shared.domain.calling_rules import Purpose
from shared.domain.contact_row import ContactRow, RowClass
from shared.store.store import Data, OrderBy, Store, StoreUnavailable, Where, Write
from tests.lists.reading_lists import read, terms, workbook

MARKETING = terms(purpose=Purpose.MARKETING, suppressed=["+919876500003"])
LIST = "Name,Mobile,Language,Consent,City\n" + "".join(
    f"Asha {n},{'98765' if n % 5 else '0'}{n:05},{'हिंदी' if n % 2 else 'ta'},{'yes' if n % 3 else ''},पुणे\n"
    for n in range(1200)
)


async def load(
    store: Store, text: str | bytes = LIST, on: Terms = MARKETING, *, token: str = "t1", **more: Any
) -> None:
    """Ask for the list l1 to be read, and read it."""
    await begin_reading(store, "l1", token, {"filename": "people.csv", "country": on.country})
    await again(store, text, on, token=token, **more)


async def again(
    store: Store, text: str | bytes = LIST, on: Terms = MARKETING, *, token: str = "t1", **more: Any
) -> None:
    """Read it once more, as after a crash."""
    await load_list(store, "l1", token, stream(text), on, **more)


def stream(text: str | bytes) -> io.BytesIO:
    """A file."""
    return io.BytesIO(text.encode() if isinstance(text, str) else text)


async def the_list(store: Store) -> dict[str, Any]:
    """The list's document."""
    document = await store.get("lists/l1")
    assert document is not None
    return dict(document.data)


async def rows(store: Store, where: Sequence[Where] = ()) -> list[ContactRow]:
    """The rows in the store, in their order."""
    found: list[ContactRow] = []
    cursor = None
    while True:
        page = await store.query("lists/l1/rows", where, order_by=[OrderBy("row")], limit=500, cursor=cursor)
        found += [row_from_document(one.data) for one in page.documents]
        cursor = page.next
        if cursor is None:
            return found


async def test_all_rows_are_in_the_store_as_they_were_classified(store: Store) -> None:
    await load(store)
    expected = read(LIST, MARKETING)
    assert await rows(store) == expected.rows
    found = await the_list(store)
    assert (found["status"], found["total"], found["counts"]) == ("ready", 1200, expected.report.counts())
    assert sum(found["counts"].values()) == 1200
    assert found["reasons"] == {reason: count for reason, count in expected.report.reasons.items() if count}
    assert found["mapping"] == {
        "Name": "name",
        "Mobile": "phone",
        "Language": "language",
        "Consent": "consent",
        "City": "variable",
    }
    assert found["columns"][4] == {"header": "City", "name": "city", "field": None, "examples": ["पुणे"] * 3}
    assert [row_from_document(row) for row in found["preview"]] == expected.rows[:20]
    assert (found["filename"], found["country"]) == ("people.csv", "IN")


async def test_rows_are_found_by_their_class(store: Store) -> None:
    await load(store)
    refused = await rows(store, [Where("class", "==", "no_consent")])
    assert {row.row_class for row in refused} == {RowClass.NO_CONSENT}
    assert len(refused) == read(LIST, MARKETING).classes.count("no_consent")


async def test_reading_again_changes_nothing(store: Store) -> None:
    await load(store)
    before = await rows(store), await the_list(store)
    await load(store)
    await asyncio.gather(again(store), again(store))
    assert (await rows(store), await the_list(store)) == before


async def test_a_list_that_is_none_fails_with_the_problem(store: Store) -> None:
    await load(store, "Name,City\nAsha,Pune\n")
    found = await the_list(store)
    assert (found["status"], found["problem"]["code"], found["total"]) == ("failed", "no_phone_column", 0)
    assert [column["header"] for column in found["columns"]] == ["Name", "City"], "so that the mapping can be mended"
    await load(store, "Name,City\nAsha,9876543210\n", mapping={"City": "phone"}, token="t2")
    found = await the_list(store)
    assert (found["status"], "problem" in found, found["counts"]["no_consent"]) == ("ready", False, 1)


async def test_a_reading_that_is_no_longer_wanted_stops(store: Store) -> None:
    await load(store, "A,B\n9876543210,9876543211\n", mapping={"A": "phone"})
    await load(store, "A,B\n9876543210,9876543211\n", mapping={"B": "phone"}, token="t2")
    await again(store, "A,B\n9876543210,9876543211\n", mapping={"A": "phone"}, token="t1")
    assert [row.phone for row in await rows(store)] == ["+919876543211"]
    assert (await the_list(store))["mapping"]["B"] == "phone"


async def test_another_country_may_move_the_header(store: Store) -> None:
    text = "Note,(415) 555-0123\nx,98765 43210\n"
    await load(store, text, terms("US"))
    await load(store, text, terms("IN"), token="t2")
    found = await the_list(store)
    assert found["total"] == len(await rows(store))


async def test_mended_files_are_laid_over_the_list(store: Store) -> None:
    text = "Name,Mobile,Consent\nAsha,9876543210,\nRavi,98765,yes\nGita,9876543210,\nAnil,9876543215,yes\n"
    first = "_row,Mobile,Consent\n3,9876543211,yes\n4,9876543210,yes\n"
    second = "_row,Mobile,Consent\n2,9876543212,yes\n,9876543213,yes\n"
    await load(store, text)
    assert (await the_list(store))["counts"].items() >= {"ok": 1, "no_consent": 1, "invalid": 1, "duplicate": 1}.items()
    await load(store, text, mended=[stream(first)], last_only=True, token="t2")
    found = await the_list(store)
    assert (found["status"], found["total"]) == ("ready", 4)
    assert found["counts"].items() >= {"ok": 3, "duplicate": 1, "no_consent": 0, "invalid": 0}.items()
    assert found["merged"] == {"replaced": 2, "added": 0, "unchanged": 0}
    await load(store, text, mended=[stream(first), stream(second)], last_only=True, token="t3")
    expected = [(2, "ok"), (3, "ok"), (4, "ok"), (5, "ok"), (6, "ok")]
    assert [(row.row, row.row_class.value) for row in await rows(store)] == expected
    counts = (await the_list(store))["counts"]
    await load(store, text, mended=[stream(first), stream(second)], token="t4")
    assert [(row.row, row.row_class.value) for row in await rows(store)] == expected
    assert (await the_list(store))["counts"] == counts


@pytest.mark.parametrize("apart", [0, 600])
async def test_who_says_no_further_down_is_not_called_for_a_yes_further_up(store: Store, apart: int) -> None:
    between = "".join(f"Other,91234{n:05},yes\n" for n in range(apart))
    text = (
        f"Name,Mobile,Consent\nAsha,9876543210,yes\nRavi,9876543211,\n{between}Asha,9876543210,no\nRavi,9876543211,NO\n"
    )
    await load(store, text)
    asha, ravi, *_ = await rows(store)
    for row in (asha, ravi):
        assert (row.row_class, row.reason, row.consent) == ("no_consent", "consent_withdrawn", "denied")
    assert asha.explanation == f"Row {apart + 4} has the same number and says no; a no counts more than a yes."
    found = await the_list(store)
    assert found["counts"].items() >= {"ok": apart, "no_consent": 2, "duplicate": 2}.items()
    assert found["reasons"] == {"consent_withdrawn": 2, "duplicate": 2}
    (warning,) = found["warnings"]
    assert warning["sentence"].startswith("In 2 rows a number of an earlier row stands again and says no")
    mended = "_row,Name,Mobile,Consent\n2,Asha Rao,9876543210,yes\n3,Ravi,9876543211,yes\n"
    await load(store, text, mended=[stream(mended)], last_only=True, token="t2")
    asha, ravi, *_ = await rows(store)
    assert (asha.row_class, asha.name, asha.consent) == ("no_consent", "Asha Rao", "denied")
    assert (await the_list(store))["counts"]["ok"] == apart


async def test_a_workbook_is_loaded_like_text(store: Store) -> None:
    await load(store, workbook([["Phone", "Consent"], [9876543210, "yes"], [9876543211, "no"]]))
    found = await the_list(store)
    assert found["format"] == {"kind": "xlsx", "sheet": "Sheet1"}
    assert found["counts"].items() >= {"ok": 1, "no_consent": 1}.items()


async def test_rows_as_long_as_they_may_be_fit_into_the_store(store: Store) -> None:
    header = ",".join(f"क{n}" for n in range(199))
    cell = "क" * 499
    line = ",".join([cell] * 199)
    await load(store, f"Phone,{header}\n" + "".join(f"98765{n:05},{line}\n" for n in range(12)), terms())
    found = await the_list(store)
    assert (found["status"], found["total"], found["counts"]["ok"]) == ("ready", 12, 12)


class Killed(Exception):
    """The process is gone."""


class Flaky:
    """A store that is away at every other batch, before or after it has written; killed at the last one."""

    def __init__(self, store: Store, killed_at: int = 1 << 30) -> None:
        self._store = store
        self._killed_at = killed_at
        self.batches = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def batch(self, writes: Sequence[Write]) -> None:
        self.batches += 1
        if self.batches >= self._killed_at:
            raise Killed
        if self.batches % 4 == 3:
            raise StoreUnavailable
        await self._store.batch(writes)
        if self.batches % 4 == 1 and self.batches > 1:
            raise StoreUnavailable


async def test_a_store_that_is_away_for_a_moment_loses_nothing(store: Store) -> None:
    flaky = Flaky(store)
    await load(flaky)
    assert flaky.batches > 4
    assert await rows(store) == read(LIST, MARKETING).rows


@pytest.mark.parametrize("killed_at", [2, 3, 4])
async def test_a_loader_that_was_killed_is_followed_by_another(sqlite_store: Store, killed_at: int) -> None:
    with pytest.raises(Killed):
        await load(Flaky(sqlite_store, killed_at))
    assert (await the_list(sqlite_store))["status"] == "reading"
    await again(sqlite_store)
    assert await rows(sqlite_store) == read(LIST, MARKETING).rows
    assert (await the_list(sqlite_store))["status"] == "ready"


async def test_a_store_that_stays_away_is_told_upward(sqlite_store: Store) -> None:
    class Away(Flaky):
        async def batch(self, writes: Sequence[Write]) -> None:
            raise StoreUnavailable

    writer = RowWriter(Away(sqlite_store), "l1", first_pause_s=0)
    await writer.put([ContactRow(2, RowClass.OK, [], {})])
    with pytest.raises(StoreUnavailable):
        await writer.flush()


def test_every_row_comes_out_of_its_document_as_it_went_in() -> None:
    text = "Name,Mobile,Alternate,Language,State,TZ,Consent,Consent date,City\n"
    text += "आशा,9876543210 ext 5,9876543211,hi,MH,IST,yes,2026-01-01,पुणे\n,,,,,,,,\nx,1\n"
    for row in read(text).rows:
        document: Data = row_document(row)
        assert row_from_document(document) == row
        assert {"row", "class", "reason", "phone", "country", "original"} <= set(document)
        assert all(document[name] for name in document if name not in {"reason", "phone", "country", "original"})
