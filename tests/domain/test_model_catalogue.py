"""The table of Live models: it does not contradict itself, the stand-in, the prices; and what is decided from it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection
from datetime import date, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from functions.tools.builtin import BUILTIN
from local.speech_model.models import LIVE_MODELS
from local.speech_model.models import Platform as Door
from shared.domain.agent import VOICES, Agent, Languages, Model, SpeechPlace
from shared.domain.agent_check import AgentProblem, problems_of
from shared.domain.cost import PRICES
from shared.domain.model_catalogue import Catalogue, Platform, Proactive, State, Thinking, ToolMode, catalogue
from shared.domain.model_succession import SOON_DAYS, Resolution, Standing, resolve_model, standing
from shared.domain.nearest import nearest
from shared.store.agents import shipped_agents

DEVELOPER, VERTEX = Platform.DEVELOPER, Platform.VERTEX
FLASH, LIVE, FLASH_25 = "gemini-3.1-flash-live-preview", "gemini-3.8-live", "gemini-live-2.5-flash-native-audio"
TODAY = date(2026, 11, 24)
TEXT_ONLY = ("gemini-3.8-flash", "gemini-2.5-flash")

# -- the table


def test_the_default_line_is_there_and_has_a_successor_that_stays() -> None:
    model = catalogue().model(Model().id)
    assert model is not None
    assert model.successor == LIVE
    heir = catalogue().model(LIVE)
    assert heir is not None
    assert (heir.state, heir.shutdown) == (State.STABLE, None)


def test_every_end_has_a_day_a_source_and_for_what_is_left_a_successor() -> None:
    for model in catalogue().models:
        if model.state in {State.DEPRECATED, State.RETIRED} or model.shutdown is not None:
            assert model.successor is not None, model.id
        if model.state is State.RETIRED:
            assert model.is_over(catalogue().as_of), model.id


def test_vertex_entries_name_regions_and_never_global() -> None:
    for model in catalogue().models:
        for platform, place in model.served.items():
            assert bool(place.regions) is (platform is VERTEX), model.id
            assert "global" not in place.regions


def test_prices_are_those_that_calls_are_costed_with() -> None:
    listed = {model.id: model.price.as_model_price() for model in catalogue().models if model.price is not None}
    assert listed == dict(PRICES.models)


def test_every_language_that_ships_is_spoken_and_the_list_is_of_bare_tags() -> None:
    spoken = catalogue().languages["live"]
    assert {"en", "hi", "no", "or", "as", "fil"} <= spoken
    assert all(tag.islower() and tag.isalpha() for tag in spoken)


CALLS = {
    ToolMode.ALWAYS_BLOCKING: ({"BLOCKING"}, True),
    ToolMode.BLOCKING_UNLESS_TOLD: ({"BLOCKING", "NON_BLOCKING"}, True),
    ToolMode.FREE_UNLESS_TOLD: ({"BLOCKING", "NON_BLOCKING"}, False),
    ToolMode.ALWAYS_FREE: ({"NON_BLOCKING"}, False),
}
PROACTIVE = {Proactive.NEVER: False, Proactive.OPTIONAL: True, Proactive.ALWAYS: None}


@pytest.mark.parametrize("model_id", sorted(LIVE_MODELS))
def test_the_local_speech_model_says_the_same_of_its_models(model_id: str) -> None:
    played, model, family = LIVE_MODELS[model_id], catalogue().model(model_id), catalogue().family(model_id)
    assert model is not None
    assert family is not None
    assert {Platform(door) for door in played.platforms} == set(model.served)
    assert {level.lower() for level in played.thinking_levels} == family.levels
    assert played.thinking_budget is (family.thinking is Thinking.BUDGET)
    assert played.proactive_audio is PROACTIVE[family.proactive_audio]
    assert (played.affective, played.packs_events) == (family.affective, family.packs_events)
    assert played.interaction_status is family.interaction_status
    for door in Door:
        if door in played.platforms:
            behaviours, blocks = CALLS[family.platforms[Platform(door)].tools]
            # What we declare may be less than what would be taken, never more.
            assert (behaviours <= played.call_behaviours, blocks) == (True, played.calls_block)


def with_models(change: Callable[[list[dict[str, object]]], object]) -> Catalogue:
    table = catalogue().model_dump(mode="json")
    change(table["models"])
    return Catalogue.model_validate(table)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda models: models[0].update(successor="gemini-9"), "successor is not in the catalogue"),
        (lambda models: models[1].update(successor=models[0]["id"]), "succeeds itself"),
        (lambda models: models.append(models[0]), "twice"),
        (lambda models: models[0].update(id="gpt-live"), "family"),
        (lambda models: models[0].update(sunset="2026-01-01"), "extra"),
        (lambda models: models[0].update(sources=[]), "sources"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused(
    change: Callable[[list[dict[str, object]]], object], reason: str
) -> None:
    with_models(lambda models: None)
    with pytest.raises(ValidationError, match=reason):
        with_models(change)


# -- who follows whom


@pytest.mark.parametrize(
    ("asked", "platform", "day", "listed", "used", "why"),
    [
        (FLASH, DEVELOPER, TODAY, None, FLASH, None),
        (FLASH, DEVELOPER, date(2027, 6, 1), None, FLASH, None),
        (FLASH, DEVELOPER, TODAY, (FLASH, LIVE), FLASH, None),
        (FLASH, DEVELOPER, TODAY, (LIVE, *TEXT_ONLY), LIVE, "no longer listed by the Developer API"),
        (FLASH, DEVELOPER, TODAY, (FLASH_25,), FLASH, "nothing that could follow"),
        (FLASH, DEVELOPER, TODAY, TEXT_ONLY, FLASH, None),
        (FLASH, DEVELOPER, TODAY, (), FLASH, None),
        (FLASH, VERTEX, TODAY, None, LIVE, "not served on Vertex AI"),
        (FLASH, VERTEX, TODAY, TEXT_ONLY, LIVE, "not served on Vertex AI"),
        (FLASH_25, VERTEX, date(2026, 12, 12), None, FLASH_25, None),
        (FLASH_25, VERTEX, date(2026, 12, 13), None, LIVE, "switched off on 2026-12-13"),
        (FLASH_25, VERTEX, date(2026, 12, 13), (FLASH_25,), FLASH_25, "nothing that could follow"),
        (
            "gemini-live-2.5-flash-preview",
            DEVELOPER,
            TODAY,
            None,
            "gemini-2.5-flash-native-audio-preview-12-2025",
            "off",
        ),
        ("gemini-live-2.5-flash-preview", DEVELOPER, TODAY, (LIVE,), LIVE, "switched off on 2025-12-09"),
        ("gemini-live-2.5-flash-preview", DEVELOPER, date(2025, 10, 1), None, "gemini-live-2.5-flash-preview", None),
        ("gemini-9-live", DEVELOPER, TODAY, (LIVE,), "gemini-9-live", None),
    ],
)
def test_who_answers_instead(
    asked: str, platform: Platform, day: date, listed: Collection[str] | None, used: str, why: str | None
) -> None:
    found = resolve_model(asked, platform, day, listed)
    assert (found.id, found.asked, found.is_replaced) == (used, asked, used != asked)
    assert found.reason is None if why is None else why in (found.reason or "")


def test_a_region_is_never_left_for_a_successor() -> None:
    late = date(2026, 12, 20)
    assert resolve_model(FLASH_25, VERTEX, late, region="us-central1").id == LIVE
    kept = resolve_model(FLASH_25, VERTEX, late, region="europe-west4")
    assert (kept.id, "nothing that could follow" in (kept.reason or "")) == (FLASH_25, True)


IDS = [model.id for model in catalogue().models]


@given(
    asked=st.sampled_from([*IDS, "gemini-9-live"]),
    platform=st.sampled_from(Platform),
    day=st.dates(date(2025, 1, 1), date(2028, 1, 1)),
    listed=st.none() | st.sets(st.sampled_from([*IDS, *TEXT_ONLY])),
)
@example(asked=FLASH, platform=DEVELOPER, day=date(2026, 11, 18), listed={LIVE})
def test_a_model_is_only_ever_replaced_by_one_that_is_there(
    asked: str, platform: Platform, day: date, listed: set[str] | None
) -> None:
    found = resolve_model(asked, platform, day, listed)
    if not found.is_replaced:
        return
    heir = catalogue().model(found.id)
    assert heir is not None
    assert found.reason
    assert platform in heir.served
    assert not heir.is_over(day)
    assert listed is None or not listed & set(IDS) or found.id in listed
    assert found == Resolution(found.id, asked, found.reason)


@pytest.mark.parametrize(
    ("model_id", "day", "stands"),
    [
        (LIVE, TODAY, Standing.CURRENT),
        (FLASH, date(2026, 9, 1), Standing.PREVIEW),
        (FLASH, TODAY, Standing.RUMOURED),
        (FLASH_25, date(2026, 12, 13) - timedelta(days=SOON_DAYS + 1), Standing.DEPRECATED),
        (FLASH_25, date(2026, 12, 13) - timedelta(days=SOON_DAYS), Standing.ENDS_SOON),
        (FLASH_25, date(2026, 12, 13), Standing.RETIRED),
        ("gemini-live-2.5-flash-preview", TODAY, Standing.RETIRED),
    ],
)
def test_how_a_model_stands(model_id: str, day: date, stands: Standing) -> None:
    model = catalogue().model(model_id)
    assert model is not None
    assert standing(model, day) is stands


# -- what is wrong in an agent

RECEPTION = shipped_agents()["reception"]


def voiced(**model: object) -> Agent:
    return RECEPTION.model_copy(update={"model": Model.model_validate(model)})


def problems(agent: Agent, listed: Collection[str] = ()) -> list[AgentProblem]:
    return problems_of(agent, catalogue(), BUILTIN.names, listed=listed)


@pytest.mark.parametrize("agent", shipped_agents().values(), ids=lambda agent: agent.id)
def test_the_agents_that_ship_can_work(agent: Agent) -> None:
    assert problems(agent) == []


@pytest.mark.parametrize(
    ("model", "field", "phrase", "suggestion"),
    [
        ({"id": "gemini-3.1-flash-live"}, "model.id", "no speech model", FLASH),
        ({"id": "Gemini-3.8-Live "}, "model.id", "no speech model", LIVE),
        ({"id": "gpt-realtime-2"}, "model.id", "no speech model", None),
        ({"platform": "vertex"}, "model.id", "not served on Vertex AI", LIVE),
        ({"region": "us-central1"}, "model.id", "not served on Vertex AI", LIVE),
        ({"id": FLASH_25, "platform": "developer"}, "model.id", "not served on the Developer API", LIVE),
        ({"id": LIVE, "platform": "vertex", "region": "global"}, "model.region", "'global'", "us-central1"),
        ({"id": LIVE, "platform": "vertex", "region": "europe-west4"}, "model.region", "not served in", "eu"),
        ({"id": LIVE, "platform": "vertex", "region": "us-east1"}, "model.region", "not served in", "us-central1"),
        ({"id": LIVE, "platform": "vertex", "region": "asia-south1"}, "model.region", "not served in", None),
        ({"id": LIVE, "platform": "developer", "region": "eu"}, "model.region", "no regions", ""),
        ({"id": LIVE, "thinking_level": "low"}, "model.thinking_level", "takes no thinking level", ""),
        ({"id": f"{LIVE}-extended-thinking", "thinking_level": "minimal"}, "model.thinking_level", "low, med", "low"),
        ({"id": FLASH_25, "platform": "vertex", "thinking_level": "high"}, "model.thinking_level", "minimal is", ""),
        ({"fallbacks": [{"id": LIVE}, {"id": "gemini-3.9"}]}, "model.fallbacks[1].id", "no speech model", LIVE),
    ],
)
def test_what_cannot_work_is_said_with_what_would(
    model: dict[str, object], field: str, phrase: str, suggestion: str | None
) -> None:
    found = problems(voiced(**model))
    assert [(one.field, one.suggestion) for one in found] == [(field, suggestion)]
    assert phrase in found[0].sentence
    assert str(found[0]).startswith(f"{field}: ")


@pytest.mark.parametrize(
    "model",
    [
        {"id": LIVE, "platform": "vertex", "region": "eu"},
        {"id": FLASH_25, "platform": "vertex", "region": "europe-west4"},
        {"id": FLASH_25, "platform": "vertex", "thinking_level": "minimal"},
        {"thinking_level": "minimal"},
    ],
)
def test_what_works_is_not_complained_about(model: dict[str, object]) -> None:
    assert problems(voiced(**model)) == []


def test_a_model_that_the_service_lists_is_not_unknown() -> None:
    assert problems(voiced(id="gemini-3.9-live"), listed={"gemini-3.9-live"}) == []


def test_tools_voice_and_languages() -> None:
    odd = RECEPTION.model_copy(
        update={
            "voice": "Korre",
            "tools": ("end_cal", "end_call", "end_call", "launch_rocket"),
            "languages": Languages(start="en-IN", allowed=("en-IN", "kok-IN", "hi-IN")),
        }
    )
    assert [(one.field, one.suggestion) for one in problems(odd)] == [
        ("voice", "Kore"),
        ("tools[0]", "end_call"),
        ("tools[2]", ""),
        ("tools[3]", None),
        ("languages.allowed[1]", None),
    ]


def test_a_fallback_that_speaks_less_is_named() -> None:
    deaf = catalogue().model_dump(mode="json")
    deaf["languages"]["few"] = ["en"]
    deaf["families"][1]["platforms"]["developer"]["languages"] = "few"
    deaf["families"][1]["platforms"]["vertex"]["languages"] = "few"
    agent = voiced(fallbacks=(SpeechPlace(id=LIVE),))
    found = problems_of(agent, Catalogue.model_validate(deaf), BUILTIN.names)
    assert [str(one) for one in found] == ["languages.allowed[1]: gemini-3.8-live does not speak hi-IN"]


def test_a_misspelt_voice_is_refused_with_the_nearest() -> None:
    with pytest.raises(ValidationError, match="did you mean Zephyr"):
        Agent.model_validate({**RECEPTION.model_dump(), "voice": "zefyr"})


@given(st.sampled_from(sorted(VOICES)), st.data())
def test_one_wrong_letter_in_a_voice_is_forgiven(voice: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(voice) - 1))
    typed = voice[:at] + "x" + voice[at + 1 :]
    found = nearest(typed, VOICES)
    assert found is not None
    assert sum(a != b for a, b in itertools.zip_longest(found.lower(), typed.lower())) <= 2


@given(st.text())
@example("")
def test_nearest_is_one_of_them_or_none(word: str) -> None:
    assert nearest(word, ["Kore", "Puck"]) in {"Kore", "Puck", None}
