"""The rules of calling: what the shipped file says of each place, that the strictest line holds, what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.calling_rules import (
    CallingRules,
    Caps,
    ConsentNeed,
    Purpose,
    RuleError,
    packaged_rules,
    rule_for,
)
from shared.domain.calling_window import is_holiday
from shared.domain.packaged import packaged_text, packaged_yaml
from tests.domain.builders import NOON_IN_INDIA

MARKETING, SERVICE, COLLECTIONS = Purpose
BOOK = packaged_yaml("calling_rules.yaml")
HABIT = {"mon-fri": "09:00-20:00", "sat": "10:00-17:00"}


@pytest.mark.parametrize(
    ("country", "states", "purpose", "hours"),
    [
        ("IN", (), MARKETING, {"mon-sun": "10:00-21:00"}),
        ("IN", (), SERVICE, {"mon-sun": "09:00-21:00"}),
        ("IN", (), COLLECTIONS, {"mon-sun": "08:00-19:00"}),
        ("US", ("CA",), MARKETING, {"mon-sun": "08:00-21:00"}),
        ("US", (), MARKETING, {"mon-fri": "10:00-18:00"}),
        ("US", ("AL",), SERVICE, {"mon-sat": "08:00-20:00"}),
        ("US", ("CT",), SERVICE, {"mon-sun": "09:00-20:00"}),
        ("US", ("KY",), SERVICE, {"mon-sun": "10:00-21:00"}),
        ("US", ("RI",), SERVICE, {"mon-fri": "09:00-18:00", "sat": "10:00-17:00"}),
        ("US", ("TX",), SERVICE, {"mon-sat": "09:00-21:00", "sun": "12:00-21:00"}),
        ("US", ("KY", "AL"), SERVICE, {"mon-sat": "10:00-20:00"}),
        ("PR", (), MARKETING, {"mon-sun": "08:00-21:00"}),
        ("CA", ("ON",), MARKETING, {"mon-fri": "09:00-21:30", "sat-sun": "10:00-18:00"}),
        ("GB", (), MARKETING, HABIT),
        ("JE", (), MARKETING, HABIT),
        ("DE", (), MARKETING, HABIT),
        ("NO", (), SERVICE, HABIT),
        ("FR", (), MARKETING, {"mon-fri": "10:00-13:00, 14:00-20:00"}),
        ("FR", (), SERVICE, HABIT),
        ("RE", (), MARKETING, {"mon-fri": "10:00-13:00, 14:00-20:00"}),
        ("AU", (), MARKETING, {"mon-fri": "09:00-20:00", "sat": "09:00-17:00"}),
        ("AE", (), MARKETING, {"mon-sun": "09:00-18:00"}),
        ("BR", (), MARKETING, {"mon-sat": "09:00-18:00"}),
        ("JP", (), SERVICE, {"mon-sat": "09:00-18:00"}),
        ("001", (), SERVICE, {"mon-sat": "09:00-18:00"}),
    ],
)
def test_hours_of_a_place(country: str, states: tuple[str, ...], purpose: Purpose, hours: dict[str, str]) -> None:
    assert rule_for(country, states, purpose).hours.to_text() == hours


@pytest.mark.parametrize(
    ("country", "purpose", "need"),
    [
        ("IN", MARKETING, ConsentNeed.GRANTED),
        ("IN", SERVICE, ConsentNeed.NOT_REFUSED),
        ("US", MARKETING, ConsentNeed.EXPRESS_WRITTEN),
        ("US", COLLECTIONS, ConsentNeed.NOT_REFUSED),
        ("GB", MARKETING, ConsentNeed.EXPRESS),
        ("DE", MARKETING, ConsentNeed.EXPRESS),
        ("CA", MARKETING, ConsentNeed.EXPRESS),
        ("JP", MARKETING, ConsentNeed.GRANTED),
        ("JP", SERVICE, ConsentNeed.GRANTED),
    ],
)
def test_consent_that_a_place_asks_for(country: str, purpose: Purpose, need: ConsentNeed) -> None:
    assert rule_for(country, ("NY",), purpose).consent is need


def test_caps_of_places() -> None:
    everywhere = Caps(per_24h=3, per_7d=3, per_30d=None, gap_s=4 * 3600)
    assert rule_for("IN", (), MARKETING).caps == everywhere
    assert rule_for("US", ("FL",), MARKETING).caps == everywhere
    assert rule_for("US", ("ME",), MARKETING).caps == replace(everywhere, gap_s=8 * 3600)
    assert rule_for("AE", (), SERVICE).caps == replace(everywhere, per_24h=1, per_7d=2)
    assert rule_for("FR", (), MARKETING).caps == replace(everywhere, per_30d=4)


def test_registries_are_asked_before_marketing_only() -> None:
    india = rule_for("IN", (), MARKETING).registry
    assert india is not None
    assert india.max_age_days == 1
    assert rule_for("IN", (), SERVICE).registry is None


def test_who_hangs_up_in_the_emirates_has_refused() -> None:
    assert rule_for("AE", (), MARKETING).hang_up_is_refusal
    assert not rule_for("IN", (), MARKETING).hang_up_is_refusal


def test_holidays_of_country_and_state_are_closed_where_the_rule_says_so() -> None:
    assert rule_for("US", ("AL",), SERVICE).closed_on == {("US", None), ("US", "AL")}
    assert rule_for("DE", ("Bayern",), SERVICE).closed_on == {("DE", None), ("DE", "Bayern")}
    assert rule_for("US", ("NY",), SERVICE).closed_on == frozenset()


def test_an_unknown_american_state_is_inside_every_known_one() -> None:
    unknown = rule_for("US", (), MARKETING)
    for place in BOOK["places"]:
        country, dash, state = place.partition("-")
        if country == "US" and dash and state != "??":
            known = rule_for("US", (state,), MARKETING)
            assert unknown.hours <= known.hours, state
            assert unknown.caps & known.caps == unknown.caps, state


def test_indians_are_told_what_twilio_cannot_do() -> None:
    assert any("140 series" in note for note in rule_for("IN", (), MARKETING).notes)


def test_every_line_names_its_source_and_day() -> None:
    for country in ("IN", "US", "GB", "DE", "FR", "AE", "JP"):
        rule = rule_for(country, (), MARKETING)
        assert len(rule.sources) >= 4
        assert all(source.source and source.date <= NOON_IN_INDIA.date() for source in rule.sources)
    assert any(source.check for source in rule_for("FR", (), MARKETING).sources)


def test_calendars_exist_wherever_holidays_are_closed() -> None:
    for country in sorted({*BOOK["places"], *BOOK["groups"]["EU"]}):
        if len(country) == 2 and country.isalpha():
            for calendar, state in rule_for(country, (), MARKETING).closed_on:
                assert is_holiday(calendar, state, NOON_IN_INDIA.date()) in (True, False)


states = st.sampled_from(sorted(place[3:] for place in BOOK["places"] if place.startswith("US-") and "?" not in place))


@settings(deadline=None)
@given(st.lists(states, max_size=4), st.sampled_from(Purpose))
def test_every_further_state_makes_the_rule_stricter(found: list[str], purpose: Purpose) -> None:
    whole = rule_for("US", tuple(found), purpose)
    for state in found:
        alone = rule_for("US", (state,), purpose)
        assert whole.hours <= alone.hours
        assert whole.caps & alone.caps == whole.caps
        assert whole.consent >= alone.consent
        assert whole.closed_on >= alone.closed_on


@settings(deadline=None)
@given(
    st.builds(
        Caps,
        per_24h=st.none() | st.integers(1, 9),
        per_7d=st.none() | st.integers(1, 9),
        per_30d=st.none() | st.integers(1, 9),
        gap_s=st.integers(0, 99_999),
    ),
    st.builds(Caps, per_24h=st.none() | st.integers(1, 9), gap_s=st.integers(0, 99_999)),
)
def test_caps_together_are_the_smaller_of_each(one: Caps, other: Caps) -> None:
    both = one & other
    assert both == other & one
    assert both & one == both
    assert both.gap_s == max(one.gap_s, other.gap_s)
    assert both.per_24h == min((cap for cap in (one.per_24h, other.per_24h) if cap), default=None)
    assert both.per_7d == one.per_7d


def book(**places: object) -> str:
    """A file of rules with these places."""
    line = {"note": "a note", "source": "a test", "date": "2026-11-22"}
    return yaml.safe_dump(
        {"version": "1", "same_as": {}, "groups": {}, "places": {"*": [line], "??": [line], **places}}, sort_keys=False
    )


def a_line(**says: object) -> dict[str, object]:
    return {"source": "a test", "date": "2026-11-22", **says}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (": : :", "cannot be read"),
        ("[]", "cannot be read"),
        (book(XX=[a_line()]), "says exactly one"),
        (book(XX=[a_line(note="one thing", hours={"daily": "10:00-11:00"})]), "says exactly one"),
        (book(XX=[{"note": "no source", "date": "2026-11-22"}]), "source"),
        (book(XX=[{"note": "no date", "source": "a test"}]), "date"),
        (book(XX=[a_line(hours={"daily": "21:00-09:00"})]), "ends before it begins"),
        (book(XX=[a_line(caps={"per_24h": 0})]), "per_24h"),
        (book(XX=[a_line(consent="perhaps")]), "PERHAPS"),
        (book(XX=[a_line(consent=9)]), "consent"),
        (book(XX=[a_line(nots="a slip")]), "nots"),
        (book(**{"XX": [a_line(note="for nobody", **{"for": []})]}), "for"),
        (book(**{"@EU": [a_line(note="a group nobody knows")]}), "not a group"),
        (book(**{"XX-YY": [a_line(note="a state of nowhere")]}), "without an entry"),
        (book().replace("'*'", "XX").replace("'*'", "XX"), "missing"),
    ],
)
def test_rules_that_cannot_hold_are_refused_as_a_whole(text: str, complaint: str) -> None:
    with pytest.raises(RuleError, match=complaint):
        CallingRules(text)


def test_of_two_registries_the_fresher_look_is_asked_for() -> None:
    rules = CallingRules(
        book(
            XX=[
                a_line(registry={"name": "old", "max_age_days": 31}),
                a_line(registry={"name": "daily", "max_age_days": 1}),
                a_line(registry={"name": "weekly", "max_age_days": 7}),
            ]
        )
    )
    registry = rules.rule("XX", (), SERVICE).registry
    assert registry is not None
    assert registry.name == "daily"


def test_the_shipped_rules_have_a_version_and_are_read_once() -> None:
    assert packaged_rules().version in packaged_text("calling_rules.yaml")
    assert packaged_rules() is packaged_rules()
    assert packaged_rules().is_known("SE")
    assert not packaged_rules().is_known("JP")
