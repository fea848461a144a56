"""A number with an extension: the switchboard is sent its keys; nobody rings there and says nothing."""

from __future__ import annotations

import pytest

from functions.campaigns.beat import beat
from shared.store.launch import contacts_of
from shared.store.store import Value
from tests.campaigns.office import Office

pytestmark = pytest.mark.virtual_time


async def test_extension_of_a_row_is_sent_to_the_switchboard_and_no_machine_is_listened_for() -> None:
    office = Office()
    campaign = await office.campaign(contacts=1)
    row: dict[str, Value] = {
        "class": "ok", "row": 2, "number_hash": "f" * 64, "phone": "+912212345678", "country": "IN", "extension": "12",
        "alternate": "+919876543210", "consent": "granted", "zones": ["Asia/Kolkata"],
    }  # fmt: skip
    (contact,) = contacts_of(campaign, [row])
    await office.contact(campaign, contact.phone, extension=contact.extension)
    await beat(office.services)
    asked = {one.to: (one.send_digits, one.machine_detection is not None) for one in office.carrier.requests}
    assert asked == {"+919810000000": (None, True), "+912212345678": ("wwww12", False)}
