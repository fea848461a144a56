"""CSV, TSV and TXT as programs and people save them: encodings, delimiters, quotes, odd rows."""

from __future__ import annotations

import csv
import io
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from functions.console.lists.delimited import DelimitedRecords, sniff_delimiter
from functions.console.lists.encoding import text_encoding
from tests.lists.reading_lists import read, refused

HINDI = "नाम,फोन,शहर\nआशा,9876543210,पुणे\nरवि,9876543211,मुंबई\n"
GERMAN = "Name;Telefon;Straße\nJürgen;030 1234567;Königsallee\n"


def records(text: str, delimiter: str = ",") -> list[tuple[int, list[str]]]:
    """All records of a text."""
    return list(DelimitedRecords(io.StringIO(text, newline=""), delimiter))


@pytest.mark.parametrize(
    ("encoding", "told"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("utf-32", "utf-32"),
    ],
)
def test_hindi_survives_every_unicode_encoding(encoding: str, told: str) -> None:
    found = read(HINDI, encoding=encoding)
    assert found.file["encoding"] == told
    assert [row.name for row in found.rows] == ["आशा", "रवि"]
    assert [row.variables["city"] for row in found.rows] == ["पुणे", "मुंबई"]
    assert found.phones == ["+919876543210", "+919876543211"]


def test_excels_unicode_text_is_utf_16_with_tabs() -> None:
    found = read("\ufeff" + HINDI.replace(",", "\t").replace("\n", "\r\n"), encoding="utf-16-le")
    assert found.file == {"kind": "text", "encoding": "utf-16", "delimiter": "\t"}
    assert [row.name for row in found.rows] == ["आशा", "रवि"]


def test_an_old_windows_file_is_cp1252() -> None:
    found = read("Name,Phone\nJosé,+12125551234\nFrançois “F”,+12125551235\n", encoding="cp1252")
    assert found.file["encoding"] == "cp1252"
    assert [row.name for row in found.rows] == ["José", "François “F”"]


def test_a_cell_from_another_program_does_not_spoil_the_file() -> None:
    start = "Name,Phone\n" + "".join(f"आशा {n},98765{n:05}\n" for n in range(3000))
    found = read(start.encode() + "José,9876599999\n".encode("cp1252"))
    assert found.file["encoding"] == "utf-8"
    assert found.rows[0].name == "आशा 0"
    assert found.rows[-1].name == "José"


def test_cp1252_far_into_an_ascii_file_is_read() -> None:
    start = "Name,Phone\n" + "".join(f"Asha {n},98765{n:05}\n" for n in range(5000))
    found = read(start.encode() + "José,9876599999\n".encode("cp1252"))
    assert found.rows[-1].name == "José"
    assert found.rows[-1].original == ["José", "9876599999"]


@given(st.binary(max_size=300))
def test_any_bytes_have_an_encoding(head: bytes) -> None:
    head.decode(text_encoding(head), "replace")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    text = HINDI.replace(",", delimiter)
    assert sniff_delimiter(text) == delimiter
    assert read(text).phones == ["+919876543210", "+919876543211"]


def test_a_semicolon_file_may_hold_commas() -> None:
    found = read('Name;Phone;Amount\n"Rao, Asha";9876543210;1,250\nRavi;9876543211;2,000\n')
    assert found.file["delimiter"] == ";"
    assert found[2].name == "Rao, Asha"
    assert found[2].variables == {"amount": "1,250"}


def test_excels_declaration_of_the_delimiter_is_heeded() -> None:
    found = read("sep=|\r\nName|Phone\r\nA,B;C|9876543210\r\n")
    assert found.file["delimiter"] == "|"
    assert found[3].name == "A,B;C"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_is_one(end: str) -> None:
    found = read(f"Name,Phone{end}Asha,9876543210{end}{end}Ravi,9876543211{end}")
    assert [(row.row, row.name) for row in found.rows] == [(2, "Asha"), (4, "Ravi")]


def test_a_list_of_nothing_but_numbers() -> None:
    found = read("9876543210\n9876543211\n")
    assert [(row.row, row.phone) for row in found.rows] == [(1, "+919876543210"), (2, "+919876543211")]
    assert found.warnings == {"no_header": 1}


def test_quotes_hold_delimiters_and_line_ends() -> None:
    found = read('Name,Phone,Address\n"Rao, ""Asha""",9876543210,"12, MG Road\r\nPune"\nRavi,9876543211,x\n')
    assert found[2].name == 'Rao, "Asha"'
    assert found[2].variables["address"] == "12, MG Road Pune"
    assert found[2].original[2] == "12, MG Road\r\nPune"
    assert found[3].name == "Ravi"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('Name,Phone\n"Asha,9876543210\nRavi,9876543211\nMeena,9876543212\n', ["Asha", "Ravi", "Meena"]),
        ('Name,Phone\n"Asha,9876543210\nRavi,9876543211\n"Meena",9876543212\n', ["Asha", "Ravi", "Meena"]),
        ('Name,Phone\nAsha,9876543210\nRavi,9876543211\n"Meena,9876543212', ["Asha", "Ravi", "Meena"]),
    ],
)
def test_a_quote_that_is_never_closed_swallows_no_row(text: str, names: list[str]) -> None:
    found = read(text)
    assert [row.name for row in found.rows] == names
    assert found.classes == ["ok"] * 3
    assert found.warnings == {"open_quotes": 1}


def test_an_open_quote_before_a_long_rest_swallows_nothing_either() -> None:
    text = 'Name,Phone\n"Asha,9876543210\n' + "".join(f"Ravi {n},98765{n:05}\n" for n in range(20_000))
    found = records(text)
    assert [number for number, _ in found] == list(range(1, 20_003))
    assert found[1][1] == ["Asha", "9876543210"]
    assert found[-1][1] == ["Ravi 19999", "9876519999"]


def test_a_file_full_of_open_quotes_is_read_in_linear_time() -> None:
    text = "Name,Phone\n" + "".join(f'"A{n},98765{n:05}\n{n},x "y"\n' for n in range(20_000))
    started = time.process_time()
    assert len(records(text)) == 40_001
    assert time.process_time() - started < 10


def test_inches_in_the_middle_of_a_cell_are_no_quotes() -> None:
    found = read('Item,Phone\n5" pipe,9876543210\n7" pipe,9876543211\n')
    assert [row.variables["item"] for row in found.rows] == ['5" pipe', '7" pipe']


def test_a_cell_of_many_lines_is_one_cell() -> None:
    address = "\n".join(f"line {n}" for n in range(300))
    found = read(f'Phone,Address\n9876543210,"{address}"\n9876543211,x\n')
    assert found.classes == ["ok", "ok"]
    assert found[2].original[1] == address
    assert len(found[2].variables["address"]) == 500
    assert found[3].phone == "+919876543211", "row numbers count records, not lines"


def test_a_line_without_end_costs_no_memory_and_one_row() -> None:
    text = f"Name,Phone\nAsha,9876543210\n{'x' * 3_000_000}\nRavi,9876543211\n"
    found = read(text)
    assert [row.row_class.value for row in found.rows] == ["ok", "invalid", "ok"]
    assert found[3].reason == "row_too_long"
    assert len(found[3].original[0]) <= 500


@pytest.mark.parametrize("length", [119_999, 120_001, 131_071, 131_073, 150_000, 184_000])
@pytest.mark.parametrize("quote", ["", '"'])
def test_a_long_line_is_one_row_whatever_its_length(length: int, quote: str) -> None:
    found = records(f"Name,Phone\nx,{quote}{'y' * length}{quote}\nRavi,9876543211\n")
    assert [number for number, _ in found] == [1, 2, 3]
    assert found[2][1] == ["Ravi", "9876543211"]


def test_nul_bytes_and_control_characters_are_taken_out() -> None:
    found = read("Name,Phone\nA\x00s\x07ha,98765\x0043210\n")
    assert found[2].name == "Asha"
    assert found[2].original == ["Asha", "9876543210"]
    assert found.classes == ["ok"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_file"),
        (b"\xef\xbb\xbf\r\n\r\n", "empty_file"),
        (b"%PDF-1.7 ...", "not_a_list"),
        (b"\x1f\x8b\x08 gzip", "not_a_list"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 an old Excel file", "not_a_list"),
        (b"PK\x03\x04 no workbook", "damaged_workbook"),
        (b"Name,City\nAsha,Pune\n", "no_phone_column"),
    ],
)
def test_what_is_no_list_is_refused_with_advice(data: bytes, code: str) -> None:
    problem = refused(lambda: read(data))
    assert problem["code"] == code
    assert problem["fix"]


cells = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="\u2028\u2029\x85"), max_size=8
)


@given(st.lists(st.lists(cells, min_size=2, max_size=4), max_size=20), st.sampled_from(",;\t|"))
@example([["a", "b"], ['"', "c"]], ",")
@example([['"a', 'b"']], ",")
def test_what_a_csv_writer_wrote_is_read_back(rows: list[list[str]], delimiter: str) -> None:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=delimiter).writerows(rows)
    assert [cells for _, cells in records(buffer.getvalue(), delimiter)] == rows


@given(st.text(alphabet='ab",\n\r;', max_size=200))
@example('"a\n"b"c\n"')
@example('"')
@example('a,"b\n"c')
def test_no_line_is_lost_whatever_the_quotes(text: str) -> None:
    """Every letter of the text ends in a record."""
    found = records(text)
    assert sum(cell.count(letter) for _, row in found for cell in row for letter in "ab;") == sum(
        text.count(letter) for letter in "ab;"
    )
    numbers = [number for number, _ in found]
    assert numbers == sorted(set(numbers))
