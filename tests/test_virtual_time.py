"""The loop that jumps: what it may skip, and what it may not."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from tests.manual_clock import MONDAY_MORNING
from tests.virtual_time import START_S, LoopClock, real_time

pytestmark = [pytest.mark.virtual_time, pytest.mark.portable]


async def test_a_long_wait_takes_no_time() -> None:
    loop, started_s = asyncio.get_running_loop(), time.monotonic()
    assert loop.time() == START_S
    await asyncio.sleep(3_600)
    assert loop.time() == pytest.approx(START_S + 3_600)
    assert time.monotonic() - started_s < 1


async def test_timers_come_in_order_and_on_the_dot() -> None:
    loop = asyncio.get_running_loop()
    rang: list[tuple[float, float]] = []

    def ring(delay_s: float) -> None:
        rang.append((delay_s, round(loop.time() - START_S, 6)))

    for delay_s in (3, 1, 2, 0.02):
        loop.call_later(delay_s, ring, delay_s)
    await asyncio.sleep(5)
    assert rang == [(0.02, 0.02), (1, 1), (2, 2), (3, 3)]


async def test_frames_paced_from_a_start_instant_do_not_drift() -> None:
    loop = asyncio.get_running_loop()
    for n in range(1, 1_501):
        await asyncio.sleep(START_S + n * 0.02 - loop.time())
    assert loop.time() == pytest.approx(START_S + 30, abs=1e-6)


async def test_a_thread_is_waited_for_and_not_jumped_over() -> None:
    async with asyncio.timeout(10):
        await asyncio.to_thread(time.sleep, 0.1)
    assert asyncio.get_running_loop().time() - START_S < 5


async def test_somebody_elses_thread_is_waited_for_in_real_time() -> None:
    loop, heard = asyncio.get_running_loop(), asyncio.Event()
    threading.Timer(0.1, lambda: loop.call_soon_threadsafe(heard.set)).start()
    with real_time():
        async with asyncio.timeout(10):
            await heard.wait()


async def test_a_conversation_over_loopback_sockets_ends_before_its_deadline() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            await asyncio.sleep(60)
            writer.write(line)
        writer.close()

    async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        for _ in range(50):
            async with asyncio.timeout(61):
                writer.write(b"hello\n")
                assert await reader.readline() == b"hello\n"
        writer.close()
        await writer.wait_closed()


async def test_a_clock_can_keep_time_with_the_loop() -> None:
    clock = LoopClock(MONDAY_MORNING)
    await asyncio.sleep(90)
    assert (clock.now() - MONDAY_MORNING).total_seconds() == pytest.approx(90)
