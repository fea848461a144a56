"""A campaign that has paused itself can be given what it lacks, and goes on; whom it calls and how does not change."""

from __future__ import annotations

from typing import Any

import pytest

from shared.domain.campaign import PauseReason
from shared.store.campaigns import pause
from tests.console.conftest import Console

ENDS = "2026-11-30T20:00:00+05:30"


async def paused(console: Console, **body: Any) -> str:
    """The path of a launched campaign whose money is spent."""
    campaign = await console.a_campaign(await console.a_list(), **body)
    path = f"/api/campaigns/{campaign['campaign_id']}"
    await console.does("POST", f"{path}/launch")
    await pause(console.store, campaign["campaign_id"], PauseReason.BUDGET, "20.40 of 20.00 USD are spent.")
    return path


async def test_budget_of_a_campaign_that_has_spent_it_is_raised_and_the_campaign_resumed(console: Console) -> None:
    path = await paused(console, budget=20)
    changed = await console.does("PATCH", path, {"budget": 60, "pacing": {"calls_per_second": 0.5}})
    assert (changed["status"], changed["budget"]["amount"]) == ("paused", 60)
    assert changed["pacing"]["calls_per_second"] == 0.5
    resumed = await console.does("POST", f"{path}/resume")
    assert (resumed["status"], resumed["budget"]["amount"]) == ("running", 60)


async def test_a_marketer_raises_the_budget_on_the_page_and_presses_resume(laptop: Console) -> None:
    page = (await paused(laptop, budget=20, ends_at=ENDS, pacing={"calls_per_second": 2, "weight": 3})).replace(
        "/api", "/console"
    )
    shown = await laptop.http.get(page)
    assert "20.40 of 20.00 USD are spent" in shown.text
    assert 'href="#change"' in shown.text
    form = {"budget": "60", "calls_per_second": "0.5", "max_concurrent": "4", "zone": "Asia/Kolkata", "then": "resume"}
    wrong = await laptop.http.post(f"{page}/change", data={**form, "budget": "-1", "calls_per_second": "quick"})
    assert wrong.status_code == 422
    assert "this cannot be used" in wrong.text
    assert "It must be more than 0" in wrong.text or "It must be a number" in wrong.text
    assert 'value="quick"' in wrong.text, "what was written comes back"
    more = {"ends_at": "2026-12-05T20:00", "from": "11:00", "until": "18:00"}
    assert (await laptop.http.post(f"{page}/change", data={**form, **more})).status_code == 303
    now = await laptop.get(page.replace("/console", "/api"))
    assert (now["status"], now["budget"]["amount"]) == ("running", 60)
    assert (now["pacing"]["calls_per_second"], now["pacing"]["max_concurrent"], now["pacing"]["weight"]) == (0.5, 4, 3)
    assert now["window"] == {"mon-sun": "11:00-18:00"}


async def test_what_cannot_be_changed_is_said_on_the_page(laptop: Console) -> None:
    page = (await paused(laptop, window={"daily": "10:00-19:00"})).replace("/api", "/console")
    wider = await laptop.http.post(f"{page}/change", data={"from": "09:00", "until": "21:00"})
    assert wider.status_code == 409
    assert "The hours of a paused campaign can only be narrowed." in wider.text


async def test_end_moves_later_and_hours_narrower_while_a_campaign_is_paused(console: Console) -> None:
    path = await paused(console, ends_at=ENDS, window={"daily": "10:00-19:00"})
    later = "2026-12-05T20:00:00+05:30"
    changed = await console.does("PATCH", path, {"ends_at": later, "window": {"mon-fri": "11:00-18:00"}})
    assert changed["window"] == {"mon-fri": "11:00-18:00"}
    assert (await console.does("PATCH", path, {"ends_at": None}))["ends_at"] is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"ends_at": "2026-11-28T20:00:00+05:30"}, "ends_at"),
        ({"window": {"daily": "09:00-19:00"}}, "window"),
        ({"window": {}}, "window"),
        ({"purpose": "service"}, "purpose"),
        ({"agent_id": "reception"}, "agent_id"),
        ({"list_id": "another"}, "list_id"),
        ({"retry": {"max_attempts": 9}}, "retry"),
    ],
)
async def test_what_was_checked_before_the_launch_stays(console: Console, change: dict[str, Any], field: str) -> None:
    path = await paused(console, purpose="marketing", ends_at=ENDS, window={"daily": "10:00-19:00"})
    before = await console.get(path)
    problem = await console.does("PATCH", path, change, 409)
    assert (problem["field"], problem["code"]) == (field, "illegal")
    assert await console.get(path) == before


async def test_budget_in_money_that_calls_are_not_reckoned_in_is_refused(console: Console) -> None:
    problem = await console.a_campaign(await console.a_list(), expect=422, budget={"amount": 5000, "currency": "INR"})
    assert problem["field"] == "budget.currency"
    assert "write the budget in USD" in problem["detail"]


async def test_check_of_a_campaign_that_starts_later_says_when_people_will_be_called(console: Console) -> None:
    six_on_thursday_morning = "2026-11-26T06:00:00+05:30"
    campaign = await console.a_campaign(await console.a_list(), starts_at=six_on_thursday_morning)
    look = await console.get(f"/api/campaigns/{campaign['campaign_id']}/preflight")
    assert (look["dial_now"], look["wait"]) == (0, 2)
    assert look["next_opening"] == "2026-11-26T04:31:30Z", "when their window opens that day"
    assert look["can_launch"]
    await console.does("PATCH", f"/api/campaigns/{campaign['campaign_id']}", {"starts_at": "2026-11-26T11:00:00+05:30"})
    look = await console.get(f"/api/campaigns/{campaign['campaign_id']}/preflight")
    assert (look["dial_now"], look["wait"], look["next_opening"]) == (0, 2, "2026-11-26T05:30:00Z")


async def test_check_of_a_paused_campaign_says_that_people_wait_for_it(console: Console) -> None:
    path = await paused(console)
    look = await console.get(f"{path}/preflight")
    assert (look["dial_now"], look["wait"], look["never"]) == (0, 2, 1)
    (waiting,) = (one for one in look["refusals"] if one["code"] == "paused")
    assert waiting["waits"] == waiting["count"] == 2
    assert "resumed" in waiting["sentence"]
