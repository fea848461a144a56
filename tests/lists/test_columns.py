"""Which column means what, found from headers in English and Hindi and from what the cells hold, and changed."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.console.lists.column_names import variable_names
from functions.console.lists.column_words import FIELDS, meaning
from functions.console.lists.columns import mapping_of
from tests.lists.reading_lists import Read, read, refused


def with_header(*headers: str) -> Read:
    """A list of one row under these headers; the last column holds the number."""
    cells = [f"cell {number}" for number in range(len(headers) - 1)]
    return read("\t".join(headers) + "\n" + "\t".join([*cells, "9876543210"]) + "\n")


@pytest.mark.parametrize(
    "header",
    [
        "Phone",
        "PHONE NUMBER",
        "phone_number",
        "phoneNumber",
        "Mobile No.",
        "Mob",
        "Contact Number",
        "WhatsApp",
        "Cell",
        "Tel.",
        "to_number",
        "Customer Mobile (primary)",
        "फोन",
        "फ़ोन",
        "मोबाइल नंबर",
        "संपर्क",
        "व्हाट्सएप नंबर",
        "mobail nambar",
        "sampark number",
    ],
)
def test_the_phone_column_is_known_by_many_names(header: str) -> None:
    assert with_header("Branch code", header).roles[header] == "phone"


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("Full Name", "name"),
        ("ग्राहक का नाम", "name"),
        ("naam", "name"),
        ("Preferred Language", "language"),
        ("भाषा", "language"),
        ("bhasha", "language"),
        ("Time Zone", "timezone"),
        ("State", "state"),
        ("राज्य", "state"),
        ("PIN Code", "postal_code"),
        ("पिन कोड", "postal_code"),
        ("zip", "postal_code"),
        ("Consent", "consent"),
        ("Opt-in", "consent"),
        ("सहमति", "consent"),
        ("Consent Date", "consent_at"),
        ("Country", "country"),
        ("Alternate Number", "alternate_phone"),
    ],
)
def test_the_other_fields_are_known_too(header: str, field: str) -> None:
    assert with_header(header, "Phone").roles[header] == field


@pytest.mark.parametrize(
    "header", ["Agent name", "Product Name", "Phone type", "Status", "City", "Amount", "Due date", "Notes"]
)
def test_other_columns_are_variables(header: str) -> None:
    assert with_header(header, "Phone").roles[header] == "variable"


def test_without_a_telling_header_the_cells_tell() -> None:
    rows = "\n".join(f"ORD{n},{n * 7},987654{n:04},Pune" for n in range(20))
    assert read(f"Order,Sum,Ref,Town\n{rows}\n").roles["Ref"] == "phone"


def test_of_two_phone_columns_the_fuller_one_is_the_phone_and_the_other_the_alternate() -> None:
    found = read("Mobile,WhatsApp\n,9876543210\n,9876543211\n9876543212,9876543213\n")
    assert found.roles == {"Mobile": "alternate_phone", "WhatsApp": "phone"}
    assert found[4].phone == "+919876543213"
    assert found[4].alternate == "+919876543212"


def test_the_alternate_stands_in_for_a_number_that_is_none() -> None:
    found = read("Mobile,Alternate No\n9876543210,\nNA,9876543211\n1800 123 4567,NA\n")
    assert [(row.phone, row.reason) for row in found.rows] == [
        ("+919876543210", ""),
        ("+919876543211", "alternate_used"),
        ("", "toll_free"),
    ]


def test_an_order_number_of_ten_digits_does_not_pass_for_the_phone() -> None:
    rows = "\n".join(f"98765{n:05},987654{n:04}" for n in range(20))
    assert read(f"Order ID,Mobile\n{rows}\n").roles == {"Order ID": "variable", "Mobile": "phone"}


def test_the_marketers_word_goes_over_ours() -> None:
    text = "Name,Mobile,Landline,Town\nAsha,9876543210,022-27654321,Pune\n"
    found = read(text, mapping={"Landline": "phone", "Town": "name", "Mobile": "ignore"})
    assert found.roles == {"Name": "variable", "Mobile": "ignore", "Landline": "phone", "Town": "name"}
    assert found[2].phone == "+912227654321"
    assert found[2].name == "Pune"
    assert found[2].variables == {"name": "Asha"}


@pytest.mark.parametrize("mapping", [{"town": "name"}, {"name": "Town"}, {"TOWN": "Name"}])
def test_a_mapping_may_use_names_and_stand_either_way_round(mapping: dict[str, str]) -> None:
    found = read("Mobile,Town\n9876543210,Pune\n", mapping=mapping)
    assert found[2].name == "Pune"


def test_what_was_found_can_be_handed_back() -> None:
    text = "Name,Mobile,City\nAsha,9876543210,Pune\n"
    first = read(text)
    again = read(text, mapping=mapping_of(first.columns))
    assert again.columns == first.columns


@pytest.mark.parametrize(
    ("mapping", "problem"),
    [
        ({"Mobil": "phone"}, {"code": "no_such_column", "column": "Mobil"}),
        ({"Mobile": "telephone"}, {"code": "no_such_field", "column": "Mobile", "field": "telephone"}),
        ({"Mobile": "phone", "City": "phone"}, {"code": "field_twice", "column": "City", "field": "phone"}),
        ({"Mobile": "variable"}, {"code": "no_phone_column", "field": "phone"}),
    ],
)
def test_a_mapping_that_cannot_be_names_column_and_field(mapping: dict[str, str], problem: dict[str, str]) -> None:
    found = refused(lambda: read("Name,Mobile,City\nAsha,9876543210,Pune\n", mapping=mapping))
    assert found.items() >= problem.items()


def test_two_hundred_columns_are_enough() -> None:
    assert len(with_header(*[f"c{n}" for n in range(199)], "Phone").columns) == 200
    problem = refused(lambda: with_header(*[f"c{n}" for n in range(200)], "Phone"))
    assert (problem["code"], problem["column"]) == ("too_many_columns", "Phone")


def test_titles_above_the_header_are_left_out() -> None:
    found = read("Customers of March\n\nprinted on,1 March\nName,Phone\nAsha,9876543210\n")
    assert [(row.row, row.name) for row in found.rows] == [(5, "Asha")]
    assert found.warnings == {"titles_skipped": 2}


def test_a_list_without_a_header_loses_no_row() -> None:
    found = read("Asha,9876543210,Pune\nRavi,9876543211,Delhi\n")
    assert [row.row for row in found.rows] == [1, 2]
    assert found[1].variables == {"column_1": "Asha", "column_3": "Pune"}


def test_a_declared_delimiter_is_no_row_of_a_list_without_a_header() -> None:
    found = read("sep=;\n9876543210;Asha\n9876543211;Ravi\n")
    assert [row.row for row in found.rows] == [2, 3]


def test_a_header_alone_is_an_empty_list() -> None:
    found = read("Name,Phone\n")
    assert (found.report.total, found.warnings) == (0, {"no_rows": 1})


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (["City", "city", "CITY "], ["city", "city_2", "city_3"]),
        (["", "Name", ""], ["column_1", "name", "column_3"]),
        (["Due Date (₹)", "1st Amount"], ["due_date", "column_1st_amount"]),
        (["शहर", "राशि", "शाखा"], ["city", "amount", "shaakhaa"]),
        (["बीमा नंबर", "பெயர்", "నగరం"], ["biimaa_nanbar", "peyar", "nagaran"]),
        (["Straße", "名前"], ["strasse", "column_2"]),
        (["Ａｍｏｕｎｔ", "{{x}}", "__class__"], ["amount", "x", "class"]),
    ],
)
def test_variables_have_safe_names(labels: list[str], names: list[str]) -> None:
    assert variable_names(labels) == names


@given(st.lists(st.text(max_size=30), max_size=30))
def test_any_headers_give_distinct_safe_names(labels: list[str]) -> None:
    names = variable_names(labels)
    assert len(names) == len(labels) == len(set(names))
    assert all(re.fullmatch(r"[a-z][a-z0-9_]{0,79}", name) for name in names)


def test_a_hindi_header_stays_as_the_label() -> None:
    found = read("नाम,फोन,शहर\nआशा,9876543210,पुणे\n")
    assert [column.told() for column in found.columns] == [
        {"header": "नाम", "name": "name", "field": "name"},
        {"header": "फोन", "name": "phon", "field": "phone"},
        {"header": "शहर", "name": "city", "field": None},
    ]


def test_every_field_has_words_of_its_own() -> None:
    for field in FIELDS:
        found = meaning(field)
        assert found is not None
        assert found[0] == field
