"""Moves from one session of the model to the next: why one is left, and what the line asks its owner about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from functions.voice.places import Place
from functions.voice.speech.model import SpeechError


class Move(StrEnum):
    """Why a session is left."""

    PLANNED = "planned"
    """Its connection is about to end."""
    RESUME = "resume"
    """It is stuck: take it up again."""
    REPLACE = "replace"
    """It is stuck for good: a fresh one, at the next place."""
    BROKEN = "broken"
    """It ended by itself."""
    AFRESH = "afresh"
    """What it is saying, or about to say, is not wanted: a fresh one where it is."""
    HANDED_OVER = "handed_over"
    """Another agent goes on, with a session of its own."""


@dataclass(frozen=True, slots=True)
class Recollection:
    """What a session that takes over has to know."""

    history: Sequence[tuple[str, str]] = ()
    """(role, text); for a session that has no handle to resume from."""
    debt: str | None = None
    """Said to it, to be answered by voice: what the caller is owed."""


class Memory:
    """What the line asks its owner."""

    def session_ends(self, move: Move) -> None:
        """A session is left, or has gone."""

    def recollect(self) -> Recollection:
        """What the next one is told."""
        return Recollection()

    def session_stands(self, move: Move, gap_ms: float) -> None:
        """The next one is there, so long after the last one was left."""

    def place_failed(self, place: Place, error: SpeechError) -> None:
        """No session was to be had at this place."""
