"""What goes wrong on a day of calling: no agent, no speech model, no store, clocks that jump, two want one number."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest

from functions.campaigns.app import make_app
from functions.campaigns.beat import beat
from functions.campaigns.claiming import Claimed, try_to_claim
from functions.campaigns.dialing import dial
from functions.campaigns.services import AccountLimits
from functions.campaigns.voicing import Voicing
from shared.domain.attempt import AttemptState
from shared.domain.call_status import CallStatus
from shared.domain.campaign import Campaign, CampaignEvent, CampaignState, PauseReason, campaign_path
from shared.domain.contact import Contact, ContactState, contact_path
from shared.domain.disposition import Disposition, Talk
from shared.domain.model_catalogue import Platform
from shared.domain.record import plain
from shared.store.agents import AgentBook, agent_path, shipped_agents
from shared.store.attempts import Attempts
from shared.store.campaigns import move_campaign, read_campaign
from shared.store.settlement import Settlement, contact_fields
from shared.store.store import Delete, Put, Store, StoreUnavailable, Value
from tests.campaigns.office import Office

RENEWAL = plain(shipped_agents()["renewal"].model_dump())


class AgentOffice(Office):
    """An office whose agents are all in the store: none ships."""

    def __post_init__(self) -> None:
        super().__post_init__()
        voicing = Voicing(AgentBook(self.store, {}), lambda _: (Platform.DEVELOPER, None))
        self.services = replace(self.services, voicing=voicing)

    async def paused(self) -> tuple[PauseReason | None, str]:
        """Why the campaign stands still."""
        campaign = await read_campaign(self.store, "diwali")
        assert campaign is not None
        assert (campaign.state is CampaignState.PAUSED) is (campaign.paused_for is not None)
        return campaign.paused_for, campaign.paused_detail or ""


@pytest.mark.virtual_time
@pytest.mark.parametrize("left", [None, {**RENEWAL, "voice": "Nobody"}, {"id": "renewal"}])
async def test_without_its_agent_nobody_is_called_into_silence(left: dict[str, Value] | None) -> None:
    office = AgentOffice()
    await office.campaign(contacts=3)
    if left is not None:
        await office.store.create(agent_path("renewal"), left)
    await beat(office.services)
    assert office.carrier.requests == []
    reason, detail = await office.paused()
    assert (reason, "'renewal'" in detail) == (PauseReason.CONFIGURATION, True)
    assert [(one.state, one.attempts) for one in office.contacts()] == [(ContactState.PENDING, 0)] * 3
    await office.store.batch([Put(agent_path("renewal"), RENEWAL)])
    await move_campaign(office.store, "diwali", lambda one: one.advanced(CampaignEvent.RESUME))
    assert (await beat(office.services)).dialled == 3


@pytest.mark.virtual_time
async def test_an_agent_deleted_between_claim_and_request_lets_nothing_ring() -> None:
    office = AgentOffice()
    await office.store.create(agent_path("renewal"), RENEWAL)
    claimed = await claimed_by(office, await office.campaign(contacts=1))
    await office.store.batch([Delete(agent_path("renewal"))])
    await dial(office.services, claimed)
    assert office.carrier.requests == []
    assert (await office.paused())[0] is PauseReason.CONFIGURATION
    assert (office.states(), office.locks()) == ([ContactState.PENDING], [])


@pytest.mark.virtual_time
async def test_a_store_that_does_not_answer_is_no_proof_that_an_agent_is_gone() -> None:
    office = AgentOffice()
    await office.store.create(agent_path("renewal"), RENEWAL)
    await office.campaign(contacts=1)
    office.memory.away = True
    with pytest.raises(StoreUnavailable):
        await beat(office.services)
    office.memory.away = False
    assert await office.paused() == (None, "")
    assert (await beat(office.services)).dialled == 1


@pytest.mark.virtual_time
async def test_a_speech_model_that_is_down_stops_the_campaign_after_few_and_costs_the_others_nothing() -> None:
    office = Office(limits=AccountLimits(calls_per_second=1))
    await office.campaign(contacts=60)
    beating = asyncio.create_task(beat(office.services))
    silenced = set[str]()
    while not beating.done():
        await asyncio.sleep(1)
        for attempt in office.attempts():
            if attempt.sid is not None and attempt.id not in silenced:
                silenced.add(attempt.id)
                await office.reported(attempt, attempt.sid, CallStatus.IN_PROGRESS, 2)
                await office.talked(attempt, Talk(our_fault=True))
                await office.reported(attempt, attempt.sid, CallStatus.COMPLETED, 3, duration_s=3)
    campaign = await read_campaign(office.store, "diwali")
    assert campaign is not None
    assert campaign.paused_for is PauseReason.BREAKER
    assert str(Disposition.AGENT_FAILED) in (campaign.paused_detail or "")
    called = len(office.carrier.requests)
    assert 5 <= called <= 12
    # Who was claimed and not sent has a numbered attempt, which is no try at reaching them.
    tries = [one for one in office.attempts() if one.state not in (AttemptState.SKIPPED, AttemptState.RELEASED)]
    assert len(tries) == called
    rung = {one.contact_id for one in tries}
    assert {one.state for one in office.contacts() if one.id not in rung} == {ContactState.PENDING}
    await asyncio.sleep(60)
    assert (await beat(office.services)).dialled == 0


@pytest.mark.virtual_time
async def test_a_beat_while_the_store_is_away_says_so_and_the_next_does_what_is_due_once() -> None:
    office = Office()
    await office.campaign(contacts=12)
    transport = httpx.ASGITransport(app=make_app(office.services))
    async with httpx.AsyncClient(transport=transport, base_url="http://campaigns") as http:
        office.memory.away = True
        assert (await http.post("/campaigns/tick")).status_code == 503
        assert office.carrier.requests == []
        office.memory.away = False
        assert (await http.post("/campaigns/tick")).json()["dialled"] == 12
        await asyncio.sleep(60)
        assert (await http.post("/campaigns/tick")).json()["dialled"] == 0
    numbers = [request.to for request in office.carrier.requests]
    assert len(numbers) == len(set(numbers)) == 12


NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.virtual_time
@pytest.mark.parametrize(
    ("night", "opens"),
    [
        ("2027-03-14T05:30:00+00:00", "2027-03-14T12:00:00+00:00"),  # 02:00 to 03:00 does not exist
        ("2026-11-01T04:30:00+00:00", "2026-11-01T13:00:00+00:00"),  # 01:00 to 02:00 comes twice
    ],
)
async def test_the_night_the_clocks_change_a_new_yorker_is_called_in_the_morning(night: str, opens: str) -> None:
    office = Office(start=datetime.fromisoformat(night))
    campaign = await office.campaign(contacts=0)
    zone = {"country": "US", "states": ("NY",), "time_zones": ("America/New_York",)}
    await office.contact(campaign, "+12125550123", **zone)
    while not office.carrier.requests and office.clock.now() < office.start.replace(hour=23):
        await beat(office.services)
        await asyncio.sleep(300)
    (call,) = office.carrier.calls
    assert call.created_at is not None
    assert timedelta() <= call.created_at - datetime.fromisoformat(opens) < timedelta(minutes=10)
    assert call.created_at.astimezone(NEW_YORK).hour == 8


@pytest.mark.virtual_time
async def test_cancelled_with_two_calls_open_both_go_on_to_their_end_and_nothing_else_rings() -> None:
    office = Office(limits=AccountLimits(calls_per_second=1))
    await office.campaign(contacts=8)
    beating = asyncio.create_task(beat(office.services))
    await asyncio.sleep(1.5)
    talking, ringing = [one for one in office.attempts() if one.sid is not None]
    assert talking.sid is not None
    assert ringing.sid is not None
    await office.reported(talking, talking.sid, CallStatus.IN_PROGRESS, 2)
    await office.reported(ringing, ringing.sid, CallStatus.RINGING, 1)
    office.carrier.goes(talking.sid, CallStatus.IN_PROGRESS)
    office.carrier.goes(ringing.sid, CallStatus.RINGING)
    await move_campaign(office.store, "diwali", lambda one: one.advanced(CampaignEvent.CANCEL))
    await beating
    sent = len(office.carrier.requests)
    await office.reported(ringing, ringing.sid, CallStatus.NO_ANSWER, 3)
    await asyncio.sleep(60)
    await beat(office.services)
    assert {talking.sid, ringing.sid}.isdisjoint(office.carrier.ended)
    await office.talked(talking, Talk(caller_turns=4))
    await office.reported(talking, talking.sid, CallStatus.COMPLETED, 3, duration_s=64)
    for call in office.carrier.calls[2:]:
        office.carrier.goes(call.sid, CallStatus.CANCELED)
    for _ in range(3):
        await asyncio.sleep(60)
        await beat(office.services)
    # Between the two there may have been one on its way, which waits at the carrier and is taken back.
    assert sent == len(office.carrier.requests) <= 3
    assert set(office.carrier.ended) == {call.sid for call in office.carrier.calls[2:]}
    campaign = await read_campaign(office.store, "diwali")
    assert campaign is not None
    assert campaign.state is CampaignState.CANCELLED
    by_attempt = {one.id: one.disposition for one in office.attempts()}
    assert by_attempt[talking.id] is Disposition.HUMAN
    assert by_attempt[ringing.id] is Disposition.NO_ANSWER
    assert office.locks() == []
    assert not [one for one in office.attempts() if one.state.is_open]
    by_contact = {one.id: one.disposition for one in office.contacts()}
    assert by_contact[talking.contact_id] is Disposition.HUMAN
    assert by_contact[ringing.contact_id] is Disposition.NO_ANSWER


async def test_two_campaigns_that_want_one_number_at_the_same_moment(store: Store) -> None:
    office = Office()
    services = replace(
        office.services,
        store=store,
        attempts=Attempts(store, office.clock),
        settlement=Settlement(store, office.clock),
    )
    both = [await written(store, name) for name in ("diwali", "holi")]
    documents = [await store.get(contact_path(campaign.id, contact.id)) for campaign, contact in both]
    tries = [
        try_to_claim(services, campaign, document, 1, 0.0)
        for (campaign, _), document in zip(both, documents, strict=True)
        if document is not None
    ]
    got = await asyncio.gather(*tries)
    (claimed,) = [one for one in got if isinstance(one, Claimed)]
    await dial(services, claimed)
    assert len(office.carrier.requests) == 1
    (other,) = [campaign for campaign, _ in both if campaign.id != claimed.campaign.id]
    waits = await store.get(contact_path(other.id, claimed.contact.id))
    assert waits is not None
    left = Contact.from_document(waits.data)
    assert (left.state, left.attempts) == (ContactState.PENDING, 0)
    # While the first rings the number is taken; afterwards the caps on it hold over all campaigns.
    again = await try_to_claim(services, other, waits, 1, 0.0)
    assert not isinstance(again, Claimed)
    assert len(office.carrier.requests) == 1


async def written(store: Store, campaign_id: str) -> tuple[Campaign, Contact]:
    """A running campaign with one contact, the same in each."""
    in_memory = Office()
    campaign = await in_memory.campaign(campaign_id)
    (contact,) = in_memory.contacts(campaign_id)
    await store.create(campaign_path(campaign_id), campaign.to_document())
    await store.create(contact_path(campaign_id, contact.id), contact_fields(contact))
    return campaign, contact


async def claimed_by(office: Office, campaign: Campaign) -> Claimed:
    (contact,) = office.contacts()
    document = await office.store.get(contact_path(campaign.id, contact.id))
    assert document is not None
    claimed = await try_to_claim(office.services, campaign, document, 1, 0.0)
    assert isinstance(claimed, Claimed)
    return claimed
