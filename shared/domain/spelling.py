"""One spelling for what people write, transcribe or romanise in many ways, so that phrases can be compared."""

from __future__ import annotations

import re
import unicodedata

_APOSTROPHES = dict.fromkeys(map(ord, "'’‘ʼ`´"))
_DROPPED = dict.fromkeys(
    [
        *range(0x0300, 0x0370),  # accents of Latin letters
        *(0x093C, 0x09BC, 0x0A3C, 0x0ABC, 0x0B3C),  # nukta
        *range(0x200B, 0x2010),  # joiners and direction marks
        *range(0x064B, 0x0653),  # Arabic short vowels
        *(0x0640, 0x0670, 0xFEFF),
    ]
)
_FOLDED = {
    0x0901: 0x0902,  # candrabindu to anusvara, script by script
    0x0981: 0x0982,
    0x0A01: 0x0A02,
    0x0A81: 0x0A82,
    0x0B01: 0x0B02,
    0x0940: 0x093F,  # Hindi long i and u to short: transcripts mix them
    0x0942: 0x0941,
    0x0908: 0x0907,
    0x090A: 0x0909,
    0x0643: 0x06A9,  # Arabic and Urdu keyboards
    0x064A: 0x06CC,
    0x0649: 0x06CC,
    0x0623: 0x0627,
    0x0625: 0x0627,
    0x0622: 0x0627,
    0x0629: 0x0647,
}
_HALF_NASAL = re.compile("[ङञणनम]्(?=[क-ह])")
_WRITTEN_GLIDE = re.compile("(?<=[ािुेआइउए])य([ेि])")
"""कीजिये is कीजिए."""
_VOWELS = {"े": "ए", "ि": "इ"}
_ROMAN = (
    (re.compile("ee"), "i"),
    (re.compile("oo"), "u"),
    (re.compile(r"(.)\1+"), r"\1"),
    (re.compile("ph"), "f"),
    (re.compile("th"), "t"),
    (re.compile("w"), "v"),
    (re.compile("z"), "j"),
)
_ROMAN_WORD = re.compile(r"\b[a-z]+\b")


def folded(text: str) -> str:
    """The text in lower case without accents, signs and variants of letters; words parted by one space.

    Digits of every script become 0-9. The result is for comparing only.
    """
    text = unicodedata.normalize("NFKC", text).casefold().translate(_APOSTROPHES)
    text = unicodedata.normalize("NFD", text).translate(_DROPPED)
    text = unicodedata.normalize("NFC", text).translate(_DROPPED).translate(_FOLDED)
    text = _WRITTEN_GLIDE.sub(lambda vowel: _VOWELS[vowel[1]], _HALF_NASAL.sub("ं", text))
    return " ".join("".join(_sign(sign) for sign in text).split())


def _sign(sign: str) -> str:
    digit = unicodedata.decimal(sign, None)
    if digit is not None:
        return str(digit)
    return sign if unicodedata.category(sign)[0] in "LMN" else " "


def roman_folded(folded_text: str) -> str:
    """Folded text with the commonest spellings of romanised Hindi made one: mat and math, phone and fon."""
    return _ROMAN_WORD.sub(lambda word: _roman_word(word[0]), folded_text)


def _roman_word(word: str) -> str:
    for pattern, replacement in _ROMAN:
        word = pattern.sub(replacement, word)
    return word
