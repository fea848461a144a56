"""Ten thousand messy rows, uploaded as a marketer uploads them: the store has each in the class that it must end in."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from shared.domain.contact_row import RowClass
from tests.console.conftest import Console
from tests.lists.messy import Expected, messy_list

pytestmark = pytest.mark.timeout(120)


async def test_every_row_is_in_the_store_in_the_class_it_must_end_in(console: Console) -> None:
    messy = messy_list()
    for first in range(0, len(messy.suppressed), 1000):
        await console.does("POST", "/api/suppressions", {"phones": messy.suppressed[first : first + 1000]}, 201)
    list_id = await console.a_list(messy.csv().decode())
    account = await console.get(f"/api/lists/{list_id}")
    expected = Counter(one.row_class for one in messy.expected.values())
    assert account["counts"] == {each.value: expected[each] for each in RowClass}
    assert account["total"] == len(messy.expected)
    assert account["reasons"] == Counter(one.reason for one in messy.expected.values() if one.reason)
    kept = {row["row"]: became(row) for row in await all_rows(console, list_id)}
    assert {number: row for number, row in kept.items() if row != messy.expected[number]} == {}
    assert set(kept) == set(messy.expected)


def became(row: dict[str, Any]) -> Expected:
    """What came of a row, as the list of traps says it."""
    return Expected(row["class"], row["reason"], row["phone"], row.get("alternate", ""))


async def all_rows(console: Console, list_id: str) -> list[dict[str, Any]]:
    """The rows, page by page."""
    rows: list[dict[str, Any]] = []
    query: dict[str, Any] = {"page_size": 200}
    while True:
        page = await console.get(f"/api/lists/{list_id}/rows", **query)
        rows += page["rows"]
        if page["next"] is None:
            return rows
        query["cursor"] = page["next"]
