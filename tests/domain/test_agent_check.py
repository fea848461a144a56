"""What an agent's document may say: every mistake is named by its field, with what would work instead."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.tools.builtin import BUILTIN
from shared.domain.agent import Agent
from shared.domain.agent_check import AgentProblem, problems_of
from shared.domain.agent_document import BadAgent, read_document
from shared.domain.extract_check import schema_flaw
from shared.domain.model_catalogue import catalogue, jurisdiction
from shared.store.agents import shipped_agents

LIVE, FLASH, FLASH_25 = "gemini-3.8-live", "gemini-3.1-flash-live-preview", "gemini-live-2.5-flash-native-audio"
IN_EU: Mapping[str, Any] = {"id": LIVE, "platform": "vertex", "region": "eu"}
TOOLS = (*BUILTIN.names, "hand_over")


def document(**changes: Any) -> dict[str, Any]:
    return {
        "id": "praxis",
        "name": "Jule",
        "company": "Praxis am Park",
        "purpose": "You answer the telephone.",
        "instructions": "Be kind.",
        "greeting": {"en": "Hello!", "de": "Guten Tag!"},
        "languages": {"start": "en", "allowed": ["en", "de"]},
        **changes,
    }


def asking(field: dict[str, Any]) -> dict[str, Any]:
    """A schema of what to extract with one field."""
    return {"type": "object", "properties": {"a": field}}


def refused(**changes: Any) -> dict[str, tuple[str, str | None]]:
    """Field -> sentence and suggestion, of a document of the wrong form."""
    with pytest.raises(BadAgent) as bad:
        read_document(document(**changes))
    return {one.field: (one.sentence, one.suggestion) for one in bad.value.problems}


def problems(others: Mapping[str, Agent] | None = None, **changes: Any) -> list[AgentProblem]:
    return problems_of(read_document(document(**changes)), catalogue(), TOOLS, others=others)


def test_a_document_in_order_has_no_problem() -> None:
    assert problems() == []


@pytest.mark.parametrize(
    ("changes", "field", "suggestion"),
    [
        ({"voice": "Korre"}, "voice", "Kore"),
        ({"instruction": "x"}, "instruction", "instructions"),
        ({"limits": {"cal_s": 60}}, "limits.cal_s", "call_s"),
        ({"limits": {"silence_s": 1}}, "limits.silence_s", "3"),
        ({"limits": {"call_s": 90_000}}, "limits.call_s", "14000"),
        ({"languages": {"start": "en", "policy": "miror"}}, "languages.policy", "mirror"),
        ({"turn_taking": {"end_sensitivity": "hihg"}}, "turn_taking.end_sensitivity", "high"),
        ({"model": {"platform": "vertx"}}, "model.platform", "vertex"),
        ({"model": {"fallbacks": [{"regon": "eu"}]}}, "model.fallbacks[0].regon", "region"),
        ({"languages": {"start": "english"}}, "languages.start", None),
        ({"residency": "uk"}, "residency", None),
        ({"greeting": {"fr": "Bonjour"}}, "agent", None),
    ],
)
def test_a_slip_in_the_form_is_named_with_what_was_meant(
    changes: dict[str, Any], field: str, suggestion: str | None
) -> None:
    assert refused(**changes)[field][1] == suggestion


def test_all_slips_are_told_at_once() -> None:
    assert set(refused(voice="Cora", mood="sunny", limits={"call_s": 1})) == {"voice", "mood", "limits.call_s"}


@pytest.mark.parametrize("written", [None, [], "agent", 7])
def test_what_is_no_document_is_said(written: object) -> None:
    with pytest.raises(BadAgent):
        read_document(written)


@pytest.mark.parametrize(
    ("changes", "field", "phrase", "suggestion"),
    [
        ({"tools": ["end_cal"]}, "tools[0]", "no tool", "end_call"),
        (
            {"tools": ["end_call"], "tools_in_background": ["end_call"]},
            "tools_in_background[0]",
            f"{FLASH} always waits",
            "",
        ),
        (
            {"tools": ["end_call"], "tools_in_background": ["end_cal"], "model": {"id": LIVE}},
            "tools_in_background[0]",
            "not among",
            "end_call",
        ),
        ({"transfer_numbers": {"desk": "030 1234"}}, "transfer_numbers.desk", "country", None),
        ({"transfer_numbers": {"desk": "0049 30 23125555"}}, "transfer_numbers.desk", "dials", "+493023125555"),
        ({"languages": {"start": "en", "allowed": ["en", "tlh"]}}, "languages.allowed[1]", "does not speak", None),
        ({"languages": {"start": "en", "allowed": ["en", "en"]}}, "languages.allowed[1]", "twice", ""),
        ({"greeting": {"en": "Hi!", "fr": "Salut!"}}, "greeting.fr", "does not speak", None),
        ({"greeting": {"en": " "}}, "greeting.en", "dead line", None),
        ({"extract": {"type": "object"}}, "extract", "properties", "type: object"),
        ({"extract": asking({"type": "text"})}, "extract.properties.a.type", "no type", "string"),
        ({"extract": asking({"enum": "x"})}, "extract.properties.a.enum", "no JSON Schema", None),
        (
            {"extract": {"type": "object", "properties": {"name": {}}, "required": ["nmae"]}},
            "extract.required.0",
            "not among",
            "name",
        ),
        ({"model": {**IN_EU, "region": "eu-west1"}}, "model.region", "not served in", "eu"),
    ],
)  # fmt: skip
def test_what_cannot_work_on_a_call_is_named_with_what_would(
    changes: dict[str, Any], field: str, phrase: str, suggestion: str | None
) -> None:
    [found] = [one for one in problems(**changes) if one.field == field]
    assert phrase in found.sentence
    assert found.suggestion == suggestion


def test_a_transfer_needs_somebody_to_transfer_to() -> None:
    transfer = next(tool for tool in ("transfer", "transfer_call") if tool in BUILTIN.names)
    assert [one.field for one in problems(tools=[transfer])] == ["transfer_numbers"]
    assert problems(tools=[transfer], transfer_numbers={"desk": "+493023125555"}) == []


@pytest.mark.parametrize(
    ("fallback", "field", "suggestion"),
    [
        ({"id": LIVE, "platform": "vertex", "region": "us-central1"}, "model.fallbacks[0].region", "eu"),
        ({"id": LIVE, "platform": "vertex"}, "model.fallbacks[0].region", "eu"),
        ({"id": LIVE}, "model.fallbacks[0].region", "eu"),
        ({"id": FLASH, "platform": "developer"}, "model.fallbacks[0].platform", "vertex"),
    ],
)
@pytest.mark.parametrize("promise", [{"residency": "eu"}, {}], ids=["promised", "by naming a region"])
def test_no_fallback_leaves_the_eu(
    fallback: dict[str, Any], field: str, suggestion: str, promise: dict[str, Any]
) -> None:
    found = problems(model={**IN_EU, "fallbacks": [fallback]}, **promise)
    assert [(one.field, one.suggestion) for one in found] == [(field, suggestion)]


def test_a_fallback_inside_the_eu_is_fine() -> None:
    place = {"id": FLASH_25, "platform": "vertex", "region": "europe-west4"}
    assert problems(model={**IN_EU, "fallbacks": [place]}, residency="eu") == []


@pytest.mark.parametrize("model", [{}, {"platform": "developer"}, {"id": LIVE, "platform": "vertex", "region": "us"}])
def test_a_promise_is_kept_by_the_first_model_too(model: dict[str, Any]) -> None:
    assert "model" in {one.field.partition(".")[0] for one in problems(model=model, residency="eu")}


@pytest.mark.parametrize(
    ("region", "where"),
    [
        ("eu", "eu"),
        ("europe-west4", "eu"),
        ("us", "us"),
        ("us-central1", "us"),
        ("asia-south1", "asia"),
        ("global", None),
    ],
)
def test_a_region_lies_in_a_part_of_the_world(region: str, where: str | None) -> None:
    assert jurisdiction(region) == where


class TestHandingOver:
    desk = read_document(document(id="desk"))
    lettings = read_document(document(id="lettings", model=IN_EU, residency="eu"))

    @pytest.mark.parametrize(
        ("targets", "phrase", "suggestion"),
        [
            (["letings"], "no agent", "lettings"),
            (["praxis"], "itself", ""),
            (["desk", "desk"], "twice", ""),
        ],
    )
    def test_a_target_that_cannot_take_the_caller(self, targets: list[str], phrase: str, suggestion: str) -> None:
        others = {"desk": self.desk, "lettings": self.lettings, "praxis": read_document(document())}
        [found] = problems(others, tools=["hand_over"], hands_over_to=targets)
        assert phrase in found.sentence
        assert found.suggestion == suggestion

    def test_the_tool_and_the_list_need_each_other(self) -> None:
        others = {"desk": self.desk}
        assert [one.field for one in problems(others, hands_over_to=["desk"])] == ["tools"]
        assert [one.field for one in problems(others, tools=["hand_over"])] == ["hands_over_to"]
        assert problems(others, tools=["hand_over"], hands_over_to=["desk"]) == []

    def test_a_promise_goes_along(self) -> None:
        more = {"model": IN_EU, "residency": "eu", "tools": ["hand_over"]}
        others = {"desk": self.desk, "lettings": self.lettings}
        [found] = problems(others, hands_over_to=["desk"], **more)
        assert "does not promise" in found.sentence
        assert problems(others, hands_over_to=["lettings"], **more) == []


def test_every_agent_that_ships_can_work() -> None:
    agents = shipped_agents()
    for agent in agents.values():
        assert problems_of(agent, catalogue(), BUILTIN.names, others=agents) == [], agent.id


@pytest.mark.parametrize("reference", ["http://169.254.169.254/x", "#/$defs/gone", "#gone", "other.json", "http://[x"])
def test_a_reference_to_anywhere_but_the_schema_itself_is_refused(reference: str) -> None:
    size = {"type": "array", "items": {"$ref": reference}}
    flaw = schema_flaw({"type": "object", "properties": {"size": size}})
    assert flaw is not None
    assert reference in flaw.sentence


def test_references_within_the_schema_are_followed_and_a_field_may_be_called_ref() -> None:
    properties = {"size": {"$ref": "#/$defs/size"}, "$ref": {"type": "string"}}
    assert schema_flaw({"type": "object", "properties": properties, "$defs": {"size": {"enum": ["s", "m"]}}}) is None


SCHEMAS = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=6)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from("type properties items required enum a $ref".split()), inner, max_size=4),
    ),
    max_leaves=8,
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(["type", "properties", "required", "$defs", "allOf"]), SCHEMAS, max_size=4))
def test_any_json_is_a_schema_or_has_a_flaw_that_is_told(schema: dict[str, Any]) -> None:
    flaw = schema_flaw(schema)
    assert flaw is None or flaw.sentence


@given(st.dictionaries(st.sampled_from(list(Agent.model_fields)), SCHEMAS, max_size=5))
def test_any_json_is_an_agent_or_has_its_mistakes_told(changes: dict[str, Any]) -> None:
    agent: Agent | None = None
    with suppress(BadAgent):
        agent = read_document(document(**changes))
    if agent is not None:
        assert all(one.sentence for one in problems_of(agent, catalogue(), TOOLS, others={}))
