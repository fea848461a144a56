"""What may still be changed of a campaign that is paused: its money, its pace, a later end, narrower hours.

Whom it calls, with what words and under which law was checked before the launch, and stays.
"""

from __future__ import annotations

from shared.domain.campaign import CampaignDraft
from shared.domain.weekly_hours import ALWAYS

FREE = frozenset({"budget", "pacing"})


def refused_while_paused(before: CampaignDraft, after: CampaignDraft) -> tuple[str, str] | None:
    """The first field whose change a paused campaign does not take, and why in one sentence; None: it takes all."""
    for field in CampaignDraft.model_fields:
        if field in FREE or getattr(after, field) == getattr(before, field):
            continue
        if (sentence := _why_not(field, before, after)) is not None:
            return field, sentence
    return None


def _why_not(field: str, before: CampaignDraft, after: CampaignDraft) -> str | None:
    match field:
        case "ends_at":
            later = after.ends_at is None or (before.ends_at is not None and after.ends_at > before.ends_at)
            return None if later else "The end of a paused campaign can only be moved to a later time."
        case "window":
            narrower = (after.window or ALWAYS) <= (before.window or ALWAYS)
            return None if narrower else "The hours of a paused campaign can only be narrowed."
        case _:
            return "Of a paused campaign only the budget, the pacing, the end and the hours can be changed."
