"""Whose turn it is: who asked to be called, then by weight, at the campaign's own pace, with lines left for callers."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.campaigns.beat import beat
from functions.campaigns.due import part_of
from functions.campaigns.leases import acquire
from functions.campaigns.services import AccountLimits
from functions.campaigns.voicing import Voicing
from shared.domain.agent import Model, SpeechPlace
from shared.domain.call import Direction
from shared.domain.call_status import CallStatus
from shared.domain.campaign import Pacing
from shared.domain.contact import DueReason
from shared.domain.model_catalogue import Platform
from shared.domain.pacing import MARGIN, next_turn
from shared.domain.shards import SHARDS
from shared.store.agents import AgentBook, shipped_agents
from shared.store.live_sessions import LEASE, lease
from shared.store.notices import Notice, NoticeKind
from shared.store.store import Delete
from tests.campaigns.office import Office

pytestmark = pytest.mark.virtual_time


def most_in_a_second(sent_s: list[float]) -> int:
    return max(sum(1 for one in sent_s if start <= one < start + 1) for start in sent_s)


async def test_people_who_asked_to_be_called_come_first() -> None:
    office = Office(limits=AccountLimits(calls_per_second=1))
    campaign = await office.campaign(contacts=30)
    long_ago = office.clock.now() - timedelta(hours=2)
    just_now = office.clock.now() - timedelta(seconds=1)
    for contact in office.contacts():
        await office.store.update(f"campaigns/diwali/contacts/{contact.id}", {"due_at": long_ago})
    await office.contact(campaign, "+919810099991", due_reason=DueReason.CALLBACK, due_at=just_now)
    await office.contact(campaign, "+919810099992", due_reason=DueReason.APOLOGY, due_at=just_now)
    await beat(office.services)
    assert {request.to for request in office.carrier.requests[:2]} == {"+919810099991", "+919810099992"}


async def test_callback_that_comes_due_goes_before_those_who_wait() -> None:
    office = Office(limits=AccountLimits(calls_per_second=1))
    campaign = await office.campaign(contacts=60)
    soon = office.clock.now() + timedelta(seconds=20)
    await office.contact(campaign, "+919810099991", due_reason=DueReason.CALLBACK, due_at=soon)
    await beat(office.services)
    called = [request.to for request in office.carrier.requests]
    assert 19 <= called.index("+919810099991") <= 26


async def test_weights_share_the_accounts_pace() -> None:
    office = Office(limits=AccountLimits(calls_per_second=6))
    for index, name in enumerate(["heavy", "light"]):
        pacing = Pacing(calls_per_second=100, max_concurrent=1000, weight=2 - index)
        campaign = await office.campaign(name, contacts=0, pacing=pacing)
        for number in range(200):
            await office.contact(campaign, f"+9198{index}00{number:05d}")
    await beat(office.services)
    heavy = sum(1 for request in office.carrier.requests if request.to.startswith("+91980"))
    light = len(office.carrier.requests) - heavy
    assert light > 50
    assert heavy / light == pytest.approx(2, rel=0.05)


async def test_fairness_outlives_a_beat() -> None:
    office = Office(limits=AccountLimits(calls_per_second=1, model_sessions=1, inbound_reserve=0))
    for index, name in enumerate(["one", "other"]):
        campaign = await office.campaign(name, contacts=0)
        for number in range(20):
            await office.contact(campaign, f"+9198{index}00{number:05d}")
    for _ in range(8):
        await beat(office.services)
        attempt = next(one for one in office.attempts() if one.state.is_open)
        await office.reported(attempt, attempt.sid or "", CallStatus.NO_ANSWER, 3)
    calls = [request.to[4] for request in office.carrier.requests]
    assert len(calls) >= 8
    assert abs(calls.count("0") - calls.count("1")) <= 1


@pytest.mark.parametrize("per_second", [0.5, 2, 5])
async def test_campaign_keeps_its_own_pace_below_the_accounts(per_second: float) -> None:
    office = Office(limits=AccountLimits(calls_per_second=20))
    await office.campaign(contacts=400, pacing=Pacing(calls_per_second=per_second, max_concurrent=1000))
    await beat(office.services)
    sent = office.carrier.sent_at_s
    assert most_in_a_second(sent) <= max(1, per_second + 1)
    assert (len(sent) - 1) / (sent[-1] - sent[0]) == pytest.approx(per_second, rel=0.15)


async def test_campaigns_own_pace_holds_from_beat_to_beat() -> None:
    office = Office(limits=AccountLimits(calls_per_second=20))
    await office.campaign(contacts=400, pacing=Pacing(calls_per_second=0.1, max_concurrent=1000))
    for _ in range(4):
        await beat(office.services)
    sent = office.carrier.sent_at_s
    assert min(later - earlier for earlier, later in pairwise(sent)) >= 9.9


async def test_those_who_may_not_be_called_now_hold_nobody_up() -> None:
    office = Office(limits=AccountLimits(calls_per_second=1))
    campaign = await office.campaign(contacts=0, pacing=Pacing(calls_per_second=0.1, max_concurrent=10))
    for number in range(600):
        asleep = f"+1310555{number:04d}"
        await office.contact(campaign, asleep, country="US", states=("CA",), time_zones=("America/Los_Angeles",))
    await office.contact(campaign, "+919810000001", due_at=office.clock.now())
    started_s = asyncio.get_running_loop().time()
    done = await beat(office.services)
    assert done.refused == 600
    assert [request.to for request in office.carrier.requests] == ["+919810000001"]
    assert office.carrier.sent_at_s[0] - started_s < 5


async def test_people_who_call_us_find_the_lines_they_need() -> None:
    office = Office(limits=AccountLimits(calls_per_second=10, model_sessions=10, inbound_reserve=0.2))
    await office.campaign(contacts=20)
    now = office.clock.now()
    for instance, callers in (("one", 3), ("another", 2)):
        held = {"developer": {Direction.INBOUND: callers, Direction.OUTBOUND: 0}}
        await office.store.batch([lease(instance, held, now)])
    await beat(office.services)
    assert len(office.carrier.requests) == 5


async def test_what_a_dead_instance_held_is_free_when_its_lease_has_passed() -> None:
    office = Office(limits=AccountLimits(calls_per_second=10, model_sessions=10, inbound_reserve=0.2))
    await office.campaign(contacts=20)
    held = {"developer": {Direction.INBOUND: 9, Direction.OUTBOUND: 0}}
    await office.store.batch([lease("dead", held, office.clock.now() - LEASE)])
    await beat(office.services)
    assert len(office.carrier.requests) == 8  # two are kept for callers


async def test_sessions_are_counted_by_region_and_lines_are_not() -> None:
    office = Office(limits=AccountLimits(calls_per_second=10, model_sessions=10, inbound_reserve=0.2))
    await office.campaign(contacts=20)
    held = {region: {Direction.INBOUND: callers} for region, callers in (("vertex/eu", 4), ("vertex/us", 3))}
    await office.store.batch([lease("one", held, office.clock.now())])
    await beat(office.services)
    assert len(office.carrier.requests) == 6


async def test_dispatchers_that_share_the_shards_keep_one_pace() -> None:
    office = Office(limits=AccountLimits(calls_per_second=4))
    await office.campaign(contacts=400)
    for shard in (0, 2, 5):
        await office.store.create(
            f"leases/dispatch-{shard}",
            {"holder": "nobody", "fence": 1, "until": office.clock.now() + timedelta(seconds=0.01)},
        )
    first = asyncio.create_task(beat(office.services))
    await asyncio.sleep(0.02)
    assert len(await acquire(office.store, "looking", office.clock.now())) == 3
    for shard in (0, 2, 5):
        await office.store.update(f"leases/dispatch-{shard}", {"until": office.clock.now()})
    await asyncio.gather(first, beat(office.services))
    sent = office.carrier.sent_at_s
    assert most_in_a_second(sent) <= 4
    assert (len(sent) - 1) / (sent[-1] - sent[0]) > 3.5


@given(st.floats(0.5, 100), st.sets(st.integers(0, SHARDS - 1), min_size=1, max_size=SHARDS - 1), st.floats(1e9, 2e9))
def test_turns_of_two_dispatchers_never_fall_together(per_second: float, held: set[int], at_s: float) -> None:
    others = set(range(SHARDS)) - held
    mine, theirs = next_turn(at_s, per_second, held, SHARDS), next_turn(at_s, per_second, others, SHARDS)
    assert min(mine, theirs) >= at_s
    assert abs(mine - theirs) >= 0.99 / per_second
    assert min(mine, theirs) <= at_s + 1.01 * MARGIN / per_second


@given(st.integers(0, 1000), st.sets(st.integers(0, SHARDS - 1)))
def test_parts_add_up_to_the_whole(room: int, held: set[int]) -> None:
    assert part_of(room, held) + part_of(room, set(range(SHARDS)) - held) == room


VOICED_BY = "developer/gemini-3.1-flash-live-preview"


def voicing(office: Office, *fallbacks: str) -> Voicing:
    """The renewal agent, with these models to fall back on."""
    model = Model(fallbacks=tuple(SpeechPlace(id=model) for model in fallbacks))
    agent = shipped_agents()["renewal"].model_copy(update={"model": model})
    return Voicing(AgentBook(office.store, {"renewal": agent}), lambda _: (Platform.DEVELOPER, None))


async def used_up(office: Office, place: str, *, for_s: float = 60) -> None:
    until = office.clock.now() + timedelta(seconds=for_s)
    await office.store.batch([Notice(NoticeKind.QUOTA, place, "used up", until).put()])


async def test_nobody_is_called_while_the_quota_of_every_model_is_used_up() -> None:
    office = Office()
    office.services = replace(office.services, voicing=voicing(office, "gemini-3.8-live"), beat_s=20)
    await office.campaign(contacts=3)
    await used_up(office, VOICED_BY, for_s=10)
    await used_up(office, "developer/gemini-3.8-live", for_s=5)
    began_s = asyncio.get_running_loop().time()
    await beat(office.services)
    assert len(office.carrier.requests) == 3
    assert 5 <= min(office.carrier.sent_at_s) - began_s < 7  # as soon as one of them may be tried again


async def test_a_quota_of_one_model_a_successor_s_and_another_region_s() -> None:
    office = Office()
    now = office.clock.now
    await used_up(office, VOICED_BY)
    assert await voicing(office, "gemini-3.8-live").without_quota(office.store, now(), ["renewal"]) == set()
    assert await voicing(office).without_quota(office.store, now(), ["renewal", "nobody"]) == {"renewal"}
    await office.store.batch([Delete(Notice(NoticeKind.QUOTA, VOICED_BY, "", now()).path)])
    await used_up(office, "vertex/eu/gemini-3.8-live")
    assert await voicing(office).without_quota(office.store, now(), ["renewal"]) == set()
    await used_up(office, "developer/gemini-3.8-live")
    assert await voicing(office).without_quota(office.store, now(), ["renewal"]) == set()
    until = now() + timedelta(days=1)
    replaced = Notice(NoticeKind.REPLACED, "renewal/gemini-3.1-flash-live-preview", "3.8 is used in its place", until)
    await office.store.batch([replaced.put()])
    assert await voicing(office).without_quota(office.store, now(), ["renewal"]) == {"renewal"}
