"""Nobody's phone rings twice, nobody is forgotten and no lock stays, wherever the dispatcher is killed."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from tests.campaigns.crash.ordeal import ordeal

pytestmark = pytest.mark.timeout(400)


async def test_dispatcher_killed_at_every_point_on_sqlite(tmp_path: Path) -> None:
    outcome = await ordeal(f"sqlite:///{tmp_path}/ordeal.db", contacts=200, rounds=14, seed=1)
    print(outcome.table())  # noqa: T201  # the table is what people want to see
    assert outcome.kills >= 4
    assert outcome.rang_twice == []
    assert outcome.states == {"done": 200}
    assert (outcome.locks, outcome.open_attempts) == (0, 0)


@pytest.mark.firestore
async def test_dispatcher_killed_at_every_point_on_firestore(
    firestore_host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", firestore_host)
    project = f"ordeal-{uuid4().hex[:8]}"
    outcome = await ordeal(f"firestore://{project}/(default)", contacts=80, rounds=8, seed=2, calls_per_second=40)
    print(outcome.table())  # noqa: T201
    assert outcome.kills >= 4
    assert outcome.rang_twice == []
    assert outcome.states == {"done": 80}
    assert (outcome.locks, outcome.open_attempts) == (0, 0)
