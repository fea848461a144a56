"""Time that runs, time that races, and time that is moved on by hand."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from local.telephone_network import RunningTime, SteppedTime
from tests.manual_clock import MONDAY_MORNING, ManualClock
from tests.virtual_time import START_S

pytestmark = pytest.mark.portable


@pytest.mark.virtual_time
async def test_time_runs_as_fast_as_it_is_told() -> None:
    time = RunningTime(ManualClock(), speed=60)
    assert time.now() == MONDAY_MORNING
    await time.sleep(600)
    assert asyncio.get_running_loop().time() == pytest.approx(START_S + 10)
    assert time.now() - MONDAY_MORNING == pytest.approx(timedelta(minutes=10), abs=timedelta(milliseconds=1))
    await time.sleep(-5)


def test_time_does_not_stand_still() -> None:
    with pytest.raises(ValueError, match="forwards"):
        RunningTime(ManualClock(), speed=0)


async def test_stepped_time_wakes_sleepers_in_order_at_their_instant() -> None:
    time = SteppedTime(ManualClock())
    woke: list[tuple[str, float]] = []

    async def sleeper(name: str, *naps: float) -> None:
        for nap in naps:
            await time.sleep(nap)
            woke.append((name, time.elapsed_s()))

    tasks = [
        asyncio.create_task(sleeper("a", 3, 3)),
        asyncio.create_task(sleeper("b", 1, 4)),
        asyncio.create_task(sleeper("c", 100)),
    ]
    await time.advance(10)
    assert woke == [("b", 1), ("a", 3), ("b", 5), ("a", 6)]
    assert time.now() == MONDAY_MORNING + timedelta(seconds=10)
    tasks[2].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await time.advance(200)
    assert len(woke) == 4


async def test_stepped_time_waits_for_work_in_the_real_world() -> None:
    time = SteppedTime(ManualClock())
    done: list[float] = []

    async def ask_somebody() -> None:
        await time.sleep(1)
        with time.at_work():
            await asyncio.sleep(0.05)
        await time.sleep(1)
        done.append(time.elapsed_s())

    task = asyncio.create_task(ask_somebody())
    await time.advance(60)
    assert done == [2]
    await task
