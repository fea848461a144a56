"""Who dispatches which part of the contacts: leases with a fence that only ever rises.

Contacts are spread over SHARDS by their hash. A dispatcher takes the shards nobody holds; with one dispatcher that is
all of them. Each holder gets its share of the account's pace, so the whole never goes faster than it may.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.domain.shards import SHARDS
from shared.store.store import AlreadyExists, Conflict, Document, NotFound, Store, Value

LEASE = timedelta(seconds=75)
"""Longer than a beat and its clock's error; a dead dispatcher's shards are free by the next beat but one."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A shard held until an instant, under a fence higher than any before."""

    shard: int
    fence: int
    until: datetime
    dialled_at: datetime | None
    """When the holder before sent its last request."""


async def acquire(store: Store, holder: str, now: datetime) -> list[Lease]:
    """All shards that are free or whose lease has passed."""
    leases = []
    for shard in range(SHARDS):
        lease = await _acquire_one(store, holder, shard, now)
        if lease is not None:
            leases.append(lease)
    return leases


async def _acquire_one(store: Store, holder: str, shard: int, now: datetime) -> Lease | None:
    path = f"leases/dispatch-{shard}"
    document = await store.get(path)
    until = now + LEASE
    try:
        if document is None:
            await store.create(path, {"holder": holder, "fence": 1, "until": until})
            return Lease(shard, 1, until, None)
        if _held(document, now):
            return None
        fence = int(str(document.data.get("fence", 0))) + 1
        await store.update(path, {"holder": holder, "fence": fence, "until": until}, expected=document.version)
    except (AlreadyExists, Conflict, NotFound):
        return None
    dialled_at = document.data.get("dialled_at")
    return Lease(shard, fence, until, dialled_at if isinstance(dialled_at, datetime) else None)


def _held(document: Document, now: datetime) -> bool:
    until = document.data.get("until")
    return isinstance(until, datetime) and now < until


async def release(store: Store, holder: str, leases: Sequence[Lease], dialled_at: datetime | None) -> None:
    """Let go, so that the next beat, whoever makes it, need not wait."""
    for lease in leases:
        path = f"leases/dispatch-{lease.shard}"
        document = await store.get(path)
        if document is None or document.data.get("holder") != holder or document.data.get("fence") != lease.fence:
            continue
        try:
            free: dict[str, Value] = {"holder": "", "until": lease.until - LEASE}
            if dialled_at is not None:
                free["dialled_at"] = dialled_at
            await store.update(path, free, expected=document.version)
        except (Conflict, NotFound):
            continue
