"""One try to reach one contact, and its state machine.

    planned → claimed → dialing → accepted → ringing → in_progress → done
                 │          ├──→ unknown → lost            (nobody answered our request; never sent again blindly)
                 │          └──→ released                  (the carrier did not take it; the contact is due as before)
                 └──→ released, skipped, expired           (nothing was sent)

Dialing is written before the request is sent. What the carrier reports afterwards is folded in by rank, so reports may
come late, twice, in any order, or before the answer to our own request, and the record ends up the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field

from shared.domain.contact import DueReason
from shared.domain.disposition import Disposition, Outcome, Weight, weight_of
from shared.domain.record import Instant, Record


class AttemptState(StrEnum):
    """How far an attempt has come."""

    PLANNED = "planned"
    CLAIMED = "claimed"
    """A dispatcher holds it until its lease ends; nothing was sent."""
    DIALING = "dialing"
    """The request is being sent, or was; the carrier may have it."""
    ACCEPTED = "accepted"
    RINGING = "ringing"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    UNKNOWN = "unknown"
    """The request was sent and no answer came."""
    LOST = "lost"
    """The carrier does not list it either."""
    RELEASED = "released"
    SKIPPED = "skipped"
    EXPIRED = "expired"

    @property
    def is_open(self) -> bool:
        """Whether the number must not be called by anybody else."""
        return self in _OPEN


_OPEN = frozenset(
    {
        AttemptState.PLANNED,
        AttemptState.CLAIMED,
        AttemptState.DIALING,
        AttemptState.ACCEPTED,
        AttemptState.RINGING,
        AttemptState.IN_PROGRESS,
        AttemptState.UNKNOWN,
    }
)


class AttemptEvent(StrEnum):
    """What may happen to an attempt."""

    CLAIM = "claim"
    """A dispatcher takes it, or takes it over when the lease has ended; the fence goes up."""
    SEND = "send"
    """The intent is written; the request follows."""
    ACCEPT = "accept"
    """The carrier has the call: it said so, reported on it, or lists it."""
    REFUSE = "refuse"
    """The carrier will not place it; no phone rings."""
    RELEASE = "release"
    """Nothing reached the carrier, or it did not process it."""
    LOSE_TRACK = "lose_track"
    """No answer came, or the lease ended while dialing."""
    GIVE_UP = "give_up"
    """The carrier was asked twice and knows no such call, or none any more."""
    RING = "ring"
    ANSWER = "answer"
    END = "end"
    SKIP = "skip"
    """The gate refused at the last moment."""
    EXPIRE = "expire"
    """Its time passed before it was sent."""


def _forward(event: AttemptEvent, to: AttemptState, *earlier: AttemptState) -> dict[Any, AttemptState]:
    return {(state, event): to for state in earlier}


_SENT = (AttemptState.DIALING, AttemptState.UNKNOWN, AttemptState.LOST)
"""States in which the carrier may turn out to have the call. One found after it was given up is found all the same."""

NEXT_ATTEMPT: dict[tuple[AttemptState, AttemptEvent], AttemptState] = {
    (AttemptState.PLANNED, AttemptEvent.CLAIM): AttemptState.CLAIMED,
    (AttemptState.PLANNED, AttemptEvent.SKIP): AttemptState.SKIPPED,
    (AttemptState.PLANNED, AttemptEvent.EXPIRE): AttemptState.EXPIRED,
    (AttemptState.CLAIMED, AttemptEvent.CLAIM): AttemptState.CLAIMED,
    (AttemptState.CLAIMED, AttemptEvent.SEND): AttemptState.DIALING,
    (AttemptState.CLAIMED, AttemptEvent.RELEASE): AttemptState.RELEASED,
    (AttemptState.CLAIMED, AttemptEvent.SKIP): AttemptState.SKIPPED,
    (AttemptState.CLAIMED, AttemptEvent.EXPIRE): AttemptState.EXPIRED,
    (AttemptState.DIALING, AttemptEvent.REFUSE): AttemptState.DONE,
    (AttemptState.DIALING, AttemptEvent.RELEASE): AttemptState.RELEASED,
    (AttemptState.DIALING, AttemptEvent.LOSE_TRACK): AttemptState.UNKNOWN,
    (AttemptState.UNKNOWN, AttemptEvent.LOSE_TRACK): AttemptState.UNKNOWN,
    **_forward(
        AttemptEvent.GIVE_UP, AttemptState.LOST, AttemptState.UNKNOWN, AttemptState.ACCEPTED, AttemptState.RINGING
    ),
    **_forward(AttemptEvent.ACCEPT, AttemptState.ACCEPTED, *_SENT, AttemptState.ACCEPTED),
    **_forward(AttemptEvent.RING, AttemptState.RINGING, *_SENT, AttemptState.ACCEPTED, AttemptState.RINGING),
    **_forward(
        AttemptEvent.ANSWER,
        AttemptState.IN_PROGRESS,
        *_SENT,
        AttemptState.ACCEPTED,
        AttemptState.RINGING,
        AttemptState.IN_PROGRESS,
    ),
    **_forward(
        AttemptEvent.END,
        AttemptState.DONE,
        *_SENT,
        AttemptState.ACCEPTED,
        AttemptState.RINGING,
        AttemptState.IN_PROGRESS,
        AttemptState.DONE,
    ),
    # What comes late changes nothing.
    **{
        (state, event): state
        for event, states in {
            AttemptEvent.ACCEPT: (AttemptState.RINGING, AttemptState.IN_PROGRESS, AttemptState.DONE),
            AttemptEvent.RING: (AttemptState.IN_PROGRESS, AttemptState.DONE),
            AttemptEvent.ANSWER: (AttemptState.DONE,),
            AttemptEvent.LOSE_TRACK: (
                AttemptState.ACCEPTED,
                AttemptState.RINGING,
                AttemptState.IN_PROGRESS,
                AttemptState.DONE,
            ),
        }.items()
        for state in states
    },
}


class IllegalEvent(Exception):
    """This cannot happen to an attempt in this state; it was left as it was."""

    def __init__(self, state: AttemptState, event: AttemptEvent, why: str = "") -> None:
        super().__init__(f"an attempt that is {state} takes no {event}{': ' + why if why else ''}")
        self.state = state
        self.event = event


class Attempt(Record):
    """One try to reach one contact. Every change goes through the functions below and in call_progress."""

    id: str
    campaign_id: str
    contact_id: str
    """The keyed hash of the number."""
    attempt_no: int = Field(ge=1)
    """First, second ... attempt at this contact in this campaign."""
    state: AttemptState = AttemptState.PLANNED
    reason: DueReason = DueReason.FRESH
    created_at: Instant
    deadline_at: Instant | None = None
    """After this it must not be sent any more."""
    fence: int = 0
    lease_until: Instant | None = None
    from_: str | None = Field(default=None, repr=False)
    sent_at: Instant | None = None
    sid: str | None = None
    """The carrier's name for the call."""
    error_code: int | None = None
    """The carrier's number for why it refused."""
    refusal: str | None = None
    """The gate's code, when it was skipped."""
    status: str | None = None
    """The carrier's last word on the call."""
    sequence: int = -1
    """Of that word, when it is final."""
    sip_code: int | None = None
    duration_s: int | None = None
    rang_at: Instant | None = None
    answered_at: Instant | None = None
    ended_at: Instant | None = None
    answered_by: str | None = None
    """What machine detection heard."""
    talk: dict[str, Any] | None = None
    """What our side knows about the conversation; see disposition.Talk."""
    disposition: Disposition | None = None
    silent_answer: bool = False
    """A person answered and heard nothing for two seconds, or for all we know did, whatever was said after that."""
    outcome: Outcome | None = None
    cost: float | None = None

    def advanced(self, event: AttemptEvent, **changes: object) -> Attempt:
        """This attempt after the event. Raises IllegalEvent and changes nothing when it cannot happen."""
        state = NEXT_ATTEMPT.get((self.state, event))
        if state is None:
            raise IllegalEvent(self.state, event)
        return self.changed(**changes, state=state)

    @property
    def weight(self) -> Weight:
        """What it costs the contact's budget and the number's caps."""
        return weight_of(self.disposition, rang=self.rang_at is not None)


@dataclass(frozen=True, slots=True)
class PastAttempt:
    """What the gate and the retry rules need to know of an attempt, of whichever campaign."""

    id: str
    campaign_id: str
    at: datetime
    """When it was sent, or, if it has not been, made."""
    disposition: Disposition | None
    rang: bool
    reason: DueReason = DueReason.FRESH
    outcome: Outcome | None = None

    @property
    def weight(self) -> Weight:
        """What it costs the contact's budget and the number's caps."""
        return weight_of(self.disposition, rang=self.rang)


def past(attempt: Attempt) -> PastAttempt:
    """The attempt as the gate looks back on it; released ones are over and cost nothing."""
    nothing_sent = {
        AttemptState.RELEASED: Disposition.CANCELED,
        AttemptState.SKIPPED: Disposition.SKIPPED,
        AttemptState.EXPIRED: Disposition.EXPIRED,
        AttemptState.LOST: Disposition.LOST,
    }
    return PastAttempt(
        attempt.id,
        attempt.campaign_id,
        attempt.sent_at or attempt.created_at,
        attempt.disposition or nothing_sent.get(attempt.state),
        attempt.rang_at is not None or attempt.answered_at is not None,
        attempt.reason,
        attempt.outcome,
    )


def claim(attempt: Attempt, fence: int, lease_until: datetime) -> Attempt:
    """Taken by a dispatcher with a higher fence than any before. Raises IllegalEvent."""
    if fence <= attempt.fence:
        raise IllegalEvent(attempt.state, AttemptEvent.CLAIM, "its fence is not newer")
    return attempt.advanced(AttemptEvent.CLAIM, fence=fence, lease_until=lease_until)


def send(attempt: Attempt, fence: int, at: datetime) -> Attempt:
    """The intent to send, written before the request. Raises IllegalEvent for a fence that has been overtaken."""
    if fence != attempt.fence:
        raise IllegalEvent(attempt.state, AttemptEvent.SEND, "another dispatcher has it")
    if attempt.deadline_at is not None and at >= attempt.deadline_at:
        raise IllegalEvent(attempt.state, AttemptEvent.SEND, "its deadline has passed")
    return attempt.advanced(AttemptEvent.SEND, sent_at=at)


def refuse(attempt: Attempt, disposition: Disposition, at: datetime, error_code: int | None = None) -> Attempt:
    """The carrier will not place the call, for good or for now, as the disposition says. Raises IllegalEvent."""
    return attempt.advanced(AttemptEvent.REFUSE, disposition=disposition, ended_at=at, error_code=error_code)


def skip(attempt: Attempt, refusal: str, at: datetime) -> Attempt:
    """The gate refused before anything was sent. Raises IllegalEvent."""
    return attempt.advanced(AttemptEvent.SKIP, disposition=Disposition.SKIPPED, refusal=refusal, ended_at=at)


def expire(attempt: Attempt, at: datetime) -> Attempt:
    """Its time passed before anything was sent. Raises IllegalEvent."""
    return attempt.advanced(AttemptEvent.EXPIRE, disposition=Disposition.EXPIRED, ended_at=at)


def give_up(attempt: Attempt, at: datetime) -> Attempt:
    """The carrier was asked and asked again and knows no such call. Raises IllegalEvent."""
    return attempt.advanced(AttemptEvent.GIVE_UP, disposition=Disposition.LOST, ended_at=at)


def attempt_path(attempt_id: str) -> str:
    """Where an attempt is kept."""
    return f"attempts/{attempt_id}"
