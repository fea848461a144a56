"""Finds the known word that somebody probably meant by one that is not known."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(word: str, among: Iterable[str]) -> str | None:
    """The most similar of them, whatever its capitals; None when nothing is like it."""
    by_lower = {choice.lower(): choice for choice in sorted(among)}
    found = get_close_matches(word.strip().lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None
