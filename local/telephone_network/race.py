"""Waiting for whichever comes first."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


async def first_of(*contenders: Coroutine[Any, Any, Any]) -> int:
    """Run them together until one ends; the others are stopped. Returns its place; raises what it raised."""
    tasks = [asyncio.ensure_future(contender) for contender in contenders]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        losers = [task for task in tasks if not task.done()]
        for task in losers:
            task.cancel()
        await asyncio.gather(*losers, return_exceptions=True)
    winner = next(task for task in tasks if task not in losers)
    winner.result()
    return tasks.index(winner)
