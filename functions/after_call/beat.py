"""One beat of what follows calls: they are read, and whoever wants to know is told.

Beats may overlap, be lost or come twice: every piece of work is taken by compare-and-set on its own document, and one
whose worker died is due again when its lease is over.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from functions.after_call.analysing import analyse, due_analyses
from functions.after_call.delivering import deliver, due_deliveries, fan_out, new_announcements
from functions.after_call.services import AfterCallServices
from shared.store.store import Document, StoreError

log = logging.getLogger(__name__)

AT_ONCE = 100
"""Documents looked at before the store is asked again."""


@dataclass(slots=True)
class AfterCallBeat:
    """What one beat did."""

    analysed: int = 0
    announced: int = 0
    delivered: int = 0

    def to_json(self) -> dict[str, Any]:
        """For the scheduler's log."""
        return asdict(self)


async def after_call_beat(services: AfterCallServices) -> AfterCallBeat:
    """Do what is due; ends when nothing is, or after services.beat_s. Raises StoreError."""
    done = AfterCallBeat()
    loop = asyncio.get_running_loop()
    until_s = loop.time() + services.beat_s
    while loop.time() < until_s:
        analysed = await _each(services, await due_analyses(services, AT_ONCE), analyse, until_s)
        announced = await _each(services, await new_announcements(services, AT_ONCE), fan_out, until_s)
        delivered = await _each(services, await due_deliveries(services, AT_ONCE), deliver, until_s)
        done.analysed += analysed
        done.announced += announced
        done.delivered += delivered
        if not analysed + announced + delivered:
            break
    return done


async def _each(
    services: AfterCallServices,
    documents: Sequence[Document],
    work: Callable[[AfterCallServices, Document], Awaitable[bool]],
    until_s: float,
) -> int:
    """How many pieces of work were taken and brought on; one that fails does not keep the others."""
    waiting, done = list(reversed(documents)), 0

    async def one_by_one() -> None:
        nonlocal done
        while waiting and asyncio.get_running_loop().time() < until_s:
            document = waiting.pop()
            try:
                brought_on = await work(services, document)
                done += brought_on
            except Exception as error:  # whatever it is, it keeps neither the others nor the beat
                level = logging.WARNING if isinstance(error, StoreError) else logging.ERROR
                log.log(level, "work after a call waits", extra={"id": document.id, "error": type(error).__name__})

    async with asyncio.TaskGroup() as group:
        for _ in range(min(services.at_once, len(documents))):
            group.create_task(one_by_one())
    return done
