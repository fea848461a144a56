"""Announcements to customers' systems: events, the webhooks that want them, and how far each delivery has come."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import Field

from shared.domain.record import Instant, Record

RETRY_AFTER = tuple(timedelta(seconds=seconds) for seconds in (10, 60, 300, 1_800, 7_200, 21_600, 43_200, 86_400))
"""Waits between tries, two days in all: a system that is down over a weekend's night misses nothing."""
MOST_TRIES = len(RETRY_AFTER) + 1
LEASE = timedelta(minutes=2)
MOST_WEBHOOKS = 100
KEPT = timedelta(days=30)
"""So long an event can be replayed."""


class EventType(StrEnum):
    """What there is to be told of."""

    CALL_ENDED = "call.ended"
    CALL_ANALYSED = "call.analysed"
    MESSAGE_LEFT = "message.left"
    """For the people behind an agent: what a caller left, or whom to call back."""
    CAMPAIGN_LAUNCHED = "campaign.launched"
    CAMPAIGN_PAUSED = "campaign.paused"
    CAMPAIGN_RESUMED = "campaign.resumed"
    CAMPAIGN_COMPLETED = "campaign.completed"
    CAMPAIGN_CANCELLED = "campaign.cancelled"
    TEST = "webhook.test"


class Announcement(Record):
    """An event, until everybody who wants it has a delivery of it."""

    id: str
    type: EventType
    data: dict[str, Any]
    at: Instant | None = None
    """None: when it is sent out, within a minute of its happening."""
    only_to: str | None = None
    """Id of the one webhook that it is for; None: all that want this type."""
    is_new: bool = True
    expires_at: Instant | None = None


class Webhook(Record):
    """A system that wants to be told."""

    id: str
    url: str
    events: tuple[EventType, ...] = ()
    """Empty: all of them."""
    created_at: Instant
    gone_at: Instant | None = None
    """It has answered 410: it wants no more."""

    def wants(self, announcement: Announcement) -> bool:
        """Whether it is to be told of this."""
        if self.gone_at is not None:
            return False
        if announcement.only_to is not None:
            return announcement.only_to == self.id
        return not self.events or announcement.type in self.events


class DeliveryState(StrEnum):
    """How far an announcement has come on its way to one webhook."""

    DUE = "due"
    DELIVERED = "delivered"
    FAILED = "failed"
    """Given up; it can be replayed."""


class Delivery(Record):
    """One announcement to one webhook."""

    id: str
    webhook_id: str
    message_id: str
    """The same at every try and replay: receivers know by it what they have had already."""
    type: EventType
    payload: str
    """The body, byte for byte the same at every try."""
    at: Instant
    state: DeliveryState = DeliveryState.DUE
    due_at: Instant
    tries: int = 0
    answered: int | None = None
    """HTTP status of the last answer; None: there was none."""
    error: str | None = Field(default=None, max_length=200)
    expires_at: Instant


def announcement_path(id_: str) -> str:
    """Where an announcement is kept."""
    return f"announcements/{id_}"


def webhook_path(id_: str) -> str:
    """Where a webhook is kept."""
    return f"webhooks/{id_}"


def delivery_path(id_: str) -> str:
    """Where a delivery is kept."""
    return f"deliveries/{id_}"


def next_try(tries: int, now: datetime) -> datetime | None:
    """When to try again after so many tries; None: never."""
    return now + RETRY_AFTER[tries - 1] if tries < MOST_TRIES else None
