"""Dialogue files: what is read, and how mistakes are told."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from local.dialogues import BadDialogue, Dialogue, all_dialogues, dialogue_of, parse, read_all
from local.dialogues.dialogue import chosen, voice_for
from tests.speech_model.conftest import CLINIC


def changed(**parts: object) -> str:
    """The clinic's file with some parts replaced."""
    return yaml.safe_dump({**yaml.safe_load(CLINIC.read_text(encoding="utf-8")), **parts}, allow_unicode=True)


def test_an_agent_is_recognised_by_all_of_its_phrases_in_any_case(clinic: Dialogue) -> None:
    assert clinic.recognises("You make APPOINTMENTS for Asha clinic.")
    assert not clinic.recognises("You work for Asha Clinic.")
    assert not parse(changed(recognised_by=[]), "x").recognises("anything")


def test_a_state_hears_its_own_intents_and_those_of_anywhere(clinic: Dialogue) -> None:
    assert set(clinic.heard_in("start")) == {"book_en", "book_hi", "stop_en"}
    assert clinic.next_state("start", "book") == "ask_day"
    assert clinic.next_state("ask_day", "stop") == "goodbye"
    assert clinic.next_state("ask_day", "book") is None


def test_every_recording_that_is_needed_is_named_once(clinic: Dialogue) -> None:
    clips = {clip.name: clip.language for clip in clinic.clips()}
    assert clips["hello_hi_asha"] == "hi"
    assert clips["hello_en_anna"] == "en"
    assert clips["tomorrow_en_hf_alpha"] == "en"
    assert "book_hi_hf_alpha" not in clips
    assert len(clinic.clips()) == len(clinic.agent_lines) + 3


@pytest.mark.parametrize(
    ("language", "options", "taken"),
    [
        ("hi", {"en": "e", "hi": "h"}, "h"),
        ("mixed", {"en": "e", "hi": "h"}, "h"),
        ("hi", {"en": "e", "mixed": "m"}, "m"),
        ("en", {"hi": "h", "mixed": "m"}, "m"),
        ("ta", {"en": "e"}, "e"),
    ],
)
def test_who_has_no_line_in_a_language_takes_the_nearest(language: str, options: dict[str, str], taken: str) -> None:
    assert chosen(options, language) == taken  # type: ignore[arg-type]
    assert voice_for(options, language) == taken  # type: ignore[arg-type]
    assert chosen("only", language) == voice_for("only", language) == "only"


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({"states": {"begin": {"say": "hello_en"}}}, "there must be a state 'start'"),
        ({"states": {"start": {"say": "hullo"}}}, "states.start.say: there is no agent line 'hullo'"),
        ({"states": {"start": {"hears": {"book": "nowhere"}}}}, "states.start.hears.book: there is no state 'nowhere'"),
        ({"states": {"start": {"hears": {"sing": "start"}}}}, "no caller line has the intent 'sing'"),
        ({"states": {"start": {"then": "nowhere"}}}, "states.start.then: there is no state"),
        ({"states": {"start": {"failed": "start"}}}, "only a call can fail"),
        ({"states": {"start": {"then": "start", "hears": {"book": "start"}}}}, "hears nothing"),
        ({"states": {"start": {"otherwise": "nothing"}}}, "neither a state nor an agent line 'nothing'"),
        ({"states": {"start": {"say": "hello_en", "sings": True}}}, "states.start.sings"),
        ({"anywhere": {"sing": "start"}}, "anywhere: no caller line"),
        ({"told": {"x": "nothing"}}, "told.x"),
        (
            {"callers": {"a": {"voice": "v", "steps": [{"say": "nothing"}]}}},
            "callers.a.steps.0: there is no caller line",
        ),
        ({"callers": {"a": {"voice": "v", "steps": [{"say": "book_en", "press": "1"}]}}}, "exactly one of"),
        ({"callers": {"a": {"voice": "v", "steps": [{"press": "x"}]}}}, "callers.a.steps.0.press"),
        ({"callers": {"a": {"voice": "v", "steps": [{"say": "book_en", "after_s": 3}]}}}, "after_s goes with wait"),
        ({"agent_lines": {"book_en": {"language": "en", "text": "x"}}}, "share book_en"),
        ({"agent_lines": {"hello": {"language": "fr", "text": "x"}}}, "agent_lines.hello.language"),
    ],
)
def test_mistakes_are_told_with_their_place(parts: dict[str, object], told: str) -> None:
    with pytest.raises(BadDialogue) as refused:
        parse(changed(**parts), "clinic.yaml")
    assert str(refused.value).startswith("clinic.yaml: ")
    assert told in str(refused.value)


@given(st.text(max_size=200))
def test_any_text_is_a_dialogue_or_refused(text: str) -> None:
    with suppress(BadDialogue):
        parse(text, "x")


def test_line_ids_mean_the_same_everywhere(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(changed(), encoding="utf-8")
    lines = {"hello_en": {"language": "en", "text": "Other words."}}
    (tmp_path / "b.yaml").write_text(
        yaml.safe_dump(
            {"agent": "other", "agent_voice": "v", "agent_lines": lines, "states": {"start": {"say": "hello_en"}}}
        ),
        encoding="utf-8",
    )
    with pytest.raises(BadDialogue, match=r"hello_en has other words in a\.yaml"):
        read_all(tmp_path)
    (tmp_path / "b.yaml").write_text(changed(), encoding="utf-8")
    with pytest.raises(BadDialogue, match="another dialogue for the agent 'clinic'"):
        read_all(tmp_path)


def test_the_dialogues_that_ship_can_be_read() -> None:
    assert {"reception", "renewal"} <= set(all_dialogues())
    assert dialogue_of("reception").agent == "reception"
