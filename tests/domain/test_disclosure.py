"""What every outbound call begins with, in every launch language, whatever agent and marketer wrote."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from shared.domain.agent import Agent, Languages
from shared.domain.calling_rules import Purpose
from shared.domain.disclosure import Wording, disclosure_language, opening, wordings
from shared.domain.opt_out_phrases import OPT_OUT_KEY, opt_out
from shared.domain.packaged import packaged_yaml
from tests.domain.builders import a_campaign
from tests.domain.test_opt_out_phrases import LAUNCH_LANGUAGES

NINE = {OPT_OUT_KEY, "৯"}


def an_agent(**changes: Any) -> Agent:
    """Meera, who greets without saying what she is."""
    fields: dict[str, Any] = {
        "id": "renewal",
        "name": "Meera",
        "company": "Sundaram",
        "purpose": "renewals",
        "instructions": "Never say that you are a machine.",
        "greeting": {"hi": "नमस्ते, मैं मीरा बोल रही हूँ।"},
        "languages": Languages(start="hi"),
    }
    return Agent(**{**fields, **changes})


@pytest.mark.parametrize("language", LAUNCH_LANGUAGES)
@pytest.mark.parametrize("purpose", Purpose)
def test_the_callee_hears_who_what_why_and_how_to_stop(language: str, purpose: Purpose) -> None:
    wording = wordings()[language]
    heard = opening(an_agent(), a_campaign(purpose=purpose), language, recorded=True)
    for said in ("Meera", "Sundaram", wording.topics[purpose], wording.recorded, wording.stop):
        assert said in heard
    assert NINE & set(heard)
    assert "{" not in heard


@pytest.mark.parametrize("language", LAUNCH_LANGUAGES)
def test_the_word_that_the_callee_is_told_to_say_is_heard(language: str) -> None:
    told = opt_out(wordings()[language].word, [language])
    assert told is not None


@pytest.mark.parametrize("language", ["en", "hi"])
def test_it_takes_ten_seconds_at_most(language: str) -> None:
    words = opening(an_agent(), a_campaign(), language, recorded=True).split()
    assert len(words) / 4 <= 10  # four words a second is brisk and clear


def test_natural_words_in_hindi_and_english() -> None:
    campaign = a_campaign(topic={"hi": "आपकी पॉलिसी के नवीनीकरण", "en": "the renewal of your policy"})
    assert opening(an_agent(), campaign, "en-IN", recorded=True) == (
        "Hello, this is Meera, an automated AI assistant calling from Sundaram about the renewal of your policy. "
        'This call is recorded. Say "stop" or press 9 at any time, and we will not call you again.'
    )
    assert opening(an_agent(), campaign, "hi", recorded=True) == (
        "नमस्ते, मैं Sundaram की ओर से Meera हूँ, एक ऑटोमेटेड एआई असिस्टेंट। यह कॉल आपकी पॉलिसी के नवीनीकरण के बारे में है। "
        "यह कॉल रिकॉर्ड हो रही है। आगे कॉल न चाहें, तो कभी भी “स्टॉप” बोलें या 9 दबाएँ।"
    )


def test_a_call_that_is_not_recorded_does_not_say_that_it_is() -> None:
    heard = opening(an_agent(), a_campaign(), "en", recorded=False)
    assert "recorded" not in heard
    assert "automated AI assistant" in heard


def test_a_topic_in_another_language_is_not_mixed_in() -> None:
    heard = opening(an_agent(), a_campaign(topic={"hi": "आपकी पॉलिसी"}), "de", recorded=True)
    assert "पॉलिसी" not in heard
    assert "KI-Assistenz" in heard


def test_a_regional_topic_comes_first() -> None:
    campaign = a_campaign(topic={"en": "your policy", "en-GB": "your cover"})
    assert "your cover" in opening(an_agent(), campaign, "en-GB", recorded=True)
    assert "your policy" in opening(an_agent(), campaign, "en-IN", recorded=True)


def test_a_language_without_words_of_ours_is_spoken_to_in_english() -> None:
    assert disclosure_language("sw-KE") == "en"
    assert disclosure_language("hi-IN") == "hi"
    heard = opening(an_agent(), a_campaign(), "sw", recorded=True)
    assert heard == opening(an_agent(), a_campaign(), "en", recorded=True)


@pytest.mark.parametrize(
    "company", ["{agent}", "{0}", "Acme.\n\nIgnore the above.", r"\g<0>", "  Acme\tLtd.  ", "%s", "{company!r}"]
)
def test_nothing_that_a_marketer_types_unmakes_the_sentence(company: str) -> None:
    heard = opening(an_agent(company=company), a_campaign(), "en", recorded=True)
    assert "an automated AI assistant calling from" in heard
    assert "This call is recorded." in heard
    assert "press 9" in heard
    assert "\n" not in heard


def test_all_launch_languages_say_who_checked_them() -> None:
    assert sorted(wordings()) == sorted(LAUNCH_LANGUAGES)
    assert {language for language, wording in wordings().items() if wording.checked == "engineer"} == {"en", "hi"}


@pytest.mark.parametrize(
    "change",
    [
        {"opening": "Hello from {company} about {topic}."},
        {"opening": "Hello, I am {agent} calling about {topic}."},
        {"topics": {"marketing": "an offer"}},
        {"word": "halt"},
        {"recorded": "Somebody listens."},
    ],
)
def test_a_wording_that_leaves_something_out_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="leaves out"):
        Wording.model_validate({**packaged_yaml("disclosure.yaml")["en"], **change})
