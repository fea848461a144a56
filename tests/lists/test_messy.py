"""Ten thousand messy rows: each is accounted for, each ends where it must, in every format a list may have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from shared.domain.calling_rules import Purpose
from shared.domain.contact_row import RowClass
from tests.lists.messy import HEADER, TRAPS, Expected, MessyList, messy_list
from tests.lists.reading_lists import Read, read, terms, workbook


@pytest.fixture(scope="module")
def messy() -> MessyList:
    """The list."""
    return messy_list()


FORMATS: dict[str, Callable[[MessyList], bytes]] = {
    "csv": lambda messy: messy.csv(),
    "excel's unicode text": lambda messy: messy.csv("\t", "utf-16"),
    "semicolons": lambda messy: messy.csv(";", "utf-8"),
    "xlsx": lambda messy: workbook([HEADER, *messy.rows]),
}


@pytest.mark.parametrize("kind", FORMATS)
def test_every_row_ends_in_the_class_it_must(messy: MessyList, kind: str) -> None:
    found: Read = read(FORMATS[kind](messy), terms(purpose=Purpose.MARKETING, suppressed=messy.suppressed))
    became = {row.row: Expected(row.row_class.value, row.reason, row.phone, row.alternate) for row in found.rows}
    assert list(became) == list(messy.expected)
    wrong = {
        number: (messy.rows[number - 2][1], expected, became[number])
        for number, expected in messy.expected.items()
        if became[number] != expected
    }
    assert wrong == {}
    assert found.report.counts() == {
        each.value: sum(expected.row_class == each for expected in messy.expected.values()) for each in RowClass
    }
    reasons = Counter(expected.reason for expected in messy.expected.values() if expected.reason)
    assert found.report.reasons == reasons
    assert found.report.total == 10_000
    assert all(row.explanation for row in found.rows if row.row_class != RowClass.OK)
    assert all(row.fix for row in found.rows if row.row_class not in (RowClass.OK, RowClass.REPAIRED))


def test_the_list_holds_every_trap_and_every_class(messy: MessyList) -> None:
    classes = Counter(expected.row_class for expected in messy.expected.values())
    assert set(classes) == {each.value for each in RowClass}
    assert min(classes.values()) >= 100
    reasons = Counter(expected.reason for expected in messy.expected.values())
    assert min(reasons.values()) >= 20
    assert len(TRAPS) == 41


def test_the_list_is_the_same_every_time() -> None:
    assert messy_list(50) == messy_list(50)
    assert messy_list(50, seed=6) != messy_list(50)
