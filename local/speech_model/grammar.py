"""What can be said at a point of a conversation, as a grammar for the recogniser. [pure]"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from local.speech_model.pronunciation import Word

WHOLE_ENOUGH = 0.5
"""The end of a line may be lost, the first half must be there."""
FASTEST_S_PER_PHONE = 0.035
SLOWEST_S_PER_PHONE = 0.16
PAUSES_S = 0.5
"""Telephone speech runs at 0.07 s a phone; a single short word is drawn out."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A line that a caller may say."""

    id: str
    words: tuple[Word, ...]

    @property
    def names(self) -> list[str]:
        """Its words as the recogniser writes them."""
        return [word.name for word in self.words]

    @property
    def needed(self) -> int:
        """So many words make it out."""
        return max(1, math.ceil(WHOLE_ENOUGH * len(self.words)))

    def phones(self, count: int | None = None) -> list[str]:
        """The phones of its first words, or of all."""
        return [phone for word in self.words[:count] for phone in word.phones]

    def fits(self, speech_s: float) -> bool:
        """Whether anybody says it in that time. A line whose end was lost is shorter."""
        fewest = len(self.phones(self.needed)) * FASTEST_S_PER_PHONE
        return fewest <= speech_s <= PAUSES_S + len(self.phones()) * SLOWEST_S_PER_PHONE


def jsgf(phrases: Iterable[Phrase]) -> str:
    """A grammar of these lines, each of which may break off after its first half."""
    rules = " | ".join(f"( {_rule(phrase)} )" for phrase in phrases)
    return f"#JSGF V1.0;\ngrammar lines;\npublic <line> = {rules} ;\n"


def _rule(phrase: Phrase) -> str:
    optional = ""
    for word in reversed(phrase.words[phrase.needed :]):
        optional = f"[ {word.name} {optional}]"
    return " ".join([*phrase.names[: phrase.needed], optional])


def matching(phrases: Iterable[Phrase], heard: Sequence[str]) -> Phrase | None:
    """The line that begins with these words, and of several the one that they cover most."""
    said = list(heard)
    begun = (phrase for phrase in phrases if 0 < phrase.needed <= len(said) and phrase.names[: len(said)] == said)
    return min(begun, key=lambda phrase: len(phrase.words), default=None)
