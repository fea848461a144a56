"""The dialogues that ship can be held: every script ends in a goodbye, and agents keep to their rules."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from local.dialogues import AgentLine, CallerLine, Dialogue, State, all_dialogues
from shared.domain.agent import Agent
from shared.domain.disclosure import opening
from shared.domain.opt_out_phrases import opt_out
from shared.domain.recording_law import as_recorded
from tests.domain.builders import a_campaign

AGENTS = Path(__file__).parents[2] / "agents"
DIALOGUES = list(all_dialogues().values())
SCRIPTS = [(dialogue, name) for dialogue in DIALOGUES for name in dialogue.callers]
RENEWAL = {"hi": "आपकी हेल्थ मेंबरशिप के रिन्यूअल", "en": "the renewal of your health membership"}
SAYS_NOTHING_THAT_MATTERS = {"backchannel", "off_topic"}
"""Intents that no state listens for."""
OF_A_MAN = re.compile(r"(?:रहा|सकता|करता|देता|लेता|गया|पाया|समझता|समझा) हूँ|ूँगा|मैं [^।?]*(?:नहीं पाया|समझ गया)")
"""First person forms of a man: both agents have a woman's voice."""
OF_A_CALLEE = re.compile(r"(?:^|[ ,।?])आप [^।?]*(?:(?:ते|ती|रहे|रही) (?:हैं|थे|थीं)|ेंगे|ेंगी)")
"""Forms that take the caller for a man or a woman."""


def agent_of(dialogue: Dialogue) -> Agent:
    document = yaml.safe_load((AGENTS / f"{dialogue.agent}.yaml").read_text(encoding="utf-8"))
    return Agent.model_validate(document)


def of_agent(dialogue: Dialogue) -> str:
    return dialogue.agent


def followers(dialogue: Dialogue, state: State) -> Iterator[str]:
    yield from filter(None, (state.then, state.failed))
    if state.otherwise in dialogue.states:
        yield str(state.otherwise)
    if state.then is None:
        yield from {**dialogue.anywhere, **state.hears}.values()


def lines_of(state: State) -> set[str]:
    return {state.say} if isinstance(state.say, str) else set((state.say or {}).values())


def hangs_up(state: State) -> bool:
    return state.call is not None and state.call.tool == "end_call"


def is_remark(state: State) -> bool:
    """Said on the side: the conversation stays where it is."""
    return state.call is None and state.then is None and not state.hears


def walk(dialogue: Dialogue, script: str) -> tuple[list[str], list[str]]:
    """The states that a script leads through when every word is understood, and the tools called on the way."""
    at, path, tools = "start", ["start"], []
    for step in dialogue.callers[script].steps:
        heard = dialogue.next_state(at, dialogue.caller_lines[step.line].intent) if step.line else None
        if step.press:
            heard = dialogue.told[f"pressed the key {step.press}"]
        while heard is not None:
            at = heard
            path.append(at)
            state = dialogue.states[at]
            tools += [state.call.tool] if state.call else []
            heard = state.then
    return path, tools


@pytest.mark.parametrize("dialogue", DIALOGUES, ids=of_agent)
class TestDialogue:
    def test_every_state_is_reached(self, dialogue: Dialogue) -> None:
        reached, ahead = set[str](), ["start", *(goal for goal in dialogue.told.values() if goal in dialogue.states)]
        while ahead:
            name = ahead.pop()
            if name not in reached:
                reached.add(name)
                ahead.extend(followers(dialogue, dialogue.states[name]))
        assert set(dialogue.states) - reached == set()

    def test_every_state_leads_to_a_goodbye(self, dialogue: Dialogue) -> None:
        ends = {name for name, state in dialogue.states.items() if hangs_up(state) or is_remark(state)}
        grown = True
        while grown:
            near = {name for name, state in dialogue.states.items() if ends & set(followers(dialogue, state))}
            grown = not near <= ends
            ends |= near
        assert set(dialogue.states) - ends == set()

    def test_every_agent_line_is_said_somewhere(self, dialogue: Dialogue) -> None:
        said = {line for state in dialogue.states.values() for line in lines_of(state)}
        elsewhere = ("sorry_", "renewal_opening_", "membership_opening_")
        assert [line for line in dialogue.agent_lines if line not in said and not line.startswith(elsewhere)] == []

    def test_every_intent_is_heard_somewhere_and_said_in_english_and_hindi(self, dialogue: Dialogue) -> None:
        heard = set(dialogue.anywhere) | {intent for state in dialogue.states.values() for intent in state.hears}
        spoken = {line.intent for line in dialogue.caller_lines.values()}
        assert spoken - heard == SAYS_NOTHING_THAT_MATTERS
        for intent in heard:
            languages = {line.language for line in dialogue.caller_lines.values() if line.intent == intent}
            assert {"en", "hi"} <= languages or intent == "renew", intent

    def test_who_says_a_line_in_hindi_says_it_in_english_too(self, dialogue: Dialogue) -> None:
        for name, state in dialogue.states.items():
            if state.say is not None:
                assert {dialogue.agent_lines[line].language for line in lines_of(state)} >= {"en", "hi"}, name

    def test_what_was_not_understood_is_asked_again_in_the_callers_language(self, dialogue: Dialogue) -> None:
        assert {"sorry_en", "sorry_hi", "sorry_mixed"} <= set(dialogue.agent_lines)

    def test_tools_are_the_agents_own(self, dialogue: Dialogue) -> None:
        called = {state.call.tool for state in dialogue.states.values() if state.call}
        assert called == set(agent_of(dialogue).tools)

    def test_the_agent_is_recognised_by_its_instructions_and_no_other_is(self, dialogue: Dialogue) -> None:
        instructions = agent_of(dialogue).instructions
        assert [other.agent for other in DIALOGUES if other.recognises(instructions)] == [dialogue.agent]

    def test_the_agents_greetings_are_lines_of_the_first_state(self, dialogue: Dialogue) -> None:
        first = {dialogue.agent_lines[line].text.strip() for line in lines_of(dialogue.states["start"])}
        greetings = agent_of(dialogue).greeting.items()
        assert {as_recorded(text, language, recorded=True) for language, text in greetings} == first

    def test_hindi_speaks_as_a_woman_to_anybody(self, dialogue: Dialogue) -> None:
        for line_id, line in dialogue.agent_lines.items():
            assert OF_A_MAN.search(line.text) is None, line_id
            assert OF_A_CALLEE.search(line.text) is None, line_id

    def test_only_devanagari_in_hindi_and_only_latin_in_english(self, dialogue: Dialogue) -> None:
        lines: dict[str, AgentLine | CallerLine] = {**dialogue.agent_lines, **dialogue.caller_lines}
        for line_id, line in lines.items():
            if "_opening_" in line_id:  # the law's wording, with names as the agent's document writes them
                continue
            latin, devanagari = re.search(r"[A-Za-z]", line.text), re.search(r"[\u0900-\u097f]", line.text)
            scripts = {"en": (True, False), "hi": (False, True), "mixed": (True, True)}[line.language]
            assert (latin is not None, devanagari is not None) == scripts, line_id
            assert re.search(r"\d", line.text) is None, f"{line_id}: figures are spelled out"

    def test_opt_outs_are_heard_in_what_a_caller_means_as_one_and_in_nothing_else(self, dialogue: Dialogue) -> None:
        for line_id, line in dialogue.caller_lines.items():
            tags = ["en", "hi"] if line.language == "mixed" else [line.language]
            assert (opt_out(line.text, tags) is not None) == (line.intent == "stop"), line_id


@pytest.mark.parametrize(("dialogue", "script"), SCRIPTS, ids=[f"{d.agent}-{name}" for d, name in SCRIPTS])
def test_a_script_is_understood_to_its_end(dialogue: Dialogue, script: str) -> None:
    path, _ = walk(dialogue, script)
    if script != "silent":
        assert hangs_up(dialogue.states[path[-1]])


@pytest.mark.parametrize(
    ("agent", "script", "tools"),
    [
        ("reception", "meera", ["book_appointment", "end_call"]),
        ("reception", "john", ["book_appointment", "end_call"]),
        ("reception", "rahul", ["book_appointment", "end_call"]),
        ("reception", "lost", ["end_call"]),
        ("renewal", "interested", ["end_call"]),
        ("renewal", "callback_hinglish", ["schedule_callback", "end_call"]),
        ("renewal", "busy_hindi", ["schedule_callback", "end_call"]),
        ("renewal", "opt_out_hindi", ["opt_out", "end_call"]),
        ("renewal", "opt_out_interrupts", ["opt_out", "end_call"]),
        ("renewal", "opt_out_by_key", ["opt_out", "end_call"]),
        ("renewal", "wants_a_person", ["schedule_callback", "end_call"]),
        ("renewal", "voicemail", ["end_call"]),
    ],
)
def test_a_script_gets_what_it_came_for(agent: str, script: str, tools: list[str]) -> None:
    assert walk(all_dialogues()[agent], script)[1] == tools


@pytest.mark.parametrize(
    ("agent", "script", "outcome"),
    [
        ("reception", "meera", "booked"),
        ("renewal", "interested", "interested"),
        ("renewal", "hello_first", "interested"),
        ("renewal", "backchannels", "interested"),
        ("renewal", "callback_hinglish", "callback_requested"),
        ("renewal", "opt_out_hindi", "opted_out"),
        ("renewal", "not_interested_english", "not_interested"),
        ("renewal", "wrong_person", "wrong_person"),
        ("renewal", "voicemail_english", "voicemail"),
    ],
)
def test_the_summary_learns_an_outcome_that_the_agent_asks_for(agent: str, script: str, outcome: str) -> None:
    dialogue = all_dialogues()[agent]
    learned = {key: value for name in walk(dialogue, script)[0] for key, value in dialogue.states[name].learns.items()}
    assert learned["outcome"] == outcome
    extract = agent_of(dialogue).extract
    assert extract is not None
    assert outcome in extract["properties"]["outcome"]["enum"]


@pytest.mark.parametrize("language", ["hi", "en"])
@pytest.mark.parametrize("topic", [{}, RENEWAL], ids=["any offer", "the renewal"])
def test_the_openings_of_a_marketing_call_are_lines_of_the_agent(topic: dict[str, str], language: str) -> None:
    dialogue = all_dialogues()["renewal"]
    said = opening(agent_of(dialogue), a_campaign(topic=topic), language, recorded=True)
    assert said in {line.text for line in dialogue.agent_lines.values()}


@pytest.mark.parametrize(
    "words",
    [
        ("ऑटोमेटेड", "कमल केयर", "रिन्यूअल", "रिकॉर्ड", "स्टॉप", "नौ दबाइए"),
        ("automated", "Kamal Care", "renewal", "recorded", "stop", "press nine"),
    ],
    ids=["hi", "en"],
)
def test_the_first_sentence_of_the_campaign_says_what_the_law_wants(words: tuple[str, ...]) -> None:
    greetings = agent_of(all_dialogues()["renewal"]).greeting.values()
    first_sentences = [re.split(r"[.?!।]", greeting)[0] for greeting in greetings]
    assert any(all(word in sentence for word in words) for sentence in first_sentences)
