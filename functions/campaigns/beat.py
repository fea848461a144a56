"""One beat: quiet attempts are looked after, contacts that are due are called, finished campaigns are closed.

Beats may overlap, be lost or come twice: what a beat does to a contact it does by compare-and-set, and only the holder
of a shard's lease calls its contacts.
"""

from __future__ import annotations

import asyncio
import logging
import math
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from functions.campaigns.breaker import check_health
from functions.campaigns.claiming import Claimed, try_to_claim
from functions.campaigns.dialing import dial
from functions.campaigns.finishing import finish
from functions.campaigns.leases import Lease, acquire, release
from functions.campaigns.loading import load_contacts
from functions.campaigns.pace import Pace
from functions.campaigns.reconcile import sweep
from functions.campaigns.services import CampaignServices
from functions.campaigns.shares import Share, due_contacts, free_calls, shares
from shared.domain.gate import Refusal
from shared.domain.shards import SHARDS
from shared.store.campaigns import running_campaigns
from shared.store.store import StoreError

log = logging.getLogger(__name__)

FULL_AGAIN_S = 1.0
"""With all lines busy, or the store away, how long to wait before looking again."""
SWEEP_EVERY_S = 10.0


@dataclass(slots=True)
class Beat:
    """What one beat did."""

    shards: int = 0
    """Shards whose contacts it might call; 0: another beat is at it."""
    dialled: int = 0
    refused: int = 0
    looked_after: int = 0
    loaded: int = 0

    def to_json(self) -> dict[str, Any]:
        """For the scheduler's log."""
        return asdict(self)


async def beat(services: CampaignServices) -> Beat:
    """One beat, from sweep to close. Ends when nothing is due, or after services.beat_s."""
    done = Beat()
    done.looked_after += await sweep(services)
    done.loaded += await load_contacts(services)
    holder = secrets.token_hex(8)
    leases = await acquire(services.store, holder, services.clock.now())
    done.shards = len(leases)
    dispatcher = Dispatcher(services, leases, done)
    try:
        if leases:
            await dispatcher.run()
    finally:
        await release(services.store, holder, leases, dispatcher.dialled_at)
    for campaign in await running_campaigns(services.store, services.clock.now()):
        await check_health(services, campaign)
        await finish(services, campaign)
    return done


class Dispatcher:
    """Claims contacts and sends their attempts, at the pace of the shards it holds."""

    def __init__(self, services: CampaignServices, leases: Sequence[Lease], done: Beat) -> None:
        self._services = services
        self._leases = leases
        self._done = done
        per_second = services.capacity.calls_per_second * max(1, len(leases)) / SHARDS
        # A store far away answers in tens of milliseconds: some claims are made side by side, and wait for their slot.
        self._claimers = min(8, max(1, math.ceil(per_second / 4)))
        self._claimed: asyncio.Queue[Claimed] = asyncio.Queue(maxsize=max(1, math.ceil(per_second / 2)))
        self._pace = Pace(per_second, self._first_slot(per_second))
        self.dialled_at: datetime | None = None
        self._dialing = 0

    def _first_slot(self, per_second: float) -> float:
        """The beat before may have sent its last request just now."""
        last = max((lease.dialled_at for lease in self._leases if lease.dialled_at), default=None)
        now_s = asyncio.get_running_loop().time()
        if last is None:
            return now_s
        return now_s + max(0.0, 1.02 / per_second - (self._services.clock.now() - last).total_seconds())

    async def run(self) -> None:
        """Until nothing is due, or the beat's time is over."""
        async with asyncio.TaskGroup() as group:
            sending = group.create_task(self._send_all(group))
            sweeping = group.create_task(self._keep_sweeping())
            try:
                async with asyncio.timeout(self._services.beat_s):
                    await self._claim_all()
            except TimeoutError:
                pass
            await self._claimed.join()
            sending.cancel()
            sweeping.cancel()

    async def _keep_sweeping(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_EVERY_S)
            self._done.looked_after += await sweep(self._services)

    async def _claim_all(self) -> None:
        while True:
            try:
                now = self._services.clock.now()
                campaigns = await running_campaigns(self._services.store, now)
                found = [await shares(self._services, one) for one in campaigns]
                due = await due_contacts(self._services, found, self._leases)
                room = await free_calls(self._services) - self._claimed.qsize()
                if due and room > 0:
                    await self._claim(due[:room])
                    continue
            except StoreError as error:
                log.warning("store is away; dispatching waits", extra={"error": type(error).__name__})
                due = []
                room = 0
            if not due and room > 0:
                return
            await asyncio.sleep(FULL_AGAIN_S)

    async def _claim(self, due: Sequence[Share]) -> None:
        todo = list(reversed(due))

        async def one_by_one() -> None:
            while todo:
                share = todo.pop()
                got = await try_to_claim(self._services, share.campaign, share.contact, self._fence(share), share.spent)
                if isinstance(got, Claimed):
                    await self._claimed.put(got)
                elif isinstance(got, Refusal):
                    self._done.refused += 1

        async with asyncio.TaskGroup() as group:
            for _ in range(min(self._claimers, len(todo))):
                group.create_task(one_by_one())

    def _fence(self, share: Share) -> int:
        return next(lease.fence for lease in self._leases if lease.shard == share.shard)

    async def _send_all(self, group: asyncio.TaskGroup) -> None:
        while True:
            claimed = await self._claimed.get()
            await self._pace.slot()
            self.dialled_at = self._services.clock.now()
            group.create_task(self._send(claimed))

    async def _send(self, claimed: Claimed) -> None:
        try:
            if await dial(self._services, claimed) is not None:
                self._done.dialled += 1
        except StoreError as error:
            log.warning(
                "attempt left to the sweeper", extra={"attempt": claimed.attempt.id, "error": type(error).__name__}
            )
        finally:
            self._claimed.task_done()
