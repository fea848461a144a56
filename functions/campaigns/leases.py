"""Leases on shards: which dispatcher calls which contacts, under a fence that only ever rises.

Contacts are spread over SHARDS by their hash. A dispatcher takes the shards nobody holds; with one dispatcher that is
all of them. Each holder gets its share of the account's pace, so the whole never goes faster than it may.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from functions.campaigns.rota import Rota
from shared.domain.shards import SHARDS
from shared.store.store import AlreadyExists, Conflict, Create, Document, NotFound, Put, Store, Update, Value

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
    wanted = [_Wish.of(shard, document, holder, now) for shard, document in (await _documents(store)).items()]
    free = [wish for wish in wanted if wish is not None]
    taken = await _together_or_alone(store, [wish.write for wish in free])
    return [wish.lease for wish, ours in zip(free, taken, strict=True) if ours]


async def release(store: Store, holder: str, leases: Sequence[Lease], dialled_at: datetime | None) -> None:
    """Let go, so that the next beat, whoever makes it, need not wait."""
    documents = await _documents(store)
    writes: list[Create | Update] = []
    for lease in leases:
        document = documents[lease.shard]
        if document is None or document.data.get("holder") != holder or document.data.get("fence") != lease.fence:
            continue
        free: dict[str, Value] = {"holder": "", "until": lease.until - LEASE}
        if dialled_at is not None:
            free["dialled_at"] = dialled_at
        writes.append(Update(document.path, free, document.version))
    await _together_or_alone(store, writes)


@dataclass(frozen=True, slots=True)
class _Wish:
    """A free shard, and the write that takes it."""

    lease: Lease
    write: Create | Update

    @classmethod
    def of(cls, shard: int, document: Document | None, holder: str, now: datetime) -> _Wish | None:
        """None: somebody holds it."""
        until = now + LEASE
        if document is None:
            write = Create(_path(shard), {"holder": holder, "fence": 1, "until": until})
            return cls(Lease(shard, 1, until, None), write)
        held_until = document.data.get("until")
        if isinstance(held_until, datetime) and now < held_until:
            return None
        fence = int(str(document.data.get("fence", 0))) + 1
        dialled_at = document.data.get("dialled_at")
        lease = Lease(shard, fence, until, dialled_at if isinstance(dialled_at, datetime) else None)
        return cls(lease, Update(document.path, {"holder": holder, "fence": fence, "until": until}, document.version))


async def _documents(store: Store) -> dict[int, Document | None]:
    """Every shard's lease as it is kept."""
    page = await store.query("leases", limit=SHARDS * 4)
    kept = {document.path: document for document in page.documents}
    return {shard: kept.get(_path(shard)) for shard in range(SHARDS)}


async def _together_or_alone(store: Store, writes: Sequence[Create | Update]) -> list[bool]:
    """Which of the writes succeeded: mostly all of them, in one go; beside another dispatcher one by one."""
    if not writes:
        return []
    try:
        await store.batch(writes)
        return [True] * len(writes)
    except (AlreadyExists, Conflict, NotFound):
        return list(await asyncio.gather(*(_alone(store, write) for write in writes)))


async def _alone(store: Store, write: Create | Update) -> bool:
    try:
        await store.batch([write])
        return True
    except (AlreadyExists, Conflict, NotFound):
        return False


def _path(shard: int) -> str:
    return f"leases/dispatch-{shard}"


ROTA = "leases/rota"


async def read_rota(store: Store) -> Rota:
    """Whose turn it is, as the beat before left it."""
    document = await store.get(ROTA)
    return Rota() if document is None else Rota.from_document(document.data)


async def leave_rota(store: Store, rota: Rota) -> None:
    """For the next beat. Of beats at the same time the last one's holds; fairness is the worse for it, nothing else."""
    await store.batch([Put(ROTA, rota.to_document())])
