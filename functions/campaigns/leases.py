"""Who dispatches which part of the contacts: leases with a fence that only ever rises.

Contacts are spread over SHARDS by their hash. A dispatcher takes the shards nobody holds; with one dispatcher that is
all of them. Each holder gets its share of the account's pace, so the whole never goes faster than it may.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from functions.campaigns.rota import Rota
from shared.domain.shards import SHARDS
from shared.store.store import AlreadyExists, Conflict, Document, NotFound, Put, Store, Value

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
    found = await asyncio.gather(*(_acquire_one(store, holder, shard, now) for shard in range(SHARDS)))
    return [lease for lease in found if lease is not None]


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
    await asyncio.gather(*(_release_one(store, holder, lease, dialled_at) for lease in leases))


async def _release_one(store: Store, holder: str, lease: Lease, dialled_at: datetime | None) -> None:
    path = f"leases/dispatch-{lease.shard}"
    document = await store.get(path)
    if document is None or document.data.get("holder") != holder or document.data.get("fence") != lease.fence:
        return
    free: dict[str, Value] = {"holder": "", "until": lease.until - LEASE}
    if dialled_at is not None:
        free["dialled_at"] = dialled_at
    with contextlib.suppress(Conflict, NotFound):
        await store.update(path, free, expected=document.version)


ROTA = "leases/rota"


async def read_rota(store: Store) -> Rota:
    """Whose turn it is, as the beat before left it."""
    document = await store.get(ROTA)
    return Rota() if document is None else Rota.from_document(document.data)


async def leave_rota(store: Store, rota: Rota) -> None:
    """For the next beat. Of beats at the same time the last one's holds; fairness is the worse for it, nothing else."""
    await store.batch([Put(ROTA, rota.to_document())])
