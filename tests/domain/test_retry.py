"""After an attempt: the table of retries, other parts of the day, callbacks, and one budget for all of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.attempt import PastAttempt
from shared.domain.campaign import Campaign
from shared.domain.contact import Contact, ContactState, DueReason
from shared.domain.disposition import Disposition, Outcome
from shared.domain.gate import SKEW, History, Moment, refusal
from shared.domain.retry import RETRIES, PartOfDay, RetryDecision, next_attempt, part_of_day
from shared.domain.suppression import Suppression, SuppressionReason
from tests.domain.builders import NOON_IN_INDIA, a_campaign, a_contact, at_utc, tried

INDIA = ZoneInfo("Asia/Kolkata")
MORNING = at_utc("2026-11-24T05:30")  # eleven in India
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
CLAIMED = a_contact(state=ContactState.IN_PROGRESS)
SERVICE = a_campaign(purpose="service", retry={"max_attempts": 10})


def after(
    *dispositions: Disposition,
    contact: Contact = CLAIMED,
    campaign: Campaign | None = None,
    now: datetime = NOON_IN_INDIA,
    outcome: Outcome | None = None,
    callback_at: datetime | None = None,
) -> RetryDecision | None:
    """What follows the last of these endings, which has just come; the others came an hour apart before it."""
    history = tried(*dispositions, ago=timedelta(), now=now)
    last = history.attempts[-1]
    history = replace(history, attempts=(*history.attempts[:-1], replace(last, outcome=outcome)))
    return next_attempt(
        contact,
        campaign or a_campaign(),
        history,
        now,
        disposition=dispositions[-1],
        outcome=outcome,
        callback_at=callback_at,
    )


@pytest.mark.parametrize(
    "disposition",
    [Disposition.HUMAN, Disposition.FAX, Disposition.INVALID_NUMBER, Disposition.BLOCKED_BY_CARRIER],
)
def test_what_is_settled_is_never_tried_again(disposition: Disposition) -> None:
    assert after(disposition) is None
    assert disposition not in RETRIES


def test_a_busy_line_is_tried_after_a_quarter_of_an_hour_then_two_hours_then_not() -> None:
    busy = Disposition.BUSY
    assert after(busy) == RetryDecision(NOON_IN_INDIA + 15 * MINUTE, DueReason.RETRY)
    assert after(busy, busy) == RetryDecision(NOON_IN_INDIA + 2 * HOUR, DueReason.RETRY)
    assert after(busy, busy, busy, campaign=a_campaign(retry={"max_attempts": 9})) is None


def test_a_failure_of_the_network_is_tried_soon_and_costs_nothing() -> None:
    failed = Disposition.CARRIER_FAILED
    assert after(failed) == RetryDecision(NOON_IN_INDIA + 2 * MINUTE, DueReason.RETRY)
    assert after(failed, failed) == RetryDecision(NOON_IN_INDIA + 10 * MINUTE, DueReason.RETRY)
    assert after(failed, failed, failed) is not None
    assert after(failed, failed, failed, failed) is None


def test_who_does_not_answer_is_tried_in_another_part_of_the_day() -> None:
    decision = after(Disposition.NO_ANSWER, campaign=SERVICE, now=MORNING)
    assert decision is not None
    assert decision.at == MORNING + 4 * HOUR + SKEW
    assert part_of_day(decision.at.astimezone(INDIA)) is PartOfDay.AFTERNOON


def test_each_part_of_the_day_is_tried_before_one_is_tried_again() -> None:
    campaign = a_campaign(purpose="service", retry={"max_attempts": 3, "max_per_24h": 1})
    attempts: list[PastAttempt] = []
    now, parts = MORNING, []
    for number in count(1):
        parts.append(part_of_day(now.astimezone(INDIA)))
        attempts.append(PastAttempt(f"past{number}", "diwali", now, Disposition.NO_ANSWER, True))
        decision = next_attempt(
            CLAIMED, campaign, History(tuple(attempts)), now + MINUTE, disposition=Disposition.NO_ANSWER
        )
        if decision is None:
            break
        now = decision.at
    assert sorted(parts) == sorted(PartOfDay)


def test_when_every_part_was_tried_it_is_another_than_the_last() -> None:
    tried_all = [
        PastAttempt("p1", "diwali", MORNING - 3 * DAY, Disposition.HUMAN, True),
        PastAttempt("p2", "diwali", MORNING - 2 * DAY + 3 * HOUR, Disposition.NO_ANSWER, True),
        PastAttempt("p3", "diwali", MORNING - DAY + 8 * HOUR, Disposition.NO_ANSWER, True),
    ]
    campaign = a_campaign(purpose="service", retry={"max_attempts": 9})
    now = MORNING - DAY + 8 * HOUR + MINUTE
    decision = next_attempt(CLAIMED, campaign, History(tuple(tried_all)), now, disposition=Disposition.NO_ANSWER)
    assert decision is not None
    assert part_of_day(decision.at.astimezone(INDIA)) is not PartOfDay.EVENING


def test_a_window_within_one_part_of_the_day_is_used_all_the_same() -> None:
    decision = after(Disposition.NO_ANSWER, campaign=a_campaign(window={"daily": "10:00-12:00"}), now=MORNING)
    assert decision is not None
    assert decision.at >= MORNING + DAY
    assert part_of_day(decision.at.astimezone(INDIA)) is PartOfDay.MORNING


def test_marketing_waits_for_the_next_day_after_it_rang() -> None:
    decision = after(Disposition.NO_ANSWER, now=MORNING)
    assert decision is not None
    assert decision.at > MORNING + DAY


@pytest.mark.parametrize(
    "disposition", [Disposition.VOICEMAIL_LEFT, Disposition.VOICEMAIL_HANGUP, Disposition.REJECTED]
)
def test_a_machine_is_tried_once_more_on_another_day(disposition: Disposition) -> None:
    decision = after(disposition, campaign=SERVICE, now=MORNING)
    assert decision is not None
    there = decision.at.astimezone(INDIA)
    assert there.date() > MORNING.astimezone(INDIA).date()
    assert part_of_day(there) is not PartOfDay.MORNING
    assert after(disposition, disposition, campaign=SERVICE) is None


def test_retries_of_many_contacts_do_not_all_start_at_the_first_minute() -> None:
    starts = set()
    for number in range(40):
        contact = a_contact(id=f"c{number}", state=ContactState.IN_PROGRESS)
        decision = after(Disposition.VOICEMAIL_LEFT, contact=contact, campaign=SERVICE, now=MORNING)
        assert decision is not None
        starts.add(decision.at)
    assert len(starts) > 20


def test_who_was_dropped_by_us_is_called_back_at_once_with_an_apology_and_once_only() -> None:
    failed = Disposition.AGENT_FAILED
    assert after(failed) == RetryDecision(NOON_IN_INDIA + 2 * MINUTE, DueReason.APOLOGY)
    assert after(failed, failed) is None


def test_an_apology_that_would_come_late_is_an_ordinary_call() -> None:
    closing = at_utc("2026-11-24T15:26")
    decision = after(Disposition.AGENT_FAILED, now=closing)
    assert decision is not None
    assert decision.reason is DueReason.RETRY
    assert decision.at > closing + 12 * HOUR


def test_who_heard_nothing_is_left_alone_for_three_days() -> None:
    decision = after(Disposition.ABANDONED)
    assert decision is not None
    assert decision.at >= NOON_IN_INDIA + 3 * DAY


def test_nobody_knows_whether_it_rang() -> None:
    decision = after(Disposition.LOST, now=MORNING)
    assert decision is not None
    assert decision.at >= MORNING + 4 * HOUR
    assert after(Disposition.LOST, campaign=a_campaign(retry={"ambiguous": "skip"})) is None


def test_a_call_that_was_taken_back_is_placed_later() -> None:
    decision = after(Disposition.CANCELED, campaign=SERVICE)
    assert decision is not None
    assert decision.reason is DueReason.RETRY


@pytest.mark.parametrize("outcome", [Outcome.DO_NOT_CALL, Outcome.WRONG_NUMBER, Outcome.DECEASED, Outcome.COMPLAINT])
def test_some_words_end_everything(outcome: Outcome) -> None:
    assert after(Disposition.AGENT_FAILED, outcome=outcome) is None
    assert after(Disposition.HUMAN, outcome=outcome, callback_at=NOON_IN_INDIA + DAY) is None


@pytest.mark.parametrize("outcome", [Outcome.GOAL_MET, Outcome.NOT_INTERESTED, Outcome.TRANSFERRED])
def test_what_was_achieved_is_not_called_about_again_though_the_line_broke(outcome: Outcome) -> None:
    assert after(Disposition.AGENT_FAILED, outcome=outcome) is None


def test_who_hung_up_at_once_is_called_on_another_day_once_and_in_the_emirates_never() -> None:
    early = Outcome.HUNG_UP_EARLY
    decision = after(Disposition.HUMAN, outcome=early)
    assert decision is not None
    assert decision.at > NOON_IN_INDIA + 12 * HOUR
    emirati = a_contact(state=ContactState.IN_PROGRESS, phone="+971501234567", country="AE", time_zones=("Asia/Dubai",))
    assert after(Disposition.HUMAN, outcome=early, contact=emirati) is None
    twice = tried(Disposition.HUMAN, Disposition.HUMAN, ago=timedelta(), outcome=early)
    assert next_attempt(CLAIMED, SERVICE, twice, NOON_IN_INDIA, disposition=Disposition.HUMAN, outcome=early) is None


def test_who_speaks_another_language_is_called_in_it() -> None:
    assert after(Disposition.HUMAN, outcome=Outcome.LANGUAGE_SWITCH) is not None
    assert after(Disposition.HUMAN, outcome=Outcome.INCONCLUSIVE) is None


def test_a_campaign_may_choose_after_what_it_tries_again() -> None:
    busy_only = a_campaign(retry={"on": ["busy"]})
    assert after(Disposition.BUSY, campaign=busy_only) is not None
    assert after(Disposition.NO_ANSWER, campaign=busy_only) is None


def test_who_asked_for_a_time_is_called_then_though_it_rang_today() -> None:
    asked = at_utc("2026-11-24T11:30")
    assert after(Disposition.HUMAN, callback_at=asked) == RetryDecision(asked, DueReason.CALLBACK)
    assert after(Disposition.HUMAN, outcome=Outcome.CALLBACK_SCHEDULED, callback_at=asked) is not None


def test_a_callback_outside_the_window_waits_for_its_opening() -> None:
    decision = after(Disposition.HUMAN, callback_at=at_utc("2026-11-24T23:00"))
    assert decision == RetryDecision(at_utc("2026-11-25T04:31:30"), DueReason.CALLBACK)
    past = after(Disposition.HUMAN, callback_at=NOON_IN_INDIA - HOUR)
    assert past == RetryDecision(NOON_IN_INDIA, DueReason.CALLBACK)


def test_one_budget_of_attempts_whatever_spent_it() -> None:
    mixed = (Disposition.BUSY, Disposition.NO_ANSWER, Disposition.HUMAN)
    assert after(*mixed, callback_at=NOON_IN_INDIA + DAY) is None
    assert after(*mixed, callback_at=NOON_IN_INDIA + DAY, campaign=a_campaign(retry={"max_attempts": 4})) is not None
    assert after(Disposition.CARRIER_FAILED, Disposition.BUSY, Disposition.BUSY) is not None
    assert after(Disposition.BUSY, campaign=a_campaign(retry={"max_attempts": 1})) is None


def test_no_attempt_is_planned_beyond_the_campaigns_end() -> None:
    assert after(Disposition.NO_ANSWER, campaign=a_campaign(ends_at=NOON_IN_INDIA + 12 * HOUR)) is None


def test_no_attempt_is_planned_for_who_must_not_be_called() -> None:
    entry = Suppression(id="c0ffee00", reason=SuppressionReason.OPT_OUT, at=NOON_IN_INDIA)
    history = replace(tried(Disposition.NO_ANSWER, ago=timedelta()), suppression=entry)
    assert next_attempt(CLAIMED, a_campaign(), history, NOON_IN_INDIA, disposition=Disposition.NO_ANSWER) is None


def test_no_attempt_is_planned_where_nobody_knows_the_time() -> None:
    nowhere = a_contact(state=ContactState.IN_PROGRESS, time_zones=())
    assert after(Disposition.NO_ANSWER, contact=nowhere) is None
    assert after(Disposition.VOICEMAIL_LEFT, contact=nowhere) is None


def test_rules_that_keep_failing_plan_nothing() -> None:
    nowhere = a_contact(state=ContactState.IN_PROGRESS, country="001")
    campaign = a_campaign(on_holidays=False)
    assert after(Disposition.BUSY, contact=nowhere, campaign=campaign) is None


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(sorted(RETRIES)), min_size=1, max_size=4),
    st.integers(0, 7 * 96).map(lambda quarters: NOON_IN_INDIA + quarters * 15 * MINUTE),
    st.sampled_from(["marketing", "service", "collections"]),
    st.none() | st.integers(0, 200).map(lambda hours: hours * HOUR),
)
def test_a_planned_attempt_lies_ahead_and_the_gate_lets_it_pass(
    dispositions: list[Disposition], now: datetime, purpose: str, asked_in: timedelta | None
) -> None:
    campaign = a_campaign(purpose=purpose, retry={"max_attempts": 5})
    decision = after(
        *dispositions, campaign=campaign, now=now, callback_at=now + asked_in if asked_in is not None else None
    )
    if decision is None:
        return
    assert decision.at >= now
    due = a_contact(due_at=decision.at, due_reason=decision.reason)
    history = tried(*dispositions, ago=timedelta(), now=now)
    assert refusal(due, campaign, history, decision.at, Moment.DISPATCH) is None
