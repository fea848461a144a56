"""The rows that cannot be called go back to the marketer; mended, they come in again and take their places."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from functions.console.lists.csv_export import csv_text, defused, undefused
from functions.console.lists.ledger import Ledger
from functions.console.lists.list_error import ListError
from functions.console.lists.mended import Mended
from functions.console.lists.reading import ListReading
from functions.console.lists.rejected import rejected_csv
from shared.domain.calling_rules import Purpose
from shared.domain.contact_row import CALLABLE, ContactRow, RowClass, withdrawn
from tests.lists.reading_lists import Read, read, terms, workbook

MARKETING = terms(purpose=Purpose.MARKETING)
LIST = """Name,Mobile,Consent,City
Asha,9876543210,yes,पुणे
Ravi,98765,yes,Delhi
Meena,+91 98765 43212,,Goa
Gita,09876543210,yes,Agra
Anil,+919876543213,no,=1+1
"""


def rejected(found: Read) -> str:
    """The text of rejected.csv."""
    return "".join(rejected_csv([column.header for column in found.columns], found.rows))


def table(text: str) -> list[list[str]]:
    """The cells of a CSV as a spreadsheet would open it."""
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


class Merging:
    """A list into which mended files are merged."""

    def __init__(self, text: str | bytes) -> None:
        file = io.BytesIO(text.encode() if isinstance(text, str) else text)
        with ListReading(file, MARKETING) as opened:
            self.rows: dict[int, ContactRow] = {}
            self.ledger = Ledger(opened.report, opened.seen)
            for batch in opened.batches():
                self.ledger.record(batch)
                self.rows.update((row.row, row) for row in batch)
                self.withdraw()
            self.columns = opened.columns
        self.check()

    def merge(self, text: str | bytes, size: int = 2) -> dict[str, int]:
        """Lay a mended file over the list."""
        file = io.BytesIO(text.encode() if isinstance(text, str) else text)
        mended = Mended(file, self.columns, MARKETING, self.ledger)
        for batch in mended.batches(size):
            self.rows.update((row.row, row) for row in batch.rows)
            for number, first in batch.demoted.items():
                self.rows[number] = self.rows[number]._replace(row_class=RowClass.DUPLICATE, explanation=str(first))
            self.withdraw()
        self.check()
        return mended.merged.told()

    def withdraw(self) -> None:
        """As the loader does it."""
        for number, by in self.ledger.withdrawn.items():
            reason, explanation, _ = withdrawn(number, by)
            self.rows[number] = self.rows[number]._replace(
                row_class=RowClass.NO_CONSENT, reason=reason, explanation=explanation, consent="denied"
            )
        self.ledger.withdrawn.clear()

    def check(self) -> None:
        """The report is that of the rows; no number can be called twice, and none to which a row says no."""
        classes = [str(row.row_class) for row in self.rows.values()]
        assert self.ledger.report.counts() == {name: classes.count(name) for name in self.ledger.report.counts()}
        numbers = [row.phone for row in self.rows.values() if row.row_class in CALLABLE]
        assert len(numbers) == len(set(numbers))
        no = {row.phone for row in self.rows.values() if "no" in row.original or row.reason == "consent_denied"}
        assert not set(numbers) & no

    @property
    def classes(self) -> dict[int, str]:
        """The class of each row."""
        return {number: str(row.row_class) for number, row in sorted(self.rows.items())}


def test_rejected_rows_come_back_as_they_were_with_the_reason() -> None:
    text = rejected(read(LIST, MARKETING))
    assert text.startswith("\ufeff")
    header, *rows = table(text)
    assert header == ["_row", "_reason", "_explanation", "_fix", "Name", "Mobile", "Consent", "City"]
    assert [(row[0], row[1], row[4:]) for row in rows] == [
        ("3", "too_short", ["Ravi", "98765", "yes", "Delhi"]),
        ("4", "consent_unknown", ["Meena", "+91 98765 43212", "", "Goa"]),
        ("5", "duplicate", ["Gita", "09876543210", "yes", "Agra"]),
        ("6", "consent_denied", ["Anil", "+919876543213", "no", "'=1+1"]),
    ]
    assert all(row[2] and row[3] for row in rows)


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("+SUM(A1)", "'+SUM(A1)"),
        ("-2+3", "'-2+3"),
        ("@x", "'@x"),
        ("\tx", "'\tx"),
        ("\r=1", "'\r=1"),
        ("＝1", "'＝1"),
        ("+91-98765-43210", "'+91-98765-43210"),
        ("+919876543210", "+919876543210"),
        ("+91 98765 43210", "+91 98765 43210"),
        ("-500", "-500"),
        ("-", "-"),
        ("9876543210", "9876543210"),
        ("आशा", "आशा"),
        ("'tis", "'tis"),
        ("", ""),
    ],
)
def test_a_spreadsheet_calculates_nothing(cell: str, written: str) -> None:
    assert defused(cell) == written
    assert undefused(written) == cell


@given(
    st.lists(
        st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=10), min_size=1), max_size=9
    )
)
@example([["+919876543210", "=1", "'=1", "''"]])
def test_what_was_exported_is_imported_as_it_was(rows: list[list[str]]) -> None:
    found = table("".join(csv_text(rows)))
    assert [[undefused(cell) for cell in row] for row in found] == [
        [cell if not (cell[:1] == "'" and defused(cell[1:]) == cell) else cell[1:] for cell in row] for row in rows
    ]
    assert all(undefused(defused(cell)) == cell for row in rows for cell in row if cell[:1] != "'")


NUMBERS = (
    "9876543210|+919876543211|+91 98765 43212|+91-98765-43213|'+919876543214|=+919876543215|09876543216|9.1E+11|x|"
)


@given(st.lists(st.sampled_from(NUMBERS.split("|")), min_size=1, max_size=12))
def test_an_exported_list_read_again_has_the_same_numbers(cells: list[str]) -> None:
    on = terms(purpose=Purpose.MARKETING)
    first = read("Name,Phone\n" + "".join(f"Asha,{cell}\n" for cell in cells), on)
    again = read(rejected(first), on)
    refused = [row for row in first.rows if row.row_class not in CALLABLE]
    assert [row.phone for row in again.rows] == [row.phone for row in refused]
    assert [column.role for column in again.columns] == ["account"] * 4 + ["name", "phone"]


def test_mended_rows_take_the_places_of_the_refused() -> None:
    merging = Merging(LIST)
    assert merging.classes == {2: "ok", 3: "invalid", 4: "no_consent", 5: "duplicate", 6: "no_consent"}
    header, ravi, meena, gita, anil = table(rejected(read(LIST, MARKETING)))
    ravi[5], meena[6], gita[5] = "98765 43211", "yes", "9876543219"
    merged = merging.merge("".join(csv_text([header, ravi, meena, gita, anil])))
    assert merging.classes == {2: "ok", 3: "ok", 4: "ok", 5: "ok", 6: "no_consent"}
    assert merging.rows[3].original == ["Ravi", "98765 43211", "yes", "Delhi"]
    assert merging.rows[6].original == ["Anil", "+919876543213", "no", "=1+1"], "the apostrophe of the export is gone"
    assert merged == {"replaced": 4, "added": 0, "unchanged": 0}
    again = merging.merge("".join(csv_text([header, ravi, meena, gita, anil])))
    assert again == {"replaced": 1, "added": 0, "unchanged": 3}, "merging the same file twice changes nothing"
    assert merging.classes == {2: "ok", 3: "ok", 4: "ok", 5: "ok", 6: "no_consent"}


def test_columns_may_be_moved_and_left_out() -> None:
    merging = Merging(LIST)
    merging.merge("Mobile,_row,Name\n9876543211,3,Ravi\n")
    assert (merging.rows[3].row_class, merging.rows[3].reason) == ("no_consent", "consent_unknown")
    assert merging.rows[3].phone == "+919876543211"


def test_without_row_numbers_a_row_is_known_by_its_phone() -> None:
    merging = Merging(LIST)
    merged = merging.merge("Name,Mobile,Consent\nMeena,9876543212,yes\nAsha,9876543210,yes\nNew,9876543220,yes\n")
    assert merged == {"replaced": 1, "added": 1, "unchanged": 1}
    assert merging.classes == {2: "ok", 3: "invalid", 4: "ok", 5: "duplicate", 6: "no_consent", 7: "ok"}


def test_a_row_that_can_be_called_is_never_replaced_but_by_a_no() -> None:
    merging = Merging(LIST)
    assert merging.merge("_row,Name,Mobile,Consent\n2,Asha,98765,\n")["unchanged"] == 1
    assert merging.rows[2].row_class == "ok"
    assert merging.merge("_row,Name,Mobile,Consent\n2,Asha,98765,no\n")["replaced"] == 1
    assert (merging.rows[2].row_class, merging.rows[2].phone) == ("no_consent", "+919876543210")


TAKEN_BACK = "Name,Mobile,Consent\nAsha,9876543210,yes\nRavi,9876543211,yes\nAsha again,098765 43210,no\n"


def test_a_no_further_down_counts_more_than_a_yes_further_up() -> None:
    merging = Merging(TAKEN_BACK)
    assert merging.classes == {2: "no_consent", 3: "ok", 4: "duplicate"}
    assert merging.rows[2].explanation == "Row 4 has the same number and says no; a no counts more than a yes."


@pytest.mark.parametrize("lines", ["2,Asha,9876543210,yes\n", "2,Asha,9876543210,yes\n4,Asha again,9876543210,no\n"])
def test_mending_other_cells_does_not_undo_a_no(lines: str) -> None:
    merging = Merging(TAKEN_BACK)
    merging.merge(f"_row,Name,Mobile,Consent\n{lines}")
    assert merging.classes == {2: "no_consent", 3: "ok", 4: "duplicate"}


def test_a_yes_further_down_does_not_undo_a_no_when_it_comes_back() -> None:
    merging = Merging("Mobile,Consent\n9876543210,no\n9876543210,yes\n")
    merging.merge("_row,Mobile,Consent\n2,9876543210,no\n3,9876543210,yes\n")
    assert "ok" not in merging.classes.values()


def test_a_no_that_was_a_mistake_is_mended_in_its_own_row() -> None:
    merging = Merging(TAKEN_BACK)
    merging.merge("_row,Name,Mobile,Consent\n2,Asha,9876543210,yes\n4,Asha again,9876543210,yes\n")
    assert sorted(merging.classes.values()) == ["duplicate", "ok", "ok"]


@pytest.mark.parametrize("row", ["", "0", "-3", "99", "3.5", "९", "9" * 30, "three"])
def test_a_row_number_that_is_none_makes_a_new_row(row: str) -> None:
    merging = Merging(LIST)
    assert merging.merge(f"_row,Name,Mobile,Consent\n{row},New,9876543220,yes\n")["added"] == 1
    assert merging.classes[7] == "ok"


def test_a_mended_row_may_still_be_wrong_or_a_duplicate() -> None:
    merging = Merging(LIST)
    merging.merge("_row,Name,Mobile,Consent\n3,Ravi,987654,yes\n6,Anil,9876543210,yes\n")
    assert merging.classes[3] == "invalid"
    assert (merging.classes[6], merging.rows[6].explanation) == ("duplicate", "Row 2 has the same number and is kept.")


def test_a_number_goes_to_the_row_that_can_be_called() -> None:
    merging = Merging("Mobile,Consent\n9876543210,\n9876543210,\n9876543210,\n")
    assert merging.classes == {2: "no_consent", 3: "duplicate", 4: "duplicate"}
    merging.merge("_row,Mobile,Consent\n3,9876543210,yes\n4,9876543210,yes\n")
    assert merging.classes == {2: "duplicate", 3: "ok", 4: "duplicate"}


def test_a_row_that_stays_refused_takes_no_number_away() -> None:
    merging = Merging("Mobile,Consent\n9876543210,\n9876543210,\n")
    merging.merge("_row,Mobile,Consent\n3,9876543210,\n")
    assert merging.classes == {2: "no_consent", 3: "duplicate"}


def test_a_number_that_its_row_gave_up_is_free() -> None:
    merging = Merging("Mobile,Consent\n9876543210,\n9876543210,yes\n")
    merging.merge("_row,Mobile,Consent\n2,9876543211,\n3,9876543210,yes\n")
    assert merging.classes == {2: "no_consent", 3: "ok"}


@pytest.mark.parametrize("cell", ["9.19877E+11", "9.2E+11", "9.198765E+11", "9,19877E+11"])
def test_a_number_that_the_mending_spreadsheet_shortened_is_known_from_before(cell: str) -> None:
    merging = Merging(LIST)
    merging.merge(f"_row;Name;Mobile;Consent\n4;Meena;{cell};yes\n")
    assert (merging.rows[4].phone, merging.rows[4].row_class) == ("+919876543212", "repaired")
    assert merging.rows[4].reason == "restored"


def test_a_shortened_number_that_is_not_the_rows_stays_refused() -> None:
    merging = Merging(LIST)
    merging.merge("_row,Name,Mobile,Consent\n4,Meena,9.29877E+11,yes\n3,Ravi,9.19877E+11,yes\n")
    assert [merging.rows[number].reason for number in (3, 4)] == ["excel_scientific"] * 2


def test_a_mended_workbook_is_as_good() -> None:
    merging = Merging(LIST)
    merging.merge(workbook([["_row", "Name", "Mobile", "Consent"], [3, "Ravi", 9876543211, "yes"]]))
    assert merging.classes[3] == "ok"


def test_a_file_of_another_list_is_refused() -> None:
    with pytest.raises(ListError) as refusal:
        Merging(LIST).merge("_row,Title\n3,x\n")
    assert (refusal.value.code, refusal.value.column) == ("not_this_list", "Mobile")


mended_cells = st.tuples(
    st.sampled_from(["", "2", "3", "4", "5", "6", "7", "x"]),
    st.sampled_from(["9876543210", "9876543211", "9876543212", "98765", "9.19877E+11", "", "+919876543213"]),
    st.sampled_from(["yes", "no", ""]),
)


@given(st.lists(st.lists(mended_cells, max_size=8), max_size=3))
def test_whatever_is_merged_the_counts_are_those_of_the_rows(files: list[list[tuple[str, str, str]]]) -> None:
    merging = Merging(LIST)
    for rows in files:
        merged = merging.merge("_row,Mobile,Consent\n" + "".join(",".join(row) + "\n" for row in rows))
        assert sum(merged.values()) == sum(any(row) for row in rows)


def test_a_defused_cell_is_whole_again_in_a_list_of_its_own() -> None:
    found = read("_row,_reason,_explanation,_fix,Phone,Note\n3,x,y,z,'+91-98765-43210,'=1+1\n")
    assert found[2].variables == {"note": "=1+1"}
    assert found[2].row_class == "ok"
    elsewhere = read("Phone,Note\n'+91-98765-43210,'=1+1\n")
    assert elsewhere[2].variables == {"note": "'=1+1"}
