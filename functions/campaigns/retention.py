"""Deletes recordings whose day has come, in a folder and in a bucket; a bucket's own rule does it as well.

Their names begin with the day of their deletion, so that nothing else has to be known, also of calls that crashed. Once
a day, as much in a beat as there is time for; a day on which it failed is made up for by the next.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC

from functions.campaigns.services import CampaignServices
from shared.domain.recording import overdue
from shared.objects.objects import Objects, ObjectsError
from shared.store.store import Merge

log = logging.getLogger(__name__)

PATH = "sweeps/recordings"
BUDGET_S = 8.0
AT_ONCE = 100
THREADS = 4


async def delete_overdue(services: CampaignServices) -> int:
    """How many objects were deleted now. Two beats at once do no harm. Raises StoreError."""
    if services.objects is None:
        return 0
    today = services.clock.now().astimezone(UTC).date()
    document = await services.store.get(PATH)
    if document is not None and document.data.get("done") == today.isoformat():
        return 0
    deleted, whole = 0, False
    try:
        async with asyncio.timeout(BUDGET_S):
            for folder in overdue(await asyncio.to_thread(services.objects.folders), today):
                deleted += await _delete(services.objects, f"{folder}/")
            whole = True
    except TimeoutError:
        pass
    except ObjectsError as error:
        log.warning("recordings could not be deleted", extra={"error": type(error).__name__})
    if deleted:
        log.info("recordings deleted", extra={"objects": deleted})
    if whole:
        await services.store.batch([Merge(PATH, {"done": today.isoformat(), "at": services.clock.now()})])
    return deleted


async def _delete(objects: Objects, prefix: str) -> int:
    names = [one.name for one in await asyncio.to_thread(objects.named, prefix)]
    for at in range(0, len(names), AT_ONCE):
        hundred = names[at : at + AT_ONCE]
        await asyncio.gather(*(asyncio.to_thread(objects.delete, hundred[one::THREADS]) for one in range(THREADS)))
    return len(names)
