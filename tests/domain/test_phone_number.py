"""What a phone cell is taken for: every way of writing that lists are known to have, and every trap in them."""

from __future__ import annotations

import hashlib
import hmac

import phonenumbers
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from shared.domain.common_number import common_number
from shared.domain.phone_number import (
    NumberHash,
    PhoneNumber,
    number_hash,
    read_number,
    read_uncommon_number,
    redacted,
)
from shared.domain.phone_problem import NEVER_DIALLED, Problem, problem_codes
from shared.domain.phone_text import REPAIRS

ASHA = "+919876543210"

AS_PEOPLE_WRITE = [
    "9876543210",
    "+919876543210",
    "+91 98765 43210",
    "+91-98765-43210",
    "98765 43210",
    "98765-43210",
    "(98765) 43210",
    "98765.43210",
    "987 654 3210",
    "987-654-3210",
    " 9876543210\t",
    "98765 43210",
    "+91-98765–43210",
    "(+91) 98765 43210",
]
REPAIRED = [
    ("919876543210", "no_plus"),
    ("91-98765-43210", "no_plus"),
    ("09876543210", "trunk_zero"),
    ("0 98765 43210", "trunk_zero"),
    ("+9109876543210", "trunk_zero"),
    ("+91 (0)98765 43210", "trunk_zero"),
    ("00919876543210", "double_zero"),
    ("0091 98765 43210", "double_zero"),
    ("+0091 98765 43210", "double_zero"),
    ("0919876543210", "leading_zero"),
    ("९८७६५४३२१०", "local_digits"),
    ("９８７６５４３２１０", "local_digits"),
    ("٩٨٧٦٥٤٣٢١٠", "local_digits"),
    ("௯௮௭௬௫௪௩௨௧௦", "local_digits"),
    ("\u202a+91 98765 43210\u202c", "invisible_marks"),
    ("\u200e9876543210\u200b", "invisible_marks"),
    ("98765\x0043210", "invisible_marks"),
    ("'+919876543210", "quotes"),
    ("’9876543210", "quotes"),
    ('"9876543210"', "quotes"),
    ("=+919876543210", "formula"),
    ('="9876543210"', "formula"),
    ("tel:+919876543210", "label"),
    ("whatsapp:+919876543210", "label"),
    ("Mob. No.: 98765 43210", "label"),
    ("मोबाइल नंबर: 98765 43210", "label"),
    ("मो. 9876543210", "label"),
    ("https://wa.me/919876543210", "label"),
    ("919876543210.0", "decimal_point"),
    ("9876543210.00", "decimal_point"),
    ("9,876,543,210", "thousands_commas"),
    ("9,87,65,43,210", "thousands_commas"),
    ("9876543210 (Asha)", "text_around"),
    ("Asha 98765 43210", "text_around"),
    ("98765 43210 ext 5", "extension"),
    ("9876543210 / 9876543211", "two_numbers"),
]
NOT_DIALLED = [
    ("", "missing_phone"),
    ("  ", "missing_phone"),
    ("N/A", "missing_phone"),
    ("-", "missing_phone"),
    ("#N/A", "missing_phone"),
    ("9.19876E+11", "excel_scientific"),
    ("9.19876e+11", "excel_scientific"),
    ("9,19876E+11", "excel_scientific"),
    ("9E+09", "excel_scientific"),
    ("call me", "not_a_number"),
    ("+", "not_a_number"),
    ("9" * 300, "not_a_number"),
    ("1-800-FLOWERS", "letters"),
    ("98765O3210", "letters"),
    ("98765", "too_short"),
    ("+91 98765", "too_short"),
    ("987654321", "too_short"),
    ("98765432101", "too_long"),
    ("+9198765432100", "too_long"),
    ("+999123456789", "unknown_country_code"),
    ("1234567890", "placeholder"),
    ("9999999999", "placeholder"),
    ("0000000000", "placeholder"),
    ("09999999999", "placeholder"),
    ("2125551234", "ambiguous_country"),
    ("(212) 555-1234", "ambiguous_country"),
    ("(812) 555-0123", "ambiguous_country"),
    ("812.555.0123", "ambiguous_country"),
    ("5876543210", "ambiguous_country"),
    ("971501234567", "ambiguous_country"),
    ("1800 123 4567", "toll_free"),
    ("+1 800 555 1234", "toll_free"),
    ("+1 900 555 1234", "premium_rate"),
    ("+44 909 8790123", "premium_rate"),
    ("1860 123 4567", "shared_cost"),
    ("+44 7012345678", "personal_number"),
    ("+8821612345678", "satellite"),
    ("+870773111632", "satellite"),
    ("112", "emergency_number"),
    ("100", "emergency_number"),
    ("1600123456", "business_series"),
    ("1401234567", "business_series"),
    ("+91 1401234567", "business_series"),
    ("+911600123456", "business_series"),
]


def indian(cell: str) -> PhoneNumber:
    """The number that an Indian list's cell holds."""
    found = read_number(cell, "IN")
    assert isinstance(found, PhoneNumber), found
    return found


@pytest.mark.parametrize("cell", AS_PEOPLE_WRITE)
def test_a_number_as_people_write_it_needs_no_repair(cell: str) -> None:
    assert indian(cell) == PhoneNumber(ASHA, "IN", "mobile")


@pytest.mark.parametrize(("cell", "repair"), REPAIRED)
def test_what_was_repaired_is_said(cell: str, repair: str) -> None:
    found = indian(cell)
    assert found.e164 == ASHA
    assert repair in found.repairs
    assert set(found.repairs) <= set(REPAIRS)


@pytest.mark.parametrize(("cell", "code"), NOT_DIALLED)
def test_what_cannot_be_dialled_says_why_and_what_to_do(cell: str, code: str) -> None:
    found = read_number(cell, "IN")
    assert isinstance(found, Problem)
    assert found.code == code
    assert found.sentence.endswith(".")
    assert found.fix.endswith(".")


def test_every_problem_is_one_that_a_list_can_have() -> None:
    seen = {code for _, code in NOT_DIALLED}
    assert problem_codes() - seen == {"invalid_number", "uan", "pager", "voicemail", "short_number"}
    assert problem_codes() >= NEVER_DIALLED


@pytest.mark.parametrize(
    ("cell", "region", "code"),
    [
        ("+447640012345", "GB", "pager"),
        ("+61163123456", "AU", "pager"),
        ("+912000000000", "IN", "invalid_number"),
        ("+41860123456789", "CH", "voicemail"),
        ("+4437012345678", "GB", "too_long"),
        ("+443700123456", "GB", "uan"),
        ("116123", "DE", "short_number"),
    ],
)
def test_odd_corners_of_the_numbering_plans(cell: str, region: str, code: str) -> None:
    found = read_number(cell, region)
    assert isinstance(found, Problem)
    assert found.code == code


def test_the_shortened_number_comes_with_the_advice_to_upload_the_workbook() -> None:
    found = read_number("9.19876E+11", "IN")
    assert isinstance(found, Problem)
    assert ".xlsx" in found.fix


@pytest.mark.parametrize(
    "cell",
    [
        "9876543210/9876543211",
        "9876543210, 9876543211",
        "9876543210;9876543211",
        "9876543210 | 9876543211",
        "9876543210 or 9876543211",
        "9876543210 और 9876543211",
        "98765 43210\n98765 43211",
        "9876543210 9876543211",
    ],
)
def test_two_numbers_are_one_contact_with_an_alternate(cell: str) -> None:
    found = indian(cell)
    assert (found.e164, found.alternate) == (ASHA, "+919876543211")
    assert "two_numbers" in found.repairs


def test_of_two_numbers_the_good_one_is_used() -> None:
    assert indian("1800 123 4567 / 98765 43210").e164 == ASHA
    assert indian("022-27654321/22").e164 == "+912227654321"


@pytest.mark.parametrize(
    "cell", ["98765 43210 ext 5", "98765 43210 x5", "9876543210 Extn. 5", "tel:+919876543210;ext=5"]
)
def test_an_extension_is_kept_for_after_the_answer(cell: str) -> None:
    assert indian(cell).extension == "5"


def test_a_number_without_plus_in_a_list_of_another_country_is_never_guessed() -> None:
    assert indian("+12125551234") == PhoneNumber("+12125551234", "US", "fixed_or_mobile")
    certain = read_number("2125551234", "IN", certain=True)
    assert isinstance(certain, PhoneNumber)
    assert certain.e164 == "+912125551234"
    assert indian("02125551234").e164 == "+912125551234", "a 0 in front says that it is an Indian landline"


def test_a_filler_that_somebody_insists_on_is_a_number() -> None:
    assert indian("+919999999999").e164 == "+919999999999"


@pytest.mark.parametrize(
    ("cell", "region", "e164"),
    [
        ("2125551234", "US", "+12125551234"),
        ("1-212-555-1234", "US", "+12125551234"),
        ("876-988-3501", "US", "+18769883501"),
        ("0091 98765 43210", "US", ASHA),
        ("011 91 98765 43210", "US", ASHA),
        ("030 1234567", "DE", "+49301234567"),
        ("07911 123456", "GB", "+447911123456"),
        ("+44 (0)20 7946 0018", "GB", "+442079460018"),
        ("06 698 12345", "IT", "+390669812345"),
        ("050 123 4567", "AE", "+971501234567"),
        (ASHA, None, ASHA),
    ],
)
def test_every_country_writes_its_own_way(cell: str, region: str | None, e164: str) -> None:
    found = read_number(cell, region)
    assert isinstance(found, PhoneNumber)
    assert found.e164 == e164
    assert not set(found.repairs) - {"double_zero"}


def test_without_a_country_only_a_plus_tells() -> None:
    found = read_number("9876543210", None)
    assert isinstance(found, Problem)
    assert found.code == "ambiguous_country"


DIGITS = "0123456789"


def example_number(region: str, kind: int) -> str:
    """The library's example of a kind of number, in E.164."""
    number = phonenumbers.example_number_for_type(region, kind) or phonenumbers.example_number(region)
    assert number is not None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


common_forms = st.one_of(
    st.builds(
        "{}{}{}{}{}".format,
        st.sampled_from(["", "+91", "91", "0"]),
        st.sampled_from(["", " ", "-"]),
        st.from_regex("[6-9][0-9]{4}", fullmatch=True),
        st.sampled_from(["", " ", "-"]),
        st.from_regex("[0-9]{5}", fullmatch=True),
    ),
    st.from_regex(r"\+[1-9](?:[ .()-]{0,2}[0-9]){6,14}", fullmatch=True),
    st.from_regex(r"(?:1[ .-]?)?\(?[2-9][0-9]{2}\)?[ .-]?[2-9][0-9]{2}[ .-]?[0-9]{4}", fullmatch=True),
    st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS)).flatmap(
        lambda region: st.sampled_from(range(10)).map(lambda kind: example_number(region, kind))
    ),
)


@given(common_forms, st.sampled_from(["IN", "US", "GB", None]))
@example("+68777123.0", "IN")
@example("876-988-3501", "US")
@example("9999912345", "IN")
@example("6127123456", "IN")
@example("+390612345678", "IN")
@example("+91 98765(43210", "IN")
def test_the_short_way_gives_what_the_library_gives(cell: str, region: str | None) -> None:
    fields = common_number(cell, region)
    assume(fields is not None)
    assert read_uncommon_number(cell, region) == fields


@given(st.text(max_size=40) | st.text(alphabet=DIGITS + " +-().,/;xE=#'\u202a९", max_size=40))
@example("\u1369\u1369\u1369\u1369\u1369\u1369\u1369")
@example("²²²²²²²")
@example("+++")
@example("((((((((((")
@example("00000000000")
@example("x5")
def test_any_cell_ends_as_a_number_or_a_problem(cell: str) -> None:
    found = read_number(cell, "IN")
    if isinstance(found, PhoneNumber):
        parsed = phonenumbers.parse(found.e164)
        assert phonenumbers.is_valid_number(parsed)
        assert phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) == found.e164
        assert phonenumbers.region_code_for_number(parsed) == found.country
        assert read_number(found.e164, "IN") == (*found[:3], (), "", "")
    else:
        assert found.code in problem_codes()


def test_a_log_shows_the_country_and_two_digits() -> None:
    assert redacted(ASHA) == "+91********10"
    assert redacted("+12125551234") == "+1********34"
    assert redacted("+971501234567") == "+971*******67"
    assert redacted("not a number") == "***"
    assert redacted("") == "***"


@given(st.binary(max_size=100), st.text(alphabet=DIGITS, min_size=7, max_size=15))
def test_the_hash_is_the_standard_one(key: bytes, digits: str) -> None:
    expected = hmac.new(key, f"+{digits}".encode(), hashlib.sha256).hexdigest()
    assert NumberHash(key)(f"+{digits}") == expected
    assert number_hash(f"+{digits}", key) == expected
