"""How many sessions of a speech model are open, over all instances: one document an instance, and it expires.

No counter is shared, so nothing is hot and nothing drifts; what an instance held when it died is free a minute later.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.domain.call import Direction
from shared.store.store import Delete, OrderBy, Put, Store, Where

COLLECTION = "live_sessions"
LEASE = timedelta(seconds=60)
"""Renewed three times in this time, so one write may fail, and clocks may differ by some seconds."""
MOST_INSTANCES = 2_000
FORGOTTEN = timedelta(hours=1)

Held = Mapping[str, Mapping[Direction, int]]
"""Sessions by region ("developer", "vertex/europe-west4"), and by who called whom."""


@dataclass(frozen=True, slots=True)
class SessionsInUse:
    """Open sessions of one region."""

    inbound: int = 0
    outbound: int = 0

    @property
    def total(self) -> int:
        """Both."""
        return self.inbound + self.outbound


def lease(instance: str, held: Held, now: datetime) -> Put:
    """The write that says what an instance holds, for a minute."""
    counts = {region: {str(way): number for way, number in ways.items()} for region, ways in held.items()}
    return Put(f"{COLLECTION}/{instance}", {"held": counts, "until": now + LEASE})


def release(instance: str) -> Delete:
    """The write by which an instance lets go of everything."""
    return Delete(f"{COLLECTION}/{instance}")


async def sessions_in_use(store: Store, now: datetime) -> dict[str, SessionsInUse]:
    """By region, over all instances whose lease holds. Raises StoreError."""
    page = await store.query(COLLECTION, [Where("until", ">", now)], order_by=[OrderBy("until")], limit=MOST_INSTANCES)
    inbound, outbound = Counter[str](), Counter[str]()
    for document in page.documents:
        held = document.data["held"]
        assert isinstance(held, Mapping)
        for region, ways in held.items():
            assert isinstance(ways, Mapping)
            inbound[region] += int(str(ways.get(str(Direction.INBOUND), 0)))
            outbound[region] += int(str(ways.get(str(Direction.OUTBOUND), 0)))
    return {region: SessionsInUse(inbound[region], outbound[region]) for region in inbound | outbound}


async def forget_dead_instances(store: Store, now: datetime) -> None:
    """Take away what instances left that died long ago. Raises StoreError."""
    page = await store.query(COLLECTION, [Where("until", "<", now - FORGOTTEN)], order_by=[OrderBy("until")], limit=100)
    if page.documents:
        await store.batch([Delete(document.path, document.version) for document in page.documents])
