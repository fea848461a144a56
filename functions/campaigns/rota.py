"""Chooses whom to call next: contacts of all campaigns in a fair order, two seconds ahead and no further.

Few are chosen at a time, so that a pause, an opt-out or a closing window acts within seconds.
"""

from __future__ import annotations

import logging
import math
from collections import Counter, deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from functions.campaigns.due import Standing, due_contacts, free_calls, part_of, standing
from functions.campaigns.services import CampaignServices
from shared.domain.campaign import Campaign
from shared.domain.cost import CALL_ESTIMATE
from shared.domain.pacing import Demand, Slots, shares
from shared.domain.shards import SHARDS
from shared.store.campaigns import running_campaigns
from shared.store.store import Document, Value

log = logging.getLogger(__name__)

ROUND_S = 2.0
"""How far ahead calls are planned."""
LEAST_AHEAD, MOST_AHEAD = 4, 256
"""Contacts read beyond those that can be called: some are refused, and refusals cost no pace. More, the more are."""
FULL_AGAIN_S = 1.0
"""With all lines busy, how long to wait before looking again."""


@dataclass(slots=True)
class WaitingLine:
    """A campaign's contacts that are due, in order, and what has been held back from its budget."""

    standing: Standing
    contacts: deque[Document]
    spent: float

    @property
    def campaign(self) -> Campaign:
        """Whose they are."""
        return self.standing.campaign

    def claimed(self) -> None:
        """One call more: the budget that is left is smaller by an estimate."""
        self.spent += CALL_ESTIMATE


@dataclass(frozen=True, slots=True)
class DialTurn:
    """One call that a campaign may start: for the first contact of its line whom the gate lets pass."""

    line: WaitingLine
    not_before_s: float
    """The campaign's own pace, on the clock's time."""


@dataclass(frozen=True, slots=True)
class Round:
    """The next turns, and when to look again if there are none (None: nobody is due)."""

    turns: tuple[DialTurn, ...] = ()
    again_s: float | None = None


@dataclass(slots=True)
class Rota:
    """Fair over many rounds and beats: what each campaign was served, and when its own pace lets it go on."""

    served: dict[str, float] = field(default_factory=dict)
    slots: dict[str, Slots] = field(default_factory=dict)
    ahead: dict[str, int] = field(default_factory=dict)
    mute: set[str] = field(default_factory=set)
    """Agents whose campaigns wait for a quota."""

    async def next_round(self, services: CampaignServices, held: Collection[int], waiting: int) -> Round:
        """The next turns. `waiting` contacts were claimed before and are not yet sent."""
        now_s = services.clock.now().timestamp()
        room = part_of(await free_calls(services), held)
        pace = services.limits.calls_per_second * len(held) / SHARDS
        most = max(0, min(room, math.ceil(pace * ROUND_S) - waiting))
        lines: dict[str, WaitingLine] = {}
        demands, held_back = list[Demand](), list[float]()
        running = await running_campaigns(services.store, services.clock.now())
        mute = await self._mute(services, running)
        for campaign in running:
            if campaign.agent_id in mute:
                held_back.append(FULL_AGAIN_S)
                continue
            one = await standing(services, campaign)
            demand, again_s = self._demand(one, held, most, now_s)
            if again_s is not None:
                held_back.append(again_s)
            if demand.due <= 0:
                continue
            ahead = self.ahead.pop(campaign.id, LEAST_AHEAD)
            documents = await due_contacts(services, campaign, held, demand.due + ahead)
            lines[campaign.id] = WaitingLine(one, deque(documents), one.spent)
            demands.append(replace(demand, due=min(demand.due, len(documents))))
        order, self.served = shares(most, demands, ROUND_S, self.served)
        paces = {one.campaign_id: one.calls_per_second for one in demands}
        return Round(self._turns(order, lines, paces, now_s), min(held_back, default=None))

    async def _mute(self, services: CampaignServices, running: Sequence[Campaign]) -> set[str]:
        """Agents that no speech model can voice now, because the account's quota is used up."""
        if services.voicing is None:
            return set()
        now = services.clock.now()
        mute = await services.voicing.without_quota(services.store, now, [campaign.agent_id for campaign in running])
        for agent_id in mute - self.mute:
            log.error("nobody is called: the quota of the agent's speech models is used up", extra={"agent": agent_id})
        self.mute = mute
        return mute

    def _demand(self, one: Standing, held: Collection[int], most: int, now_s: float) -> tuple[Demand, float | None]:
        """What a campaign may start at most, and when to look again if it is less than it could want."""
        campaign, pacing = one.campaign, one.campaign.pacing
        per_second = pacing.calls_per_second * len(held) / SHARDS
        slots = self.slots.get(campaign.id, Slots())
        starts, _ = slots.taken(most, per_second, now_s, now_s + ROUND_S)
        lines = part_of(max(0, pacing.max_concurrent - one.open_calls), held)
        due = int(min(len(starts), lines, one.affordable))
        again_s = None
        if due <= 0 and one.affordable > 0:
            again_s = min(FULL_AGAIN_S, max(slots.next_s - now_s, 0.01)) if most and lines else FULL_AGAIN_S
        return Demand(campaign.id, due, 0, max(due, 1), per_second, pacing.weight), again_s

    def _turns(
        self, order: Sequence[str], lines: dict[str, WaitingLine], paces: dict[str, float], now_s: float
    ) -> tuple[DialTurn, ...]:
        starts: dict[str, deque[float]] = {}
        for campaign, calls in Counter(order).items():
            slots = self.slots.get(campaign, Slots())
            taken, self.slots[campaign] = slots.taken(calls, paces[campaign], now_s, math.inf)
            starts[campaign] = deque(taken)
        turns = [DialTurn(lines[campaign], starts[campaign].popleft()) for campaign in order]
        return tuple(sorted(turns, key=lambda turn: turn.not_before_s))

    def not_taken(self, turn: DialTurn) -> None:
        """Everybody left in the line was refused: the turn costs its campaign nothing."""
        campaign = turn.line.campaign.id
        self.ahead[campaign] = MOST_AHEAD
        self.slots[campaign] = Slots(min(turn.not_before_s, self.slots[campaign].next_s))

    def to_document(self) -> dict[str, Value]:
        """For the beat after this one."""
        next_at = {campaign: datetime.fromtimestamp(slots.next_s, UTC) for campaign, slots in self.slots.items()}
        return {"served": dict(self.served), "next_at": dict(next_at)}

    @classmethod
    def from_document(cls, data: Any) -> Rota:
        """As the beat before left it."""
        next_at = {campaign: Slots(at.timestamp()) for campaign, at in data.get("next_at", {}).items()}
        return cls(dict(data.get("served", {})), next_at)
