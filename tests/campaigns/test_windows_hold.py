"""No phone rings outside its window, whatever the zone and the day, with the network's clock 90 s off, and with calls
that wait in the carrier's queue first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from functions.campaigns.beat import beat
from functions.campaigns.services import AccountLimits
from shared.domain.calling_rules import Purpose, rule_for
from shared.domain.calling_window import AFTER_RING_S, CLOCK_SKEW_S, is_holiday
from shared.domain.campaign import Campaign, Pacing
from shared.domain.contact import Consent, ConsentStatus, ConsentType, Contact
from shared.domain.contact_window import window_of
from shared.store.store import Store
from shared.telephony.carrier import CarrierCall
from tests.campaigns.office import Office
from tests.memory_store import MemoryStore

pytestmark = [pytest.mark.virtual_time, pytest.mark.timeout(120)]

PLACES = [
    ("IN", (), ("Asia/Kolkata",), "+9198100"),
    ("US", ("NY",), ("America/New_York",), "+1212555"),
    ("US", ("FL",), ("America/New_York", "America/Chicago"), "+1850555"),
    ("US", ("CA",), ("America/Los_Angeles",), "+1310555"),
    ("DE", ("BY",), ("Europe/Berlin",), "+4989555"),
    ("GB", (), ("Europe/London",), "+4420794"),
    ("AU", ("NSW",), ("Australia/Sydney", "Australia/Broken_Hill"), "+6129555"),
    ("CA", ("NL",), ("America/St_Johns",), "+1709555"),
    ("BR", (), ("America/Sao_Paulo",), "+5511955"),
    ("NP", (), ("Asia/Kathmandu",), "+9779800"),
]
DAYS = [
    "2026-03-08", "2026-11-01",  # American clocks change
    "2026-03-29", "2026-10-25",  # European clocks change
    "2026-04-05", "2026-10-04",  # Australian clocks change
    "2026-12-24", "2026-07-03", "2026-11-23", "2026-06-12",
]  # fmt: skip
MINUTES = 12
CONTACTS = 30
DAYS_EACH = 4


def plainly_open(contact: Contact, campaign: Campaign, at: datetime) -> bool:
    """The words of the law, asked of a wall clock in each zone."""
    rule = rule_for(contact.country, contact.states, campaign.purpose)
    for zone in contact.time_zones:
        wall = at.astimezone(ZoneInfo(zone))
        minute = wall.hour * 60 + wall.minute
        if not any(opens <= minute < closes for opens, closes in rule.hours.days[wall.weekday()]):
            return False
        if any(is_holiday(country, state, wall.date()) for country, state in rule.closed_on):
            return False
    return True


def edges(contact: Contact, campaign: Campaign, day: datetime) -> list[datetime]:
    """Where its window opens and closes on a day and the next."""
    found, window, at = list[datetime](), window_of(contact, campaign), day
    while len(found) < 4 and at < day + timedelta(days=3):
        opening = window.next_opening(at)
        assert opening is not None
        closing = window.closes(opening)
        assert closing is not None
        found += [edge for edge in (opening, closing) if edge > day]
        at = closing
    return found


def rings(call: CarrierCall, office: Office, delay_s: float, skew_s: float) -> datetime | None:
    """When the call begins to ring by the world's clock; None: it was taken back before."""
    assert call.created_at is not None
    at = call.created_at + timedelta(seconds=delay_s)
    taken_back = office.carrier.ended_at.get(call.sid)
    return None if taken_back is not None and taken_back < at else at + timedelta(seconds=skew_s)


Place = tuple[str, tuple[str, ...], tuple[str, ...], str]


@pytest.mark.parametrize("place", PLACES, ids=lambda place: f"{place[0]}-{place[2][0]}")
async def test_nothing_rings_outside_the_window(place: Place) -> None:
    assert await _rung(place, DAYS_EACH, MemoryStore) > 40


@pytest.mark.parametrize("place", [PLACES[0], PLACES[2]], ids=lambda place: f"{place[0]}-{place[2][0]}")
async def test_nothing_rings_outside_the_window_on_either_database(
    place: Place, new_store: Callable[[], Store]
) -> None:
    assert await _rung(place, 1, new_store) > 10


async def _rung(place: Place, days: int, new_store: Callable[[], Store]) -> int:
    """How many phones rang around the edges of the window on some days, all of them inside it."""
    country, states, zones, prefix = place
    random, rung = Random(country + prefix), 0
    for day in random.sample(DAYS, days):
        purpose = random.choice([Purpose.MARKETING, Purpose.SERVICE])
        campaign = Campaign(id="edges", name="Edges", agent_id="renewal", list_id="l1", purpose=purpose)
        consent = Consent(status=ConsentStatus.GRANTED, type=ConsentType.EXPRESS_WRITTEN)
        model = Contact(id="0" * 32, campaign_id="edges", phone=f"{prefix}0000", country=country, states=states,
                        time_zones=zones, consent=consent)  # fmt: skip
        for edge in edges(model, campaign, datetime.fromisoformat(day).replace(tzinfo=UTC)):
            rung += await _around(edge, campaign, model, prefix, random, new_store())
    return rung


async def _around(edge: datetime, wanted: Campaign, model: Contact, prefix: str, random: Random, store: Store) -> int:
    """Beats from some minutes before an edge to some minutes after it; how many phones rang."""
    office = Office(
        start=edge - timedelta(minutes=MINUTES / 2, seconds=random.random() * 60),
        limits=AccountLimits(calls_per_second=20),
        store=store,
    )
    campaign = await office.campaign(
        "edges", contacts=0, purpose=wanted.purpose, ring_timeout_s=random.choice([15, 25, 60]),
        pacing=Pacing(calls_per_second=20, max_concurrent=100),
    )  # fmt: skip
    same = {name: getattr(model, name) for name in ("country", "states", "time_zones", "consent")}
    for number in range(CONTACTS):
        due_at = office.start + timedelta(minutes=MINUTES * number / CONTACTS)
        await office.contact(campaign, f"{prefix}{number:04d}", **same, due_at=due_at)
    for _ in range(MINUTES):
        begun_s = asyncio.get_running_loop().time()
        await beat(office.services)
        await asyncio.sleep(max(0.0, 60 - (asyncio.get_running_loop().time() - begun_s)))
    rung = 0
    for call in office.carrier.calls:
        # Half of the calls ring as soon as calls do; the others wait in the carrier's queue before.
        delay_s = random.choice([random.uniform(0, AFTER_RING_S), random.uniform(0, 600)])
        starts = rings(call, office, delay_s, random.choice([-1, 0, 1]) * CLOCK_SKEW_S)
        if starts is None or call.created_at is None:
            continue
        if call.created_at + timedelta(seconds=delay_s) > office.clock.now():
            continue  # beyond what was played through
        rung += 1
        for seconds in range(0, campaign.ring_timeout_s + 1, 5):
            assert plainly_open(model, campaign, starts + timedelta(seconds=seconds)), (starts, call, delay_s)
    return rung
