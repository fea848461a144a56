"""Whoever the gate lets pass could have been called by the plain words of the law, on every clock within the skew."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from shared.domain.attempt import PastAttempt
from shared.domain.calling_rules import Purpose, rule_for
from shared.domain.calling_window import CLOCK_SKEW_S, is_holiday
from shared.domain.campaign import Campaign, CampaignState
from shared.domain.contact import Consent, ConsentStatus, ConsentType, Contact, ContactState, DueReason
from shared.domain.disposition import Disposition
from shared.domain.gate import History, Moment, refusal
from shared.domain.refusal import Code
from shared.domain.suppression import Suppression, SuppressionReason
from shared.domain.weekly_hours import NEVER, weekly_hours
from tests.domain.builders import a_campaign, a_contact, at_utc
from tests.domain.test_calling_window import ZONES

PLACES = [
    ("IN", (), ("Asia/Kolkata",)),
    ("US", ("NY",), ("America/New_York",)),
    ("US", ("FL",), ("America/New_York", "America/Chicago")),
    ("US", ("AL", "RI"), ("America/Chicago",)),
    ("US", (), ("America/Los_Angeles", "America/Denver")),
    ("PR", (), ("America/Puerto_Rico",)),
    ("DE", ("BY",), ("Europe/Berlin",)),
    ("GB", (), ("Europe/London",)),
    ("FR", (), ("Europe/Paris",)),
    ("AU", ("NSW",), ("Australia/Sydney", "Australia/Broken_Hill")),
    ("CA", ("NL",), ("America/St_Johns", "America/Goose_Bay")),
    ("AE", (), ("Asia/Dubai",)),
    ("BR", (), ("America/Sao_Paulo", "America/Noronha")),
    ("JP", (), ("Asia/Tokyo",)),
    ("001", (), ()),
]
WEEKS = [
    weekly_hours(week)
    for week in (
        {"daily": "00:00-24:00"},
        {"daily": "07:00-23:00"},
        {"mon-fri": "10:00-13:00, 14:00-20:00"},
        {"sat-sun": "09:30-18:15"},
        {"daily": "08:00-08:05, 19:00-21:30"},
        {"tue": "10:00-11:00"},
    )
]
DAYS = ["2026-03-08", "2026-11-01", "2026-03-29", "2026-10-25", "2026-04-05", "2026-10-04", "2026-12-24", "2026-07-04"]
"""Changes of clocks, and days before holidays; any other day besides."""

Situation = tuple[Contact, Campaign, History, datetime]


def an_instant(random: Random) -> datetime:
    """Any minute, days on which clocks change more often than others, seconds near the hour more often than not."""
    day = (
        at_utc(random.choice(DAYS))
        if random.random() < 0.3
        else at_utc("2026-01-01") + timedelta(random.randrange(700))
    )
    at = day + timedelta(minutes=15 * random.randrange(96))
    return at + timedelta(
        seconds=random.choice([0, 0, -1, 1, 91, -91, random.randrange(-300, 300), random.randrange(900)])
    )


def rarely(random: Random, usual: Any, *others: Any) -> Any:
    """The usual value, one time in eight another one."""
    return random.choice(others) if random.random() < 0.125 else usual


def a_situation(random: Random) -> Situation:
    """A contact who may mostly be called, as far as the hour allows, in a campaign that mostly runs."""
    now = an_instant(random)
    country, states, zones = random.choice(PLACES)
    contact = a_contact(
        country=country,
        states=states,
        time_zones=rarely(random, zones, (random.choice(ZONES),), (random.choice(ZONES), *zones)),
        hours=rarely(random, None, *WEEKS),
        consent=Consent(
            status=rarely(random, ConsentStatus.GRANTED, *ConsentStatus), type=rarely(random, None, *ConsentType)
        ),
        state=rarely(random, ContactState.PENDING, *ContactState),
        due_at=rarely(random, None, now, now - timedelta(hours=1), now - timedelta(days=3), now + timedelta(minutes=1)),
        due_reason=rarely(random, DueReason.FRESH, *DueReason),
        blocked=rarely(random, None, None, "premium"),
    )
    campaign = a_campaign(
        purpose=random.choice(list(Purpose)),
        window=random.choice([None, None, *WEEKS]),
        state=rarely(random, CampaignState.RUNNING, *CampaignState),
        on_holidays=random.random() < 0.7,
        ends_at=rarely(random, None, now + timedelta(hours=3), now - timedelta(hours=3), now),
        budget=rarely(random, None, 10),
        ring_timeout_s=random.choice([15, 25, 60]),
        retry=rarely(random, {}, {"max_per_24h": 9, "max_per_7d": 9}),
    )
    return contact, campaign, a_history(random, now), now


def a_history(random: Random, now: datetime) -> History:
    attempts = tuple(
        PastAttempt(
            id=f"past{index}",
            campaign_id=random.choice(["diwali", "holi"]),
            at=now - timedelta(minutes=random.choice([5, 300, 1439, 1440, 1441, 1442, 5000, 10_079, 10_082, 40_000])),
            disposition=random.choice([None, *Disposition]),
            rang=random.random() < 0.5,
        )
        for index in range(random.choice([0, 0, 0, 1, 2, 3, 4]))
    )
    entry = Suppression(
        id="c0ffee00", reason=SuppressionReason.OPT_OUT, at=now, campaign_id=random.choice([None, "diwali", "holi"])
    )
    return History(attempts, rarely(random, None, entry), rarely(random, 0.0, None, 20.0))


def situations(seed: int, count: int = 4000) -> Iterator[Situation]:
    random = Random(seed)
    return (a_situation(random) for _ in range(count))


def is_lawful_hour(contact: Contact, campaign: Campaign, at: datetime) -> bool:
    """By every clock the contact may have on the wall, and by everybody's hours."""
    rule = rule_for(contact.country, contact.states, campaign.purpose)
    closed = set(rule.closed_on) | (set() if campaign.on_holidays else {(contact.country, None)})
    for zone in contact.time_zones:
        there = at.astimezone(ZoneInfo(zone))
        for week in (rule.hours, campaign.window, contact.hours):
            if week is not None and not week.is_open(there):
                return False
        if any(is_holiday(country, state, there.date()) for country, state in closed):
            return False
    return bool(contact.time_zones)


def assert_lawful(contact: Contact, campaign: Campaign, history: History, now: datetime) -> None:
    """Everything that must hold for somebody who is called now, said once more in other words."""
    assert campaign.state is CampaignState.RUNNING
    assert contact.state is ContactState.PENDING
    assert contact.blocked is None
    assert contact.consent.status not in (ConsentStatus.DENIED, ConsentStatus.REVOKED)
    assert contact.consent.status is ConsentStatus.GRANTED or (
        campaign.purpose is not Purpose.MARKETING or contact.due_reason is DueReason.CALLBACK
    )
    assert contact.due_at is None or contact.due_at <= now
    assert campaign.ends_at is None or now < campaign.ends_at
    assert campaign.budget is None or (history.spent or 0) < campaign.budget.amount
    assert history.suppression is None or history.suppression.campaign_id == "holi"
    for off_s in (-CLOCK_SKEW_S, 0, CLOCK_SKEW_S):
        for ring_s in (0, campaign.ring_timeout_s // 2, campaign.ring_timeout_s):
            assert is_lawful_hour(contact, campaign, now + timedelta(seconds=off_s + ring_s))
    counted = [past for past in history.attempts if past.weight.counts]
    skew = timedelta(seconds=CLOCK_SKEW_S - 1)
    assert sum(now - past.at <= timedelta(days=1) + skew for past in counted) < 3
    assert sum(now - past.at <= timedelta(days=7) + skew for past in counted) < 3
    assert sum(past.campaign_id == "diwali" for past in counted) < 3
    rung = [past for past in counted if past.weight.rang]
    if contact.due_reason in (DueReason.FRESH, DueReason.RETRY):
        assert all(now - past.at > timedelta(hours=4) + skew for past in rung)
        if campaign.purpose is Purpose.MARKETING and campaign.retry.max_per_24h is None:
            assert all(now - past.at > timedelta(days=1) + skew for past in rung)


@pytest.mark.parametrize("seed", range(5))
def test_nobody_is_let_pass_whom_the_law_protects(seed: int) -> None:
    passed = 0
    for contact, campaign, history, now in situations(seed):
        if refusal(contact, campaign, history, now) is None:
            passed += 1
            assert_lawful(contact, campaign, history, now)
    assert passed > 200, "the situations are too poor to prove anything"


@pytest.mark.parametrize("moment", Moment)
def test_the_gate_always_answers_and_its_waits_lie_ahead(moment: Moment) -> None:
    codes = set()
    for contact, campaign, history, now in situations(11):
        found = refusal(contact, campaign, history, now, moment)
        if found is None:
            continue
        codes.add(found.code)
        assert found.sentence
        assert found.until is None or found.until > now
        if found.code is Code.RULE_ERROR:
            assert (contact.country, campaign.on_holidays) == ("001", False)
        else:
            assert campaign.ends_at is None or found.until is None or found.until < campaign.ends_at
    if moment is Moment.DISPATCH:
        assert codes >= set(Code) - {Code.COUNTRY_NOT_ENABLED, Code.CAP_30D}


def test_waiting_as_told_ends() -> None:
    """Following `until` leads to a call, to a no for good, or to something that a person has to change."""
    for contact, campaign, history, start in situations(12):
        now = start
        for _ in range(30):
            found = refusal(contact, campaign, history, now)
            if found is None or found.until is None or found.code is Code.RULE_ERROR:
                break
            now = found.until
        else:
            raise AssertionError("thirty waits, and still told to wait")


def test_a_narrower_campaign_never_lets_more_pass() -> None:
    random = Random(13)
    passed = 0
    for contact, campaign, history, now in situations(14):
        narrower = random.choice(WEEKS)
        window = narrower if campaign.window is None else campaign.window & narrower
        if window == NEVER:
            continue  # no campaign may say so
        narrowed = campaign.changed(window=window)
        if refusal(contact, narrowed, history, now) is None:
            passed += 1
            assert refusal(contact, campaign, history, now) is None
    assert passed > 100


def test_who_was_lawfully_rung_may_be_spoken_to_on_any_machine() -> None:
    for contact, campaign, history, now in situations(15):
        if refusal(contact, campaign, history, now) is not None:
            continue
        claimed = contact.changed(state=ContactState.IN_PROGRESS)
        for off_s in (-CLOCK_SKEW_S, 0, CLOCK_SKEW_S):
            for ring_s in (1, campaign.ring_timeout_s):
                answered = now + timedelta(seconds=ring_s + off_s)
                assert refusal(claimed, campaign, history, answered, Moment.ANSWER) is None
