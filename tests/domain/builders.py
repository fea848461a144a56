"""Valid contacts, campaigns and attempts; a test overrides the one thing that it is about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from shared.domain.attempt import Attempt, PastAttempt
from shared.domain.campaign import Campaign, CampaignState
from shared.domain.contact import Consent, ConsentStatus, Contact, DueReason
from shared.domain.disposition import WEIGHTS, Disposition, Outcome
from shared.domain.gate import History

NOON_IN_INDIA = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
"""A Tuesday, no holiday anywhere near."""
GRANTED = Consent(status=ConsentStatus.GRANTED)


def at_utc(text: str) -> datetime:
    """An instant, written without its zone."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def a_contact(**changes: Any) -> Contact:
    """A man in India who agreed to be called."""
    fields: dict[str, Any] = {
        "id": "c0ffee00",
        "campaign_id": "diwali",
        "phone": "+919876543210",
        "country": "IN",
        "time_zones": ("Asia/Kolkata",),
        "consent": GRANTED,
    }
    return Contact(**{**fields, **changes})


def an_american(**changes: Any) -> Contact:
    """A woman in New York who agreed to be called."""
    fields: dict[str, Any] = {
        "phone": "+12125550123",
        "country": "US",
        "states": ("NY",),
        "time_zones": ("America/New_York",),
    }
    return a_contact(**{**fields, **changes})


def a_campaign(**changes: Any) -> Campaign:
    """Marketing, running, with the defaults."""
    fields: dict[str, Any] = {
        "id": "diwali",
        "name": "Diwali",
        "agent_id": "renewal",
        "list_id": "list1",
        "state": CampaignState.RUNNING,
    }
    return Campaign(**{**fields, **changes})


def an_attempt(**changes: Any) -> Attempt:
    """The first, planned."""
    fields: dict[str, Any] = {
        "id": "a1",
        "campaign_id": "diwali",
        "contact_id": "c0ffee00",
        "attempt_no": 1,
        "created_at": NOON_IN_INDIA,
    }
    return Attempt(**{**fields, **changes})


def tried(
    *dispositions: Disposition | None,
    ago: timedelta = timedelta(days=2),
    now: datetime = NOON_IN_INDIA,
    campaign_id: str = "diwali",
    rang: bool = False,
    outcome: Outcome | None = None,
    reason: DueReason = DueReason.FRESH,
    spent: float | None = None,
) -> History:
    """A history of attempts that all lie so far back, an hour apart, the last one nearest."""
    count = len(dispositions)
    return History(
        tuple(
            PastAttempt(
                f"past{index}",
                campaign_id,
                now - ago - timedelta(hours=count - 1 - index),
                disposition,
                rang or (disposition is not None and WEIGHTS[disposition].rang),
                reason,
                outcome,
            )
            for index, disposition in enumerate(dispositions)
        ),
        spent=spent,
    )
