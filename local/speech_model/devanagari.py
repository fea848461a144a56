"""Hindi as it is written, to the phones of the English acoustic model: the nearest sound of CMU's set. [pure]"""

from __future__ import annotations

CONSONANTS = {
    "क": "K", "ख": "K", "ग": "G", "घ": "G", "ङ": "NG",
    "च": "CH", "छ": "CH", "ज": "JH", "झ": "JH", "ञ": "N",
    "ट": "T", "ठ": "T", "ड": "D", "ढ": "D", "ण": "N",
    "त": "T", "थ": "TH", "द": "DH", "ध": "DH", "न": "N",
    "प": "P", "फ": "F", "ब": "B", "भ": "B", "म": "M",
    "य": "Y", "र": "R", "ल": "L", "व": "V", "ळ": "L",
    "श": "SH", "ष": "SH", "स": "S", "ह": "HH",
}  # fmt: skip
WITH_DOT = {"ज": "Z", "फ": "F", "ड": "R", "ढ": "R", "क": "K", "ख": "K", "ग": "G", "य": "Y"}
"""With a dot below (nukta)."""
VOWELS = {
    "अ": "AH", "आ": "AA", "इ": "IH", "ई": "IY", "उ": "UH", "ऊ": "UW", "ऋ": "R IH", "ए": "EY", "ऐ": "EH", "ओ": "OW",
    "औ": "AO", "ऑ": "AO", "ऍ": "AE", "ऎ": "EH", "ऒ": "OW",
}  # fmt: skip
SIGNS = {
    "ा": "AA", "ि": "IH", "ी": "IY", "ु": "UH", "ू": "UW", "ृ": "R IH", "े": "EY", "ै": "EH", "ो": "OW", "ौ": "AO",
    "ॉ": "AO", "ॅ": "AE", "ॆ": "EH", "ॊ": "OW",
}  # fmt: skip
VIRAMA, DOT_BELOW, ANUSVARA, CHANDRABINDU, VISARGA = "्", "़", "ं", "ँ", "ः"
SCHWA = "AH"
NASALS_BEFORE = {
    "K": "NG", "G": "NG", "P": "M", "B": "M", "M": "M", "F": "M",
}  # fmt: skip
"""A nasal sign sounds as the consonant after it wants; otherwise as N."""
NASAL = "~"
"""A vowel through the nose, at the end of a word."""
INHERENT = "@"
"""The vowel that is not written; whether it is spoken is decided for the whole word."""


def sounds(word: str) -> list[str]:
    """Phones of one word, with NASAL after nasal vowels at its end."""
    return _nasals_resolved(_spoken_schwas(_letters(word)))


def _letters(word: str) -> list[str]:
    phones: list[str] = []
    for position, letter in enumerate(word):
        after = word[position + 1 : position + 2]
        if letter in CONSONANTS:
            if after == DOT_BELOW:
                phones.append(WITH_DOT.get(letter, CONSONANTS[letter]))
                after = word[position + 2 : position + 3]
            else:
                phones.append(CONSONANTS[letter])
            if after not in SIGNS and after != VIRAMA:
                phones.append(INHERENT)
        elif letter in VOWELS:
            phones.extend(VOWELS[letter].split())
        elif letter in SIGNS:
            phones.extend(SIGNS[letter].split())
        elif letter in (ANUSVARA, CHANDRABINDU):
            phones.append(NASAL)
        elif letter == VISARGA:
            phones.append("HH")
    return phones


def _spoken_schwas(phones: list[str]) -> list[str]:
    """The unwritten vowel falls at the end of a word, and between a vowel-consonant and a consonant-vowel."""
    spoken = list(phones)
    if len(spoken) > 2 and spoken[-1] == INHERENT:
        spoken.pop()
    position = len(spoken) - 3
    while position >= 2:
        around = spoken[position - 2 : position + 3]
        if spoken[position] == INHERENT and [_kind(phone) for phone in around] == ["V", "C", "V", "C", "V"]:
            del spoken[position]
            position -= 1
        position -= 1
    return [SCHWA if phone == INHERENT else phone for phone in spoken]


def _nasals_resolved(phones: list[str]) -> list[str]:
    resolved: list[str] = []
    for position, phone in enumerate(phones):
        following = phones[position + 1] if position + 1 < len(phones) else None
        if phone == NASAL and following is not None and not _is_vowel(following):
            resolved.append(NASALS_BEFORE.get(following, "N"))
        else:
            resolved.append(phone)
    return resolved


def _kind(phone: str) -> str:
    """V for a vowel, C for a consonant, ~ for a nasal sign."""
    return NASAL if phone == NASAL else "V" if _is_vowel(phone) else "C"


def _is_vowel(phone: str) -> bool:
    return phone == INHERENT or phone[0] in "AEIOU"
