"""The plans of our own reading against the library's answers, over every country code there is."""

from __future__ import annotations

import phonenumbers
from hypothesis import assume, example, given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberType

from shared.domain.number_plan import country_and_kind, split_digits

KINDS = {
    PhoneNumberType.FIXED_LINE: "fixed_line",
    PhoneNumberType.MOBILE: "mobile",
    PhoneNumberType.FIXED_LINE_OR_MOBILE: "fixed_or_mobile",
    PhoneNumberType.TOLL_FREE: "toll_free",
    PhoneNumberType.PREMIUM_RATE: "premium_rate",
    PhoneNumberType.SHARED_COST: "shared_cost",
    PhoneNumberType.VOIP: "voip",
    PhoneNumberType.PERSONAL_NUMBER: "personal_number",
    PhoneNumberType.PAGER: "pager",
    PhoneNumberType.UAN: "uan",
    PhoneNumberType.VOICEMAIL: "voicemail",
    PhoneNumberType.UNKNOWN: "",
}
CODES = sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)


@st.composite
def numbers(draw: st.DrawFn) -> tuple[int, str]:
    """A country code and national digits: an example of the plan with some digits changed, or any digits."""
    code = draw(st.sampled_from(CODES) | st.sampled_from([1, 7, 39, 44, 91]))
    region = draw(st.sampled_from(phonenumbers.COUNTRY_CODE_TO_REGION_CODE[code]))
    example_number = phonenumbers.example_number_for_type(region, draw(st.integers(0, 9))) if region != "001" else None
    if example_number is None:
        return code, draw(st.text(alphabet="0123456789", min_size=2, max_size=14))
    digits = list(phonenumbers.national_significant_number(example_number))
    for place in draw(st.lists(st.integers(0, len(digits) - 1), max_size=3)):
        digits[place] = draw(st.sampled_from("0123456789"))
    return code, "".join(digits)


@given(numbers())
@example((39, "0612345678"))
@example((1, "2684641234"))
@example((44, "7911123456"))
@example((7, "7012345678"))
def test_country_and_kind_are_the_librarys(number: tuple[int, str]) -> None:
    code, national = number
    zeros = len(national) - len(national.lstrip("0"))
    library = phonenumbers.PhoneNumber(
        code,
        int(national),
        italian_leading_zero=zeros > 0 or None,
        number_of_leading_zeros=zeros if zeros > 1 else None,
    )
    assume(phonenumbers.national_significant_number(library) == national)
    country, kind = country_and_kind(code, national)
    assert kind == KINDS[phonenumbers.number_type(library)]
    if kind:
        assert country == phonenumbers.region_code_for_number(library)


def test_digits_are_split_after_the_country_code() -> None:
    assert split_digits("919876543210") == (91, "9876543210")
    assert split_digits("12125551234") == (1, "2125551234")
    assert split_digits("971501234567") == (971, "501234567")
    assert split_digits("0123") == (0, "0123")


@given(st.from_regex("[2-9][0-9]{2}[2-9][0-9]{2}", fullmatch=True), st.from_regex("[0-9]{4}", fullmatch=True))
def test_the_last_four_digits_never_matter_in_north_america(head: str, line: str) -> None:
    assert country_and_kind(1, head + line) == country_and_kind(1, head + "0000")


def test_the_last_four_digits_matter_in_no_area_code() -> None:
    for area in range(200, 1000):
        for exchange in range(200 + area % 37, 1000, 37):
            kinds = {country_and_kind(1, f"{area}{exchange}{line}") for line in ("0000", "0199", "5678", "9999")}
            assert len(kinds) == 1, (area, exchange)
