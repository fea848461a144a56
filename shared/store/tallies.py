"""Sums over a campaign's attempts, each counted once: added in the very batch that settles the attempt.

A counter that everybody adds to would be contended, and one that is added to on callbacks would count twice; these are
a few documents per campaign, chosen by the attempt's id and written by compare-and-set.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zlib import crc32

from shared.store.store import Create, Document, Store, Update

SHARDS = 16
MOST_SPANS = 30
"""Hours of answers that are kept, a few more than the day that is looked back on."""


@dataclass(slots=True)
class Tally:
    """Sums over settled attempts."""

    attempts: int = 0
    cost: float = 0.0
    talk_s: int = 0
    dispositions: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)
    """People who answered, by the beginning of the span in which their calls were settled; of the last day only."""
    unheard: Counter[str] = field(default_factory=Counter)
    """Those of them to whom nobody spoke in time, whatever came of the call after that."""

    def add(self, other: Mapping[str, Any]) -> None:
        """Add a shard's document."""
        self.attempts += int(other.get("attempts", 0))
        self.cost += float(other.get("cost", 0.0))
        self.talk_s += int(other.get("talk_s", 0))
        for name in _COUNTERS:
            getattr(self, name).update(other.get(name, {}))

    def answers_since(self, since: datetime) -> tuple[int, int]:
        """People to whom nobody spoke in time, and all who answered, in the spans that begin then or later."""
        spans = [span for span in self.answered if datetime.fromisoformat(span) >= since]
        return sum(self.unheard[span] for span in spans), sum(self.answered[span] for span in spans)

    def to_document(self) -> dict[str, Any]:
        """As a shard is kept."""
        return {
            "attempts": self.attempts,
            "cost": round(self.cost, 6),
            "talk_s": self.talk_s,
            "dispositions": dict(self.dispositions),
            "outcomes": dict(self.outcomes),
            "languages": dict(self.languages),
            "answered": dict(self.answered),
            "unheard": dict(self.unheard),
        }


_COUNTERS = ("dispositions", "outcomes", "languages", "answered", "unheard")


def span_of(now: datetime, resumed_at: datetime | None) -> str:
    """The span that a call settled now is counted in: this hour, or what is left of it since the campaign was resumed,
    so that what went before a pause can be told from what came after."""
    hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return max(hour, resumed_at or hour).astimezone(UTC).isoformat()


def tally_path(campaign_id: str, attempt_id: str) -> str:
    """Which shard an attempt is counted in."""
    return f"campaigns/{campaign_id}/tallies/{crc32(attempt_id.encode()) % SHARDS:02d}"


def add_one(path: str, document: Document | None, one: Tally) -> Create | Update:
    """The write that counts one attempt more, and fails if somebody else counted in between."""
    if document is None:
        return Create(path, one.to_document())
    total = Tally()
    total.add(document.data)
    total.add(one.to_document())
    for spans in (total.answered, total.unheard):
        for old in sorted(spans, key=datetime.fromisoformat)[:-MOST_SPANS]:
            del spans[old]
    return Update(path, total.to_document(), document.version)


async def tally_of(store: Store, campaign_id: str) -> Tally:
    """All of a campaign's settled attempts."""
    total = Tally()
    page = await store.query(f"campaigns/{campaign_id}/tallies", limit=SHARDS)
    for document in page.documents:
        total.add(document.data)
    return total
