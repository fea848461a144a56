"""Which greeting may be stored, what it is called, and whether a voice has said it."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import SequenceMatcher
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from shared.domain.agent import Agent
from shared.domain.calling_rules import Purpose
from shared.domain.recording_law import says_it_is_recorded

if TYPE_CHECKING:
    from functions.voice.errand import Errand

FOLDER: Final = "greetings"
LIKE_ENOUGH: Final = 0.95
"""Of the letters: transcripts write numbers and names in their own way."""
LEAST_MS, MOST_MS = 500, 30_000


@dataclass(frozen=True, slots=True)
class Greeting:
    """The first words of an agent, as one voice says them."""

    name: str
    """Of the object that holds them."""
    words: str
    ulaw: bytes = field(default=b"", repr=False)

    @property
    def history(self) -> tuple[tuple[str, str], ...]:
        """What a session is told that did not say it itself."""
        return ("user", CONNECTED), ("model", self.words)


CONNECTED: Final = "[The caller is on the line, and has just heard your greeting.]"


def greeting_for(agent: Agent, language: str, words: str, errand: Errand | None) -> Greeting | None:
    """The greeting that may be stored for this call; None: it is to be made anew.

    Marketing calls are always greeted by the model itself: American law takes a call that begins with a recording for
    an abandoned one. So are people whom the greeting tells something about themselves.
    """
    if agent.greeting_from != "recording" or not words.strip():
        return None
    if errand is not None:
        if errand.campaign.purpose is Purpose.MARKETING:
            return None
        if any(value.strip() and value.casefold() in words.casefold() for value in errand.facts.values()):
            return None
    said = "\n".join((words, agent.voice, agent.model.id))
    digest = sha256(said.encode()).hexdigest()[:16]
    return Greeting(f"{FOLDER}/{agent.id}/{agent.version}-{language}-{agent.voice}-{digest}.ulaw", words)


def has_said(words: str, transcript: str, ulaw: bytes) -> bool:
    """Whether a voice has said these words and nothing else, by its transcript and its length."""
    if not LEAST_MS * 8 <= len(ulaw) <= MOST_MS * 8:
        return False
    if says_it_is_recorded(words) and not says_it_is_recorded(transcript):
        return False
    wanted, heard = _letters(words), _letters(transcript)
    return SequenceMatcher(None, wanted, heard, autojunk=False).ratio() >= LIKE_ENOUGH


def _letters(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())
