"""Whether words are a backchannel: said while somebody else speaks, to show that one listens."""

from __future__ import annotations

from functools import lru_cache

from shared.domain.packaged import packaged_yaml
from shared.domain.spelling import folded, roman_folded

LONGEST_WORDS = 4
"""Haan, haan, theek hai; whoever says more than that has something to say."""


@lru_cache(maxsize=1)
def _phrases() -> frozenset[tuple[str, ...]]:
    written: dict[str, list[str]] = packaged_yaml("backchannel.yaml")
    return frozenset(tuple(_words(phrase)) for phrases in written.values() for phrase in phrases)


def _words(text: str) -> list[str]:
    return roman_folded(folded(text)).split()


def is_backchannel(text: str) -> bool:
    """Whether the text holds such words and nothing else. Empty text is none."""
    words = _words(text)
    return 0 < len(words) <= LONGEST_WORDS and _made_of_phrases(words)


def _made_of_phrases(words: list[str]) -> bool:
    phrases = _phrases()
    return not words or any(
        tuple(words[:length]) in phrases and _made_of_phrases(words[length:]) for length in range(1, len(words) + 1)
    )
