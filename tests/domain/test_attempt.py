"""An attempt's states: every event in every state, and the fence that keeps two dispatchers apart."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest

from shared.domain.attempt import (
    NEXT_ATTEMPT,
    Attempt,
    AttemptEvent,
    AttemptState,
    IllegalEvent,
    attempt_path,
    claim,
    expire,
    give_up,
    past,
    refuse,
    send,
    skip,
)
from shared.domain.disposition import Disposition
from tests.domain.builders import NOON_IN_INDIA, an_attempt

LEASE = NOON_IN_INDIA + timedelta(seconds=60)
OVER = {
    AttemptState.DONE,
    AttemptState.LOST,
    AttemptState.RELEASED,
    AttemptState.SKIPPED,
    AttemptState.EXPIRED,
}


@pytest.mark.parametrize(("state", "event"), list(product(AttemptState, AttemptEvent)))
def test_an_event_follows_the_table_or_changes_nothing(state: AttemptState, event: AttemptEvent) -> None:
    attempt = an_attempt(state=state)
    if (state, event) in NEXT_ATTEMPT:
        assert attempt.advanced(event).state is NEXT_ATTEMPT[state, event]
    else:
        with pytest.raises(IllegalEvent) as refused:
            attempt.advanced(event, sid="CA1")
        assert (refused.value.state, refused.value.event) == (state, event)
        assert attempt == an_attempt(state=state)


def test_a_number_is_free_again_only_when_an_attempt_is_over() -> None:
    assert {state for state in AttemptState if not state.is_open} == OVER


def test_nothing_that_may_have_been_sent_can_be_sent_again() -> None:
    sent = set(AttemptState) - {AttemptState.PLANNED, AttemptState.CLAIMED}
    assert not [state for state in sent if (state, AttemptEvent.SEND) in NEXT_ATTEMPT]
    assert not [state for state in sent if (state, AttemptEvent.CLAIM) in NEXT_ATTEMPT]


def test_nothing_comes_back_from_an_attempt_that_was_never_sent() -> None:
    for state in (AttemptState.RELEASED, AttemptState.SKIPPED, AttemptState.EXPIRED):
        assert not [event for event in AttemptEvent if (state, event) in NEXT_ATTEMPT]


def test_the_way_of_an_attempt() -> None:
    claimed = claim(an_attempt(), fence=1, lease_until=LEASE)
    assert (claimed.state, claimed.fence, claimed.lease_until) == (AttemptState.CLAIMED, 1, LEASE)
    dialing = send(claimed, 1, NOON_IN_INDIA)
    assert (dialing.state, dialing.sent_at) == (AttemptState.DIALING, NOON_IN_INDIA)


def test_a_dispatcher_that_was_overtaken_cannot_send() -> None:
    claimed = claim(an_attempt(), fence=1, lease_until=LEASE)
    taken_over = claim(claimed, fence=2, lease_until=LEASE)
    with pytest.raises(IllegalEvent, match="another dispatcher"):
        send(taken_over, 1, NOON_IN_INDIA)
    assert send(taken_over, 2, NOON_IN_INDIA).state is AttemptState.DIALING


@pytest.mark.parametrize("fence", [0, 1])
def test_a_claim_needs_a_newer_fence(fence: int) -> None:
    claimed = claim(an_attempt(), fence=1, lease_until=LEASE)
    with pytest.raises(IllegalEvent, match="not newer"):
        claim(claimed, fence=fence, lease_until=LEASE)


def test_nothing_is_sent_after_its_deadline() -> None:
    claimed = claim(an_attempt(deadline_at=LEASE), fence=1, lease_until=LEASE)
    assert send(claimed, 1, LEASE - timedelta(seconds=1)).state is AttemptState.DIALING
    with pytest.raises(IllegalEvent, match="deadline"):
        send(claimed, 1, LEASE)


def test_how_an_attempt_ends_that_no_phone_rang_for() -> None:
    claimed = claim(an_attempt(), fence=1, lease_until=LEASE)
    dialing = send(claimed, 1, NOON_IN_INDIA)
    lost = give_up(dialing.advanced(AttemptEvent.LOSE_TRACK), LEASE)
    refused = refuse(dialing, Disposition.INVALID_NUMBER, LEASE, error_code=21211)
    assert (refused.state, refused.disposition, refused.error_code) == (
        AttemptState.DONE,
        Disposition.INVALID_NUMBER,
        21211,
    )
    assert (lost.state, lost.disposition) == (AttemptState.LOST, Disposition.LOST)
    assert skip(claimed, "suppressed", LEASE).refusal == "suppressed"
    assert expire(claimed, LEASE).disposition is Disposition.EXPIRED


@pytest.mark.parametrize(
    ("attempt", "counts", "rang"),
    [
        (an_attempt(state=AttemptState.DIALING, sent_at=NOON_IN_INDIA), True, True),  # open: it may be ringing
        (an_attempt(state=AttemptState.UNKNOWN), True, True),
        (an_attempt(state=AttemptState.RELEASED), False, False),
        (an_attempt(state=AttemptState.SKIPPED), False, False),
        (an_attempt(state=AttemptState.EXPIRED), False, False),
        (an_attempt(state=AttemptState.LOST), True, True),
        (an_attempt(state=AttemptState.DONE, disposition=Disposition.BUSY), True, False),
        (an_attempt(state=AttemptState.DONE, disposition=Disposition.BUSY, rang_at=NOON_IN_INDIA), True, False),
        (an_attempt(state=AttemptState.DONE, disposition=Disposition.CARRIER_FAILED), False, False),
        (an_attempt(state=AttemptState.DONE, disposition=Disposition.CANCELED, rang_at=NOON_IN_INDIA), True, True),
        (
            an_attempt(state=AttemptState.DONE, disposition=Disposition.CARRIER_FAILED, answered_at=NOON_IN_INDIA),
            True,
            True,
        ),
    ],
)
def test_what_an_attempt_costs_its_contact(attempt: Attempt, counts: bool, rang: bool) -> None:
    weight = past(attempt).weight
    assert (weight.counts, weight.rang) == (counts, rang)


def test_the_gate_looks_back_on_when_an_attempt_was_sent() -> None:
    assert past(an_attempt()).at == NOON_IN_INDIA
    assert past(an_attempt(sent_at=LEASE)).at == LEASE
    assert an_attempt(rang_at=LEASE, disposition=Disposition.CANCELED).weight.rang


def test_where_an_attempt_is_kept() -> None:
    assert attempt_path("a1") == "attempts/a1"
