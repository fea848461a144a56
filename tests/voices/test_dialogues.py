"""The dialogues that ship can be held: every script ends in a goodbye, and agents keep to their rules."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from local.dialogues import AgentLine, CallerLine, Dialogue, State, all_dialogues
from shared.domain.agent import Agent
from shared.domain.disclosure import opening
from shared.domain.opt_out_phrases import opt_out
from shared.domain.recording_law import as_recorded
from shared.store.agents import shipped_agents
from tests.domain.builders import a_campaign

DIALOGUES = list(all_dialogues().values())
SCRIPTS = [(dialogue, name) for dialogue in DIALOGUES for name in dialogue.callers]
RENEWAL = {"hi": "आपकी हेल्थ मेंबरशिप के रिन्यूअल", "en": "the renewal of your health membership"}
SAYS_NOTHING_THAT_MATTERS = {"backchannel", "off_topic"}
"""Intents that no state listens for."""
OF_A_MAN = re.compile(r"(?:रहा|सकता|करता|देता|लेता|गया|पाया|समझता|समझा) हूँ|ूँगा|मैं [^।?]*(?:नहीं पाया|समझ गया)")
"""First person forms of a man: both agents have a woman's voice."""
OF_A_CALLEE = re.compile(r"(?:^|[ ,।?])आप [^।?]*(?:(?:ते|ती|रहे|रही) (?:हैं|थे|थीं)|ेंगे|ेंगी)")
"""Forms that take the caller for a man or a woman."""


AGENTS_BY_ID = shipped_agents()
HANDS_OVER = "hand_over"
LEFT_TO_OTHERS = {HANDS_OVER, "take_message"}
"""Tools of a specialist's that the scripted calls need not use: the others' dialogues do."""


def agent_of(dialogue: Dialogue) -> Agent:
    return AGENTS_BY_ID[dialogue.agent]


def spoken(dialogue: Dialogue) -> set[str]:
    """The languages of the agent for which there are voices here: en and hi, or one of them."""
    agent = agent_of(dialogue)
    bare = {tag.partition("-")[0] for tag in (agent.languages.allowed or (agent.languages.start,))}
    return bare & {"en", "hi"}


def colleagues(dialogue: Dialogue) -> list[Dialogue]:
    """Whoever may take the caller over, also from whoever has."""
    found: list[Dialogue] = []
    ahead = list(agent_of(dialogue).hands_over_to)
    while ahead:
        other = next((one for one in DIALOGUES if one.agent == ahead[0]), None)
        ahead.pop(0)
        if other is not None and other not in found:
            found.append(other)
            ahead.extend(agent_of(other).hands_over_to)
    return found


def heard_by(dialogue: Dialogue) -> set[str]:
    return set(dialogue.anywhere) | {intent for state in dialogue.states.values() for intent in state.hears}


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


def hands_over(state: State) -> bool:
    return state.call is not None and state.call.tool == HANDS_OVER


def is_remark(state: State) -> bool:
    """Said on the side: the conversation stays where it is."""
    return state.call is None and state.then is None and not state.hears


def walk(dialogue: Dialogue, script: str) -> tuple[list[str], list[str]]:
    """The states that a script leads through when every word is understood, and the tools called on the way."""
    path, tools, _ = walk_through(dialogue, script)
    return path, tools


def walk_through(dialogue: Dialogue, script: str) -> tuple[list[str], list[str], State]:
    """The same, and where it ends; whoever is handed the caller goes on where their own dialogue starts."""
    spoken_by, at, path, tools = dialogue, "start", ["start"], []
    for step in dialogue.callers[script].steps:
        heard = spoken_by.next_state(at, spoken_by.caller_lines[step.line].intent) if step.line else None
        if step.press:
            heard = spoken_by.told[f"pressed the key {step.press}"]
        while heard is not None:
            at = heard
            path.append(at)
            state = spoken_by.states[at]
            tools += [state.call.tool] if state.call else []
            heard = state.then
            if state.call is not None and hands_over(state):
                spoken_by = next(one for one in DIALOGUES if one.agent == state.call.arguments["to"])
                heard = "start"
    return path, tools, spoken_by.states[at]


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
        states = dialogue.states.items()
        ends = {name for name, state in states if hangs_up(state) or hands_over(state) or is_remark(state)}
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
        heard = heard_by(dialogue)
        said = {line.intent for line in dialogue.caller_lines.values()}
        unheard = said - heard - set[str]().union(*map(heard_by, colleagues(dialogue)))
        assert unheard <= SAYS_NOTHING_THAT_MATTERS
        assert "off_topic" in unheard
        for intent in heard:
            languages = {line.language for line in dialogue.caller_lines.values() if line.intent == intent}
            assert spoken(dialogue) <= languages or intent == "renew", intent

    def test_who_says_a_line_in_hindi_says_it_in_english_too(self, dialogue: Dialogue) -> None:
        for name, state in dialogue.states.items():
            if state.say is not None:
                assert {dialogue.agent_lines[line].language for line in lines_of(state)} >= spoken(dialogue), name

    def test_what_was_not_understood_is_asked_again_in_the_callers_language(self, dialogue: Dialogue) -> None:
        languages = {line.language for line in dialogue.caller_lines.values()}
        assert {f"sorry_{language}" for language in languages} <= set(dialogue.agent_lines)

    def test_tools_are_the_agents_own(self, dialogue: Dialogue) -> None:
        called = {state.call.tool for state in dialogue.states.values() if state.call}
        own = set(agent_of(dialogue).tools)
        assert called <= own
        assert own - called <= (LEFT_TO_OTHERS if agent_of(dialogue).hands_over_to else set())

    def test_callers_are_handed_to_somebody_who_may_take_them(self, dialogue: Dialogue) -> None:
        targets = {state.call.arguments["to"] for state in dialogue.states.values() if state.call and hands_over(state)}
        assert targets <= set(agent_of(dialogue).hands_over_to)
        assert targets <= {one.agent for one in DIALOGUES}

    def test_the_agent_is_recognised_by_its_instructions_and_no_other_is(self, dialogue: Dialogue) -> None:
        instructions = agent_of(dialogue).instructions
        assert [other.agent for other in DIALOGUES if other.recognises(instructions)] == [dialogue.agent]

    def test_the_agents_greetings_are_lines_of_the_first_state(self, dialogue: Dialogue) -> None:
        first = {dialogue.agent_lines[line].text.strip() for line in lines_of(dialogue.states["start"])}
        greetings = agent_of(dialogue).greeting.items()
        own = [(tag, text) for tag, text in greetings if tag.partition("-")[0] in spoken(dialogue)]
        takes_over = any(dialogue.agent in one.hands_over_to for one in AGENTS_BY_ID.values())
        assert any(
            {as_recorded(text, tag, recorded=told) for tag, text in own} == first
            for told in ([True, False] if takes_over else [True])  # whoever takes over does not say it again
        )

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
    if script != "silent":
        assert hangs_up(walk_through(dialogue, script)[2])


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
        (
            "eu_clinic",
            "nina",
            "find_patient verify_date_of_birth free_slots move_visit request_prescription_refill check_insurance"
            " directions end_call".split(),
        ),
        ("eu_clinic", "stranger", ["find_patient", "verify_date_of_birth", "end_call"]),
        ("eu_clinic", "messenger", ["list_doctors", "opening_hours", "take_message", "end_call"]),
        (
            "estate_front_desk",
            "sam",
            "hand_over search_properties property_details hand_over viewing_times book_viewing hand_over"
            " mortgage_estimate end_call".split(),
        ),
        (
            "salon_front_desk",
            "lena",
            "hand_over treatment_advice hand_over salon_times book_treatment hand_over order_gift_card"
            " end_call".split(),
        ),
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
