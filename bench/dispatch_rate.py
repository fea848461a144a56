"""Thirty calls a second, held: what the telephone network sees, and what a claim costs: scripts/bench dispatch_rate

Real processes: the local telephone network, the voice function taking its callbacks, and one beat of the dispatcher.
Exits 1 if any second saw more requests than the account may make, or too few were made while contacts were due.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from functions.campaigns.beat import beat
from functions.campaigns.claiming import Claimed, try_to_claim
from functions.campaigns.services import AccountLimits, CampaignServices
from local import free_port
from local.firestore_emulator import EmulatorMissing, firestore_emulator
from local.stand_in import stand_in
from shared.clock import Clock
from shared.domain.campaign import Campaign, CampaignState, Pacing, campaign_path
from shared.domain.contact import Consent, ConsentStatus, Contact, contact_path
from shared.domain.phone_number import number_hash
from shared.store import open_store
from shared.store.attempts import Attempts
from shared.store.settlement import Settlement, contact_fields
from shared.store.store import Create, Data, Document, OrderBy, Page, Remove, Store, Value, Version, Where, Write
from shared.telephony import open_carrier
from shared.telephony.carrier import Carrier
from tests.campaigns.crash.fast_clock import FastClock
from tests.campaigns.crash.ordeal import ACCOUNT, SHOWS, TOKEN, process_of
from tests.campaigns.crash.process import NUMBER

RESULTS = Path(__file__).parent / "results" / "dispatch_rate.json"
PER_SECOND = 30.0
LEAST_SHARE = 0.9
"""Of the account's pace, on average while contacts are due."""
CLAIMS = 200
CALLEES = {"*": {"reaction": "no_answer"}, "*7": {"talk_s": 8, "after_s": 2}, "*3": {"reaction": "busy"}}


@dataclass
class CountingStore:
    """Counts what is asked of a store."""

    store: Store
    reads: int = 0
    writes: int = 0

    async def get(self, path: str) -> Document | None:
        """Count and pass on."""
        self.reads += 1
        return await self.store.get(path)

    async def create(self, path: str, data: Data) -> Document:
        """Count and pass on."""
        self.writes += 1
        return await self.store.create(path, data)

    async def update(
        self, path: str, changes: Mapping[str, Value | Remove], *, expected: Version | None = None
    ) -> Document:
        """Count and pass on."""
        self.writes += 1
        return await self.store.update(path, changes, expected=expected)

    async def query(
        self,
        collection: str,
        where: Sequence[Where] = (),
        *,
        order_by: Sequence[OrderBy] = (),
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page:
        """Count and pass on."""
        self.reads += 1
        return await self.store.query(collection, where, order_by=order_by, limit=limit, cursor=cursor)

    async def count(self, collection: str, where: Sequence[Where] = ()) -> int:
        """Count and pass on."""
        self.reads += 1
        return await self.store.count(collection, where)

    async def batch(self, writes: Sequence[Write]) -> None:
        """Count and pass on."""
        self.writes += 1
        await self.store.batch(writes)

    async def close(self) -> None:
        """Pass on."""
        await self.store.close()


def services_of(store: Store, clock: Clock, carrier: Carrier, public: str, beat_s: float) -> CampaignServices:
    """A dispatcher at thirty calls a second."""
    return CampaignServices(
        store=store,
        clock=clock,
        carrier=carrier,
        attempts=Attempts(store, clock),
        settlement=Settlement(store, clock),
        numbers=(NUMBER,),
        public_base_url=public,
        limits=AccountLimits(calls_per_second=PER_SECOND, concurrent_calls=5000, model_sessions=10_000),
        beat_s=beat_s,
    )


async def write_campaign(store: Store, campaign_id: str, contacts: int) -> Campaign:
    """A running campaign of people in India who have consented."""
    campaign = Campaign(
        id=campaign_id, name="Rate", agent_id="renewal", list_id="l1", state=CampaignState.RUNNING, loaded=True,
        pacing=Pacing(calls_per_second=100, max_concurrent=10_000),
    )  # fmt: skip
    await store.create(campaign_path(campaign.id), campaign.to_document())
    people = [_contact(campaign.id, f"+9198{number:08d}") for number in range(contacts)]
    for start in range(0, contacts, 400):
        batch = people[start : start + 400]
        await store.batch([Create(contact_path(campaign.id, one.id), contact_fields(one)) for one in batch])
    return campaign


def _contact(campaign_id: str, phone: str) -> Contact:
    return Contact(
        id=number_hash(phone, b"the key of a bench"),
        campaign_id=campaign_id,
        phone=phone,
        country="IN",
        time_zones=("Asia/Kolkata",),
        consent=Consent(status=ConsentStatus.GRANTED),
    )


async def measure_rate(store_url: str, seconds: float) -> dict[str, Any]:
    """One beat of so many seconds, with more contacts than it can call."""
    public = f"http://127.0.0.1:{free_port()}"
    arguments = ["--account-sid", ACCOUNT, "--auth-token", TOKEN, "--number", NUMBER, "--calls-per-second", "1000"]
    arguments += ["--public-base-url", public, "--clock", SHOWS.isoformat()]
    async with stand_in("local.telephone_network", arguments) as said:
        network = said["base_url"]
        async with httpx.AsyncClient(base_url=network, timeout=30) as http:
            await http.post("/control/callees", json=CALLEES)
            shows = (await http.get("/control/time")).json()["now"]
            told = {"shows": shows, "since_s": time.time(), "speed": 1.0, "store": store_url, "network": network,
                    "public": public, "account": ACCOUNT, "token": TOKEN}  # fmt: skip
            clock = FastClock(datetime.fromisoformat(shows), told["since_s"], 1.0)
            store, carrier = open_store(store_url), open_carrier(ACCOUNT, TOKEN, network)
            await write_campaign(store, "rate", round(PER_SECOND * seconds * 1.5))
            async with process_of("webhooks", told):
                done = await beat(services_of(store, clock, carrier, public, seconds))
                log = (await http.get("/control/log")).json()
            await carrier.close()
            await store.close()
    sent = [datetime.fromisoformat(one["at"]).timestamp() for one in log["requests"] if one["operation"] == "create"]
    return {"dialled": done.dialled, **rate_of(sorted(sent))}


def rate_of(sent_s: Sequence[float]) -> dict[str, Any]:
    """The busiest second, wherever it begins, and the average."""
    busiest = max(
        sum(1 for one in sent_s[index : index + 200] if one < start + 1) for index, start in enumerate(sent_s)
    )
    return {
        "requests": len(sent_s),
        "busiest_second": busiest,
        "average_per_s": round((len(sent_s) - 1) / (sent_s[-1] - sent_s[0]), 2),
        "longest_gap_ms": round(max(later - one for one, later in pairwise(sent_s)) * 1000),
    }


async def measure_claims(store_url: str) -> dict[str, Any]:
    """Claims one after the other, as a single dispatcher makes them."""
    store = CountingStore(open_store(store_url))
    clock = FastClock(SHOWS, time.time(), 1.0)
    carrier = open_carrier(ACCOUNT, TOKEN, "http://127.0.0.1:1")
    services = services_of(store, clock, carrier, "http://127.0.0.1:1", 1)
    campaign = await write_campaign(store, "claims", CLAIMS)
    page = await store.query("campaigns/claims/contacts", limit=CLAIMS)
    store.reads = store.writes = 0
    took_ms, cpu_s = list[float](), time.process_time()
    for document in page.documents:
        begun_s = time.perf_counter()
        assert isinstance(await try_to_claim(services, campaign, document, 1, 0.0), Claimed)
        took_ms.append((time.perf_counter() - begun_s) * 1000)
    cpu_ms = (time.process_time() - cpu_s) * 1000 / CLAIMS
    await carrier.close()
    await store.close()
    return {
        "claim_ms_p50": round(statistics.median(took_ms), 2),
        "claim_ms_p95": round(sorted(took_ms)[int(len(took_ms) * 0.95)], 2),
        "claim_cpu_ms": round(cpu_ms, 2),
        "claim_reads": store.reads / CLAIMS,
        "claim_batches": store.writes / CLAIMS,
    }


async def measure(kind: str, seconds: float) -> dict[str, Any]:
    """Both, on one kind of store."""
    with ExitStack() as stack:
        if kind == "firestore":
            os.environ["FIRESTORE_EMULATOR_HOST"] = stack.enter_context(firestore_emulator())
            urls = [f"firestore://rate-{uuid4().hex[:8]}/(default)" for _ in range(2)]
        else:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            urls = [f"sqlite:///{folder}/{name}.db" for name in ("rate", "claims")]
        return {**await measure_rate(urls[0], seconds), **await measure_claims(urls[1])}


def problems(found: Mapping[str, Any]) -> list[str]:
    """What is not as it should be."""
    wrong = []
    if found["busiest_second"] > PER_SECOND:
        wrong.append(f"a second saw {found['busiest_second']} requests")
    if found["average_per_s"] < LEAST_SHARE * PER_SECOND:
        wrong.append(f"only {found['average_per_s']} requests a second")
    return wrong


def show(kind: str, found: Mapping[str, Any]) -> None:
    """The table."""
    print(f"{kind}: an account of {PER_SECOND:g} calls per second")
    print(f"  requests the network saw      {found['requests']:>8}")
    print(f"  in the busiest second         {found['busiest_second']:>8}    at most {PER_SECOND:g}")
    print(f"  on average                    {found['average_per_s']:>8}    at least {LEAST_SHARE * PER_SECOND:g}")
    print(f"  longest gap                   {found['longest_gap_ms']:>8} ms")
    print(f"  a claim takes (p50, p95)      {found['claim_ms_p50']:>8} ms  {found['claim_ms_p95']} ms")
    print(f"  of it this process's CPU      {found['claim_cpu_ms']:>8} ms")
    print(f"  reads and batches of a claim  {found['claim_reads']:>8g}     {found['claim_batches']:g}")
    for wrong in problems(found):
        print(f"  WRONG: {wrong}")


def main() -> int:
    """Measure, print, write bench/results/dispatch_rate.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", choices=["sqlite", "firestore"], action="append")
    parser.add_argument("--seconds", type=float, default=20.0)
    asked = parser.parse_args()
    results: dict[str, Any] = {"python": platform.python_version(), "machine": platform.machine()}
    wrong = 0
    for kind in asked.store or ["sqlite", "firestore"]:
        try:
            results[kind] = asyncio.run(measure(kind, asked.seconds))
        except EmulatorMissing as error:
            print(f"{kind}: left out; {error}")
            continue
        show(kind, results[kind])
        wrong += len(problems(results[kind]))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
