"""What follows the demonstration's calls: they are read by the text model, and a system of the clinic's is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from aiohttp import web

from local.demo.checks import Check
from shared.domain.analysis import SETTLES


@dataclass
class AfterCalls:
    """What came of it."""

    told: list[dict[str, Any]] = field(default_factory=list)
    """What the clinic's system has been told, in order."""
    calls: list[dict[str, Any]] = field(default_factory=list)


@asynccontextmanager
async def after_calls(http: httpx.AsyncClient) -> AsyncIterator[AfterCalls]:
    """A webhook is there while the block runs; when it is left, all calls have been read and told of."""
    seen = AfterCalls()

    async def take(request: web.Request) -> web.Response:
        seen.told.append(json.loads(await request.text()))
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/parley", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/parley"
        (await http.post("/api/webhooks", json={"url": url, "events": ["call.analysed"]})).raise_for_status()
        yield seen
        await asyncio.sleep(SETTLES.total_seconds() + 0.5)
        (await http.post("/campaigns/after-calls", timeout=90)).raise_for_status()
        listed = (await http.get("/api/calls?page_size=50")).json()["calls"]
        ended = [call["call_sid"] for call in listed if call.get("ending")]
        seen.calls = [(await http.get(f"/api/calls/{call_sid}")).json() for call_sid in ended]
    finally:
        await runner.cleanup()


def check_after_calls(seen: AfterCalls) -> list[Check]:
    """Whether every call in which the caller spoke was read, and told of; a machine's has nothing to read."""
    read = [call for call in seen.calls if call.get("analysis")]
    talked = [call for call in seen.calls if any(turn["speaker"] == "caller" for turn in call["turns"])]
    told = {event["data"]["call_sid"] for event in seen.told}
    return [
        Check("every conversation was read afterwards", len(read) >= len(talked) > 0, f"{len(read)} calls"),
        Check("a webhook told of each reading", told == {call["call_sid"] for call in read}, f"{len(told)} messages"),
    ]
