"""Calls and campaigns as they change, as server-sent events.

The store is looked at once a second for each listener: no queue has to be run, and a listener that comes back after a
break is told what is true now. A connection ends after some minutes and the browser opens the next one by itself.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Mapping
from typing import Any

from starlette.responses import Response, StreamingResponse

from functions.console.api.calls import plain
from functions.console.api.report import ContactCounts, contact_counts
from functions.console.operation import Asked, Operation
from functions.console.problem import Problem
from functions.console.services import ConsoleServices
from shared.domain.campaign import Campaign, CampaignState
from shared.store.store import OrderBy, StoreError, Where
from shared.store.tallies import tally_of

log = logging.getLogger(__name__)

EVENT_STREAM = "text/event-stream"
CALLS_WATCHED = 30
CAMPAIGNS_WATCHED = 20
NOT_COUNTED: tuple[float, ContactCounts | None] = (0.0, None)
COUNTED_PER_S = 50_000
"""Firestore bills a read for each thousand that it counts."""
WATCHED_STATES = (CampaignState.RUNNING, CampaignState.PAUSED)
CALL_FIELDS = (
    "call_sid",
    "direction",
    "state",
    "agent_id",
    "campaign_id",
    "languages",
    "started_at",
    "ended_at",
    "ending",
    "disposition",
    "outcome",
)
"""No numbers, no words: those are read from the call itself."""


class LiveApi:
    """The one operation."""

    def __init__(self, services: ConsoleServices) -> None:
        self._services = services
        self._store = services.store
        self._listeners = 0
        self._counted: dict[str, tuple[float, ContactCounts]] = {}
        """By campaign: until when its counts are good enough, and the counts."""

    def operations(self) -> list[Operation]:
        """All of them."""
        return [Operation("GET", "/api/live", "Calls and campaigns as they change", self.live, EVENT_STREAM,
                          problems=(503,))]  # fmt: skip

    async def live(self, asked: Asked) -> Response:
        """A stream of `call` and `campaign` events."""
        del asked
        if self._listeners >= self._services.live.listeners:
            raise Problem(503, "Too many are listening", "Close a window, or ask again in a moment.")
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        return StreamingResponse(self.events(), media_type=EVENT_STREAM, headers=headers)

    async def events(self) -> AsyncIterator[str]:
        """What is true now, and then what changes."""
        pace = self._services.live
        loop = asyncio.get_running_loop()
        end_s = loop.time() + pace.lasts_s
        told: dict[str, str] = {}
        spoke_s = loop.time()
        self._listeners += 1
        try:
            yield f"retry: {round(pace.look_every_s * 2000)}\n\n"
            while loop.time() < end_s:
                for text in await self._news(told):
                    yield text
                    spoke_s = loop.time()
                if loop.time() - spoke_s >= pace.comment_every_s:
                    spoke_s = loop.time()
                    yield ": still here\n\n"
                await asyncio.sleep(pace.look_every_s)
        finally:
            self._listeners -= 1

    async def _news(self, told: dict[str, str]) -> list[str]:
        """Events for what differs from what was told."""
        try:
            now = {**await self._calls(), **await self._campaigns(told)}
        except StoreError as error:
            log.warning("store is away; listeners wait", extra={"error": type(error).__name__})
            return []
        news = []
        for key, (kind, data) in now.items():
            text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
            if told.get(key) != text:
                told[key] = text
                news.append(f"event: {kind}\ndata: {text}\n\n")
        return news

    async def _calls(self) -> dict[str, tuple[str, Any]]:
        page = await self._store.query("calls", order_by=[OrderBy("started_at", descending=True)], limit=CALLS_WATCHED)
        return {one.path: ("call", _brief(one.data)) for one in reversed(page.documents)}

    async def _campaigns(self, told: Mapping[str, str]) -> dict[str, tuple[str, Any]]:
        """Those that run or wait, and those that did when we looked last."""
        found: dict[str, Campaign] = {}
        for state in WATCHED_STATES:
            page = await self._store.query("campaigns", [Where("state", "==", str(state))], limit=CAMPAIGNS_WATCHED)
            found.update((one.path, Campaign.from_document(one.data)) for one in page.documents)
        for path in [one for one in told if one.startswith("campaigns/") and one not in found]:
            if json.loads(told[path])["status"] in WATCHED_STATES:
                document = await self._store.get(path)
                if document is not None:
                    found[path] = Campaign.from_document(document.data)
        return {path: ("campaign", await self._progress(one)) for path, one in found.items()}

    async def _counts(self, campaign: Campaign) -> ContactCounts:
        """Counted for all listeners together, and the less often the longer it takes and the more it costs."""
        now_s = asyncio.get_running_loop().time()
        until_s, counts = self._counted.get(campaign.id, NOT_COUNTED)
        if counts is None or now_s >= until_s:
            counts = await contact_counts(self._store, campaign.id)
            pause_s = max(self._services.live.look_every_s / 2, counts.total / COUNTED_PER_S)
            self._counted[campaign.id] = now_s + pause_s, counts
        return counts

    async def _progress(self, campaign: Campaign) -> Any:
        contacts = await self._counts(campaign)
        tally = await tally_of(self._store, campaign.id)
        return {
            "campaign_id": campaign.id,
            "name": campaign.name,
            "status": str(campaign.state),
            "paused_for": campaign.paused_for and str(campaign.paused_for),
            "loaded": campaign.loaded,
            "contacts": contacts.model_dump(),
            "attempts": tally.attempts,
            "dispositions": dict(sorted(tally.dispositions.items())),
            "outcomes": dict(sorted(tally.outcomes.items())),
            "cost": round(tally.cost, 4),
        }


def _brief(data: Mapping[str, Any]) -> Any:
    return {name: plain(data[name]) for name in CALL_FIELDS if data.get(name) is not None}
