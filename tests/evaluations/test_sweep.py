"""Settings of turn-taking: which are gone through, and what a sweep counts."""

from __future__ import annotations

import pytest

from local.evaluations.played import Played
from local.evaluations.settings import USUAL, BadSetting, name_of, settings_of, variant
from local.evaluations.sweep import sweep_rows, sweep_table
from shared.domain.agent import Agent
from shared.store.agents import shipped_agents
from tests.evaluations.builders import Telling

pytestmark = pytest.mark.portable


def test_wishes_are_combined() -> None:
    found = settings_of(["mode=model,parley", "silence_ms=300,900"])
    assert [name_of(setting) for setting in found] == ["model 300", "model 900", "parley 300", "parley 900"]
    assert settings_of([]) == USUAL


def test_a_combination_without_an_effect_is_left_out_and_only_such_ones_are_a_mistake() -> None:
    found = settings_of(["mode=model,parley", "backchannel_ms=500,900"])
    assert [name_of(setting) for setting in found] == ["parley backchannel_ms=500", "parley backchannel_ms=900"]
    with pytest.raises(BadSetting, match="mode parley"):
        settings_of(["mode=model", "backchannel_ms=500"])


@pytest.mark.parametrize("wish", ["silence_ms", "patience=3", "silence_ms=soon", "silence_ms=1"])
def test_a_setting_that_cannot_be_is_refused(wish: str) -> None:
    with pytest.raises(BadSetting, match=r"silence_ms|patience"):
        settings_of([wish])


def test_an_agent_differs_in_its_turn_taking_alone() -> None:
    agent = shipped_agents()["reception"].model_dump(mode="json")
    other = Agent.model_validate(variant(agent, {"mode": "parley", "silence_ms": 300}, 3))
    assert (other.id, other.turn_taking.silence_ms, other.turn_taking.mode) == ("reception-sweep-3", 300, "parley")
    differs = {"id": None, "version": None, "turn_taking": None}
    assert other.model_dump(mode="json") | differs == agent | differs


def a_call(setting: str, *, cut_off: bool, cleared: bool) -> Played:
    moves = [{"say": "price_question_en"}, {"interrupt_after_ms": 900, "say": "backchannel_ok_en", "keeps_floor": True}]
    telling = Telling(moves=moves).agent(300, 3000, "Hello.").caller(4000, 6000, "price_question_en")
    telling.agent(5000 if cut_off else 7000, 12_000, "Six hundred.", unheard="And so on.")
    telling.caller(9000, 9400, "backchannel_ok_en", over_agent=True)
    telling.caller(11_000, 12_500, "just_book_en", over_agent=True)
    if cleared:
        telling.note(9300, "clear").note(11_200, "clear")
    played = telling.played()
    return Played(played.scenario, played.call, played.network, setting=setting)


def test_a_sweep_counts_who_was_cut_off_who_was_not_heard_and_who_was_stopped_for() -> None:
    bad, good = sweep_rows([a_call("one", cut_off=True, cleared=True), a_call("two", cut_off=False, cleared=False)])
    assert (bad.setting, bad.false_ends.good, bad.missed.good, bad.stopped_for_murmurs.good) == ("one", 1, 0, 1)
    assert (good.setting, good.false_ends.good, good.missed.good, good.stopped_for_murmurs.good) == ("two", 0, 1, 0)
    assert (bad.reaction_p50_ms, good.reaction_p50_ms, good.answer_p50_ms) == (200, None, 1000)
    assert "| one | English | 1/1" in sweep_table([bad])
