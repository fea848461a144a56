"""Campaigns that stop themselves: abandoned people, failures of ours, money."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.campaigns.beat import beat
from functions.campaigns.breaker import check_health
from functions.campaigns.services import AccountLimits
from shared.domain.call_status import CallStatus
from shared.domain.campaign import Campaign, CampaignEvent, CampaignState, PauseReason
from shared.domain.cost import CALL_ESTIMATE, PRICES, ModelPrice, TokenUse, call_cost
from shared.domain.disposition import Disposition, Outcome, Talk
from shared.store.campaigns import move_campaign, read_campaign
from shared.store.store import Document, Update
from shared.store.tallies import Tally, add_one, span_of, tally_of
from tests.campaigns.office import Office

pytestmark = pytest.mark.virtual_time


async def the_campaign(office: Office) -> Campaign:
    campaign = await read_campaign(office.store, "diwali")
    assert campaign is not None
    return campaign


async def end(
    office: Office, talk: Talk | None = None, *, status: CallStatus = CallStatus.COMPLETED, **more: Any
) -> None:
    """All calls under way end so."""
    for attempt in office.attempts():
        if attempt.state.is_open and attempt.sid is not None:
            if talk is not None:
                await office.reported(attempt, attempt.sid, CallStatus.IN_PROGRESS, 2)
                await office.talked(attempt, talk)
            await office.reported(attempt, attempt.sid, status, 3, **more)


async def answered(office: Office, abandoned: int, of: int) -> PauseReason | None:
    """So many of so many people who answered heard nothing."""
    span = span_of(office.clock.now(), None)
    await office.store.create("campaigns/diwali/tallies/00", {"unheard": {span: abandoned}, "answered": {span: of}})
    return await check_health(office.services, await the_campaign(office))


@pytest.mark.parametrize(
    ("abandoned", "of", "reason", "alarm"),
    [
        (1, 29, None, False),  # too few to tell
        (0, 100, None, False),
        (1, 101, None, False),
        (1, 100, None, True),
        (2, 67, None, True),
        (3, 100, PauseReason.ABANDONMENT, False),
        (1, 30, PauseReason.ABANDONMENT, False),
    ],
)
async def test_abandoned_people_raise_an_alarm_and_then_stop_the_campaign(
    abandoned: int, of: int, reason: PauseReason | None, alarm: bool, caplog: pytest.LogCaptureFixture
) -> None:
    office = Office()
    await office.campaign()
    assert await answered(office, abandoned, of) == reason
    assert ("abandoned calls near the limit" in caplog.messages) is alarm
    campaign = await the_campaign(office)
    assert campaign.paused_for == reason
    assert campaign.state is (CampaignState.RUNNING if reason is None else CampaignState.PAUSED)


async def test_person_who_hears_nothing_for_two_seconds_is_counted_as_abandoned() -> None:
    office = Office()
    await office.campaign(contacts=1)
    await beat(office.services)
    await end(office, Talk(caller_turns=1, heard_agent=False), duration_s=5)
    assert (await tally_of(office.store, "diwali")).dispositions == {str(Disposition.ABANDONED): 1}


async def called(office: Office, heard: int, unheard: int) -> None:
    """So many more people are called; all answer, and some of them hear nothing."""
    campaign = await the_campaign(office)
    known = len(office.contacts())
    for number in range(known, known + heard + unheard):
        await office.contact(campaign, f"+9198200{number:05d}")
    await beat(office.services)
    under_way = [one for one in office.attempts() if one.state.is_open and one.sid is not None]
    for number, attempt in enumerate(under_way):
        await office.reported(attempt, attempt.sid or "", CallStatus.IN_PROGRESS, 2)
        await office.talked(attempt, Talk(caller_turns=1, heard_agent=number >= unheard))
        await office.reported(attempt, attempt.sid or "", CallStatus.COMPLETED, 3, duration_s=20)
    await asyncio.sleep(12)
    await beat(office.services)


async def resumed(office: Office) -> None:
    now = office.clock.now()
    await move_campaign(office.store, "diwali", lambda one: one.advanced(CampaignEvent.RESUME, resumed_at=now))


async def test_campaign_paused_for_abandoned_people_can_be_resumed_and_counts_anew() -> None:
    office = Office()
    await office.campaign(contacts=0)
    await called(office, heard=29, unheard=1)
    campaign = await the_campaign(office)
    assert campaign.paused_for is PauseReason.ABANDONMENT
    assert "then resume" in (campaign.paused_detail or "")
    await resumed(office)
    await called(office, heard=35, unheard=0)
    assert (await the_campaign(office)).state is CampaignState.RUNNING
    await called(office, heard=30, unheard=3)
    campaign = await the_campaign(office)
    assert campaign.paused_for is PauseReason.ABANDONMENT
    assert (campaign.paused_detail or "").startswith("3 of 68 people")


async def test_abandoned_people_of_yesterday_are_forgotten_and_old_spans_with_them() -> None:
    office = Office()
    await office.campaign(contacts=0)
    await called(office, heard=19, unheard=1)
    await asyncio.sleep(25 * 3600)
    await called(office, heard=30, unheard=0)
    assert (await the_campaign(office)).state is CampaignState.RUNNING


async def test_spans_of_answers_are_kept_for_a_day_and_no_longer() -> None:
    start = datetime(2026, 11, 23, tzinfo=UTC)
    kept: dict[str, Any] = {}
    for hour in range(100):
        span = span_of(start + timedelta(hours=hour), None)
        write = add_one("t", Document("t", kept, 1), Tally(attempts=1, answered=Counter({span: 1})))
        assert isinstance(write, Update)
        kept = dict(write.changes)
    assert len(kept["answered"]) == 30
    tally = Tally()
    tally.add(kept)
    assert tally.answers_since(start + timedelta(hours=100) - timedelta(days=1)) == (0, 24)


async def failing(office: Office) -> None:
    await beat(office.services)
    await end(office, status=CallStatus.FAILED, sip_code=503)
    await beat(office.services)


async def test_failures_pause_a_campaign_and_after_it_is_resumed_count_anew() -> None:
    office = Office(limits=AccountLimits(calls_per_second=5))
    campaign = await office.campaign(contacts=6)
    await failing(office)
    paused = await the_campaign(office)
    assert (paused.state, paused.paused_for) == (CampaignState.PAUSED, PauseReason.BREAKER)
    assert "6 of the last 6" in (paused.paused_detail or "")
    await resumed(office)
    await beat(office.services)
    assert (await the_campaign(office)).state is CampaignState.RUNNING
    for number in range(5):
        await office.contact(campaign, f"+91981010000{number}")
    await failing(office)
    assert (await the_campaign(office)).paused_for is PauseReason.BREAKER


async def test_bad_numbers_and_busy_lines_are_nobodys_fault() -> None:
    office = Office()
    await office.campaign(contacts=20)
    await beat(office.services)
    await end(office, status=CallStatus.FAILED, sip_code=404)
    await beat(office.services)
    assert (await the_campaign(office)).paused_for is None


async def test_few_calls_that_fail_at_once_do_not_outweigh_many_that_still_ring() -> None:
    office = Office(limits=AccountLimits(calls_per_second=5))
    await office.campaign(contacts=60)
    await beat(office.services)
    for number, attempt in enumerate(office.attempts()):
        failed = number % 10 == 0
        await office.reported(attempt, attempt.sid or "", CallStatus.FAILED if failed else CallStatus.RINGING, 2)
    await beat(office.services)
    assert (await the_campaign(office)).paused_for is None


async def test_speech_model_that_fails_most_people_stops_the_campaign_though_some_talks_go_on() -> None:
    office = Office(limits=AccountLimits(calls_per_second=5))
    await office.campaign(contacts=40)
    await beat(office.services)
    for number, attempt in enumerate(office.attempts()):
        if number % 4 == 0:
            await office.reported(attempt, attempt.sid or "", CallStatus.IN_PROGRESS, 2)
            if number % 12:
                await office.talked(attempt, Talk(our_fault=True))
                await office.reported(attempt, attempt.sid or "", CallStatus.COMPLETED, 3, duration_s=2)
        else:
            await office.reported(attempt, attempt.sid or "", CallStatus.RINGING, 2)
    await asyncio.sleep(12)
    await beat(office.services)
    assert (await the_campaign(office)).paused_for is PauseReason.BREAKER


async def test_harm_is_noticed_while_a_beat_goes_on() -> None:
    office = Office(limits=AccountLimits(calls_per_second=1))
    await office.campaign(contacts=100)
    beating = asyncio.create_task(beat(office.services))
    await asyncio.sleep(9)
    await end(office, status=CallStatus.FAILED, sip_code=503)
    await beating
    assert (await the_campaign(office)).paused_for is PauseReason.BREAKER
    assert len(office.carrier.requests) < 15


async def test_open_calls_hold_back_their_estimate_from_the_budget() -> None:
    office = Office()
    await office.campaign(contacts=50, budget={"amount": 4.5 * CALL_ESTIMATE})
    assert (await beat(office.services)).refused == 0
    assert len(office.carrier.requests) == 5
    assert (await the_campaign(office)).state is CampaignState.RUNNING
    # Nobody answered, so nothing was spent: there is money for as many more.
    await end(office, status=CallStatus.NO_ANSWER)
    await beat(office.services)
    assert len(office.carrier.requests) == 10


async def test_campaign_stops_when_its_money_is_spent() -> None:
    office = Office()
    await office.campaign(contacts=50, budget={"amount": 3.5 * CALL_ESTIMATE})
    for _ in range(8):
        await beat(office.services)
        await end(office, Talk(caller_turns=3), duration_s=90)
    await beat(office.services)
    campaign = await the_campaign(office)
    assert (campaign.state, campaign.paused_for) == (CampaignState.PAUSED, PauseReason.BUDGET)
    spent = (await tally_of(office.store, "diwali")).cost
    assert 3.5 * CALL_ESTIMATE <= spent <= 5 * CALL_ESTIMATE


async def test_call_costs_its_countrys_minutes_and_the_tokens_of_its_agents_model() -> None:
    office = Office()
    await office.campaign(contacts=1)
    await beat(office.services)
    sid = office.carrier.calls[0].sid
    await office.store.create(
        f"calls/{sid}",
        {"usage": {"input_text": 1000, "input_audio": 9000, "output_text": 200, "output_audio": 800, "input_image": 5}},
    )
    await office.store.create("agents/renewal", agent_of_model("gemini-3.8-live"))
    await end(office, Talk(caller_turns=3), duration_s=61)
    use = TokenUse(text_in=1005, audio_in=9000, text_out=200, audio_out=800)
    price = PRICES.models["gemini-3.8-live"]
    assert isinstance(price, ModelPrice)
    expected = call_cost(61, answered=True, country="IN", model_cost=price.of(use))
    assert (await tally_of(office.store, "diwali")).cost == pytest.approx(expected)
    minutes = 2 * (PRICES.minute["IN"] + PRICES.stream_minute)
    assert expected == pytest.approx(minutes + PRICES.detection + price.of(use), abs=1e-6)


def agent_of_model(model_id: str) -> dict[str, Any]:
    from shared.store.agents import shipped_agents

    document = shipped_agents()["renewal"].model_dump(mode="json")
    document["model"]["id"] = model_id
    return document


async def test_outcome_of_a_talk_reaches_the_tally() -> None:
    office = Office()
    await office.campaign(contacts=1)
    await beat(office.services)
    (attempt,) = office.attempts()
    await office.services.attempts.move(attempt.id, lambda one: one.changed(outcome=Outcome.GOAL_MET))
    await end(office, Talk(caller_turns=3), duration_s=30)
    assert (await tally_of(office.store, "diwali")).outcomes == {str(Outcome.GOAL_MET): 1}
