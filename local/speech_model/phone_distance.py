"""How far two rows of phones lie apart: the check on what the grammar believes to have heard. [pure]"""

from __future__ import annotations

from collections.abc import Sequence

VOWELS = frozenset("AA AE AH AO AW AY EH ER EY IH IY OW OY UH UW".split())
ALIKE = tuple(
    frozenset(row.split()) for row in ("P B", "T D TH DH", "K G", "S Z SH ZH CH JH", "F V HH W", "M N NG", "L R ER W Y")
)
"""Consonants that a telephone confuses."""
ALIKE_COST = 0.4
MISSING_COST = 0.8
OTHER_COST = 1.0


def likeness(heard: Sequence[str], expected: Sequence[str]) -> float:
    """1.0 for the same phones, about 0.35 for any other speech of that length, at least 0."""
    longest = max(len(heard), len(expected))
    return max(0.0, 1 - _distance(heard, expected) / longest) if longest else 0.0


def _distance(heard: Sequence[str], expected: Sequence[str]) -> float:
    previous = [column * MISSING_COST for column in range(len(expected) + 1)]
    for row, phone in enumerate(heard, 1):
        current = [row * MISSING_COST]
        for column, other in enumerate(expected, 1):
            replaced = previous[column - 1] + _cost(phone, other)
            current.append(min(previous[column] + MISSING_COST, current[-1] + MISSING_COST, replaced))
        previous = current
    return previous[-1]


def _cost(phone: str, other: str) -> float:
    if phone == other:
        return 0.0
    if (phone in VOWELS and other in VOWELS) or any(phone in row and other in row for row in ALIKE):
        return ALIKE_COST
    return OTHER_COST
