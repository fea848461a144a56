"""Whether words say something, whatever else they say: phrases, and topics that many scenarios share. [pure]

A phrase stands in a text where its words stand there in a row; case, punctuation and the vowel signs that people write
in two ways do not count. A star at the end of a word takes any ending: "book*" is in "booked".
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import yaml

TOPICS = Path(__file__).parent / "topics.yaml"
SAME = str.maketrans({"ँ": "ं", "़": None, "\u200d": None, "\u200c": None})
"""Chandrabindu and the dot below are left out as often as they are written."""


@cache
def topics() -> Mapping[str, tuple[str, ...]]:
    """Name -> phrases, in every language."""
    document: dict[str, list[str]] = yaml.safe_load(TOPICS.read_text(encoding="utf-8"))
    return {name: tuple(str(phrase) for phrase in phrases) for name, phrases in document.items()}


def words_of(text: str) -> list[str]:
    """Words without case and punctuation; a star stays."""
    folded = unicodedata.normalize("NFD", text.casefold()).translate(SAME)
    kept = (sign if sign == "*" or unicodedata.category(sign)[0] in "LMN" else " " for sign in folded)
    return "".join(kept).split()


def says(text: str, phrases: Iterable[str]) -> bool:
    """Whether one of the phrases stands in the text."""
    words = words_of(text)
    return any(_stands(words, words_of(phrase)) for phrase in phrases)


def _stands(words: list[str], phrase: list[str]) -> bool:
    if not phrase:
        return False
    last = len(words) - len(phrase)
    return any(all(_is(words[at + n], part) for n, part in enumerate(phrase)) for at in range(last + 1))


def _is(word: str, part: str) -> bool:
    return word.startswith(part[:-1]) if part.endswith("*") else word == part


def phrases_of(about: str | Iterable[str]) -> tuple[str, ...]:
    """A topic's phrases, or the phrases themselves. Raises KeyError for an unknown topic."""
    return topics()[about] if isinstance(about, str) else tuple(about)


def first_sentence(text: str) -> str:
    """Up to the first full stop that is followed by more than a word of greeting."""
    cut = ""
    for sign in text:
        cut += sign
        if sign in ".!?।" and len(words_of(cut)) > 2:
            break
    return cut
