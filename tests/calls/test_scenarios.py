"""A few scenarios played as real calls, in parallel, and judged as scripts/eval does it: what must hold on any machine.

How long callers waited is measured, not asserted: a busy machine is not a bug.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from local.evaluations.__main__ import chosen, document_of, evaluate, options
from local.evaluations.report import rows, table
from local.evaluations.scenario import read_all
from local.evaluations.verdict import Aspect

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

HELD = [Aspect.GOALS, Aspect.TOOLS, Aspect.LANGUAGE, Aspect.INTERRUPTIONS, Aspect.RULES]


async def test_the_fast_scenarios_hold_against_the_local_speech_model(tmp_path: Path) -> None:
    fast = chosen(read_all(), options(["--fast"]))
    assert {scenario.language for scenario in fast} == {"en", "hi", "mixed"}
    assert {scenario.outbound is None for scenario in fast} == {True, False}
    calls = await evaluate(fast, 1, len(fast), tmp_path)
    assert len(calls) == len(fast)
    broken = [
        f"{one.played.scenario.id}: {verdict.what} {verdict.seen}"
        for one in calls
        for verdict in one.verdicts
        if verdict.aspect in HELD and not verdict.holds
    ]
    assert not broken
    found = rows(calls)
    assert [row.model for row in found] == ["local speech model"] * 4
    assert table(found).count("\n") == 5
    assert len(document_of(calls, found)["calls"]) == len(fast)
    assert all((tmp_path / "calls" / f"{scenario.id}-1.json").is_file() for scenario in fast)
