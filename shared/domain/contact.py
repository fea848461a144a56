"""A person on a campaign's list: number, consent, whereabouts, and how far calling them has come."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from shared.domain.agent import LanguageTag
from shared.domain.calling_rules import ConsentNeed, Purpose
from shared.domain.disposition import Disposition, Outcome
from shared.domain.record import Instant, Record
from shared.domain.time_zone import ZoneSource
from shared.domain.weekly_hours import Hours


class ConsentStatus(StrEnum):
    """What the person said to being called."""

    GRANTED = "granted"
    DENIED = "denied"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


class ConsentType(StrEnum):
    """How a consent was given."""

    EXPRESS_WRITTEN = "express_written"
    EXPRESS = "express"
    INFERRED = "inferred"
    """From an existing relation."""


_STRENGTH = {
    ConsentType.EXPRESS_WRITTEN: ConsentNeed.EXPRESS_WRITTEN,
    ConsentType.EXPRESS: ConsentNeed.EXPRESS,
    ConsentType.INFERRED: ConsentNeed.GRANTED,
}


class Consent(Record):
    """A contact's consent and where it is written down."""

    status: ConsentStatus = ConsentStatus.UNKNOWN
    type: ConsentType | None = None
    """None: the list does not say; whoever uploads it vouches that it is what the law asks for."""
    source: str | None = None
    at: Instant | None = None
    evidence_url: str | None = None
    scope: tuple[Purpose, ...] = ()
    """Purposes it was given for; empty: all."""
    expires_at: Instant | None = None

    def covers(self, need: ConsentNeed, purpose: Purpose, now: datetime) -> bool:
        """Whether this is enough for a call of that purpose at that time."""
        if self.status in {ConsentStatus.DENIED, ConsentStatus.REVOKED}:
            return False
        if need is ConsentNeed.NOT_REFUSED:
            return True
        return (
            self.status is ConsentStatus.GRANTED
            and (not self.scope or purpose in self.scope)
            and (self.expires_at is None or now < self.expires_at)
            and (self.type is None or _STRENGTH[self.type] >= need)
        )

    @property
    def is_express(self) -> bool:
        """Whether the person asked for such calls in so many words, which weighs more than a public registry."""
        return self.status is ConsentStatus.GRANTED and self.type is not ConsentType.INFERRED


class RegistryCheck(Record):
    """What a public do-not-call registry said about the number, and when."""

    listed: bool
    at: Instant


class ContactState(StrEnum):
    """How far calling a contact has come."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    SKIPPED = "skipped"


class ContactEvent(StrEnum):
    """What may happen to a contact."""

    CLAIM = "claim"
    """A dispatcher took it for an attempt."""
    RELEASE = "release"
    """The attempt came to nothing; it is due as before."""
    RETRY = "retry"
    """The attempt ended and another one is planned."""
    FINISH = "finish"
    """The attempt ended and none follows."""
    SKIP = "skip"
    """The gate refuses for good, the campaign ended, or the number was suppressed."""
    REINSTATE = "reinstate"
    """What stood in the way is gone: consent was added, a suppression lifted."""
    REOPEN = "reopen"
    """A finished contact is to be called again: a callback that came in late."""


NEXT_CONTACT: dict[tuple[ContactState, ContactEvent], ContactState] = {
    (ContactState.PENDING, ContactEvent.CLAIM): ContactState.IN_PROGRESS,
    (ContactState.PENDING, ContactEvent.SKIP): ContactState.SKIPPED,
    (ContactState.IN_PROGRESS, ContactEvent.RELEASE): ContactState.PENDING,
    (ContactState.IN_PROGRESS, ContactEvent.RETRY): ContactState.PENDING,
    (ContactState.IN_PROGRESS, ContactEvent.FINISH): ContactState.DONE,
    (ContactState.IN_PROGRESS, ContactEvent.SKIP): ContactState.SKIPPED,
    (ContactState.SKIPPED, ContactEvent.SKIP): ContactState.SKIPPED,
    (ContactState.SKIPPED, ContactEvent.REINSTATE): ContactState.PENDING,
    (ContactState.DONE, ContactEvent.REOPEN): ContactState.PENDING,
}


class IllegalContactEvent(Exception):
    """This cannot happen to a contact in this state; it was left as it was."""

    def __init__(self, state: ContactState, event: ContactEvent) -> None:
        super().__init__(f"a contact that is {state} takes no {event}")
        self.state = state
        self.event = event


class DueReason(StrEnum):
    """Why a contact is called."""

    FRESH = "fresh"
    RETRY = "retry"
    CALLBACK = "callback"
    """The callee asked for it."""
    APOLOGY = "apology"
    """We dropped the callee in mid-talk and call back at once."""


class Contact(Record):
    """One number in one campaign. Its id is the keyed hash of the number, the same in every campaign."""

    id: str
    campaign_id: str
    phone: str = Field(pattern=r"^\+[1-9]\d{6,14}$", repr=False)
    """E.164."""
    extension: str = Field(default="", pattern=r"^\d{0,12}$", repr=False)
    """Keys to send once a switchboard has answered there."""
    country: str = Field(pattern=r"^[A-Z]{2}$|^001$")
    """ISO 3166; 001 for numbers of no country."""
    list_id: str | None = None
    row: int | None = None
    name: str | None = Field(default=None, repr=False)
    language: LanguageTag | None = None
    variables: dict[str, str] = Field(default={}, repr=False)
    states: tuple[str, ...] = ()
    """Every state whose law may hold."""
    time_zones: tuple[str, ...] = ()
    """Candidates; none: unknown."""
    time_zone_source: ZoneSource | None = None
    hours: Hours | None = None
    """When the person wants to be called."""
    consent: Consent = Consent()
    registry: RegistryCheck | None = None
    blocked: str | None = None
    """Why this number is never dialled: premium, toll_free, emergency, invalid ..."""
    priority: int = 0
    state: ContactState = ContactState.PENDING
    due_at: Instant | None = None
    """Not before; None: at once."""
    due_reason: DueReason = DueReason.FRESH
    attempts: int = Field(default=0, ge=0)
    """Attempts made, whether or not they count."""
    counted: int = Field(default=0, ge=0)
    """Of those that are over, how many spend the campaign's number of attempts, however long ago."""
    attempt_id: str | None = None
    """The last or open attempt."""
    disposition: Disposition | None = None
    outcome: Outcome | None = None
    refusal: str | None = None
    """The gate's code, for a contact that was skipped."""

    def advanced(self, event: ContactEvent, **changes: object) -> Contact:
        """This contact after the event. Raises IllegalContactEvent and changes nothing when it cannot happen."""
        state = NEXT_CONTACT.get((self.state, event))
        if state is None:
            raise IllegalContactEvent(self.state, event)
        return self.changed(**changes, state=state)


def contact_path(campaign_id: str, contact_id: str) -> str:
    """Where a contact is kept."""
    return f"campaigns/{campaign_id}/contacts/{contact_id}"
