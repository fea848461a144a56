"""A campaign's call whose errand cannot be read when its stream begins is ended, and never carried as if somebody had
called us."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from functions.voice.app import make_app
from functions.voice.endings import Endings
from shared.domain.call_status import CallStatus
from shared.domain.calling_rules import Purpose
from shared.domain.campaign import Voicemail, campaign_path
from tests.voice.phone import Phone, token_in, verbs
from tests.voice.test_calls import House
from tests.voice.test_machines import placed

pytestmark = pytest.mark.virtual_time


async def picked_up(home: House) -> tuple[Phone, str]:
    """The phone, and the token of its stream."""
    phone = Phone(home.app)
    connected = await phone.post("/voice/outbound/a1?fence=1", CallStatus=str(CallStatus.IN_PROGRESS))
    return phone, token_in(connected.text)


async def test_whoever_answers_while_the_store_is_away_hears_an_apology_and_no_other_greeting() -> None:
    async with placed(Voicemail(), "en", purpose=Purpose.MARKETING) as home:
        phone, token = await picked_up(home)
        home.store.away = True
        began_s = asyncio.get_running_loop().time()
        await phone.stream(token)
        assert asyncio.get_running_loop().time() - began_s <= 2
        assert home.model.sessions == []
        after = await phone.post("/voice/after?stream=1")
        assert verbs(after.text) == ["Say", "Hangup"]
        assert "call you" in after.text
        home.store.away = False
        await phone.post("/voice/status?attempt=a1", CallStatus="completed", SequenceNumber="4", CallDuration="3")
        home.services.clock.advance(minutes=2)  # type: ignore[attr-defined]
        assert await home.services.settlement.settle("a1")
        read = await home.services.attempts.read("a1")
        assert read is not None
        assert (read[0].disposition, read[0].silent_answer) == ("agent_failed", True)


async def test_the_process_that_is_asked_what_comes_next_knows_it_too() -> None:
    async with placed(Voicemail(), "en", purpose=Purpose.MARKETING) as home:
        phone, token = await picked_up(home)
        campaign = home.store.documents.pop(campaign_path("c1"))
        await phone.stream(token)
        home.store.documents[campaign_path("c1")] = campaign
        other = Phone(make_app(replace(home.services, endings=Endings())))
        assert verbs((await other.post("/voice/after?stream=1")).text) == ["Say", "Hangup"]
        assert home.call()["ending"] == "internal_error"
