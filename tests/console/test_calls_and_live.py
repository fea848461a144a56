"""Calls as they were, and as they happen."""

from __future__ import annotations

import json
from typing import Any

from shared.domain.campaign import CampaignEvent
from shared.store.campaigns import move_campaign
from shared.store.store import Update, Value
from tests.console.conftest import Console


async def a_call(console: Console, sid: str = "CA1", **fields: Any) -> None:
    await console.store.create(
        f"calls/{sid}",
        {"call_sid": sid, "direction": "inbound", "state": "in_progress", "from": "+919876543210",
         "started_at": console.clock.now(), **fields},
    )  # fmt: skip


async def test_a_call_is_shown_with_all_that_happened_in_it(console: Console) -> None:
    await a_call(console)
    console.clock.advance(seconds=1)
    await a_call(console, "CA2", campaign_id="c1")
    turn: dict[str, Value] = {"seq": 1, "speaker": "agent", "text": "नमस्ते", "unheard": "जी", "cut_off": True}
    await console.store.create("calls/CA1/turns/000001", turn)
    calls = (await console.get("/api/calls"))["calls"]
    assert [one["call_sid"] for one in calls] == ["CA2", "CA1"]
    assert [one["call_sid"] for one in (await console.get("/api/calls", campaign_id="c1"))["calls"]] == ["CA2"]
    whole = await console.get("/api/calls/CA1")
    assert whole["turns"] == [turn]
    assert whole["events"] == []
    await console.does("GET", "/api/calls/CA9", expect=404)


async def heard(console: Console) -> list[tuple[str, Any]]:
    """What a listener is told in one connection."""
    answer = await console.asks("GET", "/api/live")
    assert answer.status_code == 200
    events = [part for part in answer.text.split("\n\n") if part.startswith("event: ")]
    told = [part.removeprefix("event: ").split("\ndata: ", 1) for part in events]
    return [(kind, json.loads(data)) for kind, data in told]


async def test_a_listener_is_told_what_is_and_what_changes(console: Console) -> None:
    await a_call(console)
    campaign_id = (await console.a_campaign(await console.a_list()))["campaign_id"]
    await console.does("POST", f"/api/campaigns/{campaign_id}/launch")
    told = await heard(console)
    assert told[0][0] == "call"
    assert told[0][1]["call_sid"] == "CA1"
    assert "from" not in told[0][1]
    [(_, progress)] = [one for one in told if one[0] == "campaign"]
    assert progress["status"] == "running"
    assert progress["contacts"]["pending"] == 3


async def test_changes_are_told_once_each_and_a_paused_campaign_as_well(laptop: Console) -> None:
    await a_call(laptop)
    campaign_id = (await laptop.a_campaign(await laptop.a_list()))["campaign_id"]
    await laptop.does("POST", f"/api/campaigns/{campaign_id}/launch")
    [live] = [one for one in laptop.app.state.operations if one.path == "/api/live"]
    stream = live.answer.__self__.events()
    seen = [await anext(stream) for _ in range(3)]
    assert [part.partition("\n")[0] for part in seen] == ["retry: 40", "event: call", "event: campaign"]
    await laptop.store.batch([Update("calls/CA1", {"state": "completed"})])
    assert '"state":"completed"' in await anext(stream)
    await move_campaign(laptop.store, campaign_id, lambda one: one.advanced(CampaignEvent.CANCEL))
    assert '"status":"cancelled"' in await anext(stream)
    assert (await anext(stream)).startswith(": "), "nothing more has changed"
    await stream.aclose()


async def test_listeners_are_limited(laptop: Console) -> None:
    [live] = [one for one in laptop.app.state.operations if one.path == "/api/live"]
    streams = [live.answer.__self__.events() for _ in range(laptop.services.live.listeners)]
    for stream in streams:
        await anext(stream)
    await laptop.does("GET", "/api/live", expect=503)
    for stream in streams:
        await stream.aclose()
    assert (await laptop.asks("GET", "/api/live")).status_code == 200
