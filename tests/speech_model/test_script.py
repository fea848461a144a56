"""A dialogue, followed."""

from __future__ import annotations

from typing import Any

import pytest

from local.dialogues import Dialogue, parse
from local.speech_model.script import SORRY, Moved, Place, Say, Script, UseTool, worked

HELLO = "Hello, this is Asha Clinic. How can I help you today?"


@pytest.fixture
def script(clinic: Dialogue) -> Script:
    return Script(clinic, {"tomorrow": "2026-11-24"})


def lines(moved: Moved) -> list[str | None]:
    return [act.line if isinstance(act, Say) else f"{act.name}()" for act in moved.acts]


def test_the_conversation_begins_with_the_start_line_in_the_start_language(script: Script) -> None:
    assert lines(script.greet(Place())) == ["hello_en"]
    moved = script.greet(Place(language="hi"))
    assert (lines(moved), moved.place) == (["hello_hi"], Place(begun=True, language="hi"))


def test_what_is_heard_leads_on_in_the_callers_language(script: Script) -> None:
    moved = script.hear(Place(begun=True), "book_hi")
    assert (lines(moved), moved.place.state, moved.place.language) == (["when_hi"], "ask_day", "hi")


def test_captured_values_reach_the_tool_and_missing_ones_stay_out(script: Script) -> None:
    moved = script.hear(Place("ask_day", begun=True), "tomorrow_en")
    assert lines(moved) == ["moment_en", "book_appointment()"]
    assert moved.acts[1] == UseTool("book_appointment", {"day": "2026-11-24", "at": "17:00", "language": "en"})
    assert lines(script.after_tool(moved.place, True)) == ["booked_en"]
    assert lines(script.after_tool(moved.place, False)) == ["full_en"]


def test_a_call_that_leads_nowhere_leaves_the_conversation_there(script: Script) -> None:
    assert script.after_tool(Place("goodbye", begun=True), True) == Moved(Place("goodbye", begun=True))


def test_without_failed_a_bad_result_leads_where_a_good_one_does() -> None:
    states = "{start: {call: {tool: t}, then: done}, done: {say: ok}}"
    script = Script(
        parse(f"{{agent: a, agent_voice: v, agent_lines: {{ok: {{language: en, text: Ok}}}}, states: {states}}}", "x")
    )
    assert lines(script.after_tool(Place(), False)) == ["ok"]


def test_what_is_not_understood_is_asked_for_again(script: Script) -> None:
    moved = script.hear(Place("start", begun=True), None)
    assert (lines(moved), moved.place.state) == (["sorry_en"], "start")
    moved = script.hear(Place("ask_day", begun=True), None)
    assert (lines(moved), moved.place.state) == (["sorry_en"], "ask_day_again")
    assert script.hear(Place("ask_day", begun=True), "book_en") == moved, "a line of another state is not understood"


def test_whoever_speaks_before_the_greeting_is_greeted(script: Script) -> None:
    assert lines(script.hear(Place(), None)) == ["hello_en"]
    assert lines(script.hear(Place(), "book_en")) == ["when_en"]


def test_an_agent_without_a_sorry_line_says_one_of_its_own() -> None:
    bare = parse("{agent: a, agent_voice: v, agent_lines: {}, states: {start: {}}}", "x")
    assert Script(bare).hear(Place(begun=True), None).acts == (Say(SORRY, "en"),)


def test_texts_lead_to_states_lines_or_the_last_question(script: Script) -> None:
    here = Place("ask_day", begun=True)
    assert lines(script.told(here, "[The caller has been silent]")) == ["there_en"]
    assert script.told(here, "[The caller has been silent]").place == here
    assert lines(script.told(here, "Please WRAP UP now")) == ["bye_en", "end_call()"]
    assert lines(script.told(here, "Say: It is booked!")) == ["booked_en"]
    assert lines(script.told(here, "go on")) == ["when_en"]
    assert lines(script.told(Place(), f"Say: {HELLO}")) == ["hello_en"]


def test_history_tells_the_state_and_the_language(script: Script) -> None:
    turns = [("model", HELLO), ("user", "Which day suits you?"), ("model", "कौन सा दिन ठीक रहेगा"), ("model", "Hm")]
    place = script.place_after(turns, Place())
    assert (place.state, place.language, place.begun) == ("ask_day", "hi", True)
    assert script.place_after([("user", HELLO)], Place()) == Place()


def test_a_transcript_teaches_what_its_states_teach(script: Script) -> None:
    assert script.learned("agent: It is booked.\ncaller: bye") == {"outcome": "booked", "interested": True}
    assert script.learned("agent: Which day suits you?") == {}


def test_states_that_lead_in_a_circle_come_to_an_end() -> None:
    circle = (
        "{agent: a, agent_voice: v, agent_lines: {l: {language: en, text: L}}, states: {start: {say: l, then: start}}}"
    )
    assert 1 < len(Script(parse(circle, "x")).greet(Place()).acts) < 50


def test_placeholders_keep_types_and_reach_into_objects() -> None:
    text = """
agent: a
agent_voice: v
agent_lines: {}
states: {start: {call: {tool: t, arguments: {n: "{n}", deep: {m: "x{n}", lost: "{lost}"}, fixed: 3, gone: "{gone}"}}}}
"""
    (act,) = Script(parse(text, "x"), {"n": 4}).greet(Place()).acts
    assert act == UseTool("t", {"n": 4, "deep": {"m": "x4"}, "fixed": 3})


@pytest.mark.parametrize(
    ("response", "good"),
    [
        ({"output": {"status": "ok"}}, True),
        ({"result": "done"}, True),
        ({"output": {"starts_at": "17:00"}}, True),
        ({"error": "no"}, False),
        ({"output": {"error": "no"}}, False),
        ({"output": {"status": "refused"}}, False),
        ({"status": "failed"}, False),
        ({"output": {"ok": False}}, False),
    ],
)
def test_good_and_bad_results(response: dict[str, Any], good: bool) -> None:
    assert worked(response) is good
