"""What a process says of the sessions it holds: soon, seldom, and never in a caller's way."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack

import pytest

from functions.voice.endings import AfterStream
from functions.voice.live_sessions import AT_MOST_EVERY_S, RENEW_S, LiveSessions
from shared.domain.call import Direction, Ending
from shared.store.live_sessions import LEASE, SessionsInUse, sessions_in_use
from tests.manual_clock import ManualClock
from tests.memory_store import MemoryStore
from tests.voice.phone import Phone, token_in
from tests.voice.test_calls import house

pytestmark = pytest.mark.virtual_time
PLACE = "vertex/eu/gemini-3.8-live"


async def test_a_call_is_counted_while_it_lasts() -> None:
    async with house() as home:
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        await (await home.model.session()).is_told()
        await asyncio.sleep(AT_MOST_EVERY_S + 0.1)
        now = home.services.clock.now()
        assert await sessions_in_use(home.store, now) == {"developer": SessionsInUse(1, 0)}
        phone.hang_up()
        await call
        await asyncio.sleep(AT_MOST_EVERY_S + 0.1)
        assert await sessions_in_use(home.store, now) == {}


async def test_a_stream_that_ends_takes_nothing_from_the_one_that_took_its_call_over() -> None:
    """The lost stream is still writing its records when the next one stands."""
    async with house() as home:
        phone, again = Phone(home.app), Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        await (await home.model.session()).is_told()
        home.store.away = True
        phone.drop()
        await asyncio.sleep(0.1)
        home.services.endings.remember(phone.call_sid, AfterStream(Ending.STREAM_LOST, "en", 1, agent_id="reception"))
        answer = await again.post("/voice/after?stream=1")
        second = asyncio.create_task(again.stream(token_in(answer.text)))
        await asyncio.sleep(0.5)
        assert not call.done()
        assert home.services.sessions.by_region() == {"developer": {Direction.INBOUND: 2, Direction.OUTBOUND: 0}}
        await call
        assert home.services.sessions.by_region() == {"developer": {Direction.INBOUND: 1, Direction.OUTBOUND: 0}}
        again.hang_up()
        await second


async def test_many_calls_are_one_write_every_two_seconds_and_the_lease_is_renewed() -> None:
    sessions, store, clock = LiveSessions(), MemoryStore(), ManualClock()
    saying = asyncio.create_task(sessions.run(store, clock))
    await asyncio.sleep(0)
    with ExitStack() as calls:
        writes: list[object] = []
        for number in range(200):
            way = Direction.INBOUND if number % 2 else Direction.OUTBOUND
            calls.enter_context(sessions.holding(way, lambda: PLACE))
            await asyncio.sleep(0.05)  # ten seconds in all
            if (document := await store.get(f"live_sessions/{sessions.instance}")) is not None:
                writes += [document.version] if document.version not in writes else []
        assert 4 <= len(writes) <= 10 / AT_MOST_EVERY_S + 1
        await asyncio.sleep(AT_MOST_EVERY_S)
        assert await sessions_in_use(store, clock.now()) == {"vertex/eu": SessionsInUse(100, 100)}
        clock.set(clock.now() + LEASE)
        assert await sessions_in_use(store, clock.now()) == {}
        await asyncio.sleep(RENEW_S + AT_MOST_EVERY_S)
        assert await sessions_in_use(store, clock.now()) == {"vertex/eu": SessionsInUse(100, 100)}
        saying.cancel()
        await asyncio.wait([saying])
    assert await store.get(f"live_sessions/{sessions.instance}") is None, "a process that ends lets go"


async def test_a_store_that_is_away_is_told_later() -> None:
    sessions, store, clock = LiveSessions(), MemoryStore(), ManualClock()
    saying = asyncio.create_task(sessions.run(store, clock))
    await asyncio.sleep(0)
    store.away = True
    with sessions.holding(Direction.INBOUND, lambda: PLACE):
        await asyncio.sleep(5)
        store.away = False
        await asyncio.sleep(RENEW_S + AT_MOST_EVERY_S)
        assert await sessions_in_use(store, clock.now()) == {"vertex/eu": SessionsInUse(1, 0)}
    saying.cancel()
    await asyncio.wait([saying])


async def test_a_process_without_calls_writes_nothing() -> None:
    sessions, store = LiveSessions(), MemoryStore()
    saying = asyncio.create_task(sessions.run(store, ManualClock()))
    await asyncio.sleep(300)
    assert store.documents == {}
    saying.cancel()
    await asyncio.wait([saying])
