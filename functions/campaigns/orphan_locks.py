"""Frees locks on numbers whose attempt is gone or settled; such a number could never be called again."""

from __future__ import annotations

import logging
from datetime import timedelta

from functions.campaigns.services import CampaignServices
from shared.store.store import Conflict, Delete, Document, OrderBy, Where

log = logging.getLogger(__name__)

OLD = timedelta(hours=1)
"""Longer than any call: locks go with their attempts, so an older one is looked at."""
AT_ONCE = 200


async def free_locks(services: CampaignServices) -> int:
    """Take away old locks whose attempt is gone or settled; how many."""
    old = services.clock.now() - OLD
    page = await services.store.query(
        "number_locks", [Where("claimed_at", "<=", old)], order_by=[OrderBy("claimed_at")], limit=AT_ONCE
    )
    freed = 0
    for lock in page.documents:
        if await _holds(services, lock):
            continue
        try:
            await services.store.batch([Delete(lock.path, lock.version)])
        except Conflict:
            continue
        freed += 1
        log.error("lock without an attempt is taken away", extra={"attempt": str(lock.data.get("attempt_id"))})
    return freed


async def _holds(services: CampaignServices, lock: Document) -> bool:
    read = await services.attempts.read(str(lock.data.get("attempt_id")))
    if read is None:
        return False
    _, attempt = read
    return not attempt.data.get("settled")
