"""Whoever wants no more calls is on the list when the books on their call are closed, whatever failed to write it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from shared.domain.attempt import Attempt, AttemptState, attempt_path
from shared.domain.call_progress import Report, achieved, fold, talked
from shared.domain.call_status import CallStatus
from shared.domain.disposition import SUPPRESSING, Outcome, Talk
from shared.domain.suppression import Evidence, HeardBy, Suppression, SuppressionReason
from shared.store.attempts import Attempts, attempt_document
from shared.store.settlement import WISHED, Settlement
from shared.store.store import Store
from shared.store.suppressions import suppress, suppression_of
from tests.manual_clock import ManualClock

PERSON = "0123456789abcdef" * 4


async def over(store: Store, outcome: Outcome | None) -> datetime:
    """A call that achieved this, and its books are closed; when."""
    clock = ManualClock()
    attempts, now = Attempts(store, clock), clock.now()
    attempt = Attempt(
        id="a1", campaign_id="c1", contact_id=PERSON, attempt_no=1, created_at=now, sent_at=now, fence=1,
        state=AttemptState.ACCEPTED, sid="CA1",
    )  # fmt: skip
    await store.create(attempt_path("a1"), attempt_document(attempt, now))
    for sequence, status in ((2, CallStatus.IN_PROGRESS), (3, CallStatus.COMPLETED)):
        report = Report("CA1", status, clock.now(), sequence)
        await attempts.move("a1", lambda one, report=report: fold(one, report))  # type: ignore[misc]
        clock.advance(seconds=30)
    await attempts.move("a1", lambda one: talked(one, Talk(caller_turns=2)))
    if outcome is not None:
        await attempts.move("a1", lambda one: achieved(one, outcome))
    assert await Settlement(store, clock).settle("a1")
    return clock.now()


@pytest.mark.parametrize("outcome", sorted(SUPPRESSING))
async def test_an_outcome_that_says_no_puts_the_number_on_the_list(outcome: Outcome, store: Store) -> None:
    at = await over(store, outcome)
    assert await suppression_of(store, PERSON) == Suppression(
        id=PERSON,
        reason=WISHED[outcome],
        at=at,
        source_campaign_id="c1",
        evidence=Evidence(heard_by=HeardBy.OUTCOME, call_sid="CA1"),
    )


@pytest.mark.parametrize("outcome", [None, Outcome.NOT_INTERESTED])
async def test_any_other_outcome_does_not(outcome: Outcome | None, store: Store) -> None:
    await over(store, outcome)
    assert await suppression_of(store, PERSON) is None


async def test_what_was_heard_in_the_call_stays_as_it_was_written(store: Store) -> None:
    heard = Suppression(
        id=PERSON,
        reason=SuppressionReason.OPT_OUT,
        at=ManualClock().now(),
        source_campaign_id="c1",
        evidence=Evidence(heard_by=HeardBy.PHRASE, call_sid="CA1", words="Never call me again."),
    )
    await suppress(store, heard)
    await over(store, Outcome.DO_NOT_CALL)
    assert await suppression_of(store, PERSON) == heard


async def test_an_entry_that_runs_out_lasts_from_now_on(store: Store) -> None:
    now = ManualClock().now()
    invalid = SuppressionReason.INVALID
    await suppress(store, Suppression(id=PERSON, reason=invalid, at=now, expires_at=now + timedelta(days=1)))
    await over(store, Outcome.DO_NOT_CALL)
    entry = await suppression_of(store, PERSON)
    assert entry is not None
    assert entry.expires_at is None
