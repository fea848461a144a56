"""Which model is used when the one that was asked for is no longer there, and how long each still has."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from shared.domain.model_catalogue import PLATFORM_NAMES, Catalogue, LiveModel, Platform, State, catalogue

SOON_DAYS = 60
"""Time enough to test an agent on another model, and to hear what its callers think of it."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """The model to open sessions with."""

    id: str
    asked: str
    """The one in the agent's document."""
    reason: str | None = None
    """Why it is another one; or why there should be another and is none."""

    @property
    def is_replaced(self) -> bool:
        """Another one than was asked for."""
        return self.id != self.asked

    def to_document(self) -> dict[str, str | None]:
        """What a call's record keeps."""
        return {"model": self.id, "model_asked": self.asked, "model_reason": self.reason}


def resolve_model(
    model_id: str,
    platform: Platform,
    today: date,
    listed: Collection[str] | None = None,
    *,
    region: str | None = None,
    known: Catalogue | None = None,
) -> Resolution:
    """The model itself while it is there, else the first of its successors that is.

    listed is what the service names, None when it was not asked or did not answer. A list that names no Live model at
    all says nothing about them. A model that is not in the catalogue is left as it is.
    """
    known = known or catalogue()
    if listed is not None and not any(model.id in listed for model in known.models):
        listed = None
    model = known.model(model_id)
    why = None if model is None else _why_not(model, platform, today, listed, region)
    if why is None:
        return Resolution(model_id, model_id)
    for successor in known.after(model_id):
        heir = known.model(successor)
        if heir is not None and _can_be_had(heir, platform, today, listed, region):
            return Resolution(successor, model_id, f"{model_id} {why}; its successor is used")
    return Resolution(model_id, model_id, f"{model_id} {why}, and nothing that could follow it is to be had there")


def _why_not(
    model: LiveModel, platform: Platform, today: date, listed: Collection[str] | None, region: str | None
) -> str | None:
    if platform not in model.served:
        return f"is not served on {PLATFORM_NAMES[platform]}"
    if not model.serves(platform, region):
        return f"is not served in {region}"
    if model.is_over(today) and model.shutdown is not None:
        return f"was switched off on {model.shutdown.day}"
    if listed is not None and model.id not in listed:
        return f"is no longer listed by {PLATFORM_NAMES[platform]}"
    return None


def _can_be_had(
    model: LiveModel, platform: Platform, today: date, listed: Collection[str] | None, region: str | None
) -> bool:
    return _why_not(model, platform, today, listed, region) is None


class Standing(StrEnum):
    """How a model stands on a day."""

    CURRENT = "current"
    PREVIEW = "preview"
    DEPRECATED = "deprecated"
    RUMOURED = "rumoured to end"
    """An end was announced, but not on a page of its maker's."""
    ENDS_SOON = "ends soon"
    RETIRED = "retired"


def standing(model: LiveModel, today: date) -> Standing:
    """The gravest that is true of it."""
    if model.is_over(today) or model.state is State.RETIRED:
        return Standing.RETIRED
    if model.shutdown is not None and (model.shutdown.day - today).days <= SOON_DAYS:
        return Standing.ENDS_SOON if model.shutdown.confirmed else Standing.RUMOURED
    match model.state:
        case State.DEPRECATED:
            return Standing.DEPRECATED
        case State.PREVIEW:
            return Standing.PREVIEW
        case _:
            return Standing.CURRENT
