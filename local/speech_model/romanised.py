"""Hindi in Latin letters (haan ji, mujhe chahiye) to the phones of the English acoustic model. [pure]"""

from __future__ import annotations

from local.speech_model.devanagari import NASAL

SPELLINGS = {
    "chh": "CH", "aa": "AA", "ai": "EH", "au": "AO", "ee": "IY", "ei": "EY", "ii": "IY", "oo": "UW", "ou": "AO",
    "uu": "UW",
    "bh": "B", "ch": "CH", "dh": "DH", "gh": "G", "jh": "JH", "kh": "K", "ph": "F", "sh": "SH", "th": "TH",
    "a": "AH", "e": "EY", "i": "IH", "o": "OW", "u": "UH",
    "b": "B", "c": "K", "d": "DH", "f": "F", "g": "G", "h": "HH", "j": "JH", "k": "K", "l": "L", "m": "M", "n": "N",
    "p": "P", "q": "K", "r": "R", "s": "S", "t": "T", "v": "V", "w": "V", "x": "K S", "y": "Y", "z": "Z",
}  # fmt: skip
LONG_AT_THE_END = {"AH": "AA", "IH": "IY", "UH": "UW"}
VOWEL_LETTERS = "aeiou"
LONG_BEFORE_NASAL = {"AA", "EH", "EY", "IY", "OW", "UW"}


def sounds(word: str) -> list[str]:
    """Phones of one word of lower-case letters, with NASAL after nasal vowels at its end."""
    phones: list[str] = []
    rest = word
    while rest:
        spelling = next((s for s in (rest[:3], rest[:2], rest[:1]) if s in SPELLINGS), None)
        if spelling is None:
            rest = rest[1:]
            continue
        doubled = phones[-1:] == [SPELLINGS[spelling]] and spelling[0] not in VOWEL_LETTERS
        if not doubled:
            phones.extend(SPELLINGS[spelling].split())
        rest = rest[len(spelling) :]
    return _ended(phones)


def _ended(phones: list[str]) -> list[str]:
    if len(phones) >= 2 and phones[-1] == "N" and phones[-2] in LONG_BEFORE_NASAL:
        return [*phones[:-1], NASAL]
    if phones:
        return [*phones[:-1], LONG_AT_THE_END.get(phones[-1], phones[-1])]
    return phones
