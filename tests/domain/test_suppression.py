"""The suppression list: whom an entry keeps from being called, and that entries only ever grow together."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.calling_rules import Purpose
from shared.domain.suppression import Evidence, HeardBy, Suppression, SuppressionReason, suppression_path
from tests.domain.builders import NOON_IN_INDIA

LATER = NOON_IN_INDIA + timedelta(days=1)


def an_entry(**changes: object) -> Suppression:
    """For the whole account and for good."""
    return Suppression.model_validate(
        {"id": "c0ffee", "reason": SuppressionReason.OPT_OUT, "at": NOON_IN_INDIA, **changes}
    )


@pytest.mark.parametrize(
    ("changes", "now", "blocks"),
    [
        ({}, NOON_IN_INDIA, True),
        ({}, NOON_IN_INDIA + timedelta(days=36_500), True),
        ({"campaign_id": "diwali"}, NOON_IN_INDIA, True),
        ({"campaign_id": "holi"}, NOON_IN_INDIA, False),
        ({"purpose": Purpose.MARKETING}, NOON_IN_INDIA, True),
        ({"purpose": Purpose.SERVICE}, NOON_IN_INDIA, False),
        ({"expires_at": LATER}, LATER - timedelta(seconds=1), True),
        ({"expires_at": LATER}, LATER, False),
    ],
)
def test_an_entry_holds_for_what_it_names(changes: dict[str, object], now: datetime, blocks: bool) -> None:
    assert an_entry(**changes).blocks("diwali", Purpose.MARKETING, now) is blocks


entries = st.builds(
    an_entry,
    at=st.sampled_from([NOON_IN_INDIA, LATER]),
    campaign_id=st.sampled_from([None, "diwali", "holi"]),
    purpose=st.sampled_from([None, *Purpose]),
    expires_at=st.sampled_from([None, LATER, LATER + timedelta(days=9)]),
)


@settings(deadline=None)
@given(
    entries,
    entries,
    st.sampled_from(["diwali", "holi", "eid"]),
    st.sampled_from(Purpose),
    st.integers(0, 20).map(lambda days: NOON_IN_INDIA + timedelta(days=days)),
)
def test_two_entries_together_block_whatever_either_blocks(
    one: Suppression, other: Suppression, campaign: str, purpose: Purpose, now: datetime
) -> None:
    either = one.blocks(campaign, purpose, now) or other.blocks(campaign, purpose, now)
    assert one.merged(other).blocks(campaign, purpose, now) >= either
    assert other.merged(one).blocks(campaign, purpose, now) >= either


def test_the_first_reason_and_the_evidence_are_kept() -> None:
    heard = Evidence(heard_by=HeardBy.PHRASE, call_sid="CA1", words="call mat karo", language="hi", offset_ms=4200)
    imported = an_entry(reason=SuppressionReason.IMPORTED)
    opted_out = an_entry(at=LATER, evidence=heard)
    merged = opted_out.merged(imported)
    assert merged.reason is SuppressionReason.IMPORTED
    assert merged.evidence == heard


def test_where_an_entry_is_kept() -> None:
    assert suppression_path("c0ffee") == "suppressions/c0ffee"


def test_entry_of_a_bad_number_never_hides_an_opt_out() -> None:
    invalid = an_entry(reason=SuppressionReason.INVALID, expires_at=NOON_IN_INDIA + timedelta(days=90))
    opt_out = an_entry(at=LATER)
    for merged in (invalid.merged(opt_out), opt_out.merged(invalid)):
        assert (merged.reason, merged.expires_at, merged.at) == (SuppressionReason.OPT_OUT, None, NOON_IN_INDIA)
