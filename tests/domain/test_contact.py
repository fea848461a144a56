"""A contact's consent and the states it goes through."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest
from pydantic import ValidationError

from shared.domain.calling_rules import ConsentNeed, Purpose
from shared.domain.contact import (
    NEXT_CONTACT,
    Consent,
    ConsentStatus,
    ConsentType,
    ContactEvent,
    ContactState,
    IllegalContactEvent,
    contact_path,
)
from tests.domain.builders import NOON_IN_INDIA, a_contact

GRANTED, DENIED, REVOKED, UNKNOWN = ConsentStatus
MARKETING = Purpose.MARKETING


@pytest.mark.parametrize(("state", "event"), list(product(ContactState, ContactEvent)))
def test_an_event_follows_the_table_or_changes_nothing(state: ContactState, event: ContactEvent) -> None:
    contact = a_contact(state=state)
    if (state, event) in NEXT_CONTACT:
        assert contact.advanced(event, attempts=1).state is NEXT_CONTACT[state, event]
    else:
        with pytest.raises(IllegalContactEvent) as refused:
            contact.advanced(event, attempts=1)
        assert (refused.value.state, refused.value.event) == (state, event)
        assert contact == a_contact(state=state)


def test_a_contact_is_claimed_by_one_dispatcher_only() -> None:
    claimed = a_contact().advanced(ContactEvent.CLAIM)
    with pytest.raises(IllegalContactEvent):
        claimed.advanced(ContactEvent.CLAIM)


@pytest.mark.parametrize(
    ("consent", "need", "covered"),
    [
        (Consent(status=UNKNOWN), ConsentNeed.NOT_REFUSED, True),
        (Consent(status=UNKNOWN), ConsentNeed.GRANTED, False),
        (Consent(status=DENIED), ConsentNeed.NOT_REFUSED, False),
        (Consent(status=REVOKED), ConsentNeed.NOT_REFUSED, False),
        (Consent(status=GRANTED), ConsentNeed.EXPRESS_WRITTEN, True),
        (Consent(status=GRANTED, type=ConsentType.INFERRED), ConsentNeed.GRANTED, True),
        (Consent(status=GRANTED, type=ConsentType.INFERRED), ConsentNeed.EXPRESS, False),
        (Consent(status=GRANTED, type=ConsentType.EXPRESS), ConsentNeed.EXPRESS, True),
        (Consent(status=GRANTED, type=ConsentType.EXPRESS), ConsentNeed.EXPRESS_WRITTEN, False),
        (Consent(status=GRANTED, type=ConsentType.EXPRESS_WRITTEN), ConsentNeed.EXPRESS_WRITTEN, True),
        (Consent(status=GRANTED, scope=(Purpose.SERVICE,)), ConsentNeed.GRANTED, False),
        (Consent(status=GRANTED, scope=(MARKETING,)), ConsentNeed.GRANTED, True),
        (Consent(status=GRANTED, expires_at=NOON_IN_INDIA), ConsentNeed.GRANTED, False),
        (Consent(status=GRANTED, expires_at=NOON_IN_INDIA + timedelta(seconds=1)), ConsentNeed.GRANTED, True),
    ],
)
def test_consent_covers_what_it_was_given_for(consent: Consent, need: ConsentNeed, covered: bool) -> None:
    assert consent.covers(need, MARKETING, NOON_IN_INDIA) is covered


def test_who_asked_for_calls_weighs_more_than_a_registry() -> None:
    assert Consent(status=GRANTED).is_express
    assert not Consent(status=GRANTED, type=ConsentType.INFERRED).is_express
    assert not Consent().is_express


@pytest.mark.parametrize("phone", ["9876543210", "+0123456789", "+91 98765 43210", "+12"])
def test_a_number_is_e164_or_nothing(phone: str) -> None:
    with pytest.raises(ValidationError):
        a_contact(phone=phone)


def test_where_a_contact_is_kept() -> None:
    assert contact_path("diwali", "c0ffee") == "campaigns/diwali/contacts/c0ffee"
