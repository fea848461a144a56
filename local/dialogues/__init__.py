"""Dialogues: what agents and callers say to each other on a laptop, one YAML file an agent."""

from __future__ import annotations

from pathlib import Path

from local.dialogues.dialogue import (
    AgentLine,
    BadDialogue,
    Caller,
    CallerLine,
    Clip,
    Dialogue,
    Interruption,
    Language,
    State,
    Step,
    ToolUse,
    chosen,
    parse,
    read,
    read_all,
    voice_for,
)

FOLDER = Path(__file__).parent

__all__ = [
    "FOLDER",
    "AgentLine",
    "BadDialogue",
    "Caller",
    "CallerLine",
    "Clip",
    "Dialogue",
    "Interruption",
    "Language",
    "State",
    "Step",
    "ToolUse",
    "all_dialogues",
    "chosen",
    "dialogue_of",
    "parse",
    "read",
    "read_all",
    "voice_for",
]


def all_dialogues() -> dict[str, Dialogue]:
    """Every dialogue that ships, by agent id."""
    return read_all(FOLDER)


def dialogue_of(agent_id: str) -> Dialogue:
    """The dialogue of an agent. Raises KeyError."""
    return all_dialogues()[agent_id]
