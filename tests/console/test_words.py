"""What marketers read: what is the matter, in the words of the page, and what they can do about it."""

from __future__ import annotations

import pytest

from functions.console.pages.page import title
from shared.domain.campaign import PauseReason
from shared.domain.refusal import Code
from shared.store.campaigns import pause
from shared.telephony.twilio_advice import advice
from shared.telephony.twilio_errors import REFUSALS
from tests.console.conftest import Console

PLAIN = {Code.SUPPRESSED, Code.NO_CONSENT, Code.TZ_UNKNOWN, Code.PAUSED}


@pytest.mark.parametrize("code", list(Code))
def test_no_code_word_stands_on_a_page(code: Code) -> None:
    assert code in PLAIN or title(code) != str(code).replace("_", " ").capitalize()


@pytest.mark.parametrize("code", [code for code, kind in REFUSALS.items() if str(kind) == "configuration"])
def test_a_campaign_that_the_carrier_refuses_says_what_that_means_and_what_to_do(code: int) -> None:
    assert advice(code).endswith(", then resume.")
    assert str(code) in advice(code)


@pytest.mark.parametrize(
    ("field", "written", "words"),
    [
        ("budget", "-5", "Budget in USD|It must be more than 0."),
        ("budget", "much", "Budget in USD|It must be a number, such as 2.5."),
        ("max_attempts", "40", "Attempts per person|It must be at most 10."),
        ("max_concurrent", "2.5", "Calls at once|It must be a whole number, such as 3."),
        ("name", "", "Name|It is missing."),
    ],
)
async def test_a_mistake_in_a_form_is_told_in_its_own_words(
    laptop: Console, field: str, written: str, words: str
) -> None:
    form = {"name": "Diwali", "list_id": await laptop.a_list(), "agent_id": "renewal", "purpose": "marketing"}
    answer = await laptop.http.post("/console/campaigns", data={**form, field: written})
    assert answer.status_code == 422
    label, sentence = words.split("|")
    assert f"{label}: this cannot be used</strong></p>\n<p>{sentence}" in answer.text


async def test_a_button_that_does_nothing_now_says_which_does(laptop: Console) -> None:
    path = f"/api/campaigns/{(await laptop.a_campaign(await laptop.a_list()))['campaign_id']}"
    early = await laptop.does("POST", f"{path}/pause", expect=409)
    assert (early["title"], early["detail"]) == (
        "The campaign is draft, so there is nothing to pause",
        "It has not been launched; launch it first.",
    )
    await laptop.does("POST", f"{path}/launch")
    await laptop.does("POST", f"{path}/pause")
    assert (await laptop.does("POST", f"{path}/launch", expect=409))["detail"] == "Resume it to go on calling."


async def test_a_list_that_is_not_ready_says_how_it_gets_ready(laptop: Console) -> None:
    accepted = await laptop.uploads("Name,City\nAsha,Pune\n")
    await laptop.has_read(accepted["list_id"])
    campaign = await laptop.a_campaign(accepted["list_id"])
    [check] = [
        one
        for one in (await laptop.get(f"/api/campaigns/{campaign['campaign_id']}/preflight"))["checks"]
        if one["code"] == "list_not_ready"
    ]
    assert check["sentence"] == "The list could not be read."
    assert check["fix"]


async def test_a_spent_budget_keeps_people_waiting_and_not_for_ever(laptop: Console) -> None:
    campaign = await laptop.a_campaign(await laptop.a_list(), budget=1)
    path = f"/api/campaigns/{campaign['campaign_id']}"
    await laptop.does("POST", f"{path}/launch")
    await laptop.store.create(f"campaigns/{campaign['campaign_id']}/tallies/0", {"cost": 2.0})
    await pause(laptop.store, campaign["campaign_id"], PauseReason.BUDGET, "2.00 of 1.00 USD are spent.")
    found = await laptop.get(f"{path}/preflight")
    assert "2 wait (budget); 1 never (no consent)" in found["summary"]
    assert (found["wait"], found["never"]) == (2, 1)
