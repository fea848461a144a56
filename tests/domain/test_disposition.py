"""Who or what answered, why the network failed a call, and what matters more of two words about one talk."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.disposition import (
    WEIGHTS,
    Disposition,
    Outcome,
    Talk,
    answered_call,
    failed_call,
    weight_of,
    weightier,
)

outcomes = st.none() | st.sampled_from(Outcome)


@pytest.mark.parametrize(
    ("talk", "answered_by", "disposition"),
    [
        (Talk(caller_turns=2), None, Disposition.HUMAN),
        (Talk(caller_turns=2), "machine_start", Disposition.HUMAN),
        (Talk(caller_turns=2), "fax", Disposition.HUMAN),
        (Talk(caller_turns=5, our_fault=True), "human", Disposition.AGENT_FAILED),
        (Talk(caller_turns=1), "human", Disposition.HUMAN),
        (Talk(), None, Disposition.HUMAN),
        (Talk(), "unknown", Disposition.HUMAN),
        (Talk(heard_agent=False), "human", Disposition.ABANDONED),
        (Talk(our_fault=True), "human", Disposition.AGENT_FAILED),
        (Talk(caller_turns=1), "machine_end_silence", Disposition.VOICEMAIL_HANGUP),
        (Talk(message_left=True), None, Disposition.VOICEMAIL_LEFT),
        (Talk(machine_menu=True), "human", Disposition.IVR_OR_SCREEN),
        (Talk(machine_menu=True, our_fault=True), None, Disposition.IVR_OR_SCREEN),
        (Talk(), "fax", Disposition.FAX),
        (None, None, Disposition.AGENT_FAILED),
        (None, "machine_start", Disposition.VOICEMAIL_HANGUP),
    ],
)
def test_who_or_what_answered(talk: Talk | None, answered_by: str | None, disposition: Disposition) -> None:
    assert answered_call(talk, answered_by) is disposition


@pytest.mark.parametrize(
    ("sip_code", "error_code", "disposition"),
    [
        (404, None, Disposition.INVALID_NUMBER),
        (484, None, Disposition.INVALID_NUMBER),
        (604, None, Disposition.INVALID_NUMBER),
        (None, 21211, Disposition.INVALID_NUMBER),
        (607, None, Disposition.BLOCKED_BY_CARRIER),
        (608, None, Disposition.BLOCKED_BY_CARRIER),
        (603, None, Disposition.REJECTED),
        (503, None, Disposition.CARRIER_FAILED),
        (None, 13224, Disposition.CARRIER_FAILED),  # also seen in outages: bad only when it comes again
        (None, None, Disposition.CARRIER_FAILED),
    ],
)
def test_why_the_network_failed_a_call(sip_code: int | None, error_code: int | None, disposition: Disposition) -> None:
    assert failed_call(sip_code, error_code) is disposition


def test_every_disposition_has_its_weight() -> None:
    assert set(WEIGHTS) == set(Disposition)
    assert weight_of(None, rang=False).counts
    assert not weight_of(Disposition.CARRIER_FAILED, rang=False).counts
    assert weight_of(Disposition.CARRIER_FAILED, rang=True).counts
    assert not weight_of(Disposition.BUSY, rang=True).rang


@settings(deadline=None)
@given(outcomes, outcomes, outcomes)
def test_the_weightier_outcome_is_the_same_in_any_order(
    one: Outcome | None, two: Outcome | None, three: Outcome | None
) -> None:
    assert weightier(one, two) is weightier(two, one)
    assert weightier(weightier(one, two), three) is weightier(one, weightier(two, three))
    if Outcome.DO_NOT_CALL in (one, two):
        assert weightier(one, two) is Outcome.DO_NOT_CALL
