"""The wire follows the model: what each family is sent, on each of its platforms, for the same wishes of an agent.

The rows are what pages of Google and reports of other teams say that each takes and refuses; a word too many ends a
session with 1007 or 1008, so what is not sent matters as much as what is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from functions.voice.speech.gemini import GeminiLive, developer_api, vertex_ai
from functions.voice.speech.model import ActivityDetection, SessionSetup, ToolDeclaration
from shared.domain.model_catalogue import Platform, Proactive, catalogue
from tests.voice.speech.gemini_server import GeminiServer

pytestmark = pytest.mark.portable

DEVELOPER, VERTEX = Platform.DEVELOPER, Platform.VERTEX
BLOCKING = ToolDeclaration("book", "Book.", {"type": "object", "properties": {"day": {"type": "string"}}})
FREE = replace(BLOCKING, name="look_up", blocking=False)
WISHES = SessionSetup(
    "", "You are Asha.", "Kore", "hi-IN", [BLOCKING, FREE], thinking_level="minimal", history=(("user", "Namaste"),)
)
TURN = {"turns": [{"parts": [{"text": "Namaste"}], "role": "user"}]}


@dataclass(frozen=True)
class Row:
    """A model somewhere, and what of the wishes it is sent."""

    model: str
    platform: Platform
    thinking: dict[str, Any] | None
    behaviors: tuple[str | None, str | None]
    """Of the tool that holds it up, and of the one that does not."""
    announces: bool
    """History is announced, and ends with a complete turn, which then asks for no answer."""
    context_goes_alone: bool


ROWS = [
    Row("gemini-3.1-flash-live-preview", DEVELOPER, {"thinking_level": "MINIMAL"}, (None, None), True, False),
    Row("gemini-3.8-live", DEVELOPER, None, ("BLOCKING", None), True, True),
    Row("gemini-3.8-live", VERTEX, None, ("BLOCKING", None), False, True),
    Row("gemini-live-2.5-flash-native-audio", VERTEX, {"thinking_budget": 0}, (None, None), False, True),
    Row("gemini-2.5-flash-native-audio-latest", DEVELOPER, {"thinking_budget": 0}, (None, "NON_BLOCKING"), False, True),
    Row("gemini-3.8-live-extended-thinking", DEVELOPER, None, (None, None), True, True),
    Row("gemini-9-live-that-nobody-knows", DEVELOPER, None, (None, None), False, False),
]


def at(row: Row, gemini: GeminiServer) -> GeminiLive:
    if row.platform is DEVELOPER:
        return developer_api("k3y", base_url=gemini.url)
    return vertex_ai("shop", "europe-west4", base_url=gemini.url)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.model} {row.platform}")
async def test_each_model_is_sent_what_it_takes_and_nothing_else(row: Row, gemini: GeminiServer) -> None:
    session = await at(row, gemini).open(replace(WISHES, model=row.model))
    try:
        told = await gemini.said.get()
        assert await session.add_context("The caller interrupted.") is row.context_goes_alone
        await session.send_text("Go on.")
        said = [await gemini.said.get() for _ in range(2 if row.context_goes_alone else 1)]
    finally:
        await session.close()
    setup = gemini.setup
    assert setup["generationConfig"].get("thinkingConfig") == row.thinking
    declared = setup["tools"][0]["functionDeclarations"]
    assert tuple(tool.get("behavior") for tool in declared) == row.behaviors
    assert all("parameters" in tool and "parametersJsonSchema" not in tool for tool in declared)
    assert setup.get("historyConfig") == ({"initial_history_in_client_content": True} if row.announces else None)
    assert told["client_content"] == {**TURN, "turnComplete": row.announces}
    if row.context_goes_alone:
        assert said[0]["client_content"]["turnComplete"] is False
        assert said[1] == {"realtime_input": {"text": "Go on."}}
    else:
        assert said == [{"realtime_input": {"text": "The caller interrupted. Go on."}}]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.model} {row.platform}")
async def test_what_was_heard_goes_with_the_turn_that_cut_it_off_where_it_cannot_go_alone(
    row: Row, gemini: GeminiServer
) -> None:
    ours = replace(WISHES, model=row.model, activity=ActivityDetection(automatic=False))
    session = await at(row, gemini).open(ours)
    try:
        await gemini.said.get()
        session.send_activity(True)
        assert await session.add_context("The caller interrupted.")
        session.send_activity(False)
        began, told, ended = [await gemini.said.get() for _ in range(3)]
    finally:
        await session.close()
    assert (began, ended) == ({"realtime_input": {"activityStart": {}}}, {"realtime_input": {"activityEnd": {}}})
    if row.context_goes_alone:
        assert told["client_content"]["turnComplete"] is False
    else:
        assert told == {"realtime_input": {"text": "The caller interrupted."}}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.model} {row.platform}")
async def test_no_model_is_sent_what_some_of_them_refuse(row: Row, gemini: GeminiServer) -> None:
    """proactivity is an error on 3.1 and 3.8, affective dialogue is gone, toolConfig does not exist in Live, a language
    code constrains nothing, and 3.8 on Vertex AI closes on the coverage that is the default elsewhere."""
    session = await at(row, gemini).open(replace(WISHES, model=row.model))
    await session.close()
    said = str(gemini.setup)
    for word in ("proactiv", "affective", "toolConfig", "tool_config", "language_code", "languageCode", "ALL_VIDEO"):
        assert word not in said, word
    assert gemini.setup["realtimeInputConfig"]["turn_coverage"] == "TURN_INCLUDES_ONLY_ACTIVITY"
    assert gemini.setup["generationConfig"]["responseModalities"] == ["AUDIO"]


def test_every_family_on_every_platform_has_a_row_or_a_sibling() -> None:
    rows = {(family.prefix, row.platform) for row in ROWS if (family := catalogue().family(row.model)) is not None}
    wanted = {
        (family.prefix, platform)
        for model in catalogue().models
        for platform in model.served
        if not model.is_over(catalogue().as_of) and (family := catalogue().family(model.id)) is not None
    }
    assert wanted <= rows
    never = [family.prefix for family in catalogue().families if family.proactive_audio is Proactive.NEVER]
    assert never == ["gemini-3.1-flash-live"]
