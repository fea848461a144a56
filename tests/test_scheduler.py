"""A laptop's scheduler: both beats come, each at its own pace, whatever becomes of one of them."""

from __future__ import annotations

import asyncio
from collections import Counter

from aiohttp import web

from local.scheduler import BEATS, schedule


async def test_both_beats_are_posted_and_a_refused_one_comes_again() -> None:
    seen: Counter[str] = Counter()
    enough = asyncio.Event()

    async def beat(request: web.Request) -> web.Response:
        seen[request.path] += 1
        if min(seen[path] for path in BEATS) >= 2:
            enough.set()
        return web.Response(status=503 if request.path == BEATS[0] else 200)

    app = web.Application()
    for path in BEATS:
        app.router.add_post(path, beat)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    scheduler = asyncio.create_task(schedule(f"http://127.0.0.1:{runner.addresses[0][1]}", every_s=0.02))
    async with asyncio.timeout(10):
        await enough.wait()
    assert set(seen) == set(BEATS)
    await runner.cleanup()
    await asyncio.sleep(0.05)
    assert not scheduler.done(), "a server that is away does not end it"
    scheduler.cancel()
    await asyncio.wait([scheduler])
