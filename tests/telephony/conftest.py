"""An account at the local telephone network, and the carrier that uses it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest_asyncio

from local.telephone_network import NetworkSettings, TelephoneNetwork, telephone_network
from shared.telephony import open_carrier
from shared.telephony.carrier import CallRequest, Carrier

ACCOUNT, TOKEN, OURS, THEIRS = "AC" + "0" * 32, "token", "+13105550100", "+919876543210"
NOW = datetime(2026, 11, 23, 4, 30, tzinfo=UTC)
REQUEST = CallRequest(
    to=THEIRS, from_=OURS, answer_url="http://127.0.0.1:9/a?x=1&y=%2B", status_url="http://127.0.0.1:9/s"
)


@pytest_asyncio.fixture
async def network() -> AsyncIterator[TelephoneNetwork]:
    """An account that may start ten calls a second."""
    settings = NetworkSettings(ACCOUNT, TOKEN, (OURS,), calls_per_second=10)
    async with telephone_network(settings) as network:
        yield network
    assert network.exchange.breakdowns == []


@contextlib.asynccontextmanager
async def carrier_at(url: str, token: str = TOKEN) -> AsyncIterator[Carrier]:
    carrier = open_carrier(ACCOUNT, token, url)
    try:
        yield carrier
    finally:
        await carrier.close()
        await asyncio.sleep(0.1)  # aiohttp closes TLS connections a moment later


@pytest_asyncio.fixture
async def carrier(network: TelephoneNetwork) -> AsyncIterator[Carrier]:
    """Our account at that network."""
    async with carrier_at(network.base_url) as carrier:
        yield carrier
