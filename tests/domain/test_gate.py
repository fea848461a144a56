"""The gate, refusal by refusal: its code, its sentence, and when to look again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.domain.calling_rules import Purpose
from shared.domain.campaign import Campaign, CampaignState
from shared.domain.contact import (
    Consent,
    ConsentStatus,
    ConsentType,
    Contact,
    ContactState,
    DueReason,
    RegistryCheck,
)
from shared.domain.contact_window import widenings, window_of
from shared.domain.disposition import Disposition
from shared.domain.gate import CALLBACK_HOLDS_S, LOOK_AGAIN_AFTER, SKEW, History, Moment, refusal
from shared.domain.refusal import Code, Refusal
from shared.domain.suppression import Suppression, SuppressionReason
from tests.domain.builders import (
    GRANTED,
    NOON_IN_INDIA,
    a_campaign,
    a_contact,
    an_american,
    at_utc,
    tried,
)

NOTHING = History()
SUPPRESSED = History(suppression=Suppression(id="c0ffee00", reason=SuppressionReason.OPT_OUT, at=NOON_IN_INDIA))
INFERRED = Consent(status=ConsentStatus.GRANTED, type=ConsentType.INFERRED)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def at_the_gate(
    contact: Contact | None = None,
    campaign: Campaign | None = None,
    history: History = NOTHING,
    now: datetime = NOON_IN_INDIA,
    moment: Moment = Moment.DISPATCH,
) -> Refusal | None:
    return refusal(contact or a_contact(), campaign or a_campaign(), history, now, moment)


def code(*args: Any, **words: Any) -> Code | None:
    found = at_the_gate(*args, **words)
    return found.code if found else None


@pytest.mark.parametrize("moment", Moment)
def test_who_agreed_and_is_awake_is_called(moment: Moment) -> None:
    assert at_the_gate(moment=moment) is None


@pytest.mark.parametrize(
    ("contact", "campaign", "history", "expected"),
    [
        (a_contact(), a_campaign(), SUPPRESSED, Code.SUPPRESSED),
        (a_contact(blocked="premium"), a_campaign(), NOTHING, Code.NUMBER_BLOCKED),
        (a_contact(), a_campaign(countries=("US",)), NOTHING, Code.COUNTRY_NOT_ENABLED),
        (a_contact(), a_campaign(barred_countries=("IN",)), NOTHING, Code.COUNTRY_NOT_ENABLED),
        (a_contact(consent=Consent()), a_campaign(), NOTHING, Code.NO_CONSENT),
        (
            a_contact(consent=Consent(status=ConsentStatus.REVOKED)),
            a_campaign(purpose="service"),
            NOTHING,
            Code.NO_CONSENT,
        ),
        (an_american(consent=INFERRED), a_campaign(), NOTHING, Code.NO_CONSENT),
        (a_contact(country="JP", consent=Consent()), a_campaign(purpose="service"), NOTHING, Code.NO_CONSENT),
        (a_contact(consent=INFERRED), a_campaign(), NOTHING, Code.DNC_REGISTRY),
        (a_contact(time_zones=()), a_campaign(), NOTHING, Code.TZ_UNKNOWN),
        (a_contact(), a_campaign(ends_at=NOON_IN_INDIA), NOTHING, Code.EXPIRED),
        (a_contact(), a_campaign(), tried(*[Disposition.BUSY] * 3, ago=20 * DAY), Code.CAP_TOTAL),
    ],
)
@pytest.mark.parametrize("moment", [Moment.PREFLIGHT, Moment.PLAN, Moment.DISPATCH])
def test_a_no_for_good(contact: Contact, campaign: Campaign, history: History, expected: Code, moment: Moment) -> None:
    found = at_the_gate(contact, campaign, history, moment=moment)
    assert found is not None
    assert found.code is expected
    assert found.is_final
    assert found.sentence.endswith(".")
    assert "98765" not in found.sentence


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (CampaignState.DRAFT, Code.NOT_RUNNING),
        (CampaignState.PAUSED, Code.PAUSED),
        (CampaignState.COMPLETED, Code.NOT_RUNNING),
        (CampaignState.CANCELLED, Code.NOT_RUNNING),
    ],
)
def test_a_campaign_that_does_not_run_calls_nobody_and_its_contacts_wait(state: CampaignState, expected: Code) -> None:
    found = at_the_gate(campaign=a_campaign(state=state))
    assert found is not None
    assert found.code is expected
    assert not found.is_final


def test_a_draft_is_checked_as_if_it_ran() -> None:
    draft = a_campaign(state=CampaignState.DRAFT)
    assert at_the_gate(campaign=draft, moment=Moment.PREFLIGHT) is None
    later = a_campaign(state=CampaignState.DRAFT, starts_at=NOON_IN_INDIA + DAY)
    no = at_the_gate(campaign=later, moment=Moment.PREFLIGHT)
    assert no is not None
    assert (no.code, no.until) == (Code.NOT_DUE, later.starts_at)
    at_night = a_campaign(state=CampaignState.DRAFT, starts_at=NOON_IN_INDIA + 12 * HOUR)
    no = at_the_gate(campaign=at_night, moment=Moment.PREFLIGHT)
    assert no is not None
    assert (no.code, no.until) == (Code.OUTSIDE_WINDOW, at_utc("2026-11-25T04:31:30"))


def test_a_campaign_waits_for_its_start() -> None:
    found = at_the_gate(campaign=a_campaign(starts_at=NOON_IN_INDIA + HOUR))
    assert found is not None
    assert (found.code, found.until) == (Code.NOT_DUE, NOON_IN_INDIA + HOUR)


@pytest.mark.parametrize("state", [ContactState.IN_PROGRESS, ContactState.DONE, ContactState.SKIPPED])
def test_only_a_contact_that_waits_is_dispatched(state: ContactState) -> None:
    found = at_the_gate(a_contact(state=state))
    assert found is not None
    assert found.code is Code.FINISHED
    assert not found.is_final  # it is somebody else's, or has its end already
    finished = code(a_contact(state=state), moment=Moment.PREFLIGHT)
    assert finished is (Code.FINISHED if state is ContactState.DONE else None)


def test_a_suppression_for_some_days_is_waited_for() -> None:
    entry = Suppression(
        id="c0ffee00", reason=SuppressionReason.MANUAL, at=NOON_IN_INDIA, expires_at=NOON_IN_INDIA + 9 * DAY
    )
    found = at_the_gate(history=History(suppression=entry))
    assert found is not None
    assert (found.code, found.until, found.is_final) == (Code.SUPPRESSED, NOON_IN_INDIA + 9 * DAY, False)
    assert at_the_gate(history=History(suppression=entry), now=NOON_IN_INDIA + 10 * DAY) is None


def test_a_suppression_of_another_campaign_does_not_hold_here() -> None:
    entry = Suppression(id="c0ffee00", reason=SuppressionReason.OPT_OUT, at=NOON_IN_INDIA, campaign_id="holi")
    assert at_the_gate(history=History(suppression=entry)) is None


@pytest.mark.parametrize(
    ("look", "expected"),
    [
        (None, Code.DNC_REGISTRY),
        (RegistryCheck(listed=False, at=NOON_IN_INDIA - HOUR), None),
        (RegistryCheck(listed=True, at=NOON_IN_INDIA - HOUR), Code.DNC_REGISTRY),
        (RegistryCheck(listed=False, at=NOON_IN_INDIA - 2 * DAY), Code.DNC_REGISTRY),
    ],
)
def test_without_express_consent_the_public_registry_is_asked(
    look: RegistryCheck | None, expected: Code | None
) -> None:
    assert code(a_contact(consent=INFERRED, registry=look)) is expected
    assert code(a_contact(consent=GRANTED, registry=look)) is None
    assert code(a_contact(consent=INFERRED, registry=look), a_campaign(purpose="service")) is None


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-11-24T04:29", "2026-11-24T04:31:30"),  # 09:59 in India; ten, and a clock that is 90 s fast
        ("2026-11-24T15:28", "2026-11-25T04:31:30"),  # it would ring after nine in the evening
        ("2026-11-24T20:00", "2026-11-25T04:31:30"),
    ],
)
def test_outside_the_window_says_when_it_opens(now: str, until: str) -> None:
    found = at_the_gate(now=at_utc(now))
    assert found is not None
    assert (found.code, found.until) == (Code.OUTSIDE_WINDOW, at_utc(until))


def test_campaign_and_contact_narrow_the_window() -> None:
    campaign = a_campaign(window={"mon-fri": "11:00-14:00"})
    contact = a_contact(hours={"tue": "13:00-20:00"})
    assert window_of(contact, campaign).hours.to_text() == {"tue": "13:00-14:00"}
    assert code(contact, campaign, now=NOON_IN_INDIA) is Code.OUTSIDE_WINDOW
    assert code(contact, campaign, now=NOON_IN_INDIA + 1.5 * HOUR) is None


def test_a_campaign_that_asks_for_more_gets_no_more_and_is_told() -> None:
    campaign = a_campaign(window={"daily": "07:00-23:00"}, retry={"max_per_24h": 9, "max_per_7d": 2})
    assert code(a_contact(), campaign, now=at_utc("2026-11-24T16:30")) is Code.OUTSIDE_WINDOW
    told = widenings(campaign, "IN")
    assert len(told) == 2
    assert "10:00-21:00" in told[0]
    assert "9 calls in 24 hours where IN allows 3" in told[1]
    assert widenings(a_campaign(window={"daily": "11:00-12:00"}), "IN") == ()
    assert widenings(a_campaign(), "US", ("AL",)) == ()


def test_no_calls_on_holidays_when_the_campaign_says_so() -> None:
    republic_day = at_utc("2027-01-26T06:30")
    assert code(now=republic_day) is None
    assert code(campaign=a_campaign(on_holidays=False), now=republic_day) is Code.OUTSIDE_WINDOW


def test_zones_that_are_never_open_together_are_an_unknown_zone() -> None:
    contact = a_contact(time_zones=("Asia/Kolkata", "America/Los_Angeles"))
    found = at_the_gate(contact, a_campaign(window={"daily": "12:00-17:00"}))
    assert found is not None
    assert found.code is Code.TZ_UNKNOWN
    assert found.is_final


def test_a_window_that_never_opens_is_no_wait() -> None:
    found = at_the_gate(a_contact(hours={"mon": "03:00-04:00"}))
    assert found is not None
    assert found.code is Code.OUTSIDE_WINDOW
    assert found.is_final


def test_an_opening_after_the_campaigns_end_is_an_expiry() -> None:
    late = at_utc("2026-11-24T17:00")
    found = at_the_gate(campaign=a_campaign(ends_at=late + HOUR), now=late)
    assert found is not None
    assert found.code is Code.EXPIRED
    assert found.is_final


@pytest.mark.parametrize(
    ("spent", "expected"), [(0.0, None), (4.99, None), (5.0, Code.BUDGET), (9.0, Code.BUDGET), (None, Code.BUDGET)]
)
def test_money_stops_a_campaign_and_so_does_not_knowing_what_it_spent(
    spent: float | None, expected: Code | None
) -> None:
    assert code(campaign=a_campaign(budget=5), history=History(spent=spent)) is expected
    assert code(history=History(spent=spent)) is None


def test_a_contact_that_is_not_due_waits() -> None:
    found = at_the_gate(a_contact(due_at=NOON_IN_INDIA + HOUR, due_reason=DueReason.RETRY))
    assert found is not None
    assert (found.code, found.until) == (Code.NOT_DUE, NOON_IN_INDIA + HOUR)
    assert at_the_gate(a_contact(due_at=NOON_IN_INDIA)) is None


def test_marketing_rings_a_number_once_in_24_hours_over_all_campaigns() -> None:
    rang = tried(Disposition.NO_ANSWER, ago=23 * HOUR, campaign_id="holi")
    found = at_the_gate(history=rang)
    assert found is not None
    assert (found.code, found.until) == (Code.CAP_24H, NOON_IN_INDIA + HOUR + SKEW)
    assert at_the_gate(history=rang, now=NOON_IN_INDIA + HOUR + SKEW) is None
    assert code(history=rang, now=NOON_IN_INDIA + HOUR) is Code.CAP_24H


def test_a_busy_line_is_tried_again_the_same_day() -> None:
    assert code(history=tried(Disposition.BUSY, ago=HOUR)) is None
    assert code(history=tried(*[Disposition.BUSY] * 2, ago=HOUR)) is None
    thrice = tried(*[Disposition.BUSY] * 3, ago=HOUR, campaign_id="holi")
    assert code(history=thrice) in (Code.CAP_24H, Code.CAP_7D)


def test_what_never_rang_costs_nothing() -> None:
    assert code(history=tried(*[Disposition.CARRIER_FAILED] * 3, ago=HOUR)) is None
    assert code(history=tried(Disposition.CANCELED, ago=HOUR, rang=True)) is Code.NOT_DUE


def test_an_open_attempt_of_another_campaign_counts() -> None:
    assert code(history=tried(None, ago=timedelta(minutes=1), campaign_id="holi")) is Code.NOT_DUE


def test_the_longest_wait_of_all_caps_is_said() -> None:
    week = tried(*[Disposition.NO_ANSWER] * 3, ago=6 * HOUR, campaign_id="holi")
    found = at_the_gate(history=week)
    assert found is not None
    assert (found.code, found.until) == (Code.CAP_7D, NOON_IN_INDIA - 8 * HOUR + 7 * DAY + SKEW)


def test_france_counts_30_days() -> None:
    contact = a_contact(phone="+33612345678", country="FR", time_zones=("Europe/Paris",))
    campaign = a_campaign(retry={"max_attempts": 10})
    spread = History(
        tuple(tried(Disposition.NO_ANSWER, ago=days * DAY, campaign_id="holi").attempts[0] for days in (8, 12, 16, 20))
    )
    now = at_utc("2026-11-24T10:00")
    assert code(contact, campaign, spread, now=now) is Code.CAP_30D


def test_the_emirates_are_called_once_a_day_and_twice_a_week() -> None:
    contact = a_contact(phone="+971501234567", country="AE", time_zones=("Asia/Dubai",))
    campaign = a_campaign(purpose="service")
    assert code(contact, campaign, tried(Disposition.BUSY, ago=5 * HOUR)) is Code.CAP_24H
    assert code(contact, campaign, tried(*[Disposition.BUSY] * 2, ago=3 * DAY)) is Code.CAP_7D


def test_a_number_that_rang_has_four_hours_of_peace() -> None:
    campaign = a_campaign(purpose="service")
    found = at_the_gate(campaign=campaign, history=tried(Disposition.NO_ANSWER, ago=3 * HOUR))
    assert found is not None
    assert (found.code, found.until) == (Code.NOT_DUE, NOON_IN_INDIA + HOUR + SKEW)
    assert code(campaign=campaign, history=tried(Disposition.NO_ANSWER, ago=5 * HOUR)) is None


def a_callback(**changes: Any) -> Contact:
    """Somebody who asked to be called about now."""
    return a_contact(**{"due_reason": DueReason.CALLBACK, "due_at": NOON_IN_INDIA - HOUR, **changes})


def test_who_asked_to_be_called_is_called_though_it_rang_today() -> None:
    rang = tried(Disposition.HUMAN, ago=HOUR)
    assert code(a_callback(), history=rang) is None
    assert code(a_callback(due_reason=DueReason.APOLOGY), history=rang) is None
    assert code(a_callback(due_reason=DueReason.RETRY), history=rang) is Code.NOT_DUE


def test_asking_for_a_call_is_consent_to_it_unless_consent_was_refused() -> None:
    assert code(a_callback(consent=Consent())) is None
    assert code(a_callback(consent=INFERRED)) is None
    assert code(a_callback(consent=Consent(status=ConsentStatus.REVOKED))) is Code.NO_CONSENT
    assert code(a_callback(), history=SUPPRESSED) is Code.SUPPRESSED


def test_a_callback_stays_within_the_law() -> None:
    thrice = tried(*[Disposition.HUMAN] * 3, ago=HOUR, campaign_id="holi")
    assert code(a_callback(), history=thrice) in (Code.CAP_24H, Code.CAP_7D)
    assert code(a_callback(), history=tried(*[Disposition.HUMAN] * 3, ago=20 * DAY)) is Code.CAP_TOTAL
    assert code(a_callback(), now=at_utc("2026-11-24T17:00")) is Code.OUTSIDE_WINDOW


def test_a_callback_that_could_not_be_placed_for_two_days_is_an_ordinary_call() -> None:
    old = a_callback(due_at=NOON_IN_INDIA - timedelta(seconds=CALLBACK_HOLDS_S), consent=Consent())
    assert code(old) is Code.NO_CONSENT
    assert code(a_callback(due_at=None, consent=Consent())) is Code.NO_CONSENT


@pytest.mark.parametrize(
    ("contact", "campaign", "history", "now", "expected"),
    [
        (a_contact(), a_campaign(), SUPPRESSED, NOON_IN_INDIA, Code.SUPPRESSED),
        (a_contact(), a_campaign(state=CampaignState.CANCELLED), NOTHING, NOON_IN_INDIA, Code.NOT_RUNNING),
        (a_contact(), a_campaign(state=CampaignState.PAUSED), NOTHING, NOON_IN_INDIA, None),
        (a_contact(), a_campaign(state=CampaignState.COMPLETED), NOTHING, NOON_IN_INDIA, None),
        (a_contact(state=ContactState.IN_PROGRESS), a_campaign(budget=1), NOTHING, NOON_IN_INDIA, None),
        (
            a_contact(consent=Consent(status=ConsentStatus.REVOKED)),
            a_campaign(),
            NOTHING,
            NOON_IN_INDIA,
            Code.NO_CONSENT,
        ),
        (a_contact(), a_campaign(), NOTHING, at_utc("2026-11-24T15:29:59"), None),  # the guard is for sending
        (a_contact(), a_campaign(), NOTHING, at_utc("2026-11-24T15:30"), Code.OUTSIDE_WINDOW),
    ],
)
def test_who_has_answered_is_asked_about_once_more(
    contact: Contact, campaign: Campaign, history: History, now: datetime, expected: Code | None
) -> None:
    assert code(contact, campaign, history, now=now, moment=Moment.ANSWER) is expected


def test_the_attempt_in_hand_can_be_left_out_of_the_history() -> None:
    history = tried(None, Disposition.BUSY)
    assert [past.id for past in history.without("past0").attempts] == ["past1"]


@pytest.mark.parametrize("moment", Moment)
def test_rules_that_fail_refuse(moment: Moment) -> None:
    broken = a_contact(time_zones=("Mars/Phobos",))
    found = at_the_gate(broken, moment=moment)
    assert found is not None
    assert (found.code, found.until) == (Code.RULE_ERROR, NOON_IN_INDIA + LOOK_AGAIN_AFTER)
    assert not found.is_final


def test_a_now_without_zone_refuses() -> None:
    found = at_the_gate(now=datetime(2026, 11, 24, 12, 0))  # noqa: DTZ001 - this is what is refused
    assert found is not None
    assert (found.code, found.until, found.is_final) == (Code.RULE_ERROR, None, False)


def test_a_country_without_calendar_is_not_called_on_trust() -> None:
    campaign = a_campaign(on_holidays=False, purpose=Purpose.SERVICE)
    assert code(a_contact(country="001"), campaign, now=at_utc("2026-11-24T06:30")) is Code.RULE_ERROR
