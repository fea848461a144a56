"""The dialogue of an agent that no dialogue file knows: neutral English, and an echo of nothing but attention."""

from __future__ import annotations

from local.dialogues import Dialogue, parse

NEUTRAL: Dialogue = parse(
    """
agent: neutral
agent_voice: neutral
agent_lines:
  neutral_greeting: {language: en, text: "Hello. This is the local speech model. It knows no dialogue for this agent."}
  neutral_heard: {language: en, text: "I heard you. Please go on."}
states:
  start: {say: neutral_greeting, otherwise: neutral_heard}
""",
    "the neutral dialogue",
)
