"""What a marketer writes, and the states a campaign goes through."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest
from pydantic import ValidationError

from shared.domain.calling_rules import Caps, Purpose
from shared.domain.campaign import (
    NEXT_CAMPAIGN,
    CampaignDraft,
    CampaignEvent,
    CampaignState,
    IllegalCampaignEvent,
    PauseReason,
    campaign_path,
)
from tests.domain.builders import NOON_IN_INDIA, a_campaign

DRAFT = {"name": "Diwali", "agent_id": "renewal", "list_id": "list1"}
RISES = {CampaignState.COMPLETED, CampaignState.CANCELLED}


@pytest.mark.parametrize(("state", "event"), list(product(CampaignState, CampaignEvent)))
def test_an_event_follows_the_table_or_changes_nothing(state: CampaignState, event: CampaignEvent) -> None:
    campaign = a_campaign(state=state)
    if (state, event) in NEXT_CAMPAIGN:
        assert campaign.advanced(event).state is NEXT_CAMPAIGN[state, event]
    else:
        with pytest.raises(IllegalCampaignEvent) as refused:
            campaign.advanced(event)
        assert (refused.value.state, refused.value.event) == (state, event)
        assert campaign == a_campaign(state=state)


def test_a_campaign_that_is_over_stays_over() -> None:
    assert {after for (before, _), after in NEXT_CAMPAIGN.items() if before in RISES} <= RISES


@pytest.mark.parametrize("event", [CampaignEvent.LAUNCH, CampaignEvent.PAUSE, CampaignEvent.CANCEL])
def test_pressing_a_button_twice_is_pressing_it_once(event: CampaignEvent) -> None:
    before = a_campaign(state=CampaignState.RUNNING if event is CampaignEvent.PAUSE else CampaignState.DRAFT)
    once = before.advanced(event)
    assert once.advanced(event) == once


def test_resuming_forgets_why_it_was_paused() -> None:
    paused = a_campaign().advanced(CampaignEvent.PAUSE, paused_for=PauseReason.BREAKER, paused_detail="5 of 8 failed")
    assert paused.paused_for is PauseReason.BREAKER
    assert paused.advanced(CampaignEvent.PAUSE).paused_for is PauseReason.BREAKER
    resumed = paused.advanced(CampaignEvent.RESUME)
    assert (resumed.paused_for, resumed.paused_detail) == (None, None)


def test_a_draft_needs_little_and_defaults_to_the_strictest() -> None:
    draft = CampaignDraft.model_validate(DRAFT)
    assert draft.purpose is Purpose.MARKETING
    assert draft.window is None
    assert draft.retry.max_attempts == 3


def test_null_and_an_empty_window_mean_that_nothing_was_said() -> None:
    written: dict[str, object] = {
        **DRAFT,
        "window": {},
        "retry": None,
        "budget": None,
        "pacing": None,
        "language": None,
    }
    assert CampaignDraft.model_validate(written) == CampaignDraft.model_validate(DRAFT)


@pytest.mark.parametrize(
    ("budget", "amount"), [(12.5, 12.5), (3, 3.0), ({"amount": 7, "currency": "USD"}, 7.0), ({"max_cost": 9}, 9.0)]
)
def test_a_budget_is_a_number_or_an_amount_with_its_currency(budget: object, amount: float) -> None:
    draft = CampaignDraft.model_validate({**DRAFT, "budget": budget})
    assert draft.budget is not None
    assert draft.budget.amount == amount


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("agent_id", "Not An Id"),
        ("purpose", "begging"),
        ("language", "hindi"),
        ("pacing", {"calls_per_second": 0}),
        ("pacing", {"calls_per_sec": 1}),
        ("window", {"mon": "21:00-09:00"}),
        ("window", "nine to five"),
        ("window", {"mon": "closed"}),
        ("budget", {"amount": 5000, "currency": "INR"}),
        ("retry", {"max_attempts": 0}),
        ("retry", {"on": ["sneezed"]}),
        ("budget", 0),
        ("budget", True),
        ("budget", {"currency": "USD"}),
        ("ring_timeout_s", 5),
        ("starts_at", "2026-11-24T10:00:00"),
        ("wndow", {}),
    ],
)
def test_what_cannot_work_is_refused_by_the_name_of_its_field(field: str, value: object) -> None:
    with pytest.raises(ValidationError) as refused:
        CampaignDraft.model_validate({**DRAFT, field: value})
    assert any(field in map(str, error["loc"]) for error in refused.value.errors())


def test_a_campaign_ends_after_it_starts() -> None:
    with pytest.raises(ValidationError, match="ends_at must come after"):
        a_campaign(starts_at=NOON_IN_INDIA, ends_at=NOON_IN_INDIA)
    assert a_campaign(starts_at=NOON_IN_INDIA, ends_at=NOON_IN_INDIA + timedelta(hours=1)).ends_at


def test_something_that_is_no_campaign_at_all_is_refused() -> None:
    with pytest.raises(ValidationError):
        CampaignDraft.model_validate("Diwali")


@pytest.mark.parametrize(
    ("purpose", "retry", "caps"),
    [
        (Purpose.MARKETING, {}, Caps(per_24h=1)),
        (Purpose.SERVICE, {}, Caps()),
        (Purpose.MARKETING, {"max_per_24h": 2, "max_per_7d": 5}, Caps(per_24h=2, per_7d=5)),
    ],
)
def test_marketing_rings_once_a_day_unless_it_says_otherwise(
    purpose: Purpose, retry: dict[str, int], caps: Caps
) -> None:
    assert a_campaign(purpose=purpose, retry=retry).own_caps == caps


def test_where_a_campaign_is_kept() -> None:
    assert campaign_path("diwali") == "campaigns/diwali"
