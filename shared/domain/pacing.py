"""How many calls may start in a beat, when, and whose they are."""

from __future__ import annotations

import heapq
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

MARGIN = 1.05
"""Requests are jittered on their way; so much slower keeps every second at or under the account's number."""
INBOUND_RESERVE = 0.2
"""Of the speech model's sessions, kept free for people who call us."""


@dataclass(frozen=True, slots=True)
class Slots:
    """A bucket of one token that fills at the account's pace: the next call may start at an instant, never two at once.

    Nothing is made up for later: time in which no call was due is gone. Pure state, to be kept where all dispatchers
    see it.
    """

    next_s: float = 0.0
    """When the next call may start, in seconds of the clock that all share."""

    def taken(
        self, wanted: int, calls_per_second: float, now_s: float, until_s: float
    ) -> tuple[tuple[float, ...], Slots]:
        """At most so many starts from now on and before until_s, and what is left."""
        if calls_per_second <= 0:
            return (), self
        interval_s = MARGIN / calls_per_second
        first_s = max(now_s, self.next_s)
        room = math.ceil(min((until_s - first_s) / interval_s, wanted)) if until_s > first_s else 0
        starts = tuple(first_s + index * interval_s for index in range(room))
        return starts, Slots(first_s + len(starts) * interval_s) if starts else self

    def after(self, start_s: float, calls_per_second: float) -> Slots:
        """What is left once a call has started at this instant."""
        return Slots(max(self.next_s, start_s + MARGIN / calls_per_second))


def next_turn(at_s: float, calls_per_second: float, held: Collection[int], shards: int) -> float:
    """The first slot at or after an instant that belongs to one of the held shards.

    All slots of a second lie on a grid that every dispatcher's clock shows, and go round the shards, so dispatchers
    that know nothing of each other keep the account's pace together, as closely as their clocks agree.
    """
    interval_s = MARGIN / calls_per_second
    number = math.ceil(at_s / interval_s)
    while number % shards not in held:
        number += 1
    return max(at_s, number * interval_s)


@dataclass(frozen=True, slots=True)
class Capacity:
    """What the accounts have, and how much of it is in use. Ringing calls hold a session: somebody may answer."""

    max_calls: int
    """Concurrent calls of the carrier's account."""
    model_sessions: int
    inbound_calls: int = 0
    outbound_calls: int = 0
    inbound_reserve: float = INBOUND_RESERVE
    inbound_sessions: int | None = None
    """Of the callers' sessions, those in the region that has most of them: sessions are counted by region, lines are
    not. None: all of them."""

    @property
    def free_calls(self) -> int:
        """How many more outbound calls there is room for."""
        lines = self.max_calls - self.inbound_calls - self.outbound_calls
        callers = self.inbound_calls if self.inbound_sessions is None else self.inbound_sessions
        reserved = max(callers, math.ceil(self.model_sessions * self.inbound_reserve))
        sessions = self.model_sessions - reserved - self.outbound_calls
        return max(0, min(lines, sessions))


@dataclass(frozen=True, slots=True)
class Demand:
    """A campaign that wants to call."""

    campaign_id: str
    due: int
    """Contacts that could be called now."""
    open_calls: int
    max_concurrent: int
    calls_per_second: float
    weight: float = 1.0

    def wanted(self, beat_s: float) -> int:
        """How many calls it may start in a beat of this length, on its own limits."""
        pace = max(1, math.floor(self.calls_per_second * beat_s))
        return max(0, min(self.due, self.max_concurrent - self.open_calls, pace))


def shares(
    room: int, demands: Sequence[Demand], beat_s: float, served: Mapping[str, float] | None = None
) -> tuple[list[str], dict[str, float]]:
    """Whose the next calls are, in order, and the account to hand in with the next beat.

    Weighted fair: a campaign of weight 2 gets two calls for each one of a campaign of weight 1, also over many beats
    with room for one call; what one does not want goes to the others. `served` is what the last beat returned.
    """
    before = served or {}
    known = [before[demand.campaign_id] for demand in demands if demand.campaign_id in before]
    newcomer = min(known, default=0.0)
    left = {demand.campaign_id: demand.wanted(beat_s) for demand in demands}
    weights = {demand.campaign_id: demand.weight for demand in demands}
    account = {demand.campaign_id: before.get(demand.campaign_id, newcomer) for demand in demands}
    queue = [(account[campaign], campaign) for campaign, wanted in left.items() if wanted > 0]
    heapq.heapify(queue)
    turns: list[str] = []
    while queue and len(turns) < room:
        _, campaign = heapq.heappop(queue)
        turns.append(campaign)
        account[campaign] += 1 / weights[campaign]
        left[campaign] -= 1
        if left[campaign] > 0:
            heapq.heappush(queue, (account[campaign], campaign))
    return turns, _rebased(account, {campaign for campaign, wanted in left.items() if wanted > 0})


def _rebased(account: dict[str, float], waiting: set[str]) -> dict[str, float]:
    """Counted from the least served, so that numbers stay small; who wants nothing saves nothing up."""
    contested = [served for campaign, served in account.items() if campaign in waiting]
    floor = min(contested) if contested else max(account.values(), default=0.0)
    return {campaign: max(served - floor, 0.0) for campaign, served in account.items()}
