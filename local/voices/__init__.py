"""Recorded voices: what agents and callers say on a laptop, 8 kHz mono mu-law, one file a line and voice."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
CLIPS = FOLDER / "clips"
MANIFEST = FOLDER / "manifest.json"
HOW_TO_RENDER = (
    "add the line to its dialogue in local/dialogues and run local/voices/render.py (its docstring says how)"
)


class MissingClip(LookupError):
    """Nobody has recorded this line in this voice; the message says which voices have, and how to record it."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A line as one voice says it, as the manifest lists it."""

    line_id: str
    text: str
    language: str
    """en, hi, or mixed."""
    voice: str
    seconds: float
    sha256: str
    renderer: str
    licence: str
    read_as: str | None = None
    """What the renderer was given in place of the text, where that sounds better."""
    speed: float = 1.0
    pre_emphasis: float = 0.0

    @property
    def name(self) -> str:
        """The file's name without .ulaw."""
        return f"{self.line_id}_{self.voice}"

    @property
    def path(self) -> Path:
        """Where the audio is."""
        return CLIPS / f"{self.name}.ulaw"


def clip(line_id: str, voice: str) -> bytes:
    """The line in that voice, 8 kHz mono mu-law without a header. Raises MissingClip."""
    if (line_id, voice) not in recordings():
        have = ", ".join(voices_of(line_id))
        known = f"it is recorded in {have}" if have else "it is recorded in no voice"
        raise MissingClip(f"no clip of the line {line_id!r} in the voice {voice!r} ({known}); {HOW_TO_RENDER}")
    return _audio(line_id, voice)


def voices_of(line_id: str) -> tuple[str, ...]:
    """Voices that have recorded the line, in the manifest's order; none for an unknown line."""
    return tuple(recording.voice for recording in recordings().values() if recording.line_id == line_id)


def find(text: str, language: str) -> str | None:
    """The line that says exactly these words, spacing and capitals aside. A BCP-47 tag counts by its language."""
    return _lines_by_words().get((_folded(text), language.partition("-")[0]))


def recording(line_id: str, voice: str) -> Recording | None:
    """What the manifest says about it."""
    return recordings().get((line_id, voice))


@cache
def recordings() -> Mapping[tuple[str, str], Recording]:
    """Everything in the manifest by line and voice."""
    if not MANIFEST.is_file():
        return {}
    listed = [Recording(**entry) for entry in json.loads(MANIFEST.read_text(encoding="utf-8"))["clips"]]
    return {(entry.line_id, entry.voice): entry for entry in listed}


@cache
def _audio(line_id: str, voice: str) -> bytes:
    path = recordings()[line_id, voice].path
    if not path.is_file():
        raise MissingClip(f"the manifest lists {path.name}, but the file is gone; {HOW_TO_RENDER}")
    return path.read_bytes()


@cache
def _lines_by_words() -> Mapping[tuple[str, str], str]:
    lines: dict[tuple[str, str], str] = {}
    for entry in recordings().values():
        lines.setdefault((_folded(entry.text), entry.language), entry.line_id)
    return lines


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()
