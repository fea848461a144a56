"""After an attempt: when to try again, or never."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from zlib import crc32
from zoneinfo import ZoneInfo

from shared.domain.attempt import PastAttempt
from shared.domain.calling_window import CallingWindow
from shared.domain.campaign import Campaign
from shared.domain.contact import Contact, ContactState, DueReason
from shared.domain.contact_window import rule_of, window_of
from shared.domain.disposition import SUPPRESSING, Disposition, Outcome
from shared.domain.gate import History, Moment, refusal
from shared.domain.refusal import Code, Refusal
from shared.domain.weekly_hours import DAY_MINUTES, WeeklyHours


class PartOfDay(StrEnum):
    """A third of the waking day; who is out in one may be in in another."""

    MORNING = "morning"
    AFTERNOON = "afternoon"
    EVENING = "evening"


_NOON, _FIVE = 12 * 60, 17 * 60
_PARTS = {
    PartOfDay.MORNING: WeeklyHours((((0, _NOON),),) * 7),
    PartOfDay.AFTERNOON: WeeklyHours((((_NOON, _FIVE),),) * 7),
    PartOfDay.EVENING: WeeklyHours((((_FIVE, DAY_MINUTES),),) * 7),
}


def part_of_day(wall_clock: datetime) -> PartOfDay:
    """The part that a clock on the wall shows."""
    return next(part for part, hours in _PARTS.items() if hours.is_open(wall_clock))


@dataclass(frozen=True, slots=True)
class RetryRule:
    """What follows an attempt that ended so."""

    limit: int
    """Retries after this ending, per contact and campaign."""
    delays_s: tuple[int, ...] = (0,)
    """Wait before the first retry, the second ...; the last one repeats."""
    other_part: bool = False
    """In a part of the day that was not tried yet, if there is one."""
    next_day: bool = False
    """Not before the next local day."""
    reason: DueReason = DueReason.RETRY


_MINUTE, _HOUR = 60, 3600
_NEXT_DAY = RetryRule(limit=1, delays_s=(4 * _HOUR,), other_part=True, next_day=True)

RETRIES: dict[Disposition, RetryRule] = {
    Disposition.BUSY: RetryRule(limit=2, delays_s=(15 * _MINUTE, 2 * _HOUR)),
    Disposition.NO_ANSWER: RetryRule(limit=2, delays_s=(4 * _HOUR,), other_part=True),
    Disposition.VOICEMAIL_LEFT: _NEXT_DAY,
    Disposition.VOICEMAIL_HANGUP: _NEXT_DAY,
    Disposition.IVR_OR_SCREEN: _NEXT_DAY,
    Disposition.REJECTED: _NEXT_DAY,
    Disposition.CARRIER_FAILED: RetryRule(limit=3, delays_s=(2 * _MINUTE, 10 * _MINUTE)),
    Disposition.CANCELED: RetryRule(limit=10, delays_s=(5 * _MINUTE,)),
    Disposition.AGENT_FAILED: RetryRule(limit=1, delays_s=(2 * _MINUTE,), reason=DueReason.APOLOGY),
    Disposition.ABANDONED: RetryRule(limit=1, delays_s=(72 * _HOUR,)),  # British policy: not within 72 hours
    Disposition.LOST: RetryRule(limit=1, delays_s=(4 * _HOUR,), other_part=True),
}
"""Dispositions without a row are never tried again: a talk that took place, fax, invalid number, blocked."""

APOLOGY_WITHIN_S = 5 * _MINUTE
"""A callee dropped in mid-talk is called back so soon, or as anybody else."""
NEVER_AGAIN = SUPPRESSING | {
    Outcome.GOAL_MET,
    Outcome.INTERESTED,
    Outcome.NOT_INTERESTED,
    Outcome.WRONG_PERSON,
    Outcome.ALREADY_CUSTOMER,
    Outcome.TRANSFERRED,
}
"""Outcomes that settle the contact, however the line dropped afterwards."""
_SAID_BY_TALK = {
    Outcome.HUNG_UP_EARLY: _NEXT_DAY,
    Outcome.LANGUAGE_SWITCH: RetryRule(limit=1, delays_s=(4 * _HOUR,)),
}
_SPREAD_S = 20 * _MINUTE
"""Retries that all wait for the same hour are spread over so long, so that the first minute is not swamped."""
_TRIES = 60
_NEVER_OPEN = Refusal(Code.OUTSIDE_WINDOW, "It is never inside this contact's calling hours.")


@dataclass(frozen=True, slots=True)
class RetryDecision:
    """The next attempt: not before when, and why."""

    at: datetime
    reason: DueReason


def next_attempt(
    contact: Contact,
    campaign: Campaign,
    history: History,
    now: datetime,
    *,
    disposition: Disposition,
    outcome: Outcome | None = None,
    callback_at: datetime | None = None,
) -> RetryDecision | None:
    """When to try this contact again; None: never. History holds the attempt that has just ended, too."""
    if outcome in SUPPRESSING:
        return None
    if callback_at is not None:
        at = when_to_call_back(contact, campaign, history, max(callback_at, now))
        return RetryDecision(at, DueReason.CALLBACK) if isinstance(at, datetime) else None
    of_contact = [past for past in history.attempts if past.campaign_id == campaign.id]
    rule = _rule(contact, campaign, disposition, outcome, rang=max(of_contact, key=lambda one: one.at).rang)
    made = sum(1 for past in of_contact if _is_like(past, disposition, outcome))
    if rule is None or made > rule.limit:
        return None
    earliest = now + timedelta(seconds=rule.delays_s[min(max(made, 1), len(rule.delays_s)) - 1])
    return _planned(contact, campaign, history, rule, now, earliest)


def when_to_call_back(contact: Contact, campaign: Campaign, history: History, wanted: datetime) -> datetime | Refusal:
    """The first instant from the wanted one on at which the gate lets a callback pass, or why none will ever be made.

    History and the contact's count hold the attempt in hand, too: a callback is one more of the campaign's attempts.
    """
    return _when_allowed(contact, campaign, history, wanted, DueReason.CALLBACK)


def _rule(
    contact: Contact, campaign: Campaign, disposition: Disposition, outcome: Outcome | None, *, rang: bool
) -> RetryRule | None:
    if outcome in NEVER_AGAIN:
        return None
    # Taken back by us before it rang, it is no ending that a marketer chooses: the person has not been called yet.
    not_called = disposition is Disposition.CANCELED and not rang
    if campaign.retry.on is not None and disposition not in campaign.retry.on and not not_called:
        return None
    if disposition is Disposition.LOST and campaign.retry.ambiguous == "skip":
        return None
    if outcome is Outcome.HUNG_UP_EARLY and rule_of(contact, campaign).hang_up_is_refusal:
        return None
    if disposition is Disposition.HUMAN and outcome in _SAID_BY_TALK:
        return _SAID_BY_TALK[outcome]
    return RETRIES.get(disposition)


def _is_like(past: PastAttempt, disposition: Disposition, outcome: Outcome | None) -> bool:
    if disposition is Disposition.HUMAN:
        return past.outcome is outcome
    return past.disposition is disposition


def _planned(
    contact: Contact, campaign: Campaign, history: History, rule: RetryRule, now: datetime, earliest: datetime
) -> RetryDecision | None:
    if rule.reason is DueReason.APOLOGY:
        at = _when_allowed(contact, campaign, history, earliest, DueReason.APOLOGY)
        if isinstance(at, datetime) and at <= now + timedelta(seconds=APOLOGY_WITHIN_S):
            return RetryDecision(at, DueReason.APOLOGY)
        rule = _NEXT_DAY
    if rule.next_day and contact.time_zones:
        earliest = max(earliest, _tomorrow(now, contact.time_zones[0]))
    window = window_of(contact, campaign)
    narrowed = _untried(contact, campaign, history, window) if rule.other_part else []
    found = [_when_allowed(contact, campaign, history, earliest, DueReason.RETRY, part) for part in narrowed]
    best = min((at for at in found if isinstance(at, datetime)), default=None)
    at = best or _when_allowed(contact, campaign, history, earliest, DueReason.RETRY)
    return RetryDecision(at, DueReason.RETRY) if isinstance(at, datetime) else None


def _untried(contact: Contact, campaign: Campaign, history: History, window: CallingWindow) -> list[CallingWindow]:
    """The calling window cut to each part of the day in which this campaign has not rung yet; else not rung last."""
    if not contact.time_zones:
        return []
    clocks = ZoneInfo(contact.time_zones[0])
    rung = sorted(
        (past.at, part_of_day(past.at.astimezone(clocks)))
        for past in history.attempts
        if past.campaign_id == campaign.id and past.weight.rang
    )
    tried = {part for _, part in rung}
    parts = [part for part in PartOfDay if part not in tried] or [part for part in PartOfDay if part != rung[-1][1]]
    return [window.narrowed(_PARTS[part]) for part in parts]


def _tomorrow(now: datetime, zone: str) -> datetime:
    clocks = ZoneInfo(zone)
    local = now.astimezone(clocks)
    return datetime.combine(local.date() + timedelta(days=1), time(), clocks).astimezone(now.tzinfo)


def _when_allowed(
    contact: Contact,
    campaign: Campaign,
    history: History,
    earliest: datetime,
    reason: DueReason,
    window: CallingWindow | None = None,
) -> datetime | Refusal:
    """The first instant from `earliest` on, in this window too, at which the gate would let an attempt pass; or why
    there is none."""
    at, refused = earliest, _NEVER_OPEN
    for _ in range(_TRIES):
        if window is not None:
            opening = window.next_dispatch(at, campaign.ring_timeout_s)
            if opening is None:
                return _NEVER_OPEN
            at = _spread(contact, window, campaign, opening) if opening > at else at
        planned = contact.changed(state=ContactState.PENDING, due_at=at, due_reason=reason)
        no = refusal(planned, campaign, history, at, Moment.PLAN)
        if no is None:
            return at
        refused = no
        if no.until is None or no.until <= at:
            break
        at = no.until
    return refused


def _spread(contact: Contact, window: CallingWindow, campaign: Campaign, opening: datetime) -> datetime:
    """A moment after the opening that is this contact's own, if the window is open then."""
    later = opening + timedelta(seconds=crc32(contact.id.encode()) % _SPREAD_S)
    return later if window.allows_dispatch(later, campaign.ring_timeout_s) else opening
