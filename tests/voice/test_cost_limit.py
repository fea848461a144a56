"""A call that costs too much comes to an end: the agent is told in time, and the line drops at the limit."""

from __future__ import annotations

import asyncio

import pytest

from functions.voice.meter import Meter
from functions.voice.prompts import WRAP_UP
from functions.voice.speech.model import Usage
from shared.domain.cost import DEFAULT_MODEL, PRICES, carrier_cost
from tests.voice.phone import Phone
from tests.voice.test_calls import TARA, house

CHEAP = TARA.model_copy(update={"limits": TARA.limits.model_copy(update={"cost": 0.5, "silence_s": 120})})


@pytest.mark.virtual_time
async def test_a_call_ends_at_what_it_may_cost() -> None:
    async with house(CHEAP) as home:
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        session = await home.model.session()
        await session.is_told()
        session.says("Hello, this is Tara.", 1000)
        session.sends(Usage({"audio": 20_000, "text": 1_000}, {"audio": 5_000}))
        await asyncio.sleep(3)
        assert WRAP_UP not in session.texts
        session.sends(Usage({"audio": 100_000}, {"audio": 500, "text": 100}))
        await asyncio.sleep(2)
        assert WRAP_UP in session.texts
        assert not call.done()
        session.sends(Usage({"audio": 40_000}, {}))
        await asyncio.wait_for(call, 3)
        assert home.call()["ending"] == "cost_limit"
        assert [event["fields"] for event in home.part("events") if event["kind"] == "told_to_wrap_up"] == [
            {"why": "cost"}
        ]


@pytest.mark.virtual_time
async def test_a_call_without_a_limit_goes_on_whatever_it_costs() -> None:
    async with house(TARA) as home:
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        session = await home.model.session()
        await session.is_told()
        session.sends(Usage({"audio": 10_000_000}, {}))
        await asyncio.sleep(3)
        assert not call.done()
        phone.hang_up()
        await call


def test_the_line_costs_as_well_by_started_minutes() -> None:
    meter = Meter(0.25, DEFAULT_MODEL, "AE")
    assert meter.spent(1_000) == carrier_cost(1, "AE", answered=True)
    assert not Meter(1.0, DEFAULT_MODEL, "AE").is_near(59_000)
    assert meter.is_over(1_000)
    free = Meter(None, DEFAULT_MODEL, "AE")
    assert not free.is_near(10**9)
    assert not free.is_over(10**9)


def test_tokens_are_priced_as_the_bill_prices_them() -> None:
    meter = Meter(None, DEFAULT_MODEL, "US")
    before = meter.spent(0)
    meter.used({"audio": 1_000_000, "text": 1_000_000, "video": 1_000_000}, {"audio": 1_000_000, "text": 1_000_000})
    price = PRICES.model(DEFAULT_MODEL)
    expected = price.audio_in + 2 * price.text_in + price.audio_out + price.text_out
    assert meter.spent(0) - before == pytest.approx(expected)
