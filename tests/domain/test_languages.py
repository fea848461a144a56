"""The launch languages, what Parley says in each of them by itself, and in which a conversation begins."""

from __future__ import annotations

import re
import unicodedata

import phonenumbers
import pytest

from shared.domain.disclosure import wordings
from shared.domain.languages import (
    SCRIPT_NAMES,
    is_spoken_by,
    language_name,
    languages,
    script_name,
    start_language,
)
from shared.domain.model_catalogue import catalogue
from shared.domain.spoken_lines import NAMES, Gender, all_lines, greeting, line, words
from tests.domain.test_opt_out_phrases import LAUNCH_LANGUAGES

LETTERS = {
    "Arab": ["ARABIC"],
    "Beng": ["BENGALI"],
    "Deva": ["DEVANAGARI"],
    "Gujr": ["GUJARATI"],
    "Guru": ["GURMUKHI"],
    "Hans": ["CJK"],
    "Jpan": ["CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "IDEOGRAPHIC"],
    "Knda": ["KANNADA"],
    "Kore": ["HANGUL"],
    "Latn": ["LATIN"],
    "Mlym": ["MALAYALAM"],
    "Orya": ["ORIYA"],
    "Taml": ["TAMIL"],
    "Telu": ["TELUGU"],
}
GENDERS: tuple[Gender, ...] = ("female", "male")
PLACEHOLDERS = re.compile(r"\{(\w+)\}")
MAY_BE_LATIN = {"AI"}
"""Written so also in Japanese."""


def foreign_letters(text: str, script: str) -> set[str]:
    """Letters and vowel signs of a text that do not belong to the script."""
    bare = PLACEHOLDERS.sub("", text)
    for word in MAY_BE_LATIN:
        bare = bare.replace(word, "")
    signs = {sign for sign in bare if unicodedata.category(sign)[0] in "LM"}
    return {sign for sign in signs if unicodedata.name(sign).split()[0] not in LETTERS[script]}


def every_line() -> list[tuple[str, str, str]]:
    """(language, name, words), each gender's wording."""
    return [(tag, name, words(name, tag, gender) or "") for tag in languages() for name in NAMES for gender in GENDERS]


def test_the_launch_languages_are_the_same_everywhere() -> None:
    assert sorted(languages()) == sorted(LAUNCH_LANGUAGES) == sorted(all_lines()) == sorted(wordings())


def test_every_language_has_every_line_in_its_own_script() -> None:
    assert [(tag, name) for tag, name, said in every_line() if len(said) < 5] == []
    strange = {(tag, name): foreign_letters(said, languages()[tag].script) for tag, name, said in every_line()}
    assert {where: signs for where, signs in strange.items() if signs} == {}


def test_every_disclosure_is_in_its_own_script() -> None:
    for tag, wording in wordings().items():
        said = [wording.opening, wording.recorded, wording.stop, *wording.topics.values()]
        assert [foreign_letters(text, languages()[tag].script) for text in said] == [set()] * len(said), tag


def test_a_letter_of_another_script_would_be_noticed() -> None:
    assert foreign_letters("नमस्ते dear {agent}", "Deva") == set("dear")


def test_lines_hold_the_same_placeholders_in_every_language() -> None:
    for name in NAMES:
        wanted = sorted(PLACEHOLDERS.findall(words(name, "en") or ""))
        assert wanted == (["agent", "company"] if name == "greeting" else [])
        for tag in languages():
            for gender in GENDERS:
                assert sorted(PLACEHOLDERS.findall(words(name, tag, gender) or "")) == wanted, (tag, name)


def test_lines_are_normal_text_without_invisible_signs_at_their_ends() -> None:
    for tag, name, said in every_line():
        assert said == said.strip() == unicodedata.normalize("NFC", said), (tag, name)


def test_only_english_and_hindi_were_read_by_somebody_who_speaks_them() -> None:
    assert {tag for tag, lines in all_lines().items() if lines.checked == "engineer"} == {"en", "hi"}
    assert {tag: wording.checked for tag, wording in wordings().items()} == {
        tag: lines.checked for tag, lines in all_lines().items()
    }


def test_hindi_verbs_follow_the_voice() -> None:
    assert "बताती" in (words("hold_on", "hi", "female") or "")
    assert "बताता" in (words("hold_on", "hi", "male") or "")


def test_a_greeting_names_agent_and_company_and_takes_no_orders_from_them() -> None:
    said = greeting("de-AT", agent="{company}", company="Praxis Ost", gender="female")
    assert (
        said == "Guten Tag, hier ist {company}, die automatische Assistenz von Praxis Ost. Wie kann ich Ihnen helfen?"
    )
    assert greeting("fi", agent="A", company="B", gender="male") is None


@pytest.mark.parametrize(
    ("language", "tag", "spoken"),
    [
        ("hi-IN", "hi-IN", "hi"),
        ("hi-en", "hi-IN", "hi"),
        ("en-US", "en-US", "en"),
        ("ta", "ta-IN", "ta"),
        ("zh-CN", "cmn-CN", "zh"),
        ("or", "en-IN", "en"),  # Twilio has no voice for Odia
        ("fi", "en-IN", "en"),
        (None, "en-IN", "en"),
    ],
)
def test_twilio_says_a_line_in_the_callers_language_or_in_english(language: str | None, tag: str, spoken: str) -> None:
    for name in ("apology", "apology_callback", "connecting_you", "nobody_free"):
        said = line(name, language)
        assert said == (tag, words(name, spoken), f"Google.{tag}-Standard-{'C' if tag == 'en-US' else 'A'}")


def test_every_language_is_spoken_by_the_default_model_and_has_real_regions() -> None:
    regions = phonenumbers.SUPPORTED_REGIONS
    for tag, language in languages().items():
        assert is_spoken_by(f"{tag}-XX", "gemini-3.1-flash-live-preview"), tag
        assert set(language.regions) <= regions, tag
        assert language.script in SCRIPT_NAMES
    assert not is_spoken_by("tlh", "gemini-3.8-live")
    assert is_spoken_by("tlh", "a-model-that-nobody-knows")
    assert catalogue().languages_of("gemini-3.8-live") >= set(languages())


def test_names_of_languages() -> None:
    assert [language_name(tag) for tag in ("hi-en", "zh-CN", "pl", "xx")] == [
        "Hindi",
        "Mandarin Chinese",
        "Polish",
        "xx",
    ]
    assert [script_name(tag) for tag in ("hi-IN", "as", "en", "pl")] == ["Devanagari", "Bengali", "Latin", None]


@pytest.mark.parametrize(
    ("start", "allowed", "number", "wished", "begins_in"),
    [
        ("en-IN", ("en-IN", "hi-IN"), "+919876543210", (), "en-IN"),  # English is at home in India too
        ("hi-IN", ("hi-IN", "en-IN"), "+13105550100", (), "en-IN"),
        ("en-GB", ("en-GB", "de-DE", "fr-FR"), "+4930123456", (), "de-DE"),
        ("en-GB", ("en-GB", "fr-FR", "de-DE"), "+41446681800", (), "fr-FR"),  # the first of the agent's that fits
        ("en-GB", ("en-GB",), "+4930123456", (), "en-GB"),
        ("de-DE", ("de-DE", "ta-IN"), "+919876543210", (), "de-DE"),  # few Indians speak Tamil
        ("en-IN", ("en-IN", "hi-IN"), "+919876543210", ("hi",), "hi"),
        ("en-IN", ("en-IN", "hi-IN"), "+919876543210", ("ta", "hi-IN"), "hi-IN"),
        ("en-IN", ("en-IN", "hi-IN"), "+919876543210", ("ta", None), "en-IN"),
        ("en-IN", (), "+919876543210", ("ta",), "ta"),
        ("en-IN", (), "+4930123456", (), "en-IN"),
        ("en-IN", ("en-IN", "hi-IN"), "anonymous", (), "en-IN"),
        ("en-IN", ("en-IN", "hi-IN"), "", (), "en-IN"),
    ],
)
def test_a_conversation_begins_in_the_language_that_is_likeliest(
    start: str, allowed: tuple[str, ...], number: str, wished: tuple[str | None, ...], begins_in: str
) -> None:
    assert start_language(start, allowed, number, *wished) == begins_in
