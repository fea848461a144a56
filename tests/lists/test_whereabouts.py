"""What is remembered about where numbers are is what would be found for each of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from functions.console.lists.whereabouts import RememberedWhereabouts
from shared.domain.phone_number import PhoneNumber, read_number
from shared.domain.time_zone import whereabouts

AREAS = ["212", "850", "270", "423", "812", "219", "906", "308", "605", "541", "208", "928", "364", "448", "416", "807"]
numbers = st.one_of(
    st.builds("+1{}{}".format, st.sampled_from(AREAS), st.from_regex("[2-9][0-9]{6}", fullmatch=True)),
    st.builds("+91{}".format, st.from_regex("[6-9][0-9]{9}", fullmatch=True)),
    st.builds("+7{}".format, st.from_regex("[379][0-9]{9}", fullmatch=True)),
    st.builds("+61{}".format, st.from_regex("[2-478][0-9]{8}", fullmatch=True)),
    st.builds("+44{}".format, st.from_regex("[127][0-9]{9}", fullmatch=True)),
    st.builds("+52{}".format, st.from_regex("[2-9][0-9]{9}", fullmatch=True)),
)
remembered = RememberedWhereabouts()
"""One for all examples, so that it has something to remember."""


@given(
    numbers,
    st.sampled_from(["", "", "IST", "America/Denver", "nowhere"]),
    st.sampled_from(["", "", "411001", "32401", "K1A 0B1"]),
    st.sampled_from(["", "", "FL", "Kentucky", "MH"]),
)
def test_remembering_changes_no_answer(e164: str, timezone: str, postal_code: str, state: str) -> None:
    number = read_number(e164, "IN")
    if isinstance(number, PhoneNumber):
        found = whereabouts(number.e164, number.country, time_zone=timezone, postal_code=postal_code, state=state)
        assert remembered(number, timezone, postal_code, state) == found
        assert remembered(number, timezone, postal_code, state) == found


def test_an_area_code_that_two_zones_share_is_told_apart_by_the_exchange() -> None:
    found = {
        remembered(PhoneNumber(f"+1850{exchange}1234", "US", "fixed_or_mobile"), "", "", "").zones
        for exchange in range(200, 1000)
    }
    assert len(found) > 1
