"""A network and a program for it to call, and sounds that can be told apart."""

from __future__ import annotations

from collections.abc import AsyncIterator
from random import Random

import pytest_asyncio

from local.telephone_network import ClipShelf, NetworkSettings, TelephoneNetwork, telephone_network
from local.telephone_network.sound import tones
from tests.telephone_network.answering_app import AUTH_TOKEN, AnsweringApp, answering_app

ACCOUNT_SID = "AC00000000000000000000000000000000"
OUR_NUMBER = "+13105550100"
CALLER = "+14155550123"

HELLO = tones.murmur(1000)
"""One second of a voice."""
WAIT = tones.noise(600, -20.0, Random(7))
"""0.6 s of something that sounds different."""
CLIPS = ClipShelf.of(
    {"hello_en_ann": HELLO, "hello_hi_uma": WAIT, "greeting_ann": tones.murmur(2000)},
    {"hello_en": "Hello there", "greeting": "You have reached Ann."},
)


@pytest_asyncio.fixture
async def app() -> AsyncIterator[AnsweringApp]:
    """The program that Twilio calls."""
    async with answering_app() as app:
        yield app


@pytest_asyncio.fixture
async def network(app: AnsweringApp) -> AsyncIterator[TelephoneNetwork]:
    """A network that owns one number and calls the app about it; one call per second, real proportions."""
    settings = NetworkSettings(
        account_sid=ACCOUNT_SID,
        auth_token=AUTH_TOKEN,
        numbers=(OUR_NUMBER,),
        voice_url=f"{app.base_url}/voice",
        status_url=f"{app.base_url}/status",
        clips=CLIPS,
    )
    async with telephone_network(settings) as network:
        yield network
    assert network.exchange.breakdowns == []
