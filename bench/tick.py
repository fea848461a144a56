"""What a beat costs as a campaign grows: a thousand contacts, ten thousand, a hundred thousand: scripts/bench tick

Half of the contacts are done, their attempts are in the books, the rest is due. Measured on SQLite, without a network:
the beat's own work (sweep, locks, leases, health, closing) when nothing can be called, one round of choosing whose turn
it is, and claims. Exits 1 if any of them costs more than twice as much with a hundred thousand as with a thousand.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.dispatch_rate import services_of, write_campaign
from functions.campaigns.beat import beat
from functions.campaigns.claiming import Claimed, try_to_claim
from functions.campaigns.rota import Rota
from shared.clock import Clock
from shared.domain.attempt import Attempt, AttemptState, attempt_path
from shared.domain.contact import Contact, ContactState
from shared.domain.disposition import Disposition
from shared.domain.shards import SHARDS
from shared.store import open_store
from shared.store.attempts import attempt_document
from shared.store.settlement import contact_fields
from shared.store.store import Create, Document, Store, Update
from tests.campaigns.crash.fast_clock import FastClock
from tests.campaigns.crash.ordeal import SHOWS
from tests.campaigns.paper_carrier import PaperCarrier

RESULTS = Path(__file__).parent / "results" / "tick.json"
SIZES = (1_000, 10_000, 100_000)
BEATS, ROUNDS, CLAIMS = 20, 40, 200
MOST_GROWTH = 2.0
LEAST_MS = 2.0
"""Below that, differences are noise."""


async def _half_done(store: Store, campaign_id: str, now: datetime) -> None:
    """Every other contact has been called, and said yes."""
    cursor = None
    while True:
        page = await store.query(f"campaigns/{campaign_id}/contacts", limit=400, cursor=cursor)
        half = page.documents[::2]
        await store.batch([_called(document) for document in half])
        await store.batch([_in_the_books(document, now) for document in half])
        cursor = page.next
        if cursor is None:
            return


def _called(document: Document) -> Update:
    done = {"state": ContactState.DONE, "attempts": 1, "disposition": Disposition.HUMAN}
    return Update(document.path, contact_fields(Contact.from_document(document.data).changed(**done)))


def _in_the_books(document: Document, now: datetime) -> Create:
    campaign_id = str(document.data["campaign_id"])
    attempt = Attempt(
        id=f"{campaign_id}.{document.id[:24]}.1", campaign_id=campaign_id, contact_id=document.id, attempt_no=1,
        state=AttemptState.DONE, disposition=Disposition.HUMAN, created_at=now - timedelta(hours=3),
        ended_at=now - timedelta(hours=3), sid=f"CA{document.id[:32]}",
    )  # fmt: skip
    return Create(attempt_path(attempt.id), attempt_document(attempt, now, settled=True))


async def _cpu_ms(times: int, what: Callable[[], Awaitable[object]]) -> float:
    """What one of them costs; the database works in a thread of this process."""
    took = list[float]()
    for _ in range(times):
        begun_s = time.process_time()
        await what()
        took.append((time.process_time() - begun_s) * 1000)
    return round(statistics.median(took), 2)


async def measure(contacts: int, folder: str) -> dict[str, float]:
    """Milliseconds of CPU, medians, in a campaign of this size."""
    store = open_store(f"sqlite:///{folder}/{contacts}.db")
    clock: Clock = FastClock(SHOWS, time.time(), 1.0)
    services = services_of(store, clock, PaperCarrier(clock), "https://calls.example.com", 0.0)
    campaign = await write_campaign(store, "big", contacts)
    await _half_done(store, campaign.id, clock.now())
    await beat(services)  # yesterday's books are compared once a day, and not in every beat
    beats = await _cpu_ms(BEATS, lambda: beat(services))
    rounds = await _cpu_ms(ROUNDS, lambda: Rota().next_round(services, range(SHARDS), 0))
    pending = (await Rota().next_round(replace(services, limits=replace(services.limits, calls_per_second=CLAIMS)),
                                       range(SHARDS), 0)).turns[0].line.contacts  # fmt: skip

    async def one() -> None:
        assert isinstance(await try_to_claim(services, campaign, pending.popleft(), 1, 0.0), Claimed)

    claims = await _cpu_ms(min(CLAIMS, len(pending)), one)
    await store.close()
    return {"beat_ms": beats, "round_ms": rounds, "claim_ms": claims}


def problems(found: dict[int, dict[str, float]]) -> list[str]:
    """What is not flat."""
    small, large = found[min(found)], found[max(found)]
    return [
        f"{name}: {small[name]} with {min(found)} contacts, {large[name]} with {max(found)}"
        for name in small
        if large[name] > MOST_GROWTH * max(small[name], LEAST_MS)
    ]


def main() -> int:
    """Measure, print, write bench/results/tick.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contacts", type=int, action="append")
    sizes = parser.parse_args().contacts or SIZES
    found: dict[int, dict[str, float]] = {}
    print("contacts   a beat's own work   a round of whose turn   a claim   (SQLite, ms of CPU, medians)")
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            found[size] = asyncio.run(measure(size, folder))
            row = found[size]
            print(f"{size:>8}{row['beat_ms']:>20}{row['round_ms']:>24}{row['claim_ms']:>10}")
    wrong = problems(found)
    for one in wrong:
        print(f"NOT FLAT: {one}")
    result: dict[str, Any] = {
        "on": datetime.now(UTC).date().isoformat(), "python": platform.python_version(),
        "machine": platform.machine(), "sqlite_cpu_ms": {str(size): row for size, row in found.items()},
    }  # fmt: skip
    RESULTS.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
