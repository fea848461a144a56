"""One beat: quiet attempts are looked after, contacts that are due are called, finished campaigns are closed.

Beats may overlap, be lost or come twice: what a beat does to a contact it does by compare-and-set, and only the holder
of a shard's lease calls its contacts.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from dataclasses import asdict, dataclass
from typing import Any

from functions.campaigns.breaker import check_health
from functions.campaigns.dispatcher import Dispatcher
from functions.campaigns.finishing import close_campaigns
from functions.campaigns.leases import Lease, acquire, leave_rota, read_rota, release
from functions.campaigns.loading import load_contacts
from functions.campaigns.orphan_locks import free_locks
from functions.campaigns.reckoning import reckon_yesterday
from functions.campaigns.reconcile import sweep
from functions.campaigns.retention import delete_overdue
from functions.campaigns.services import CampaignServices
from functions.campaigns.take_back import take_back
from shared.store.campaigns import running_campaigns
from shared.store.store import StoreError

log = logging.getLogger(__name__)

LOOK_AFTER_S = 10.0
"""How often a beat looks after quiet attempts, calls that must not ring any more, and campaigns that do harm."""


@dataclass(slots=True)
class Beat:
    """What one beat did."""

    shards: int = 0
    """Shards whose contacts it might call; 0: another beat is at it."""
    dialled: int = 0
    refused: int = 0
    looked_after: int = 0
    taken_back: int = 0
    """Calls that waited at the carrier and may not ring any more."""
    loaded: int = 0
    expired: int = 0
    """Contacts whose campaign has ended."""

    def to_json(self) -> dict[str, Any]:
        """For the scheduler's log."""
        return asdict(self)


async def beat(services: CampaignServices) -> Beat:
    """One beat, from sweep to close. Ends when nothing is due, or after services.beat_s. Raises StoreError."""
    done = Beat()
    await _look_after(services, done)
    await free_locks(services)
    done.loaded += await load_contacts(services)
    holder = secrets.token_hex(8)
    leases = await acquire(services.store, holder, services.clock.now())
    done.shards = len(leases)
    if leases:
        await _dispatch(services, leases, holder, done)
    done.expired += await close_campaigns(services)
    await reckon_yesterday(services)
    await delete_overdue(services)
    return done


async def _dispatch(services: CampaignServices, leases: list[Lease], holder: str, done: Beat) -> None:
    rota = await read_rota(services.store)
    dispatcher = Dispatcher(services, leases, rota)
    looking_after = asyncio.create_task(_keep_looking_after(services, done))
    try:
        await dispatcher.run(services.beat_s)
    finally:
        looking_after.cancel()
        await asyncio.wait([looking_after])
        done.dialled, done.refused = dispatcher.dialled, dispatcher.refused
        await release(services.store, holder, leases, dispatcher.dialled_at)
        await leave_rota(services.store, rota)


async def _keep_looking_after(services: CampaignServices, done: Beat) -> None:
    while True:
        await asyncio.sleep(LOOK_AFTER_S)
        try:
            await _look_after(services, done)
        except StoreError as error:
            log.warning("store is away; nobody is looked after", extra={"error": type(error).__name__})


async def _look_after(services: CampaignServices, done: Beat) -> None:
    done.taken_back += await take_back(services)
    done.looked_after += await sweep(services)
    for campaign in await running_campaigns(services.store, services.clock.now()):
        await check_health(services, campaign)
