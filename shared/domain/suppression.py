"""Who must not be called, why, since when and by what evidence."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import ConfigDict

from shared.domain.calling_rules import Purpose
from shared.domain.record import Instant, Record


class SuppressionReason(StrEnum):
    """Why a number is not called again."""

    OPT_OUT = "opt_out"
    COMPLAINT = "complaint"
    WRONG_NUMBER = "wrong_number"
    DECEASED = "deceased"
    REGISTRY = "registry"
    """A public list of people who want no calls."""
    INVALID = "invalid"
    """The network says that nobody can be reached there; the number may be given out again, so this expires."""
    MANUAL = "manual"
    IMPORTED = "imported"


class HeardBy(StrEnum):
    """How an opt-out reached us."""

    TOOL = "tool"
    """The agent understood it and used its tool."""
    KEY = "key"
    """The callee pressed 9."""
    PHRASE = "phrase"
    """The callee's words were on our list of phrases."""
    PERSON = "person"
    """Somebody of ours wrote it down."""
    OUTCOME = "outcome"
    """The call's outcome says so, and nothing nearer had been written when its books were closed."""


class Evidence(Record):
    """What was said or pressed, and when in the call, enough to play it back."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    heard_by: HeardBy
    call_sid: str | None = None
    words: str | None = None
    """The callee's sentence."""
    phrase: str | None = None
    """The part of it that was on the list."""
    language: str | None = None
    offset_ms: int | None = None
    """From the start of the recording."""


class Suppression(Record):
    """An entry of the suppression list; its id is the keyed hash of the number, so it outlives the contact."""

    id: str
    reason: SuppressionReason
    at: Instant
    campaign_id: str | None = None
    """Holds for this campaign only; None: for the whole account."""
    purpose: Purpose | None = None
    """Holds for this purpose only; None: for all."""
    expires_at: Instant | None = None
    source_campaign_id: str | None = None
    evidence: Evidence | None = None

    def blocks(self, campaign_id: str, purpose: Purpose, now: datetime) -> bool:
        """Whether this campaign may not call the number."""
        if self.expires_at is not None and now >= self.expires_at:
            return False
        return self.campaign_id in (None, campaign_id) and self.purpose in (None, purpose)

    def merged(self, other: Suppression) -> Suppression:
        """One entry that blocks at least what both block; the older one's reason and evidence are kept, unless it says
        no more than that the number is bad."""
        first, second = sorted((self, other), key=lambda entry: (entry.reason is SuppressionReason.INVALID, entry.at))
        lasting = None in (first.expires_at, second.expires_at)
        latest = None if lasting else max(filter(None, (first.expires_at, second.expires_at)))
        return first.changed(
            at=min(first.at, second.at),
            campaign_id=first.campaign_id if first.campaign_id == second.campaign_id else None,
            purpose=first.purpose if first.purpose == second.purpose else None,
            expires_at=latest,
            evidence=first.evidence or second.evidence,
        )


def suppression_path(number_hash: str) -> str:
    """Where an entry is kept."""
    return f"suppressions/{number_hash}"
