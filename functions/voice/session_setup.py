"""What the model is told at the start of a stream: who it is, in which language, with which tools, about whom."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from functions.tools.registry import Registry
from functions.voice.instructions import instructions
from functions.voice.speech.model import ActivityDetection, SessionSetup, ToolDeclaration
from shared.domain.agent import Agent


def session_setup(
    agent: Agent, language: str, registry: Registry, now: datetime, facts: Mapping[str, str] | None
) -> SessionSetup:
    """A session for this agent; now is on the other party's clock. Raises UnknownTool."""
    taking = agent.turn_taking
    return SessionSetup(
        model=agent.model.id,
        instructions=instructions(agent, language, now, facts),
        voice=agent.voice,
        language=language,
        tools=[
            ToolDeclaration(tool.name, tool.description, tool.parameters()) for tool in map(registry.get, agent.tools)
        ],
        activity=ActivityDetection(
            start_sensitivity=taking.start_sensitivity,
            end_sensitivity=taking.end_sensitivity,
            prefix_padding_ms=taking.prefix_padding_ms,
            silence_ms=taking.silence_ms,
        ),
        thinking_level=agent.model.thinking_level,
        temperature=agent.model.temperature,
    )
