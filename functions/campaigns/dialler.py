"""How a claimed attempt gets sent: by this instance, or by whichever one a queue brings it to.

A queue may lose an order, delay it or bring it twice. Only the first that comes within the claim's lease sends
anything: the intent is written by compare-and-set, and an order that never comes is found by the sweeper.
"""

from __future__ import annotations

import logging
from typing import Protocol

from functions.campaigns.claiming import Claimed
from functions.campaigns.dialing import Slot, dial
from functions.campaigns.services import CampaignServices
from shared.domain.attempt import AttemptState
from shared.domain.campaign import Campaign, campaign_path
from shared.domain.contact import Contact, contact_path

log = logging.getLogger(__name__)


class QueueAway(Exception):
    """The queue did not take the order in time; the attempt is left to the sweeper."""


class DialQueue(Protocol):
    """A queue of dial requests that lets so many through in a second."""

    async def put(self, attempt_id: str, fence: int) -> None:
        """Order one attempt to be sent. Raises QueueAway."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class Dialler(Protocol):
    """Sees to it that claimed attempts are sent."""

    async def send(self, claimed: Claimed, slot: Slot) -> bool:
        """Send it in the next slot, or order it to be sent; whether it is on its way. Raises StoreError, QueueAway."""
        ...


class OwnDialler:
    """Sends them itself."""

    def __init__(self, services: CampaignServices) -> None:
        self._services = services

    async def send(self, claimed: Claimed, slot: Slot) -> bool:
        """Send it in the next slot."""
        return await dial(self._services, claimed, slot) is not None


class QueueDialler:
    """Puts them into a queue, which brings each to some instance's POST /campaigns/dial/{attempt_id}."""

    def __init__(self, queue: DialQueue) -> None:
        self._queue = queue

    async def send(self, claimed: Claimed, slot: Slot) -> bool:
        """Order it to be sent."""
        await slot()
        await self._queue.put(claimed.attempt.id, claimed.attempt.fence)
        return True


def dialler_for(services: CampaignServices, calls_per_second: float) -> Dialler:
    """The queue, where there is one and this instance alone would be too slow."""
    if services.queue is not None and calls_per_second > services.own_pace:
        return QueueDialler(services.queue)
    return OwnDialler(services)


async def dial_ordered(services: CampaignServices, attempt_id: str, fence: int) -> bool:
    """Carry out a queue's order; False: it was not there to be sent any more. Raises StoreError."""
    claimed = await _claimed(services, attempt_id, fence)
    if claimed is None:
        log.warning("order for an attempt that is not to be sent", extra={"attempt": attempt_id})
        return False
    return await dial(services, claimed) is not None


async def _claimed(services: CampaignServices, attempt_id: str, fence: int) -> Claimed | None:
    read = await services.attempts.read(attempt_id)
    if read is None or read[0].state is not AttemptState.CLAIMED or read[0].fence != fence:
        return None
    attempt, _ = read
    campaign = await services.store.get(campaign_path(attempt.campaign_id))
    contact = await services.store.get(contact_path(attempt.campaign_id, attempt.contact_id))
    if campaign is None or contact is None:
        return None
    return Claimed(attempt, Contact.from_document(contact.data), Campaign.from_document(campaign.data))
