"""The demonstration's campaign: a messy list, a check before launch, calls in Hindi and Hinglish, their results."""

from __future__ import annotations

import asyncio
import csv
import io
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from local.demo.checks import Check
from local.demo.phone_network import PhoneNetwork
from local.dialogues import Dialogue
from shared.domain.retry import part_of_day

LIST = """Name,Mobile No,Language,Consent,Due Date
Sunita Verma,98100 00101,हिंदी,yes,30 November
Arjun Mehta,+91 98100 00102,Hinglish,हाँ,30 November
Kavita Rao,09810000103,hi,Y,2 December
Rohit Shah,9810000104.0,English,true,5 December
Asha Nair,+919810000105,hi,yes,3 December
Imran Khan,0091 9810000107,hi,yes,4 December
Sunita Verma,9810000101,hi,yes,30 November
Meena Iyer,9.81E+09,hi,yes,1 December
Dev Malhotra,9810000106,hi,no,1 December
"""
"""What marketers upload: spaces, a leading zero, a float, a duplicate, Excel's arithmetic, somebody who said no."""
INDIA = ZoneInfo("Asia/Kolkata")
Due = Callable[[datetime, datetime], bool]
"""Whether the next attempt is due when it should be: when the last one was, when the next one is, on Indian clocks."""


def _soon(last: datetime, due: datetime) -> bool:
    """Somebody who was talking has finished in a quarter of an hour."""
    return timedelta(minutes=15) <= due - last <= timedelta(minutes=30)


def _at_another_time(last: datetime, due: datetime) -> bool:
    """Who was out at noon may be in on another day's morning or evening."""
    return due.date() > last.date() and part_of_day(due) is not part_of_day(last) and 9 <= due.hour < 21


def _as_asked(last: datetime, due: datetime) -> bool:
    """The callback that was asked for: on another day at five."""
    return due.date() > last.date() and (due.hour, due.minute) == (17, 0)


EXPECTED: dict[str, tuple[str, str | None, Due | None]] = {
    "+919810000101": ("human", "goal_met", None),
    "+919810000102": ("human", "callback_scheduled", _as_asked),
    "+919810000103": ("human", "do_not_call", None),
    "+919810000104": ("busy", None, _soon),
    "+919810000105": ("no_answer", None, _at_another_time),
    "+919810000107": ("voicemail_hangup", None, _at_another_time),
}
"""By number: how the attempt ends, what the conversation achieves, and when the next one is due; None: never."""
CALLERS = {
    "+919810000101": "interested",
    "+919810000102": "callback_hinglish",
    "+919810000103": "opt_out_hindi",
    "+919810000107": "voicemail",
}
MACHINES = {"+919810000107"}
TICK_EVERY_S = 4.0
"""The scheduler comes once a minute; nobody wants to wait for that here."""
LONGEST_S = 150.0


@dataclass
class CampaignRun:
    """What was seen of the campaign."""

    list_counts: dict[str, int] = field(default_factory=dict)
    preflight: dict[str, Any] = field(default_factory=dict)
    report: dict[str, Any] = field(default_factory=dict)
    results: list[dict[str, str]] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)
    rings: Counter[str] = field(default_factory=Counter)


@asynccontextmanager
async def campaign(http: httpx.AsyncClient, network: PhoneNetwork, renewal: Dialogue) -> AsyncIterator[CampaignRun]:
    """Upload, check, launch; the calls go on while the block runs, and are over when it is left."""
    run = CampaignRun()
    callees: dict[str, Any] = {
        "+919810000104": {"reaction": "busy", "after_s": 2},
        "+919810000105": {"reaction": "no_answer"},
    }
    for number, name in CALLERS.items():
        answered_by = "machine" if number in MACHINES else "human"
        script = renewal.callers[name].model_dump(mode="json", exclude_none=True, exclude_unset=True)
        callees[number] = {"after_s": 2, "answered_by": answered_by, "script": script}
    await network.people(callees)
    campaign_id = await _launch(http, run)
    async with asyncio.TaskGroup() as group:
        calling = group.create_task(_beat(http, campaign_id))
        yield run
        await calling
    run.report = (await _get(http, f"/api/campaigns/{campaign_id}/report")).json()
    text = (await _get(http, f"/api/campaigns/{campaign_id}/results.csv")).text
    run.results = list(csv.DictReader(io.StringIO(text.lstrip("\ufeff"))))
    listed = (await _get(http, "/api/calls?page_size=50")).json()["calls"]
    run.calls = [
        (await _get(http, f"/api/calls/{one['call_sid']}")).json()
        for one in listed
        if one.get("campaign_id") == campaign_id
    ]
    run.rings = Counter(ring["number"] for ring in await network.rings())


async def _launch(http: httpx.AsyncClient, run: CampaignRun) -> str:
    files = {"file": ("renewals.csv", LIST.encode(), "text/csv")}
    answer = await http.post("/api/lists", files=files, data={"country": "IN", "purpose": "marketing"})
    answer.raise_for_status()
    list_id = answer.json()["list_id"]
    while True:
        contacts = (await _get(http, f"/api/lists/{list_id}")).json()
        if contacts["status"] != "reading":
            break
        await asyncio.sleep(0.1)
    run.list_counts = {name: count for name, count in contacts["counts"].items() if count}
    draft = {
        "name": "Renewals",
        "agent_id": "renewal",
        "list_id": list_id,
        "purpose": "marketing",
        "language": "hi-IN",
        "pacing": {"calls_per_second": 1, "max_concurrent": 8},
    }
    answer = await http.post("/api/campaigns", json=draft)
    answer.raise_for_status()
    campaign_id = str(answer.json()["campaign_id"])
    run.preflight = (await _get(http, f"/api/campaigns/{campaign_id}/preflight")).json()
    (await http.post(f"/api/campaigns/{campaign_id}/launch")).raise_for_status()
    return campaign_id


async def _beat(http: httpx.AsyncClient, campaign_id: str) -> None:
    """Cloud Scheduler's part, until nobody is on the line any more."""
    async with asyncio.timeout(LONGEST_S):
        while True:
            (await http.post("/campaigns/tick", timeout=90)).raise_for_status()
            contacts = (await _get(http, f"/api/campaigns/{campaign_id}/report")).json()["contacts"]
            if contacts["total"] and not contacts["in_progress"]:
                return
            await asyncio.sleep(TICK_EVERY_S)


async def _get(http: httpx.AsyncClient, path: str) -> httpx.Response:
    answer = await http.get(path)
    answer.raise_for_status()
    return answer


def _is_due(row: dict[str, str], when: Due | None) -> bool:
    if when is None or not row["next_attempt_at"]:
        return when is None and not row["next_attempt_at"]
    last, due = (datetime.fromisoformat(row[name]).astimezone(INDIA) for name in ("last_call_at", "next_attempt_at"))
    return when(last, due)


def check_campaign(run: CampaignRun) -> list[Check]:
    """Whether everybody on the list got what they should."""
    by_number = {row["number"].lstrip("'"): row for row in run.results}
    came_of = {number: (row["disposition"] or None, row["outcome"] or None) for number, row in by_number.items()}
    right = sum(came_of.get(number) == expected[:2] for number, expected in EXPECTED.items())
    accounted = sum(run.list_counts.values())
    due = sum(_is_due(row, EXPECTED[number][2]) for number, row in by_number.items() if number in EXPECTED)
    twice = [number for number, times in run.rings.items() if number in came_of and times > 1]
    spoken = {turn["language"] for call in run.calls for turn in call["turns"]}
    return [
        Check("every row of the list is accounted for", accounted == LIST.count("\n") - 1, str(run.list_counts)),
        Check("every contact came to the right end", right == len(EXPECTED), f"{right} of {len(EXPECTED)}"),
        Check("every next attempt is due when it should be", due == len(EXPECTED), f"{due} of {len(EXPECTED)}"),
        Check("nobody's phone rang twice", not twice),
        Check("who must not be called was not called", set(run.rings) & {"+919810000106"} == set()),
        Check("Hindi and Hinglish were spoken", {"hi", "hi-en"} <= spoken),
    ]
