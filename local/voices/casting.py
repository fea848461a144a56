"""Which voices speak which lines: every recording that the dialogues, their callers and the product need."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from local.dialogues import Clip, Dialogue, Language, all_dialogues

FIXED_LINES = Path(__file__).parent / "fixed_lines.yaml"
CALLER_VOICES: dict[Language, tuple[str, ...]] = {
    "en": ("am_michael", "bf_emma"),
    "hi": ("hm_omega", "hf_beta"),
    "mixed": ("hm_omega", "hf_beta"),
}
"""Anybody may say any caller's line in these: a man and a woman, neither of them an agent's voice."""


def needed_clips() -> list[Clip]:
    """Once each: what agents and scripts say, the fixed lines, then every caller line in the other voices."""
    dialogues = list(all_dialogues().values())
    clips = [clip for dialogue in dialogues for clip in dialogue.clips()]
    clips += fixed_lines()
    clips += [clip for dialogue in dialogues for clip in _caller_clips(dialogue)]
    return list({clip.name: clip for clip in clips}.values())


def fixed_lines() -> list[Clip]:
    """What the product says by itself."""
    document: dict[str, Any] = yaml.safe_load(FIXED_LINES.read_text(encoding="utf-8"))
    voice = document["voice"]
    return [Clip(line_id=line_id, voice=voice, **line) for line_id, line in document["lines"].items()]


def caller_voices(dialogue: Dialogue, language: Language) -> tuple[str, ...]:
    """Who may say any of its callers' lines."""
    return dialogue.caller_voices or CALLER_VOICES[language]


def _caller_clips(dialogue: Dialogue) -> list[Clip]:
    return [
        Clip(line_id=line_id, voice=voice, text=line.text, language=line.language)
        for line_id, line in dialogue.caller_lines.items()
        for voice in caller_voices(dialogue, line.language)
    ]
