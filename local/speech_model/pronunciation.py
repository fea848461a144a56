"""How the words of a line sound, in the 39 phones of CMU's dictionary: English by the book, Hindi by its letters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from local.speech_model import devanagari, romanised

WORDS = re.compile(r"[a-z']+|[ऀ-ॣ०-ॿ]+")
ENGLISH = re.compile(r"[a-z']+")
ALTERNATIVES: Mapping[str, tuple[str, ...]] = {
    "DH": ("D", "DH"),
    "TH": ("T", "TH"),
    "V": ("V", "W"),
    devanagari.NASAL: ("", "N"),
}
"""Hindi sounds that English lacks lie between two of its own: dental stops, the soft v, nasal vowels."""
AS_SPOKEN = {
    "यह": ("Y EH", "Y EH HH"),
    "ये": ("Y EH", "Y EY"),
    "वह": ("V OW", "W OW"),
    "है": ("HH EH", "HH EY"),
    "और": ("AO R",),
    "ओके": ("OW K EY",),
    "hai": ("HH EH", "HH EY"),
    "ok": ("OW K EY",),
    "okay": ("OW K EY",),
}
"""Words that are not spoken as they are written."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word as the recogniser knows it: a name of ASCII letters, and one or more pronunciations."""

    name: str
    pronunciations: tuple[str, ...]

    @property
    def phones(self) -> list[str]:
        """The first pronunciation."""
        return self.pronunciations[0].split()


def words_of(text: str) -> list[str]:
    """The words of a line, lower case, without punctuation. Figures are not words: lines spell numbers out."""
    return WORDS.findall(text.lower())


def name_of(word: str) -> str:
    """The word in letters that a grammar file takes."""
    return word if ENGLISH.fullmatch(word) else "u" + "_".join(f"{ord(letter):x}" for letter in word)


def lexicon(words: Iterable[str], dictionary: Path) -> dict[str, Word]:
    """Every word with its pronunciations. dictionary is in CMU's format."""
    wanted = set(words)
    book: dict[str, list[str]] = {}
    for word, phones in _entries(dictionary):
        if word in wanted:
            book.setdefault(word, []).append(phones)
    return {word: Word(name_of(word), tuple(_pronunciations(word, book.get(word, [])))) for word in sorted(wanted)}


def _entries(dictionary: Path) -> Iterator[tuple[str, str]]:
    with dictionary.open(encoding="utf-8") as lines:
        for line in lines:
            word, _, phones = line.strip().partition(" ")
            yield word.partition("(")[0], phones


def _pronunciations(word: str, book: list[str]) -> list[str]:
    if word in AS_SPOKEN:
        return list(AS_SPOKEN[word])
    if book:
        return book
    sounds = romanised.sounds(word) if ENGLISH.fullmatch(word) else devanagari.sounds(word)
    return _variants(sounds) or ["AH"]


def _variants(sounds: list[str]) -> list[str]:
    """One spelling for each way to hear the word; a sound that comes twice is heard the same way twice."""
    unsure = [sound for sound in ALTERNATIVES if sound in sounds]
    variants: dict[str, None] = {}
    for choice in product(*(ALTERNATIVES[sound] for sound in unsure)):
        heard_as = dict(zip(unsure, choice, strict=True))
        variants[" ".join(filter(None, (heard_as.get(sound, sound) for sound in sounds)))] = None
    return [variant for variant in variants if variant]
