"""Workbooks: what a spreadsheet shows and what its cells hold, read by calamine or streamed, with the same result."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from functions.console.lists.list_error import ListError
from functions.console.lists.sheet_stream import sheet_rows
from functions.console.lists.workbook import Workbook, calamine_rows, is_compact
from tests.lists.reading_lists import read, refused, workbook
from tests.lists.workbooks import DATE, DATE_AND_TIME, DURATION, TIME, Cell, Raw

Rows = list[tuple[int, list[str]]]


def by_calamine(data: bytes) -> Rows:
    """The first sheet, as calamine has it."""
    return list(calamine_rows(io.BytesIO(data), Workbook(io.BytesIO(data)).sheet))


def streamed(data: bytes) -> Rows:
    """The first sheet, streamed."""
    opened = Workbook(io.BytesIO(data))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return list(sheet_rows(archive, "xl/worksheets/sheet1.xml", opened._parts))


def trimmed(rows: Rows) -> Rows:
    """Without empty cells at the ends of rows, which only calamine fills in."""
    short = []
    for number, cells in rows:
        while cells and not cells[-1]:
            cells = cells[:-1]
        short.append((number, cells))
    return short


both = pytest.mark.parametrize("rows_of", [by_calamine, streamed])


@both
@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (919876543210, "919876543210"),
        (Raw("><v>919876543210.0</v>"), "919876543210"),
        (Raw("><v>9.1987654321E+11</v>"), "919876543210"),
        (9876543210, "9876543210"),
        (1.5, "1.5"),
        (-3, "-3"),
        (12345678901234567890, "1.2345678901234567e+19"),
        ("+919876543210", "+919876543210"),
        ("आशा", "आशा"),
        ("a_x000D_b & <c>", "a\rb & <c>"),
        (Raw('t="inlineStr"><is><t>in</t><r><t>line</t></r></is>'), "inline"),
        (Raw('t="str"><f>A1&amp;B1</f><v>joined</v>'), "joined"),
        (Raw("><f>+919876543210</f><v>919876543210</v>"), "919876543210"),
        (Raw('t="b"><v>1</v>'), "TRUE"),
        (Raw('t="e"><v>#N/A</v>'), ""),
        (Raw(f's="{DATE}"><v>46023</v>'), "2026-01-01"),
        (Raw(f's="{DATE_AND_TIME}"><v>46023.75</v>'), "2026-01-01T18:00:00"),
        (Raw(f's="{TIME}"><v>0.5</v>'), "12:00:00"),
        (Raw(f's="{DURATION}"><v>1.5</v>'), "36:00:00"),
        (Raw(f's="{DATE}"><v>59</v>'), "1900-02-28"),
        (Raw('t="d"><v>2026-01-01</v>'), "2026-01-01"),
    ],
)
def test_a_cell_is_read_with_every_digit(rows_of: Callable[[bytes], Rows], cell: Cell, text: str) -> None:
    rows = trimmed(rows_of(workbook([["anchor", cell]])))
    assert rows == [(1, ["anchor", text] if text else ["anchor"])]


@both
def test_days_are_counted_from_1904_where_the_workbook_says_so(rows_of: Callable[[bytes], Rows]) -> None:
    rows = rows_of(workbook([[Raw(f's="{DATE}"><v>44561</v>')]], date1904=True))
    assert rows == [(1, ["2026-01-01"])]


@both
def test_a_sheet_that_begins_far_in_keeps_its_row_and_column(rows_of: Callable[[bytes], Rows]) -> None:
    rows = rows_of(workbook([[None, None, "Phone"], [None], [None, None, 9876543210]], first_row=4))
    assert trimmed(rows) == [(4, ["", "", "Phone"]), (6, ["", "", "9876543210"])]


@both
def test_an_empty_sheet_has_no_rows(rows_of: Callable[[bytes], Rows]) -> None:
    assert rows_of(workbook([])) == []


cells = st.one_of(
    st.none(),
    st.text(
        st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="_\ufffe\uffff"), max_size=6
    ),
    st.integers(-(10**14), 10**14),
    st.floats(-1e9, 1e9, allow_nan=False).map(lambda value: round(value, 3)),
)


@given(st.lists(st.lists(cells, max_size=5), max_size=8))
@settings(suppress_health_check=[HealthCheck.too_slow])
@example([["", "x"], [None], [0.1, -0.0]])
def test_both_ways_of_reading_agree(rows: list[list[Cell]]) -> None:
    data = workbook(rows)
    assert trimmed(by_calamine(data)) == trimmed(streamed(data))


def test_a_number_that_excel_shows_as_9_2e11_is_whole() -> None:
    data = workbook([["Name", "Mobile"], ["Asha", 919876543210], ["Ravi", 9876543211], ["Meena", "+919876543212"]])
    found = read(data)
    assert found.file == {"kind": "xlsx", "sheet": "Sheet1"}
    assert found.phones == ["+919876543210", "+919876543211", "+919876543212"]
    assert found.classes == ["repaired", "ok", "ok"]
    assert found[2].reason == "no_plus"


def test_a_formula_without_a_stored_result_gives_its_own_text() -> None:
    found = read(workbook([["Name", "Mobile"], ["Asha", Raw("><f>+919876543210</f>")]]))
    assert found[2].phone == "+919876543210"
    assert found[2].reason == "formula"


def test_the_first_visible_sheet_is_read_and_the_others_are_named() -> None:
    people = [["Name", "Phone"], ["Asha", 9876543210]]
    data = workbook(
        [["a note"]], name="Notes", hidden=["Notes"], others=[("People", people), ("Old", [["Phone"], [9876543299]])]
    )
    found = read(data)
    assert found.file["sheet"] == "People"
    assert found.phones == ["+919876543210"]
    assert found.warnings == {"other_sheets": 1}
    assert read(data, sheet="Old").phones == ["+919876543299"]
    assert refused(lambda: read(data, sheet="None"))["code"] == "no_such_sheet"


def test_one_cell_in_the_last_corner_does_not_take_all_memory() -> None:
    corner = (
        '<row r="1"><c r="A1" t="str"><v>Phone</v></c></row><row r="2"><c r="A2"><v>9876543210</v></c></row>'
        '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    )
    data = with_sheet(corner)
    assert not is_compact(corner.encode())
    assert not is_compact(b'<c r="A1"/><c r="J1048576"/>')
    assert not is_compact(b'<c r="A1"/><c r="&#65;9"/>')
    assert is_compact(b'<c r="A1"/><c r="J10000"/>')
    assert read(data).phones == ["+919876543210"]


def with_sheet(rows: str, path: str = "xl/worksheets/sheet1.xml") -> bytes:
    """A workbook whose sheet, or another part, holds this XML."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook([]))) as made, zipfile.ZipFile(file, "w") as archive:
        for part in made.namelist():
            text = made.read(part).decode()
            if part == path:
                text = text.replace("<sheetData>", f"<sheetData>{rows}") if "<sheetData>" in text else rows
            archive.writestr(part, text)
    return file.getvalue()


@pytest.mark.parametrize(
    "sheet",
    [
        '<row><c r="A1"><v>1</v>',
        "no XML at all",
        '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>',
        "",
    ],
)
@pytest.mark.parametrize(
    "path", ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/workbook.xml", "xl/styles.xml"]
)
def test_a_damaged_workbook_is_refused(sheet: str, path: str) -> None:
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook([["Phone"], ["9876543210"]]))) as made,
        zipfile.ZipFile(file, "w") as archive,
    ):
        for part in made.namelist():
            archive.writestr(part, sheet if part == path else made.read(part))
    assert refused(lambda: read(file.getvalue()))["code"] in {"damaged_workbook", "no_such_sheet", "no_phone_column"}


@both
def test_a_shared_string_that_is_not_there_is_damage(rows_of: Callable[[bytes], Rows]) -> None:
    data = with_sheet('<row r="1"><c r="A1" t="s"><v>7</v></c></row>')
    assert refused(lambda: rows_of(data))["code"] == "damaged_workbook"


SOUND = workbook([["Name", "Phone"], ["Asha", 919876543210], ["Ravi", "+919876543211"]])


@given(st.lists(st.tuples(st.integers(0, len(SOUND) - 1), st.integers(0, 255)), min_size=1, max_size=20))
@example([(SOUND.rindex(b"PK\x01\x02") + 42, 1)])
@example([(SOUND.rindex(b"PK\x05\x06") + 16, 255)])
def test_a_workbook_with_broken_bytes_is_read_or_refused(changes: Sequence[tuple[int, int]]) -> None:
    data = bytearray(SOUND)
    for place, byte in changes:
        data[place] = byte
    with suppress(ListError):
        read(bytes(data))
