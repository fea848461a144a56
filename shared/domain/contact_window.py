"""Which rule and which calling window hold for a contact in a campaign: the strictest of all who have a say."""

from __future__ import annotations

from functools import lru_cache

from shared.domain.calling_rules import CallingRule, Purpose, rule_for
from shared.domain.calling_window import CallingWindow
from shared.domain.campaign import Campaign
from shared.domain.contact import Contact
from shared.domain.weekly_hours import WeeklyHours


def rule_of(contact: Contact, campaign: Campaign) -> CallingRule:
    """The law and our own limits for this contact in this campaign."""
    return rule_for(contact.country, contact.states, campaign.purpose)


def window_of(contact: Contact, campaign: Campaign) -> CallingWindow:
    """When this contact may be called: law, campaign and contact, strictest first. Its zones may be none."""
    return _window(
        contact.time_zones,
        contact.country,
        contact.states,
        campaign.purpose,
        campaign.window,
        contact.hours,
        campaign.on_holidays,
    )


@lru_cache(maxsize=20_000)
def _window(
    zones: tuple[str, ...],
    country: str,
    states: tuple[str, ...],
    purpose: Purpose,
    of_campaign: WeeklyHours | None,
    of_contact: WeeklyHours | None,
    on_holidays: bool,
) -> CallingWindow:
    rule = rule_for(country, states, purpose)
    hours = rule.hours
    for narrower in (of_campaign, of_contact):
        hours = hours & narrower if narrower is not None else hours
    calendars = rule.closed_on if on_holidays else rule.closed_on | {(country, None)}
    return CallingWindow(zones, hours, calendars)


def _told(hours: WeeklyHours) -> str:
    return "; ".join(f"{days} {spans}" for days, spans in hours.to_text().items())


def widenings(campaign: Campaign, country: str, states: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Where the campaign asks for more than the rules of a place allow; such wishes have no effect."""
    rule = rule_for(country, states, campaign.purpose)
    found = []
    if campaign.window is not None and not campaign.window <= rule.hours:
        found.append(f"hours beyond those of {country}, {_told(rule.hours)}")
    for name, wanted, allowed in (
        ("24 hours", campaign.retry.max_per_24h, rule.caps.per_24h),
        ("7 days", campaign.retry.max_per_7d, rule.caps.per_7d),
    ):
        if wanted is not None and allowed is not None and wanted > allowed:
            found.append(f"{wanted} calls in {name} where {country} allows {allowed}")
    return tuple(found)
