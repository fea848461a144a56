"""The one decision whether a contact may be called now, and if not, why and when to ask again.

It is asked when a campaign is checked before launch, inside the claim of an attempt, and once more when the carrier
wants to know what to do with the answered call. Nothing fails open: a rule that cannot be read refuses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from shared.domain.attempt import PastAttempt
from shared.domain.calling_window import CLOCK_SKEW_S
from shared.domain.campaign import Campaign, CampaignState
from shared.domain.contact import Contact, ContactState, DueReason
from shared.domain.contact_window import rule_of, window_of
from shared.domain.counted import counted
from shared.domain.refusal import Code, Refusal
from shared.domain.suppression import Suppression

CALLBACK_HOLDS_S = 48 * 3600
"""A callback that could not be placed for so long is an ordinary retry."""
SKEW = timedelta(seconds=CLOCK_SKEW_S)
LOOK_AGAIN_AFTER = timedelta(minutes=15)
"""When rules could not be applied."""
NOT_STARTED = "The campaign has not started yet."


class Moment(StrEnum):
    """What the gate is asked for."""

    PREFLIGHT = "preflight"
    """Would this contact be dialled now, or at the campaign's start if that is later, if the campaign ran?"""
    PLAN = "plan"
    """Could another attempt be sent at that time? Asked while one is still being closed."""
    DISPATCH = "dispatch"
    """May the request be sent now?"""
    ANSWER = "answer"
    """Somebody has answered: may the agent speak?"""


@dataclass(frozen=True, slots=True)
class History:
    """What happened to the number in all campaigns, and what this campaign has spent."""

    attempts: tuple[PastAttempt, ...] = ()
    """At least those of the last 30 days. How many this campaign made before, the contact has counted."""
    suppression: Suppression | None = None
    spent: float | None = None
    """Money, open attempts at their estimate; None: nobody knows, which a campaign with a budget does not survive."""

    def without(self, attempt_id: str) -> History:
        """The same without the attempt in hand."""
        return replace(self, attempts=tuple(past for past in self.attempts if past.id != attempt_id))


def refusal(
    contact: Contact, campaign: Campaign, history: History, now: datetime, moment: Moment = Moment.DISPATCH
) -> Refusal | None:
    """Why this contact may not be called now; None: it may. Anything that goes wrong in here is a refusal.

    At ANSWER the history must be without the attempt that was answered (History.without).
    """
    try:
        if now.tzinfo is None:
            raise ValueError("now has no time zone")
        found = _asked(moment, contact, campaign, history, now)
        return _expired_by(found, campaign) if found else None
    except Exception as error:  # whatever it is, nobody is called by rules that failed
        until = None if now.tzinfo is None else now + LOOK_AGAIN_AFTER
        return Refusal(Code.RULE_ERROR, f"The rules could not be applied ({type(error).__name__}).", until)


Check = Callable[[Contact, Campaign, History, datetime], Refusal | None]


def _asked(moment: Moment, contact: Contact, campaign: Campaign, history: History, now: datetime) -> Refusal | None:
    starts_at = campaign.starts_at
    if moment is not Moment.PREFLIGHT or starts_at is None or now >= starts_at:
        return _first(_CHECKS[moment], contact, campaign, history, now)
    # Nobody is dialled before the start, so what holds is what the gate will say then.
    at_start = _first(_CHECKS[moment], contact, campaign, history, starts_at)
    return at_start or Refusal(Code.NOT_DUE, NOT_STARTED, starts_at)


def _first(
    checks: Iterable[Check], contact: Contact, campaign: Campaign, history: History, now: datetime
) -> Refusal | None:
    for check in checks:
        found = check(contact, campaign, history, now)
        if found is not None:
            return found
    return None


def _expired_by(found: Refusal, campaign: Campaign) -> Refusal:
    """A wait beyond the campaign's end is no wait."""
    if found.until is not None and campaign.ends_at is not None and found.until >= campaign.ends_at:
        if found.code is Code.SUPPRESSED:
            # Not the contact's end: somebody may lift the suppression before.
            return replace(found, until=None)
        return Refusal(Code.EXPIRED, f"The campaign ends before this contact may be called. {found.sentence}")
    return found


def _suppressed(contact: Contact, campaign: Campaign, history: History, now: datetime) -> Refusal | None:
    entry = history.suppression
    if entry is None or not entry.blocks(campaign.id, campaign.purpose, now):
        return None
    return Refusal(Code.SUPPRESSED, f"The number is on the suppression list ({entry.reason}).", entry.expires_at)


def _blocked(contact: Contact, campaign: Campaign, history: History, now: datetime) -> Refusal | None:
    if contact.blocked is None:
        return None
    return Refusal(Code.NUMBER_BLOCKED, f"Numbers of this kind are never dialled ({contact.blocked}).")


def _country(contact: Contact, campaign: Campaign, history: History, now: datetime) -> Refusal | None:
    if contact.country in campaign.barred_countries:
        return Refusal(Code.COUNTRY_NOT_ENABLED, f"The carrier's account may not call {contact.country}.")
    if campaign.countries and contact.country not in campaign.countries:
        return Refusal(Code.COUNTRY_NOT_ENABLED, f"The campaign does not call {contact.country}.")
    return None


def _consent(contact: Contact, campaign: Campaign, history: History, now: datetime) -> Refusal | None:
    need = rule_of(contact, campaign).consent
    if contact.consent.covers(need, campaign.purpose, now) or (
        _asked_for(contact, now) and contact.consent.covers(type(need).NOT_REFUSED, campaign.purpose, now)
    ):
        return None
    wanted = need.name.lower().replace("_", " ")
    return Refusal(
        Code.NO_CONSENT,
        f"A {campaign.purpose} call to {contact.country} needs consent ({wanted}); "
        f"this contact's is {contact.consent.status}.",
    )


def _registry(contact: Contact, campaign: Campaign, history: History, now: datetime) -> Refusal | None:
    registry = rule_of(contact, campaign).registry
    if registry is None or contact.consent.is_express or _asked_for(contact, now):
        return None
    look = contact.registry
    if look is None or now - look.at > timedelta(days=registry.max_age_days):
        return Refusal(
            Code.DNC_REGISTRY,
            f"{registry.name} has not been asked in the last {counted(registry.max_age_days, 'day')}.",
        )
    return Refusal(Code.DNC_REGISTRY, f"The number is listed with {registry.name}.") if look.listed else None


def _zone(contact: Contact, campaign: Campaign, history: History, now: datetime) -> Refusal | None:
    if contact.time_zones:
        return None
    return Refusal(Code.TZ_UNKNOWN, "Nobody knows what time it is where this contact is.")


def _finished(contact: Contact, campaign: Campaign, history: History, now: datetime) -> Refusal | None:
    if contact.state is ContactState.PENDING:
        return None
    return Refusal(Code.FINISHED, f"Calling this contact is {contact.state}.")


def _done(contact: Contact, campaign: Campaign, history: History, now: datetime) -> Refusal | None:
    if contact.state is not ContactState.DONE:
        return None
    return Refusal(Code.FINISHED, "Calling this contact is done.")


def _running(contact: Contact, campaign: Campaign, history: History, now: datetime) -> Refusal | None:
    if campaign.state is CampaignState.PAUSED:
        return Refusal(Code.PAUSED, "The campaign is paused.")
    if campaign.state is not CampaignState.RUNNING:
        return Refusal(Code.NOT_RUNNING, f"The campaign is {campaign.state}.")
    if campaign.starts_at is not None and now < campaign.starts_at:
        return Refusal(Code.NOT_DUE, NOT_STARTED, campaign.starts_at)
    return None


def _ended(contact: Contact, campaign: Campaign, history: History, now: datetime) -> Refusal | None:
    if campaign.ends_at is not None and now >= campaign.ends_at:
        return Refusal(Code.EXPIRED, "The campaign's end has passed.")
    return None


def _not_cancelled(contact: Contact, campaign: Campaign, history: History, now: datetime) -> Refusal | None:
    if campaign.state in {CampaignState.RUNNING, CampaignState.PAUSED, CampaignState.COMPLETED}:
        return None
    return Refusal(Code.NOT_RUNNING, f"The campaign is {campaign.state}.")


def _budget(contact: Contact, campaign: Campaign, history: History, now: datetime) -> Refusal | None:
    if campaign.budget is None or (history.spent is not None and history.spent < campaign.budget.amount):
        return None
    return Refusal(Code.BUDGET, "The campaign has spent its budget; they are called once it is raised.")


def _due(contact: Contact, campaign: Campaign, history: History, now: datetime) -> Refusal | None:
    if contact.due_at is None or contact.due_at <= now:
        return None
    return Refusal(Code.NOT_DUE, f"The next attempt ({contact.due_reason}) is not due yet.", contact.due_at)


def _total(contact: Contact, campaign: Campaign, history: History, now: datetime) -> Refusal | None:
    lately = sum(1 for past in history.attempts if past.campaign_id == campaign.id and past.weight.counts)
    made = max(contact.counted, lately)
    if made < campaign.retry.max_attempts:
        return None
    told = f"This contact has had all of its {counted(made, 'attempt')} in this campaign."
    return Refusal(Code.CAP_TOTAL, told if made > 1 else "This contact has had its one attempt in this campaign.")


def _caps(contact: Contact, campaign: Campaign, history: History, now: datetime) -> Refusal | None:
    law = rule_of(contact, campaign).caps
    tries = sorted(past.at for past in history.attempts if past.weight.counts)
    rung = sorted(past.at for past in history.attempts if past.weight.rang)
    limits = [
        (Code.CAP_24H, law.per_24h, timedelta(days=1), tries),
        (Code.CAP_7D, law.per_7d, timedelta(days=7), tries),
        (Code.CAP_30D, law.per_30d, timedelta(days=30), tries),
    ]
    if not _asked_for(contact, now) and contact.due_reason is not DueReason.APOLOGY:
        own = campaign.own_caps
        limits.append((Code.CAP_24H, own.per_24h, timedelta(days=1), rung))
        limits.append((Code.CAP_7D, own.per_7d, timedelta(days=7), rung))
        if rung and now < rung[-1] + timedelta(seconds=law.gap_s) + SKEW:
            until = rung[-1] + timedelta(seconds=law.gap_s) + SKEW
            return Refusal(Code.NOT_DUE, f"The number rang less than {counted(law.gap_s // 3600, 'hour')} ago.", until)
    waits = [wait for limit in limits if (wait := _cap_refusal(*limit, now)) is not None]
    return max(waits, key=lambda wait: wait.until or now) if waits else None


def _cap_refusal(
    code: Code, cap: int | None, span: timedelta, instants: list[datetime], now: datetime
) -> Refusal | None:
    """Refused while the cap-th attempt from the end is within the rolling span."""
    if cap is None or len(instants) < cap:
        return None
    until = instants[-cap] + span + SKEW
    if now >= until:
        return None
    return Refusal(code, f"The number has had {counted(cap, 'call')} within {counted(span.days, 'day')}.", until)


def _asked_for(contact: Contact, now: datetime) -> bool:
    """Whether the callee asked to be called about now."""
    return (
        contact.due_reason is DueReason.CALLBACK
        and contact.due_at is not None
        and contact.due_at <= now < contact.due_at + timedelta(seconds=CALLBACK_HOLDS_S)
    )


def _window_for_dispatch(contact: Contact, campaign: Campaign, history: History, now: datetime) -> Refusal | None:
    window = window_of(contact, campaign)
    if window.allows_dispatch(now, campaign.ring_timeout_s):
        return None
    opening = window.next_dispatch(now, campaign.ring_timeout_s)
    if opening is None and len(contact.time_zones) > 1:
        return Refusal(Code.TZ_UNKNOWN, "The zones this contact may be in are never open at the same time.")
    return Refusal(Code.OUTSIDE_WINDOW, "It is outside this contact's calling hours.", opening)


def _window_at_answer(contact: Contact, campaign: Campaign, history: History, now: datetime) -> Refusal | None:
    if window_of(contact, campaign).is_open(now):
        return None
    return Refusal(Code.OUTSIDE_WINDOW, "It is outside this contact's calling hours.")


_FOR_GOOD: tuple[Check, ...] = (_suppressed, _blocked, _country, _consent, _registry, _zone, _ended, _total)
_CHECKS: dict[Moment, tuple[Check, ...]] = {
    Moment.PREFLIGHT: (_done, *_FOR_GOOD, _budget, _due, _caps, _window_for_dispatch),
    Moment.PLAN: (*_FOR_GOOD, _caps, _window_for_dispatch),
    Moment.DISPATCH: (_finished, *_FOR_GOOD, _running, _budget, _due, _caps, _window_for_dispatch),
    Moment.ANSWER: (_suppressed, _blocked, _not_cancelled, _country, _consent, _zone, _window_at_answer),
}
