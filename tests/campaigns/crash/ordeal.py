"""A whole ordeal: contacts, a network that misbehaves, dispatchers that are killed, and what came of everybody."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from local import free_port
from local.stand_in import stand_in
from shared.domain.campaign import Campaign, CampaignEvent, CampaignState, Pacing, RetryPolicy, campaign_path
from shared.domain.contact import Consent, ConsentStatus, Contact, contact_path
from shared.domain.phone_number import number_hash
from shared.store import open_store
from shared.store.campaigns import move_campaign
from shared.store.settlement import contact_fields
from shared.store.store import Create, Store
from tests.campaigns.crash.process import NUMBER, clock_of

SPEED = 20.0
SHOWS = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
"""Half past ten in the morning in India."""
ACCOUNT, TOKEN = "AC" + "0" * 32, "f" * 32
CAMPAIGN = "ordeal"
# A REST answer is late by seconds of the world: five of them are longer than the sweeper goes on looking for a call.
MISBEHAVES: tuple[dict[str, Any], ...] = (
    {"kind": "rest_dropped_after", "event": "create", "number": "*01"},
    {"kind": "rest_500_after", "event": "create", "number": "*02"},
    {"kind": "rest_500_before", "event": "create", "number": "*03"},
    {"kind": "rest_dropped_before", "event": "create", "number": "*04"},
    {"kind": "rest_429", "event": "create", "number": "*05", "times": 3},
    {"kind": "rest_late_after", "event": "create", "number": "*06", "seconds": 1},
    {"kind": "rest_late_before", "event": "create", "number": "*07", "seconds": 1},
    {"kind": "rest_late_after", "event": "create", "number": "*08", "seconds": 5},
    {"kind": "rest_late_before", "event": "create", "number": "*09", "seconds": 5},
    {"kind": "rest_list_lags", "seconds": 20, "number": "*1?"},
    {"kind": "webhook_duplicated", "number": "*2?"},
    {"kind": "webhook_reordered", "number": "*3?", "seconds": 2},
    {"kind": "webhook_lost", "number": "*4?"},
    {"kind": "webhook_late", "number": "*5?", "seconds": 30},
)


CALLEES: dict[str, Any] = {
    "*": {"reaction": "no_answer"},
    "*6": {"reaction": "busy", "after_s": 2},
    "*7": {"talk_s": 20, "after_s": 2, "answered_by": "human"},
    "*8": {"talk_s": 8, "after_s": 2, "answered_by": "machine_start"},
}
"""Nobody speaks in these calls: the dispatcher's protocol is what they are about."""


@dataclass
class Outcome:
    """What came of an ordeal."""

    contacts: int
    kills: int = 0
    rings: Counter[str] = field(default_factory=Counter)
    """By number."""
    states: Counter[str] = field(default_factory=Counter)
    dispositions: Counter[str] = field(default_factory=Counter)
    locks: int = 0
    open_attempts: int = 0

    @property
    def rang_twice(self) -> list[str]:
        """Numbers that should not exist."""
        return [number for number, times in self.rings.items() if times > 1]

    def table(self) -> str:
        """For people."""
        rows = [
            ("contacts", self.contacts),
            ("dispatchers killed", self.kills),
            ("numbers that rang once", sum(1 for times in self.rings.values() if times == 1)),
            ("numbers that rang twice", len(self.rang_twice)),
            ("contacts forgotten", self.contacts - self.states["done"]),
            ("locks left behind", self.locks),
            ("attempts left open", self.open_attempts),
        ]
        rows += [(f"  ended as {name}", count) for name, count in sorted(self.dispositions.items())]
        return "\n".join(f"  {name:<28}{value:>7}" for name, value in rows)


async def ordeal(store_url: str, contacts: int, rounds: int, seed: int, calls_per_second: float = 80) -> Outcome:
    """Run it."""
    rng = random.Random(seed)
    public = f"http://127.0.0.1:{free_port()}"
    arguments = ["--account-sid", ACCOUNT, "--auth-token", TOKEN, "--number", NUMBER, "--calls-per-second", "100000"]
    arguments += ["--public-base-url", public, "--speed", str(SPEED), "--clock", SHOWS.isoformat()]
    async with stand_in("local.telephone_network", arguments) as said:
        network = said["base_url"]
        async with httpx.AsyncClient(base_url=network, timeout=30) as http:
            told = await _common(http, store_url, network, public, calls_per_second)
            await http.post("/control/faults", json={"faults": list(MISBEHAVES)})
            await http.post("/control/callees", json=CALLEES)
            store = open_store(store_url)
            await _campaign(store, contacts)
            outcome = Outcome(contacts)
            async with process_of("webhooks", told):
                for number in range(rounds):
                    await _resume(store, told)
                    outcome.kills += await _round(told, number, rng)
                await _finish(store, told, contacts)
            rings = (await http.get("/control/log")).json()["rings"]
        outcome.rings = Counter(ring["number"] for ring in rings)
        await _account(store, outcome)
        await store.close()
    return outcome


async def _common(
    http: httpx.AsyncClient, store_url: str, network: str, public: str, calls_per_second: float
) -> dict[str, Any]:
    """Everybody's clock is the network's, as it shows now."""
    shows = (await http.get("/control/time")).json()["now"]
    return {
        "shows": shows,
        "since_s": time.time(),
        "speed": SPEED,
        "store": store_url,
        "network": network,
        "public": public,
        "account": ACCOUNT,
        "token": TOKEN,
        "calls_per_second": calls_per_second,
        "beat_s": 20.0,
        "for_s": 25.0,
        "die_at": 0,
        "die_when": "before",
    }


async def _campaign(store: Store, contacts: int) -> None:
    campaign = Campaign(
        id=CAMPAIGN,
        name="Ordeal",
        agent_id="renewal",
        list_id="l1",
        state=CampaignState.RUNNING,
        loaded=True,
        pacing=Pacing(calls_per_second=100, max_concurrent=10_000),
        retry=RetryPolicy(max_attempts=1),
    )
    await store.create(campaign_path(CAMPAIGN), campaign.to_document())
    people = [_contact(f"+9198{number:08d}") for number in range(contacts)]
    for start in range(0, contacts, 400):
        batch = people[start : start + 400]
        await store.batch([Create(contact_path(CAMPAIGN, one.id), contact_fields(one)) for one in batch])


def _contact(phone: str) -> Contact:
    return Contact(
        id=number_hash(phone, b"an ordeal's key"),
        campaign_id=CAMPAIGN,
        phone=phone,
        country="IN",
        time_zones=("Asia/Kolkata",),
        consent=Consent(status=ConsentStatus.GRANTED),
    )


@asynccontextmanager
async def process_of(what: str, told: dict[str, Any]) -> AsyncIterator[asyncio.subprocess.Process]:
    """A program of the ordeal, killed at the end if it still runs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.campaigns.crash.process", what, json.dumps(told), env=dict(os.environ)
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _round(told: dict[str, Any], number: int, rng: random.Random) -> int:
    """A dispatcher that dies at the next point, every third time with a second one beside it; how many were killed."""
    # Points in turn: the leases, then claim, intent, request and answer of the first contacts, then anywhere.
    die_at = number // 2 + 1 if number < 60 else rng.randrange(60, 1500)
    mortal = {**told, "die_at": die_at, "die_when": ("before", "after")[number % 2], "for_s": 6.0, "beat_s": 5.0}
    async with process_of("dispatcher", mortal) as dying:
        if number % 3 == 2:
            async with process_of("dispatcher", {**told, "for_s": 2.0, "beat_s": 1.5}) as other:
                await asyncio.gather(dying.wait(), other.wait())
        else:
            await dying.wait()
    return int(dying.returncode == -signal.SIGKILL)


async def _resume(store: Store, told: dict[str, Any]) -> None:
    """A person does: of some people who answered nobody knows whether they heard anything, and the campaign pauses."""
    now = clock_of(told).now()

    def running(campaign: Campaign) -> Campaign:
        paused = campaign.state is CampaignState.PAUSED
        return campaign.advanced(CampaignEvent.RESUME, resumed_at=now) if paused else campaign

    await move_campaign(store, CAMPAIGN, running)


async def _finish(store: Store, told: dict[str, Any], contacts: int) -> None:
    """Healthy dispatchers, until nobody is left; some minutes at the most."""
    for _ in range(30):
        await _resume(store, told)
        async with process_of("dispatcher", {**told, "for_s": 10.0, "beat_s": 9.0}) as process:
            await process.wait()
        page = await store.query("campaigns", limit=1)
        if page.documents[0].data["state"] == str(CampaignState.COMPLETED):
            return


async def _account(store: Store, outcome: Outcome) -> None:
    cursor = None
    while True:
        page = await store.query(f"campaigns/{CAMPAIGN}/contacts", limit=500, cursor=cursor)
        outcome.states.update(str(one.data["state"]) for one in page.documents)
        outcome.dispositions.update(str(one.data["disposition"]) for one in page.documents)
        cursor = page.next
        if cursor is None:
            break
    outcome.locks = await store.count("number_locks")
    outcome.open_attempts = sum(1 for one in await _open(store))


async def _open(store: Store) -> list[Any]:
    from shared.store.store import Where

    return (await store.query("attempts", [Where("is_open", "==", True)], limit=500)).documents
