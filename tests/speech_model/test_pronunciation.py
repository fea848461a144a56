"""Words to phones, and phones against phones."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.speech_model import devanagari, romanised
from local.speech_model.phone_distance import likeness
from local.speech_model.pronunciation import lexicon, name_of, words_of

PHONES = set(
    "AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W Y Z ZH".split()
)


@pytest.mark.parametrize(
    ("word", "phones"),
    [
        ("नमस्ते", "N AH M AH S T EY"),
        ("करना", "K AH R N AA"),  # the vowel in the middle falls
        ("बुक", "B UH K"),  # and the one at the end
        ("न", "N AH"),  # but not the only one
        ("समझ", "S AH M AH JH"),
        ("मंगलवार", "M AH NG G AH L V AA R"),
        ("लड़का", "L AH R K AA"),
        ("ज़रूर", "Z AH R UW R"),
        ("हूँ", "HH UW ~"),
        ("पाँच", "P AA N CH"),
        ("अपॉइंटमेंट", "AH P AO IH N T AH M EY N T"),
        ("दुःख", "DH UH HH K"),
        ("कृपया", "K R IH P Y AA"),
    ],
)
def test_hindi_is_read_by_its_letters(word: str, phones: str) -> None:
    assert " ".join(devanagari.sounds(word)) == phones


@pytest.mark.parametrize(
    ("word", "phones"),
    [
        ("haan", "HH AA ~"),
        ("chahiye", "CH AH HH IH Y EY"),
        ("mujhe", "M UH JH EY"),
        ("achchha", "AH CH AA"),
        ("ji", "JH IY"),
    ],
)
def test_romanised_hindi_too(word: str, phones: str) -> None:
    assert " ".join(romanised.sounds(word)) == phones


@given(st.text(alphabet="कखगघचजटडतदनपबमयरलवशसहािीुूेैोौ्ंँःअआइईउएओ़", min_size=1, max_size=12))
def test_any_letters_give_phones_that_the_model_has(word: str) -> None:
    assert set(devanagari.sounds(word)) <= PHONES | {devanagari.NASAL}


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz'", min_size=1, max_size=12))
def test_any_latin_letters_too(word: str) -> None:
    assert set(romanised.sounds(word)) <= PHONES | {devanagari.NASAL}


def test_words_are_found_in_mixed_lines() -> None:
    assert words_of("नमस्ते, doctor की fees कितनी है? It's 5!") == ["नमस्ते", "doctor", "की", "fees", "कितनी", "है", "it's"]
    assert name_of("की").isascii()
    assert name_of("it's") == "it's"


def test_english_is_looked_up_and_the_rest_is_spelled_out(tmp_path: Path) -> None:
    dictionary = tmp_path / "cmu.dict"
    dictionary.write_text("doctor D AA K T ER\ndoctor(2) D AO K T ER\nother AH DH ER\n", encoding="utf-8")
    book = lexicon(["doctor", "namaste", "वर्मा", "है"], dictionary)
    assert book["doctor"].pronunciations == ("D AA K T ER", "D AO K T ER")
    assert book["namaste"].phones == "N AH M AH S T EY".split()
    assert book["वर्मा"].pronunciations == ("V AH R M AA", "W AH R M AA")
    assert book["है"].pronunciations[0] == "HH EH"


def test_likeness_is_one_for_the_same_and_lower_for_others() -> None:
    assert likeness("Y EH S".split(), "Y EH S".split()) == 1
    near, far = likeness("B EH T".split(), "P EH D".split()), likeness("B EH T".split(), "S UW M".split())
    assert 1 > near > far >= 0
    assert likeness([], []) == 0
    assert likeness(["K"], []) == pytest.approx(0.2)
