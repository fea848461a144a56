"""Scenarios: what their files may say, and how a mistake in one is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from local.dialogues import all_dialogues
from local.evaluations.scenario import BadScenario, Scenario, parse, read_all
from shared.store.agents import shipped_agents

pytestmark = pytest.mark.portable

SHIPPED = read_all()


def document(**changes: Any) -> str:
    """A small scenario that can be played, changed."""
    plain: dict[str, Any] = {
        "id": "asks_hours",
        "about": "Asks when the clinic is open.",
        "agent": "reception",
        "language": "en",
        "voice": "am_michael",
        "moves": [{"say": "hours_question_en"}, {"hang_up": True}],
    }
    return yaml.safe_dump({**plain, **changes})


def test_a_scenario_is_read_as_it_is_written() -> None:
    scenario = parse(document(noise={"kind": "babble", "snr_db": 12}), "asks_hours.yaml")
    assert [move.say for move in scenario.moves] == ["hours_question_en", None]
    assert scenario.noise is not None
    assert scenario.noise.kind == "babble"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"agent": "No Such Id"}, "agent"),
        ({"language": "fr"}, "language"),
        ({"number": "123"}, "number"),
        ({"colour": "red"}, "colour"),
        ({"noise": {"kind": "thunder", "snr_db": 3}}, "noise.kind"),
        ({"noise": {"kind": "white", "snr_db": 300}}, "noise.snr_db"),
        ({"moves": [{"say": "never_recorded_en"}]}, "nobody has recorded the line 'never_recorded_en'"),
        ({"moves": [{"say": "hours_question_en", "press": "9"}]}, "moves.0: Value error, a move does one of"),
        ({"moves": [{}]}, "moves.0"),
        ({"moves": [{"say": "hours_question_en", "when": "asks_the_moon"}]}, "there is no topic 'asks_the_moon'"),
        ({"moves": [{"say": "hours_question_en", "after": "yes_please_en"}]}, "moves.0.after"),
        ({"moves": [{"say": "hours_question_en", "keeps_floor": True}]}, "keeps_floor"),
        ({"moves": [{"press": "9", "pause_s": 1}]}, "pause_s"),
        ({"moves": [{"say": "hours_question_en"}, {"hang_up": True, "before_agent": True}]}, "moves.1.before_agent"),
        ({"voice": "hf_psi_of_nobody"}, "moves.0.say"),
        ({"expect": {"outcome": "goal_met"}}, "outcome and disposition are an outbound call's"),
        ({"expect": {"ending": "exploded"}}, "expect.ending"),
        ({"expect": {"said": ["asks_the_moon"]}}, "expect"),
        ({"expect": {"tools": [{"tool": "x", "arguments": {"a": {"pattern": "("}}}]}}, "expect.tools.0.arguments.a"),
        ({"rules": [{"rule": "be_nice"}]}, "rules.0"),
        ({"rules": [{"rule": "not_before_tool", "said": "says_the_moon", "tool": "x"}]}, "rules.0"),
        ({"limits": {"answer_p50_ms": 0}}, "limits.answer_p50_ms"),
    ],
)
def test_a_mistake_is_refused_with_its_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(BadScenario) as refused:
        parse(document(**changes), "asks_hours.yaml")
    assert str(refused.value).startswith("asks_hours.yaml: ")
    assert field in str(refused.value)


def test_broken_yaml_and_a_wrong_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadScenario, match="not YAML"):
        parse("id: [", "broken.yaml")
    (tmp_path / "other.yaml").write_text(document(), encoding="utf-8")
    with pytest.raises(BadScenario, match="not the file's name"):
        read_all(tmp_path)


@pytest.mark.parametrize("scenario", SHIPPED.values(), ids=SHIPPED.keys())
def test_shipped_scenarios_are_of_agents_tools_and_lines_that_exist(scenario: Scenario) -> None:
    agents = shipped_agents()
    group, ahead = {scenario.agent}, [scenario.agent]  # and whoever may be handed the caller
    while ahead:
        new = set(agents[ahead.pop()].hands_over_to) - group
        group |= new
        ahead.extend(new)
    wanted = {tool.tool for tool in scenario.expect.tools} | set(scenario.expect.not_tools)
    assert wanted <= {tool for one in group for tool in agents[one].tools}
    dialogue = all_dialogues()[scenario.agent]
    said = {move.say for first in scenario.moves for move in first.chain if move.say is not None}
    assert said <= dialogue.caller_lines.keys()
