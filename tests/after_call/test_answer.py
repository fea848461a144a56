"""An answer is taken only as far as it is about this call and of the shape that was asked for."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.after_call.answer import BadAnswer, analysis_from
from functions.after_call.question import Reading, question_about
from functions.after_call.transcript import MOST_CHARS, transcript_of
from shared.domain.analysis import Analysis
from shared.store.agents import shipped_agents
from tests.manual_clock import MONDAY_MORNING

AGENT = shipped_agents()["renewal"]
TURNS = [
    {"seq": 1, "speaker": "agent", "text": "Shall we renew?", "unheard": "It costs", "language": "en-IN"},
    {"seq": 2, "speaker": "caller", "text": "हाँ, renew कर दीजिए", "language": "hi-IN"},
    {"seq": 1001, "speaker": "caller", "text": "bye"},
]
TRANSCRIPT = transcript_of(TURNS, [{"name": "end_call", "status": "ok"}])
GOOD: dict[str, Any] = {
    "summary": "Renewed.",
    "outcome": "goal_met",
    "sentiment": 0.4,
    "caller_sentiment": [{"turn": 2, "sentiment": 0.5}, {"turn": 1, "sentiment": 1}, {"turn": 77, "sentiment": 1}],
    "lead_score": 90,
    "lead_turns": [2, 2, 1, 99],
    "rules_kept": True,
    "broken_rules": [],
    "extracted": {"outcome": "interested", "language": "mixed"},
}


def read(answer: object) -> Analysis:
    text = answer if isinstance(answer, str) else json.dumps(answer)
    return analysis_from(text, AGENT, TRANSCRIPT, model="m", now=MONDAY_MORNING)


def test_a_transcript_numbers_its_lines_and_says_what_was_not_heard() -> None:
    assert TRANSCRIPT.text.split("\n") == [
        "[1] agent (en-IN): Shall we renew? [interrupted; the caller did not hear: It costs]",
        "[2] caller (hi-IN): हाँ, renew कर दीजिए",
        "[1001] caller: bye",
        "tool end_call: ok",
    ]


def test_a_very_long_talk_loses_its_middle() -> None:
    turns = [{"seq": n, "speaker": "caller", "text": "x" * 1500} for n in range(200)]
    text = transcript_of(turns, []).text
    assert len(text) < MOST_CHARS + 10
    assert text.startswith("[0] caller")


def test_the_question_holds_the_agents_rules_and_asks_for_its_fields() -> None:
    question = question_about(AGENT, TRANSCRIPT)
    assert AGENT.instructions in question.text
    assert question.schema["properties"]["extracted"] == AGENT.extract
    assert "extracted" in question.schema["required"]
    assert set(Reading.model_fields) <= set(question.schema["properties"])


def test_only_the_callers_own_turns_are_evidence() -> None:
    analysis = read(GOOD)
    assert analysis.lead_turns == (2,)
    assert [(one.turn, one.sentiment) for one in analysis.caller_sentiment] == [(2, 0.5)]


def test_a_broken_rule_is_no_kept_one_and_points_at_the_agent() -> None:
    rules = [{"rule": "pressed", "turn": 2}, {"rule": "made up a price", "turn": 1}]
    analysis = read({**GOOD, "broken_rules": rules})
    assert not analysis.rules_kept
    assert [one.turn for one in analysis.broken_rules] == [None, 1]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"sentiment": 3}, "sentiment"),
        ({"outcome": "sold"}, "outcome"),
        ({"lead_score": "high"}, "lead_score"),
        ({"summary": ""}, "summary"),
        ({"extracted": {"outcome": "sold", "language": "mixed"}}, "outcome"),
        ({"extracted": None}, "extracted"),
    ],
)
def test_what_does_not_fit_is_named_but_not_repeated(change: dict[str, Any], field: str) -> None:
    with pytest.raises(BadAnswer, match=field) as bad:
        read({**GOOD, **change})
    assert "sold" not in str(bad.value)


def test_a_schema_that_leads_elsewhere_fetches_nothing_and_the_answer_is_a_bad_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as neighbour:
        neighbour.setblocking(False)
        elsewhere = f"http://127.0.0.1:{neighbour.getsockname()[1]}/x"
        agent = AGENT.model_copy(
            update={"extract": {"type": "object", "properties": {"language": {"$ref": elsewhere}}}}
        )
        with pytest.raises(BadAnswer, match="the agent's own schema"):
            analysis_from(json.dumps(GOOD), agent, TRANSCRIPT, model="m", now=MONDAY_MORNING)
        with pytest.raises(BlockingIOError):
            neighbour.accept()


@pytest.mark.parametrize("extract", [{"$ref": "#/$defs/gone"}, {"$ref": "#"}, {"type": "text"}, {"$schema": 3}])
def test_a_schema_that_nothing_can_be_held_to_makes_every_answer_a_bad_one(extract: dict[str, Any]) -> None:
    agent = AGENT.model_copy(update={"extract": extract})
    with pytest.raises(BadAnswer):
        analysis_from(json.dumps(GOOD), agent, TRANSCRIPT, model="m", now=MONDAY_MORNING)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text() | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(GOOD)), inner, max_size=5),
    max_leaves=12,
)


@given(JSON.map(json.dumps) | st.text())
def test_any_answer_is_an_analysis_or_a_bad_answer(text: str) -> None:
    try:
        read(text)
    except BadAnswer:
        return
