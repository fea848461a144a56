"""What the models differ in: a setup that one takes ends another's session."""

from __future__ import annotations

import pytest

from functions.voice.speech.model import SessionSetup, ToolDeclaration
from functions.voice.speech.profile import Platform, profile_of, warnings

DEVELOPER, VERTEX = Platform.DEVELOPER, Platform.VERTEX


@pytest.mark.parametrize(
    ("model", "platform", "level", "sent_level", "sent_budget"),
    [
        ("gemini-3.1-flash-live-preview", DEVELOPER, "minimal", "minimal", None),
        ("gemini-3.1-flash-live-preview", DEVELOPER, "high", "high", None),
        ("gemini-3.8-live", DEVELOPER, "low", None, None),
        ("gemini-3.8-live", VERTEX, "low", None, None),
        ("gemini-3.8-live-extended-thinking", DEVELOPER, "low", "low", None),
        ("gemini-3.8-live-extended-thinking", DEVELOPER, "minimal", None, None),
        ("gemini-2.5-flash-native-audio-preview-12-2025", DEVELOPER, "minimal", None, 0),
        ("gemini-2.5-flash-native-audio-preview-12-2025", DEVELOPER, "high", None, None),
        ("gemini-live-2.5-flash-native-audio", VERTEX, "minimal", None, 0),
        ("gemini-9-live", DEVELOPER, "low", None, None),
    ],
)
def test_thinking(model: str, platform: Platform, level: str, sent_level: str | None, sent_budget: int | None) -> None:
    profile = profile_of(model, platform)
    assert (profile.thinking_level(level), profile.thinking_budget(level)) == (sent_level, sent_budget)
    left_out = sent_level is None and sent_budget is None
    told = [
        text for text in warnings(SessionSetup(model, "", "Kore", thinking_level=level), platform) if "level" in text
    ]
    assert bool(told) is left_out


@pytest.mark.parametrize(
    "model", ["gemini-3.1-flash-live-preview", "gemini-3.8-live", "gemini-2.5-flash-native-audio-x"]
)
def test_no_level_asked_for_none_sent(model: str) -> None:
    profile = profile_of(model, DEVELOPER)
    assert (profile.thinking_level(None), profile.thinking_budget(None)) == (None, None)


@pytest.mark.parametrize(
    ("model", "platform", "blocking", "free"),
    [
        ("gemini-3.1-flash-live-preview", DEVELOPER, None, None),
        ("gemini-3.8-live", DEVELOPER, "BLOCKING", None),
        ("gemini-3.8-live", VERTEX, "BLOCKING", None),
        ("gemini-3.8-live-extended-thinking", DEVELOPER, None, None),
        ("gemini-2.5-flash-native-audio-latest", DEVELOPER, None, "NON_BLOCKING"),
        ("gemini-live-2.5-flash-native-audio", VERTEX, None, None),
    ],
)
def test_what_a_tool_declaration_says(model: str, platform: Platform, blocking: str | None, free: str | None) -> None:
    profile = profile_of(model, platform)
    assert (profile.behavior(True), profile.behavior(False)) == (blocking, free)


@pytest.mark.parametrize(
    ("model", "platform", "tool_blocks", "phrase"),
    [
        ("gemini-3.1-flash-live-preview", DEVELOPER, False, "waits for every tool"),
        ("gemini-3.8-live-extended-thinking", DEVELOPER, True, "waits for no tool"),
        ("gemini-3.1-flash-live-preview", VERTEX, True, "not known on this platform"),
        ("gpt-live", DEVELOPER, True, "not known on this platform"),
    ],
)
def test_warned_of(model: str, platform: Platform, tool_blocks: bool, phrase: str) -> None:
    setup = SessionSetup(model, "", "Kore", tools=[ToolDeclaration("t", "", None, blocking=tool_blocks)])
    assert any(phrase in text for text in warnings(setup, platform))


def test_nothing_to_warn_of() -> None:
    tools = [ToolDeclaration("t", "")]
    assert not warnings(SessionSetup("gemini-3.1-flash-live-preview", "", "Kore", tools=tools), DEVELOPER)
    assert not warnings(SessionSetup("gemini-3.8-live", "", "Kore", tools=tools), VERTEX)
