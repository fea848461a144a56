"""Claims the contacts whose turn it is and has their attempts sent, at the pace of the shards it holds."""

from __future__ import annotations

import asyncio
import logging
import math
from collections import deque
from collections.abc import Sequence

from functions.campaigns.claiming import Claimed, try_to_claim
from functions.campaigns.dialler import QueueAway, dialler_for
from functions.campaigns.leases import Lease
from functions.campaigns.pace import Pace
from functions.campaigns.rota import FULL_AGAIN_S, DialTurn, Rota, Round, WaitingLine
from functions.campaigns.services import CampaignServices
from shared.domain.refusal import Refusal
from shared.domain.shards import SHARDS
from shared.store.store import StoreError

log = logging.getLogger(__name__)


class Dispatcher:
    """One beat's work on the shards that it holds."""

    def __init__(self, services: CampaignServices, leases: Sequence[Lease], rota: Rota) -> None:
        self._services = services
        self._fences = {lease.shard: lease.fence for lease in leases}
        per_second = services.limits.calls_per_second * max(1, len(leases)) / SHARDS
        # A store far away answers in tens of milliseconds: some claims are made side by side, and wait for their slot.
        self._claimers = min(8, max(1, math.ceil(per_second / 4)))
        self._claimed: asyncio.Queue[Claimed] = asyncio.Queue(maxsize=max(1, math.ceil(per_second / 2)))
        self._rota = rota
        self._dialler = dialler_for(services, services.limits.calls_per_second)
        self.dialled_at = max((lease.dialled_at for lease in leases if lease.dialled_at), default=None)
        self._pace = Pace(services.clock, services.limits.calls_per_second, self._fences, self.dialled_at)
        self._ends_s = math.inf
        self.dialled = 0
        self.refused = 0

    async def run(self, for_s: float) -> None:
        """Until nothing is due, or so much time has passed."""
        self._ends_s = asyncio.get_running_loop().time() + for_s
        async with asyncio.TaskGroup() as group:
            sending = group.create_task(self._send_all(group))
            await self._claim_all()
            await self._claimed.join()
            sending.cancel()

    @property
    def _is_over(self) -> bool:
        return asyncio.get_running_loop().time() >= self._ends_s

    async def _claim_all(self) -> None:
        while not self._is_over:
            try:
                now = await self._rota.next_round(self._services, self._fences, self._claimed.qsize())
                await self._claim(now.turns)
            except StoreError as error:
                log.warning("store is away; dispatching waits", extra={"error": type(error).__name__})
                now = Round(again_s=FULL_AGAIN_S)
            if not now.turns:
                if now.again_s is None:
                    return
                await asyncio.sleep(now.again_s)

    async def _claim(self, turns: Sequence[DialTurn]) -> None:
        todo = deque(turns)
        away = list[StoreError]()

        async def one_by_one() -> None:
            while todo and not away and not self._is_over:
                turn = todo.popleft()
                try:
                    await self._give(turn)
                except StoreError as error:
                    away.append(error)

        async with asyncio.TaskGroup() as group:
            for _ in range(min(self._claimers, len(todo))):
                group.create_task(one_by_one())
        if away:
            raise away[0]

    async def _give(self, turn: DialTurn) -> None:
        """Give the turn to the first of the line whom the gate lets pass."""
        wait_s = turn.not_before_s - self._services.clock.now().timestamp()
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        while turn.line.contacts and not self._is_over:
            claimed = await self._claim_next(turn.line)
            if claimed is not None:
                turn.line.claimed()
                await self._claimed.put(claimed)
                return
        self._rota.not_taken(turn)

    async def _claim_next(self, line: WaitingLine) -> Claimed | None:
        document = line.contacts.popleft()
        fence = self._fences[int(str(document.data["shard"]))]
        got = await try_to_claim(self._services, line.campaign, document, fence, line.spent)
        if isinstance(got, Refusal):
            self.refused += 1
        return got if isinstance(got, Claimed) else None

    async def _send_all(self, group: asyncio.TaskGroup) -> None:
        while True:
            claimed = await self._claimed.get()
            await self._pace.turn()
            self.dialled_at = self._services.clock.now()
            group.create_task(self._send(claimed))

    async def _send(self, claimed: Claimed) -> None:
        try:
            if await self._dialler.send(claimed, self._pace.slot):
                self.dialled += 1
        except Exception as error:  # whatever it is: the other requests under way must not be cancelled for it
            level = logging.WARNING if isinstance(error, (StoreError, QueueAway)) else logging.ERROR
            said = {"attempt": claimed.attempt.id, "error": type(error).__name__}
            log.log(level, "attempt left to the sweeper", extra=said)
        finally:
            self._claimed.task_done()
