"""Cloud Scheduler's part on a laptop: both beats of the campaigns function, once a minute."""

from __future__ import annotations

import asyncio
import logging

import httpx

log = logging.getLogger(__name__)

EVERY_S = 60.0
BEATS = ("/campaigns/tick", "/campaigns/after-calls")
LONGEST_S = 180.0
"""What the scheduler in the cloud is given (docs/deploy.md)."""


async def schedule(origin: str, every_s: float = EVERY_S) -> None:
    """Post to each beat every so often, the first time after one interval, until cancelled."""
    async with httpx.AsyncClient(base_url=origin, timeout=LONGEST_S, trust_env=False) as http:
        await asyncio.gather(*(_beat(http, path, every_s) for path in BEATS))


async def _beat(http: httpx.AsyncClient, path: str, every_s: float) -> None:
    loop = asyncio.get_running_loop()
    began_s, beats = loop.time(), 0
    while True:
        # A beat that took longer than its minute is followed by the next whole one.
        beats = max(beats + 1, int((loop.time() - began_s) // every_s))
        await asyncio.sleep(began_s + beats * every_s - loop.time())
        try:
            answer = await http.post(path)
        except httpx.HTTPError as error:
            log.warning("a beat did not come through", extra={"path": path, "error": type(error).__name__})
        else:
            if answer.status_code != httpx.codes.OK:
                log.warning("a beat was refused", extra={"path": path, "status": answer.status_code})
