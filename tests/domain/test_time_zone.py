"""Which time zones a contact may be in: column, postal code, state, number, country, in this order; never a guess."""

from __future__ import annotations

import re
from zoneinfo import available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.packaged import packaged_yaml
from shared.domain.time_zone import Whereabouts, ZoneSource, whereabouts, zones_named, zones_of

TABLES = packaged_yaml("places.yaml")
INDIAN, NEW_YORKER, MIAMI = "+919876543210", "+12125550123", "+13055550123"
KOLKATA, EAST, CENTRAL, MOUNTAIN, WEST = (
    "Asia/Kolkata",
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
)


@pytest.mark.parametrize(
    ("phone", "country", "columns", "zones", "source"),
    [
        (INDIAN, "IN", {}, {KOLKATA}, ZoneSource.COUNTRY),
        (INDIAN, "IN", {"time_zone": "America/New_York"}, {EAST}, ZoneSource.CONTACT),
        (INDIAN, "IN", {"time_zone": "asia/calcutta"}, {KOLKATA}, ZoneSource.CONTACT),
        (INDIAN, "IN", {"time_zone": " IST "}, {KOLKATA}, ZoneSource.CONTACT),
        (INDIAN, "IN", {"time_zone": ""}, {KOLKATA}, ZoneSource.COUNTRY),
        (INDIAN, "IN", {"postal_code": "560 001"}, {KOLKATA}, ZoneSource.POSTAL_CODE),
        (INDIAN, "IN", {"postal_code": "560001.0"}, {KOLKATA}, ZoneSource.POSTAL_CODE),
        (INDIAN, "IN", {"state": "Karnataka"}, {KOLKATA}, ZoneSource.COUNTRY),
        (NEW_YORKER, "US", {}, {EAST}, ZoneSource.NUMBER),
        (NEW_YORKER, "US", {"postal_code": "90210"}, {WEST}, ZoneSource.POSTAL_CODE),
        (NEW_YORKER, "US", {"postal_code": "90210-1234"}, {WEST}, ZoneSource.POSTAL_CODE),
        (NEW_YORKER, "US", {"postal_code": "2139"}, {EAST}, ZoneSource.POSTAL_CODE),  # Excel ate the zero of 02139
        (NEW_YORKER, "US", {"postal_code": "99999x"}, {EAST}, ZoneSource.NUMBER),
        (NEW_YORKER, "US", {"state": "texas"}, {CENTRAL, MOUNTAIN}, ZoneSource.STATE),
        (NEW_YORKER, "US", {"state": "US-CA"}, {WEST}, ZoneSource.STATE),
        (NEW_YORKER, "US", {"state": "Atlantis"}, {EAST}, ZoneSource.NUMBER),
        (NEW_YORKER, "US", {"postal_code": "75001", "state": "TN"}, {CENTRAL, MOUNTAIN, EAST}, ZoneSource.POSTAL_CODE),
        (MIAMI, "US", {}, {EAST, CENTRAL}, ZoneSource.NUMBER),
        ("+14485550123", "US", {}, {EAST, CENTRAL}, ZoneSource.NUMBER),  # an overlay that the library does not divide
        ("+13645550123", "US", {}, {EAST, CENTRAL}, ZoneSource.NUMBER),
        ("+19155550123", "US", {}, {CENTRAL, MOUNTAIN}, ZoneSource.NUMBER),
        ("+17875550123", "PR", {}, {"America/Puerto_Rico"}, ZoneSource.COUNTRY),
        ("+18765550123", "JM", {}, {"America/Jamaica"}, ZoneSource.COUNTRY),
        ("+14165550123", "CA", {"postal_code": "V5K 0A1"}, None, ZoneSource.POSTAL_CODE),
        ("+14165550123", "CA", {"postal_code": "90210"}, None, ZoneSource.NUMBER),
        ("+61412345678", "AU", {"postal_code": "800"}, {"Australia/Darwin"}, ZoneSource.POSTAL_CODE),
        ("+61412345678", "AU", {"state": "Victoria"}, {"Australia/Melbourne"}, ZoneSource.STATE),
        ("+61412345678", "AU", {"postal_code": "SW1A"}, None, ZoneSource.NUMBER),
        ("+447911123456", "GB", {}, {"Europe/London"}, ZoneSource.COUNTRY),
        ("+4915112345678", "DE", {"state": "Bayern"}, None, ZoneSource.NUMBER),
        ("+6281234567890", "ID", {}, None, ZoneSource.COUNTRY),
        ("+77011234567", "KZ", {}, None, ZoneSource.NUMBER),
    ],
)
def test_the_first_source_that_says_something_decides(
    phone: str, country: str, columns: dict[str, str], zones: set[str] | None, source: ZoneSource
) -> None:
    where = whereabouts(phone, country, **columns)
    assert where.source is source
    assert where.zones
    if zones is not None:
        assert set(where.zones) == zones


@pytest.mark.parametrize(
    ("phone", "country", "columns"),
    [
        (INDIAN, "IN", {"time_zone": "UTC"}),  # an export's default, not a place where people live
        (INDIAN, "IN", {"time_zone": "GMT"}),
        (INDIAN, "IN", {"time_zone": "Etc/GMT-5"}),
        (INDIAN, "IN", {"time_zone": "+05:30"}),
        (INDIAN, "IN", {"time_zone": "Mars/Phobos"}),
        (INDIAN, "IN", {"time_zone": "../../etc/passwd"}),
        (INDIAN, "IN", {"time_zone": "CST"}),  # of which of four countries?
        (NEW_YORKER, "US", {"postal_code": "99501", "state": "Hawaii", "time_zone": "?"}),
        ("+18005550123", "US", {}),
        ("+15005550006", "US", {}),
        ("+16335550123", "CA", {}),
        ("+79161234567", "RU", {}),
        ("+870773111632", "001", {}),
        ("nonsense", "US", {}),
    ],
)
def test_what_nobody_can_tell_is_not_guessed(phone: str, country: str, columns: dict[str, str]) -> None:
    assert whereabouts(phone, country, **columns).zones == ()


@pytest.mark.parametrize(
    ("name", "country", "zones"),
    [
        ("IST", "IL", ("Asia/Jerusalem",)),
        ("IST", "IE", ("Europe/Dublin",)),
        ("EST", "US", (EAST,)),
        ("EST", "AU", ("Australia/Sydney", "Australia/Brisbane")),
        ("CST", "CN", ("Asia/Shanghai",)),
        ("CST", "US", (CENTRAL,)),
        ("BST", "BD", ("Asia/Dhaka",)),
        ("New York", "US", (EAST,)),
        ("new_york", "US", (EAST,)),
        ("Mumbai", "IN", (KOLKATA,)),
        ("Europe/Kiev", "UA", ("Europe/Kyiv",)),
        ("US/Eastern", "US", (EAST,)),
        ("America/Argentina/Buenos_Aires", "AR", ("America/Argentina/Buenos_Aires",)),
    ],
)
def test_names_that_lists_use(name: str, country: str, zones: tuple[str, ...]) -> None:
    assert zones_named(name, country) == zones


@pytest.mark.parametrize(
    ("phone", "country", "columns", "states"),
    [
        (NEW_YORKER, "US", {}, {"NY"}),
        (NEW_YORKER, "US", {"state": "Alabama"}, {"AL", "NY"}),  # either law may hold
        (NEW_YORKER, "US", {"postal_code": "35201"}, {"AL", "NY"}),
        (NEW_YORKER, "US", {"time_zone": "PST"}, {"NY"}),
        ("+18005550123", "US", {}, set()),
        ("+17825550123", "CA", {}, {"NS", "PE"}),
        ("+4915112345678", "DE", {"state": " Bayern "}, {"Bayern"}),
        (INDIAN, "IN", {}, set()),
    ],
)
def test_states_whose_law_may_hold(phone: str, country: str, columns: dict[str, str], states: set[str]) -> None:
    assert set(whereabouts(phone, country, **columns).states) == states


def test_divided_american_states_have_all_their_zones() -> None:
    divided = {state for state, entry in TABLES["states"]["US"].items() if len(entry["zones"]) > 1}
    assert divided == set("AK AZ FL ID IN KS KY MI ND NE NV OR SD TN TX".split())
    for state in divided:
        where = whereabouts(NEW_YORKER, "US", state=state)
        assert set(where.zones) == set(TABLES["states"]["US"][state]["zones"])


def test_every_zone_in_the_tables_exists() -> None:
    zones = {zone for listed in TABLES["countries"].values() for zone in listed}
    zones |= {zone for states in TABLES["states"].values() for entry in states.values() for zone in entry["zones"]}
    zones |= {zone for meanings in TABLES["spoken_names"].values() for listed in meanings.values() for zone in listed}
    zones |= set(TABLES["renamed"].values())
    assert zones <= available_timezones()


def test_zip_prefixes_belong_to_one_state_each() -> None:
    seen: dict[int, str] = {}
    for state, entry in TABLES["states"]["US"].items():
        for span in entry.get("zip", ()):
            first, _, last = span.partition("-")
            for prefix in range(int(first), int(last or first) + 1):
                assert seen.setdefault(prefix, state) == state
    assert {seen[100], seen[606], seen[902], seen[787]} == {"NY", "IL", "CA", "TX"}


texts = st.text(max_size=30)


@settings(deadline=None)
@given(
    st.sampled_from([INDIAN, NEW_YORKER, MIAMI, "+79161234567", "+61412345678", "+14165550123"]) | texts,
    st.sampled_from(["IN", "US", "CA", "AU", "RU", "DE", "ZZ"]),
    texts,
    texts,
    texts,
)
def test_whatever_a_row_holds_the_answer_is_zones_that_exist_or_none(
    phone: str, country: str, time_zone: str, postal_code: str, state: str
) -> None:
    where = whereabouts(phone, country, time_zone=time_zone, postal_code=postal_code, state=state)
    assert set(where.zones) <= available_timezones()
    assert (where.source is None) == (where.zones == ())
    if re.search(r"\S", time_zone.replace("_", "").replace(".", "")) and where.zones:
        assert where.source is ZoneSource.CONTACT


def test_nothing_known_is_said_as_such() -> None:
    assert whereabouts("+18005550123", "US") == Whereabouts((), None, ())


@pytest.mark.parametrize(
    ("phone", "zones"),
    [(INDIAN, (KOLKATA,)), (NEW_YORKER, (EAST,)), ("+79161234567", ()), ("+999123456789", ()), ("anonymous", ())],
)
def test_zones_of_a_number_alone(phone: str, zones: tuple[str, ...]) -> None:
    assert zones_of(phone) == zones
