"""Compares yesterday's attempts with the carrier's calls, both ways: a call that only one side knows is reported.

A day is looked at in slices, as many in a beat as there is time for, and where it was left stands in its document.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any

from functions.campaigns.services import CampaignServices
from shared.domain.attempt import Attempt, AttemptState
from shared.store.store import AlreadyExists, Conflict, Document, OrderBy, Value, Where
from shared.telephony.carrier import CarrierCall, CarrierError

log = logging.getLogger(__name__)

BEGINS = timedelta(hours=2)
"""After midnight (UTC): the calls of the day before are over, and their last callbacks have come."""
SLICE = timedelta(minutes=10)
MARGIN = timedelta(minutes=5)
"""Between the making of an attempt and the call's creation at the carrier, and between our clocks."""
BUDGET_S = 8.0
LEASE = timedelta(minutes=3)
AT_ONCE = 500
MOST_NAMED = 100
"""Of each kind, in the report."""


@dataclass(slots=True)
class Reckoning:
    """What came of it."""

    calls: int = 0
    """Outbound calls in the carrier's books."""
    attempts: int = 0
    """Attempts of ours with a call."""
    orphans: list[str] = field(default_factory=list)
    """Calls that no attempt stands for, by SID. There should be none."""
    ghosts: list[str] = field(default_factory=list)
    """Attempts whose call the carrier does not know. There should be none."""
    differing: list[str] = field(default_factory=list)
    """Attempts that ended otherwise than the carrier says."""
    still_open: int = 0
    lost: int = 0
    """Attempts given up because nobody knows whether a phone rang."""

    def to_document(self) -> dict[str, Value]:
        """As it is kept."""
        return {
            "calls": self.calls,
            "attempts": self.attempts,
            "orphans": self.orphans[:MOST_NAMED],
            "ghosts": self.ghosts[:MOST_NAMED],
            "differing": self.differing[:MOST_NAMED],
            "still_open": self.still_open,
            "lost": self.lost,
        }

    @classmethod
    def from_document(cls, data: Any) -> Reckoning:
        """As far as it came."""
        return cls(**{name: data[name] for name in cls.__slots__ if name in data})


def reckoning_path(day: datetime) -> str:
    """Where a day's reckoning is kept."""
    return f"reckonings/{day:%Y-%m-%d}"


async def reckon_yesterday(services: CampaignServices) -> Reckoning | None:
    """Go on with yesterday's comparison; its result once it is complete. Only one beat at a time is at it."""
    now = services.clock.now()
    today = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
    day = today - timedelta(days=1)
    if now < today + BEGINS:
        return None
    document = await _take(services, day)
    if document is None:
        return None
    result, begins = Reckoning.from_document(document.data), document.data["next_at"]
    assert isinstance(begins, datetime)
    loop = asyncio.get_running_loop()
    until_s = loop.time() + BUDGET_S
    try:
        while begins < today and loop.time() < until_s:
            await _slice(services, begins, begins + SLICE, result)
            begins += SLICE
    except CarrierError as error:
        log.warning("the carrier's books could not be read", extra={"error": type(error).__name__})
    over = begins >= today
    state: dict[str, Value] = {"next_at": begins, "until": now, **({"finished_at": now} if over else {})}
    try:
        await services.store.update(document.path, {**result.to_document(), **state}, expected=document.version)
    except Conflict:
        return None
    if not over:
        return None
    _tell(day, result)
    return result


async def _take(services: CampaignServices, day: datetime) -> Document | None:
    """The day's document, ours for a while; None: it is complete, or another beat is at it."""
    now, path = services.clock.now(), reckoning_path(day)
    document = await services.store.get(path)
    try:
        if document is None:
            return await services.store.create(path, {"day": day, "next_at": day, "until": now + LEASE})
        until = document.data.get("until")
        if document.data.get("finished_at") or (isinstance(until, datetime) and now < until):
            return None
        return await services.store.update(path, {"until": now + LEASE}, expected=document.version)
    except (AlreadyExists, Conflict):
        return None


async def _slice(services: CampaignServices, begins: datetime, ends: datetime, result: Reckoning) -> None:
    attempts = [one for one in await _attempts(services, begins - MARGIN, ends + MARGIN) if one.sid is not None]
    numbers = {*services.numbers, *(one.from_ for one in attempts if one.from_)}
    calls: dict[str, CarrierCall] = {}
    for number in sorted(numbers):
        found = await services.carrier.list_calls(
            from_=number, created_after=begins - MARGIN, created_before=ends + MARGIN
        )
        calls |= {call.sid: call for call in found if call.parent_sid is None}
    known = {one.sid for one in attempts}
    for sid, call in calls.items():
        if call.created_at is None or not begins <= call.created_at < ends:
            continue
        result.calls += 1
        if sid not in known and not await services.store.count("attempts", [Where("sid", "==", sid)]):
            result.orphans.append(sid)
    await _compare(services, await _attempts(services, begins, ends), calls, result)


async def _compare(
    services: CampaignServices, attempts: Sequence[Attempt], calls: dict[str, CarrierCall], result: Reckoning
) -> None:
    for attempt in attempts:
        result.lost += attempt.state is AttemptState.LOST
        result.still_open += attempt.state.is_open
        if attempt.sid is None:
            continue
        result.attempts += 1
        # A call that never left the carrier's queue is not in its books; asked by name, it knows it.
        call = calls.get(attempt.sid) or await services.carrier.fetch_call(attempt.sid)
        if call is None:
            result.ghosts.append(attempt.id)
        elif attempt.status != str(call.status) or (call.duration_s or 0) != (attempt.duration_s or 0):
            result.differing.append(attempt.id)


async def _attempts(services: CampaignServices, begins: datetime, ends: datetime) -> list[Attempt]:
    found, cursor = list[Attempt](), None
    while True:
        page = await services.store.query(
            "attempts",
            [Where("created_at", ">=", begins), Where("created_at", "<", ends)],
            order_by=[OrderBy("created_at", descending=True)],
            limit=AT_ONCE,
            cursor=cursor,
        )
        found += [Attempt.from_document(document.data) for document in page.documents]
        cursor = page.next
        if cursor is None:
            return found


def _tell(day: datetime, result: Reckoning) -> None:
    counts = {
        "day": f"{day:%Y-%m-%d}",
        "calls": result.calls,
        "attempts": result.attempts,
        "orphans": len(result.orphans),
        "ghosts": len(result.ghosts),
        "differing": len(result.differing),
    }
    if result.orphans or result.ghosts:
        log.error("the carrier's books and ours differ", extra=counts)
    else:
        log.info("the carrier's books and ours agree", extra=counts)
