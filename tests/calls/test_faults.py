"""Faults on the real wires: voice under gunicorn, a telephone network and a speech model that misbehave, real time.

The whole table is scripts/bench faults, and on a clock of its own tests/voice/test_unbroken.py; here is one of a sort.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from bench.fault_calls import Voice, voice
from bench.fault_rows import ROWS
from bench.faults import holds

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

SILENT = ["frozen at the caller's turn", "frozen in mid-answer", "goAway, then silence"]
CUT_OFF = ["connection lost in mid-answer", "closed with 1007", "stream dropped"]


@pytest.fixture
async def around(tmp_path: Path) -> AsyncIterator[Voice]:
    async with voice(tmp_path) as around:
        yield around


@pytest.mark.parametrize("names", [SILENT, CUT_OFF], ids=["silent", "cut_off"])
async def test_callers_hear_something_within_the_deadline_of_every_sort_of_fault(
    around: Voice, names: Sequence[str]
) -> None:
    rows = [row for row in ROWS if row.name in names]
    assert len(rows) == len(names)
    async with around.instance():
        for row in rows:
            heard = await around.call(row)
            assert holds(row, heard), f"{row.name}: {heard}"


async def test_a_deploy_does_not_hang_up_on_callers(around: Voice) -> None:
    script: list[dict[str, Any]] = [
        {"wait": "agent_done"},
        {"wait": 3.0},
        {"wait": "agent_done", "after_s": 30},
        {"say": "hours_question_en"},
        {"wait": "agent_speaks", "after_s": 30},
        {"wait": "agent_done", "after_s": 30},
        {"hang_up": True},
    ]
    async with around.instance() as old:
        call_sid = await around.dial(script)
        await asyncio.sleep(2)
        async with around.instance():
            await asyncio.sleep(4)
            old.send_signal(signal.SIGTERM)
            heard = await around.heard(call_sid)
            assert await old.wait() == 0
    assert heard.streams == 2
    assert heard.ending == "caller_hung_up"
    assert not heard.apologised
    assert heard.answered
    assert heard.silence_ms <= 5_000
    greetings = [turn for turn in heard.turns if turn["text"].startswith("Hello! This is Tara")]
    assert len(greetings) == 1, "nobody is greeted twice"
    assert greetings[0]["cut_off"] is False
