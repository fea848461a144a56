"""Where a call may be recorded, and that whoever is recorded is told so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.disclosure import wordings
from shared.domain.recording_law import (
    Decision,
    Rule,
    as_recorded,
    decision,
    recording_rules,
    says_it_is_recorded,
)
from tests.domain.test_opt_out_phrases import LAUNCH_LANGUAGES

TARA = "Hello! This is Tara. [This call is recorded.] How can I help you?"


@pytest.mark.parametrize(
    ("number", "recorded"),
    [
        ("+919812345678", True),
        ("+14155550123", True),
        ("+12125550123", True),
        ("+442071838750", True),
        ("+4930123456", False),
        ("+43112345678", False),
        ("+41446681800", False),
        ("anonymous", True),
        ("", True),
    ],
)
def test_who_may_be_recorded(number: str, recorded: bool) -> None:
    assert decision(True, number).recorded is recorded


def test_an_agent_that_does_not_record_records_nobody() -> None:
    assert decision(False, "+919812345678") == Decision(False, "the agent does not record")


def test_why_a_call_is_not_recorded_is_said() -> None:
    assert "consent" in (decision(True, "+4930123456").why or "")


def test_every_rule_says_where_it_comes_from_and_what_nobody_has_read_is_marked() -> None:
    rules = recording_rules()
    assert rules["*"].rule is Rule.EVERYBODY_TOLD
    assert all(rule.source for rule in rules.values())
    assert {place for place, rule in rules.items() if "remembered" in rule.source} == {
        place for place, rule in rules.items() if rule.check
    }


def test_words_in_brackets_are_said_only_when_they_are_true() -> None:
    assert as_recorded(TARA, "en-IN", recorded=True) == (
        "Hello! This is Tara. This call is recorded. How can I help you?"
    )
    assert as_recorded(TARA, "en-IN", recorded=False) == "Hello! This is Tara. How can I help you?"


def test_a_bracket_may_stand_in_mid_sentence() -> None:
    words = "मैं अंजलि हूँ, [यह कॉल रिकॉर्ड हो रही है, और] आगे कॉल न चाहें तो स्टॉप बोलिए।"
    assert as_recorded(words, "hi", recorded=True) == words.replace("[", "").replace("]", "")
    assert as_recorded(words, "hi", recorded=False) == "मैं अंजलि हूँ, आगे कॉल न चाहें तो स्टॉप बोलिए।"


@pytest.mark.parametrize(
    ("greeting", "said"),
    [
        ("Hello, this is Ben. How can I help?", "Hello, this is Ben. This call is recorded. How can I help?"),
        ("Hello there", "Hello there This call is recorded."),
        ("We record this. Hello!", "We record this. Hello!"),
        ("", "This call is recorded."),
    ],
)
def test_a_greeting_that_forgets_the_notice_gets_ours(greeting: str, said: str) -> None:
    assert as_recorded(greeting, "en", recorded=True) == said


@pytest.mark.parametrize("language", LAUNCH_LANGUAGES)
def test_the_notice_is_recognised_in_every_language_and_added_once(language: str) -> None:
    once = as_recorded("Ben.", language, recorded=True)
    assert wordings()[language].recorded in once
    assert says_it_is_recorded(once)
    assert as_recorded(once, language, recorded=True) == once
    assert not says_it_is_recorded(as_recorded("Ben.", language, recorded=False))


@given(st.text(max_size=80), st.sampled_from(LAUNCH_LANGUAGES))
def test_whoever_is_recorded_is_told_whatever_the_greeting(greeting: str, language: str) -> None:
    assert says_it_is_recorded(as_recorded(greeting, language, recorded=True))
