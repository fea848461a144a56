"""A marketer writes a campaign, looks before the leap, launches, pauses, resumes, cancels and reads the results."""

from __future__ import annotations

import asyncio
import csv
import io
from datetime import timedelta
from typing import Any

import pytest

from shared.domain.attempt import Attempt, attempt_path
from shared.domain.campaign import Campaign, CampaignEvent, campaign_path
from shared.domain.contact import Contact, ContactEvent, contact_path
from shared.domain.disposition import Disposition, Outcome
from shared.store.attempts import attempt_document
from shared.store.campaigns import move_campaign
from shared.store.launch import load_contacts
from shared.store.settlement import contact_fields
from shared.store.store import Store, Value
from shared.store.tallies import Tally
from tests.console.conftest import HASH_NUMBER, INDIAN_LIST, Console

EVENING = timedelta(hours=12)
"""From half past ten in the morning in India to half past ten at night."""


async def contacts_of(store: Store, campaign_id: str) -> list[Contact]:
    page = await store.query(f"campaigns/{campaign_id}/contacts", limit=500)
    return [Contact.from_document(one.data) for one in page.documents]


async def test_a_campaign_is_a_draft_until_it_is_launched(console: Console) -> None:
    list_id = await console.a_list()
    body: dict[str, Any] = {
        "purpose": "marketing",
        "language": "hi-IN",
        "pacing": {"calls_per_second": 2, "max_concurrent": 5},
        "window": {"start": "10:00", "end": "19:00"},
        "retry": {"max_attempts": 2},
        "budget": {"amount": 50},
        "starts_at": None,
    }
    campaign = await console.a_campaign(list_id, **body)
    assert campaign["status"] == "draft"
    assert campaign["window"] == {"mon-sun": "10:00-19:00"}
    assert await console.get(f"/api/campaigns/{campaign['campaign_id']}") == campaign
    assert (await console.get("/api/campaigns"))["campaigns"] == [campaign]
    assert (await console.get("/api/campaigns", status="running"))["campaigns"] == []
    assert await contacts_of(console.store, campaign["campaign_id"]) == []


async def test_a_draft_is_changed_and_a_running_campaign_is_not(console: Console) -> None:
    campaign = await console.a_campaign(await console.a_list())
    path = f"/api/campaigns/{campaign['campaign_id']}"
    changed = await console.does("PATCH", path, {"name": "Holi", "budget": 20})
    assert (changed["name"], changed["budget"]["amount"], changed["agent_id"]) == ("Holi", 20, "renewal")
    await console.does("POST", f"{path}/launch")
    problem = await console.does("PATCH", path, {"name": "Eid"}, 409)
    assert problem["status_now"] == "running"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"agent_id": "nobody"}, "agent_id"),
        ({"list_id": "nothing"}, "list_id"),
        ({"language": "fr"}, "language"),
        ({"name": ""}, "name"),
        ({"pacing": {"calls_per_second": 0}}, "pacing.calls_per_second"),
        ({"window": {"mon": "19:00-10:00"}}, "window"),
        ({"starts_at": "2026-11-23T10:00:00"}, "starts_at"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_a_campaign_that_cannot_be_names_the_field(laptop: Console, change: dict[str, Any], field: str) -> None:
    problem = await laptop.a_campaign(await laptop.a_list(), expect=422, **change)
    assert problem["field"] == field
    assert (await laptop.get("/api/campaigns"))["campaigns"] == []


async def test_before_the_launch_everybody_is_accounted_for(console: Console) -> None:
    campaign = await console.a_campaign(await console.a_list())
    look = await console.get(f"/api/campaigns/{campaign['campaign_id']}/preflight")
    assert look["dial_now"] == 2
    assert [(one["code"], one["count"]) for one in look["refusals"]] == [("no_consent", 1)]
    assert look["rows"]["invalid"] == 1
    assert look["rows"]["duplicate"] == 1
    assert look["evaluated"] + look["rows"]["invalid"] + look["rows"]["duplicate"] == look["total"] == 5
    assert look["complete"] is True
    assert look["can_launch"] is True
    assert look["estimate"]["contacts"] == 2
    assert look["estimate"]["cost"] > 0
    assert "india" in [one["code"] for one in look["checks"]]
    assert look["summary"].startswith("2 would be called now")


async def test_at_night_the_preflight_says_when_it_opens(console: Console) -> None:
    campaign = await console.a_campaign(await console.a_list())
    console.clock.set(console.clock.now() + EVENING)
    look = await console.get(f"/api/campaigns/{campaign['campaign_id']}/preflight")
    assert look["dial_now"] == 0
    assert look["wait"] == 2
    [night] = [one for one in look["refusals"] if one["code"] == "outside_window"]
    assert night["openings"][0]["local"] == "Tue 24 Nov, 10:01 IST"
    assert night["openings"][0]["count"] == 2


async def test_who_was_called_yesterday_is_told_apart(console: Console) -> None:
    campaign = await console.a_campaign(await console.a_list())
    called = Attempt(
        id="other.1",
        campaign_id="other",
        contact_id=HASH_NUMBER("+919876543210"),
        attempt_no=1,
        created_at=console.clock.now() - timedelta(hours=3),
        rang_at=console.clock.now() - timedelta(hours=3),
        disposition=Disposition.NO_ANSWER,
    )
    await console.store.create(attempt_path(called.id), attempt_document(called, console.clock.now()))
    look = await console.get(f"/api/campaigns/{campaign['campaign_id']}/preflight")
    assert look["dial_now"] == 1
    assert look["wait"] == 1


async def test_a_preflight_in_a_hurry_says_how_far_it_came(sqlite_store: Store) -> None:
    console = Console(sqlite_store, preflight_s=0.0)
    rows = "".join(f"+9198{number:08},yes\n" for number in range(11_000_000, 11_001_000))
    campaign = await console.a_campaign(await console.a_list("phone,consent\n" + rows))
    look = await console.get(f"/api/campaigns/{campaign['campaign_id']}/preflight")
    assert look["complete"] is False
    assert look["evaluated"] == 400
    assert look["estimate"]["contacts"] == 1000
    await console.close()


async def test_wishes_beyond_the_law_and_missing_words_are_said(laptop: Console) -> None:
    campaign = await laptop.a_campaign(
        await laptop.a_list(),
        window={"daily": "06:00-23:00"},
        topic={"hi-IN": "{{name}} {{plan|your plan}}"},
        budget={"amount": 0.01},
    )
    look = await laptop.get(f"/api/campaigns/{campaign['campaign_id']}/preflight")
    checks = {one["code"]: one for one in look["checks"]}
    assert "hours beyond those of IN" in checks["widening"]["sentence"]
    assert checks["variable_missing"]["count"] == 3
    assert "budget_short" in checks


async def test_a_launch_makes_each_number_one_contact(console: Console) -> None:
    campaign = await console.a_campaign(await console.a_list())
    path = f"/api/campaigns/{campaign['campaign_id']}"
    launched = await console.does("POST", f"{path}/launch")
    assert launched["status"] == "running"
    assert launched["agent_version"] >= 1
    contacts = await contacts_of(console.store, campaign["campaign_id"])
    assert sorted(one.phone for one in contacts) == ["+919811122233", "+919822233344", "+919876543210"]
    assert (await console.get(path))["loaded"] is True


async def test_a_double_click_launches_once(console: Console) -> None:
    campaign = await console.a_campaign(await console.a_list())
    path = f"/api/campaigns/{campaign['campaign_id']}"
    both = await asyncio.gather(*(console.asks("POST", f"{path}/launch") for _ in range(2)))
    assert [one.status_code for one in both] == [200, 200]
    assert len(await contacts_of(console.store, campaign["campaign_id"])) == 3
    console.clock.advance(minutes=1)
    again = await console.does("POST", f"{path}/launch")
    assert again["launched_at"] == both[0].json()["launched_at"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"window": {"start": "22:00", "end": "23:00"}}, "outside window"),
        ({"countries": ["US"]}, "country not enabled"),
        ({"ends_at": "2026-11-20T10:00:00+05:30"}, "expired"),
    ],
    ids=["hours that are never open", "another country", "an end in the past"],
)
async def test_a_launch_that_would_skip_everybody_for_good_is_refused(
    laptop: Console, changes: dict[str, Any], reason: str
) -> None:
    campaign = await laptop.a_campaign(await laptop.a_list(), **changes)
    path = f"/api/campaigns/{campaign['campaign_id']}"
    look = await laptop.get(f"{path}/preflight")
    assert (look["can_launch"], look["dial_now"], look["wait"]) == (False, 0, 0)
    problem = await laptop.does("POST", f"{path}/launch", expect=409)
    assert problem["code"] == "nobody_to_call"
    assert reason in problem["detail"]
    await laptop.does("PATCH", path, {"window": {}, "countries": [], "ends_at": None})
    assert (await laptop.does("POST", f"{path}/launch"))["status"] == "running"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"countries": ["Germany"]}, "countries"),
        ({"caller_ids": ["+911234"]}, "caller_ids"),
        ({"starts_at": "2026-11-24T10:00:00+05:30", "ends_at": "2026-11-23T10:00:00+05:30"}, "ends_at"),
        ({"voicemail": {"leave_message": True}}, "voicemail"),
        ({"voicemail": {"leave_message": True, "message": {"hi": " "}}}, "voicemail"),
    ],
)
async def test_what_a_draft_cannot_say_is_named(laptop: Console, changes: dict[str, Any], field: str) -> None:
    problem = await laptop.a_campaign(await laptop.a_list(), expect=422, **changes)
    assert problem["field"] == field


async def test_a_launch_without_anybody_to_call_is_refused(laptop: Console) -> None:
    nobody = await laptop.a_campaign(await laptop.a_list("Mobile,Consent\n12345,yes\n9876543210,no\n"))
    problem = await laptop.does("POST", f"/api/campaigns/{nobody['campaign_id']}/launch", expect=409)
    assert problem["code"] == "no_contacts"
    unread = await laptop.a_campaign((await laptop.uploads("Name,City,Ref\nAsha,Pune,A-1\n"))["list_id"])
    await laptop.has_read(unread["list_id"])
    problem = await laptop.does("POST", f"/api/campaigns/{unread['campaign_id']}/launch", expect=409)
    assert problem["code"] == "list_not_ready"
    assert (await laptop.get(f"/api/campaigns/{unread['campaign_id']}"))["status"] == "draft"


async def test_a_campaign_is_paused_resumed_and_cancelled_each_as_often_as_one_likes(console: Console) -> None:
    campaign = await console.a_campaign(await console.a_list())
    path = f"/api/campaigns/{campaign['campaign_id']}"
    assert (await console.does("POST", f"{path}/pause", expect=409))["status_now"] == "draft"
    await console.does("POST", f"{path}/launch")
    for _ in range(2):
        paused = await console.does("POST", f"{path}/pause")
        assert (paused["status"], paused["paused_for"]) == ("paused", "person")
    assert (await console.does("POST", f"{path}/launch", expect=409))["status_now"] == "paused"
    console.clock.advance(minutes=5)
    for _ in range(2):
        resumed = await console.does("POST", f"{path}/resume")
        assert resumed["status"] == "running"
        assert resumed["resumed_at"] == "2026-11-23T05:05:00Z"
    for _ in range(2):
        assert (await console.does("POST", f"{path}/cancel"))["status"] == "cancelled"
    assert (await console.does("POST", f"{path}/resume", expect=409))["status_now"] == "cancelled"
    assert (await console.does("POST", "/api/campaigns/nope/pause", expect=404))["status"] == 404


async def test_a_breakers_pause_is_not_taken_for_a_persons(laptop: Console) -> None:
    campaign = await laptop.a_campaign(await laptop.a_list())
    path = f"/api/campaigns/{campaign['campaign_id']}"
    await laptop.does("POST", f"{path}/launch")
    await move_campaign(
        laptop.store,
        campaign["campaign_id"],
        lambda one: one.advanced(CampaignEvent.PAUSE, paused_for="breaker", paused_detail="5 of 8 failed"),
    )
    assert (await laptop.does("POST", f"{path}/pause"))["paused_for"] == "breaker"


async def test_loading_goes_on_where_it_was_broken_off(console: Console) -> None:
    rows = "".join(f"+9198{number:08},yes\n" for number in range(11_000_000, 11_001_000))
    list_id = await console.a_list("phone,consent\n" + rows)
    campaign_id = (await console.a_campaign(list_id))["campaign_id"]
    campaign = await move_campaign(console.store, campaign_id, lambda one: one.advanced(CampaignEvent.LAUNCH))
    assert await load_contacts(console.store, campaign, 0.0) == 400
    started = await read(console.store, campaign_id)
    assert (started.loaded, started.load_cursor is None) == (False, False)
    await asyncio.gather(load_contacts(console.store, campaign, 60.0), load_contacts(console.store, started, 60.0))
    assert (await read(console.store, campaign_id)).loaded is True
    assert await console.store.count(f"campaigns/{campaign_id}/contacts") == 1000


async def test_a_cancelled_campaign_loads_no_more(laptop: Console) -> None:
    rows = "".join(f"+9198{number:08},yes\n" for number in range(11_000_000, 11_001_000))
    campaign_id = (await laptop.a_campaign(await laptop.a_list("phone,consent\n" + rows)))["campaign_id"]
    campaign = await move_campaign(laptop.store, campaign_id, lambda one: one.advanced(CampaignEvent.LAUNCH))
    await laptop.does("POST", f"/api/campaigns/{campaign_id}/cancel")
    assert await load_contacts(laptop.store, campaign, 60.0) == 400
    assert (await read(laptop.store, campaign_id)).loaded is False


async def test_a_list_is_not_changed_under_a_campaign_that_takes_its_contacts(laptop: Console) -> None:
    list_id = await laptop.a_list()
    campaign_id = (await laptop.a_campaign(list_id))["campaign_id"]
    await move_campaign(laptop.store, campaign_id, lambda one: one.advanced(CampaignEvent.LAUNCH))
    problem = await laptop.does("PUT", f"/api/lists/{list_id}/mapping", {"mapping": {}}, 409)
    assert problem["code"] == "in_use"


async def test_report_and_results_tell_what_became_of_each(console: Console) -> None:
    campaign_id = (await console.a_campaign(await console.a_list(INDIAN_LIST.replace("Pune", "=1+1"))))["campaign_id"]
    await console.does("POST", f"/api/campaigns/{campaign_id}/launch")
    await talked_with(console, campaign_id, "+919876543210")
    await skipped(console, campaign_id, "+919822233344", "no_consent")
    report = await console.get(f"/api/campaigns/{campaign_id}/report")
    assert report["contacts"] == {"total": 3, "pending": 1, "in_progress": 0, "done": 1, "skipped": 1}
    assert report["attempts"] == 1
    assert report["dispositions"] == {"human": 1}
    assert report["outcomes"] == {"goal_met": 1}
    assert report["refusals"] == {"no_consent": 1}
    assert report["languages"] == {"hi-IN": 1}
    assert report["cost"] == 0.25
    found: dict[str, Value] = {"outcome": "interested", "objection": "=price()"}
    reading: dict[str, Value] = {"summary": "Wants to renew.", "sentiment": 0.4, "lead_score": 90, "extracted": found}
    await console.services.attempts.note(f"{campaign_id}.1", {"reading": reading})
    answer = await console.asks("GET", f"/api/campaigns/{campaign_id}/results.csv")
    assert "'=1+1" in answer.text, "a cell is never a formula"
    lines = {line["number"]: line for line in csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff")))}
    assert set(lines) == {"+919876543210", "+919811122233", "+919822233344"}
    assert lines["+919876543210"]["outcome"] == "goal_met"
    assert lines["+919876543210"]["last_call_sid"] == "CA1"
    assert lines["+919876543210"]["attempts"] == "1"
    said = ("summary", "sentiment", "lead_score", "extracted.outcome", "extracted.objection", "extracted.callback_at")
    assert [lines["+919876543210"][name] for name in said] == (
        ["Wants to renew.", "0.4", "90", "interested", "'=price()", ""]
    )
    assert lines["+919811122233"]["summary"] == ""
    assert lines["+919822233344"]["refusal"] == "no_consent"
    assert lines["+919811122233"]["state"] == "pending"
    assert lines["+919811122233"]["city"] == "Delhi"


async def read(store: Store, campaign_id: str) -> Campaign:
    document = await store.get(campaign_path(campaign_id))
    assert document is not None
    return Campaign.from_document(document.data)


async def change_contact(console: Console, campaign_id: str, phone: str, *events: Any, **changes: Any) -> None:
    path = contact_path(campaign_id, HASH_NUMBER(phone))
    document = await console.store.get(path)
    assert document is not None
    contact = Contact.from_document(document.data)
    for event in events:
        contact = contact.advanced(event)
    await console.store.update(path, contact_fields(contact.changed(**changes)))


async def skipped(console: Console, campaign_id: str, phone: str, refusal: str) -> None:
    await change_contact(console, campaign_id, phone, ContactEvent.SKIP, refusal=refusal)


async def talked_with(console: Console, campaign_id: str, phone: str) -> None:
    attempt = Attempt(
        id=f"{campaign_id}.1", campaign_id=campaign_id, contact_id=HASH_NUMBER(phone), attempt_no=1, sid="CA1",
        created_at=console.clock.now(),
    )  # fmt: skip
    await console.store.create(
        attempt_path(attempt.id), {**attempt_document(attempt, console.clock.now(), settled=True), "is_open": False}
    )
    tally = Tally(attempts=1, cost=0.25, talk_s=60)
    tally.dispositions["human"] += 1
    tally.outcomes["goal_met"] += 1
    tally.languages["hi-IN"] += 1
    await console.store.create(f"campaigns/{campaign_id}/tallies/00", tally.to_document())
    ended = {"attempts": 1, "attempt_id": attempt.id, "disposition": Disposition.HUMAN, "outcome": Outcome.GOAL_MET}
    await change_contact(console, campaign_id, phone, ContactEvent.CLAIM, ContactEvent.FINISH, **ended)
