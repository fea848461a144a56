"""What consent cells say, and which purposes may call on what they say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.calling_rules import Purpose
from shared.domain.contact_row import REASONS, Consent, consent_meant, consent_refusal


@pytest.mark.parametrize(
    ("cell", "consent"),
    [
        *((word, "granted") for word in "yes YES Y true TRUE 1 1.0 granted Opt-In हाँ हां haan जी सहमत ✓ ✔️ Yes.".split()),
        *((word, "denied") for word in "no N false 0 denied revoked opt-out DND नहीं nahi असहमत ✗ unsubscribed".split()),
        *((word, "unknown") for word in ("", " ", "-", "unknown", "NA".lower() + "n", "none", "N/A", "pending", "?")),
        ("opted in", "granted"),
        ("do not call", "denied"),
        ("perhaps", None),
        ("x", None),
    ],
)
def test_what_a_consent_cell_says(cell: str, consent: Consent | None) -> None:
    assert consent_meant(cell) == consent


@pytest.mark.parametrize(
    ("purpose", "callable_with"),
    [
        (Purpose.MARKETING, {"granted"}),
        (Purpose.SERVICE, {"granted", "unknown"}),
        (Purpose.COLLECTIONS, {"granted", "unknown"}),
    ],
)
def test_marketing_needs_a_yes_and_the_others_no_no(purpose: Purpose, callable_with: set[Consent]) -> None:
    consents: tuple[Consent, ...] = ("granted", "denied", "unknown")
    refusals = {consent: consent_refusal(consent, purpose) for consent in consents}
    assert {consent for consent, refusal in refusals.items() if refusal is None} == callable_with
    assert {refusal for refusal in refusals.values() if refusal} <= set(REASONS)


@given(st.text(max_size=30))
def test_any_cell_can_be_asked(cell: str) -> None:
    assert consent_meant(cell) in ("granted", "denied", "unknown", None)
