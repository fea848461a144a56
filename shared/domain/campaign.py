"""A reason to call many contacts, with limits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from shared.domain.agent import AgentId, LanguageTag
from shared.domain.calling_rules import Caps, Purpose
from shared.domain.cost import CURRENCY
from shared.domain.disposition import Disposition
from shared.domain.phone_number import is_region
from shared.domain.record import Instant, Record
from shared.domain.weekly_hours import NEVER, Hours, WeeklyHours

LONGEST_RING_S = 60
"""No campaign may let a phone ring longer."""


class _Strict(BaseModel):
    """A part that a marketer writes: unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class CampaignState(StrEnum):
    """How far a campaign has come."""

    DRAFT = "draft"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class CampaignEvent(StrEnum):
    """What may happen to a campaign."""

    LAUNCH = "launch"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    COMPLETE = "complete"
    """No contact is left to call, or its end has come."""


NEXT_CAMPAIGN: dict[tuple[CampaignState, CampaignEvent], CampaignState] = {
    (CampaignState.DRAFT, CampaignEvent.LAUNCH): CampaignState.RUNNING,
    (CampaignState.DRAFT, CampaignEvent.CANCEL): CampaignState.CANCELLED,
    (CampaignState.RUNNING, CampaignEvent.PAUSE): CampaignState.PAUSED,
    (CampaignState.RUNNING, CampaignEvent.CANCEL): CampaignState.CANCELLED,
    (CampaignState.RUNNING, CampaignEvent.COMPLETE): CampaignState.COMPLETED,
    (CampaignState.PAUSED, CampaignEvent.RESUME): CampaignState.RUNNING,
    (CampaignState.PAUSED, CampaignEvent.CANCEL): CampaignState.CANCELLED,
    (CampaignState.PAUSED, CampaignEvent.COMPLETE): CampaignState.COMPLETED,
    # Pressing a button twice is pressing it once.
    (CampaignState.RUNNING, CampaignEvent.LAUNCH): CampaignState.RUNNING,
    (CampaignState.RUNNING, CampaignEvent.RESUME): CampaignState.RUNNING,
    (CampaignState.PAUSED, CampaignEvent.PAUSE): CampaignState.PAUSED,
    (CampaignState.CANCELLED, CampaignEvent.CANCEL): CampaignState.CANCELLED,
    (CampaignState.COMPLETED, CampaignEvent.COMPLETE): CampaignState.COMPLETED,
}


class IllegalCampaignEvent(Exception):
    """This cannot happen to a campaign in this state; it was left as it was."""

    def __init__(self, state: CampaignState, event: CampaignEvent) -> None:
        super().__init__(f"a campaign that is {state} takes no {event}")
        self.state = state
        self.event = event


class PauseReason(StrEnum):
    """Who or what paused a campaign."""

    PERSON = "person"
    BREAKER = "breaker"
    """Too many failures on our or the carrier's side."""
    ABANDONMENT = "abandonment"
    """Too many callees who answered heard nothing."""
    BUDGET = "budget"
    CONFIGURATION = "configuration"
    """No call can be made: the carrier refuses them all (account, caller id, permissions), or the agent is gone."""


class Pacing(_Strict):
    """How fast this campaign may go; the account's own limits hold besides."""

    calls_per_second: float = Field(default=1.0, gt=0, le=100)
    max_concurrent: int = Field(default=10, ge=1, le=10_000)
    weight: float = Field(default=1.0, gt=0, le=100)
    """Its share when several campaigns compete."""


class RetryPolicy(_Strict):
    """How often and after what a contact is tried again."""

    max_attempts: int = Field(default=3, ge=1, le=10)
    """One budget per contact, whatever the rule that spends it."""
    max_per_24h: int | None = Field(default=None, ge=1)
    """Calls that rang, per number; None: one for marketing, the law's number otherwise."""
    max_per_7d: int | None = Field(default=None, ge=1)
    on: tuple[Disposition, ...] | None = None
    """Dispositions to try again after; None: all that have a rule."""
    ambiguous: Literal["retry", "skip"] = "retry"
    """What to do when nobody knows whether the phone rang: next part of the day, or never."""


class Budget(_Strict):
    """The money after which a campaign stops, in the price table's currency."""

    amount: float = Field(gt=0, validation_alias=AliasChoices("amount", "max_cost", "limit"))
    currency: str = CURRENCY

    @field_validator("currency")
    @classmethod
    def _is_what_calls_are_reckoned_in(cls, currency: str) -> str:
        if currency != CURRENCY:
            raise ValueError(f"calls are reckoned in {CURRENCY} and no rate is known; write the budget in {CURRENCY}")
        return currency

    @model_validator(mode="before")
    @classmethod
    def _may_be_a_plain_number(cls, written: object) -> object:
        return {"amount": written} if isinstance(written, (int, float)) and not isinstance(written, bool) else written


class Voicemail(_Strict):
    """What to do when a machine answers."""

    leave_message: bool = False
    """After the beep; otherwise the line is dropped."""
    message: dict[LanguageTag, str] = {}
    """What is left, by language: the contact's is said, else the campaign's, else English, else the first."""

    @model_validator(mode="after")
    def _has_words_to_leave(self) -> Voicemail:
        if any(not words.strip() for words in self.message.values()):
            raise ValueError("a message without words cannot be left")
        if self.leave_message and not self.message:
            raise ValueError("leave_message needs a message in at least one language")
        return self

    def words_for(self, *languages: str | None) -> tuple[str, str] | None:
        """Language and words of the message for the first of these languages that has one; None: nothing is left."""
        if not self.leave_message:
            return None
        by_base = {tag.partition("-")[0]: (tag, words) for tag, words in reversed(self.message.items())}
        for language in (*filter(None, languages), "en"):
            if language in self.message:
                return language, self.message[language]
            if (found := by_base.get(language.partition("-")[0])) is not None:
                return found
        return next(iter(self.message.items()), None)


class CampaignDraft(_Strict):
    """What a marketer writes."""

    name: str = Field(min_length=1, max_length=120)
    agent_id: AgentId
    list_id: str = Field(min_length=1)
    purpose: Purpose = Purpose.MARKETING
    """The strictest when nobody says."""
    language: LanguageTag | None = None
    """For contacts without one of their own; None: the agent's start language."""
    pacing: Pacing = Pacing()
    window: Hours | None = None
    """Local hours of the contact; narrows the law's, never widens them."""
    on_holidays: bool = True
    """Whether to call on public holidays where the law allows it."""
    retry: RetryPolicy = RetryPolicy()
    budget: Budget | None = None
    starts_at: Instant | None = None
    ends_at: Instant | None = None
    countries: tuple[str, ...] = ()
    """ISO 3166; contacts elsewhere are not called. Empty: anywhere."""
    caller_ids: tuple[str, ...] = ()
    """Our numbers to call from, E.164; empty: any of the account's."""
    ring_timeout_s: int = Field(default=25, ge=15, le=LONGEST_RING_S)
    voicemail: Voicemail = Voicemail()
    topic: dict[LanguageTag, str] = {}
    """What the call is about, as the agent says it in its first sentence, by language."""

    @model_validator(mode="before")
    @classmethod
    def _nothing_said_is_the_default(cls, written: object) -> object:
        """A field that is null, or a window without hours, is a field left out."""
        if not isinstance(written, Mapping):
            return written
        nothing: dict[object, tuple[object, ...]] = {"window": ({}, NEVER)}
        return {key: value for key, value in written.items() if value is not None and value not in nothing.get(key, ())}

    @field_validator("window")
    @classmethod
    def _is_open_at_some_time(cls, window: WeeklyHours | None) -> WeeklyHours | None:
        # Kept as no hours at all, it would be read again as no window.
        if window == NEVER:
            raise ValueError("the window is never open; name hours, or leave it out")
        return window

    @field_validator("ends_at")
    @classmethod
    def _ends_after_it_starts(cls, ends_at: datetime | None, info: ValidationInfo) -> datetime | None:
        starts_at = info.data.get("starts_at")
        if starts_at and ends_at and ends_at <= starts_at:
            raise ValueError("ends_at must come after starts_at")
        return ends_at

    @field_validator("countries")
    @classmethod
    def _are_countries(cls, countries: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [one for one in countries if not is_region(one)]
        if unknown:
            raise ValueError(f"countries are ISO 3166 codes such as IN or US, and {unknown[0]!r} is none")
        return countries

    @field_validator("caller_ids")
    @classmethod
    def _are_numbers(cls, caller_ids: tuple[str, ...]) -> tuple[str, ...]:
        if not all(re.fullmatch(r"\+[1-9]\d{7,14}", one) for one in caller_ids):
            raise ValueError("caller_ids are our own numbers with + and country code, such as +13105550100")
        return caller_ids


class Campaign(CampaignDraft, Record):
    """A campaign as the store keeps it."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str
    state: CampaignState = CampaignState.DRAFT
    agent_version: int | None = None
    """The agent's version at launch."""
    created_at: Instant | None = None
    launched_at: Instant | None = None
    finished_at: Instant | None = None
    resumed_at: Instant | None = None
    """Since then failures and abandoned calls are counted anew."""
    loaded: bool = False
    """All contacts of the list are in."""
    load_cursor: str | None = None
    """Where loading them goes on."""
    paused_for: PauseReason | None = None
    paused_detail: str | None = None
    barred_countries: tuple[str, ...] = ()
    """Countries the carrier's account may not call."""

    def advanced(self, event: CampaignEvent, **changes: object) -> Campaign:
        """This campaign after the event. Raises IllegalCampaignEvent and changes nothing when it cannot happen."""
        state = NEXT_CAMPAIGN.get((self.state, event))
        if state is None:
            raise IllegalCampaignEvent(self.state, event)
        if state is not CampaignState.PAUSED:
            changes = {"paused_for": None, "paused_detail": None, **changes}
        return self.changed(**changes, state=state)

    @property
    def own_caps(self) -> Caps:
        """The campaign's own limits on calls that rang; the law's hold besides."""
        daily = 1 if self.purpose is Purpose.MARKETING else None
        return Caps(self.retry.max_per_24h or daily, self.retry.max_per_7d)


def campaign_path(campaign_id: str) -> str:
    """Where a campaign is kept."""
    return f"campaigns/{campaign_id}"
