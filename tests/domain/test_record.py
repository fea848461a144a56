"""Records go into the store and come back the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from enum import Enum

import pytest
from pydantic import ValidationError

from shared.domain.attempt import Attempt
from shared.domain.campaign import Campaign
from shared.domain.contact import Contact, RegistryCheck
from shared.domain.record import Record, plain
from shared.domain.suppression import Suppression, SuppressionReason
from shared.domain.weekly_hours import weekly_hours
from tests.domain.builders import NOON_IN_INDIA, a_campaign, a_contact, an_attempt

RECORDS: list[Record] = [
    a_contact(hours={"daily": "10:00-12:00"}, variables={"city": "पुणे"}, due_at=NOON_IN_INDIA),
    a_contact(registry=RegistryCheck(listed=False, at=NOON_IN_INDIA)),
    a_campaign(
        window={"start": "10:00", "end": "18:00"}, budget=12.5, starts_at=NOON_IN_INDIA, topic={"hi": "आपकी पॉलिसी"}
    ),
    an_attempt(sent_at=NOON_IN_INDIA, sid="CA1"),
    Suppression(id="c0ffee00", reason=SuppressionReason.OPT_OUT, at=NOON_IN_INDIA),
]


def is_storable(value: object) -> bool:
    """Whether the store's port takes this value as it is."""
    if isinstance(value, dict):
        return all(type(key) is str and is_storable(item) for key, item in value.items())
    if isinstance(value, list):
        return all(is_storable(item) for item in value)
    if isinstance(value, datetime):
        return value.tzinfo is not None
    return value is None or type(value) in (bool, int, float, str)


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_a_record_comes_back_from_the_store_as_it_went_in(record: Record) -> None:
    document = record.to_document()
    assert is_storable(document)
    assert type(record).from_document(document) == record


def test_a_field_of_a_newer_version_is_read_over() -> None:
    document = {**a_contact().to_document(), "mood": "sunny"}
    assert Contact.from_document(document) == a_contact()


def test_instants_are_kept_in_utc() -> None:
    india = timezone(timedelta(hours=5, minutes=30))
    contact = a_contact(due_at=datetime(2026, 11, 24, 12, 0, tzinfo=india))
    assert contact.due_at == NOON_IN_INDIA
    assert contact.due_at.tzinfo is UTC


def test_a_wall_clock_is_not_an_instant() -> None:
    with pytest.raises(ValidationError):
        a_contact(due_at=datetime(2026, 11, 24, 12, 0))  # noqa: DTZ001 - this is what is refused


def test_a_change_is_validated() -> None:
    with pytest.raises(ValidationError):
        an_attempt().changed(attempt_no=0)


def test_numbers_and_names_stay_out_of_a_contacts_representation() -> None:
    shown = repr(a_contact(name="Asha", variables={"policy": "P-77"}))
    assert "98765" not in shown
    assert "Asha" not in shown
    assert "P-77" not in shown


def test_plain_values() -> None:
    class Colour(Enum):
        RED = "red"

    assert plain({Colour.RED: (Colour.RED, frozenset({"b", "a"}))}) == {"red": ["red", ["a", "b"]]}
    assert weekly_hours(a_campaign(window={"daily": "10:00-11:00"}).to_document()["window"]) == weekly_hours(
        {"daily": "10:00-11:00"}
    )


def test_every_kind_of_record_says_where_it_is_kept() -> None:
    assert {type(record) for record in RECORDS} == {Contact, Campaign, Attempt, Suppression}
