"""An event that cannot happen to an attempt changes nothing, and is kept with it, on both stores."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from shared.domain.attempt import Attempt, AttemptEvent, IllegalEvent, attempt_path
from shared.store.attempts import MOST_ILLEGAL_KEPT, Attempts, attempt_document
from shared.store.store import Store
from tests.manual_clock import ManualClock

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
PLANNED = Attempt(id="a1", campaign_id="c1", contact_id="h1", attempt_no=1, created_at=NOW)


async def test_it_is_kept_with_its_moment_and_reason_and_the_attempt_stays_as_it_was(store: Store) -> None:
    attempts = Attempts(store, ManualClock(NOW))
    await store.create(attempt_path("a1"), attempt_document(PLANNED, NOW))
    for _ in range(MOST_ILLEGAL_KEPT + 3):
        with pytest.raises(IllegalEvent, match="an attempt that is planned takes no ring"):
            await attempts.move("a1", lambda one: one.advanced(AttemptEvent.RING))
    read = await attempts.read("a1")
    assert read is not None
    attempt, document = read
    assert attempt == PLANNED
    kept = document.data["illegal_events"]
    assert isinstance(kept, list)
    assert len(kept) == MOST_ILLEGAL_KEPT
    assert kept[-1] == {"at": NOW, "event": "ring", "why": "an attempt that is planned takes no ring"}
