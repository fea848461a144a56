"""What a campaign's attempts came to, counted once each: added in the very batch that settles an attempt.

A counter that everybody adds to would be contended, and one that is added to on callbacks would count twice; these are
a few documents per campaign, chosen by the attempt's id and written by compare-and-set.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

from shared.store.store import Create, Document, Store, Update

SHARDS = 16


@dataclass(slots=True)
class Tally:
    """Sums over settled attempts."""

    attempts: int = 0
    cost: float = 0.0
    talk_s: int = 0
    dispositions: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)

    def add(self, other: Mapping[str, Any]) -> None:
        """Add a shard's document."""
        self.attempts += int(other.get("attempts", 0))
        self.cost += float(other.get("cost", 0.0))
        self.talk_s += int(other.get("talk_s", 0))
        for name in ("dispositions", "outcomes", "languages"):
            getattr(self, name).update(other.get(name, {}))

    def to_document(self) -> dict[str, Any]:
        """As a shard is kept."""
        return {
            "attempts": self.attempts,
            "cost": round(self.cost, 6),
            "talk_s": self.talk_s,
            "dispositions": dict(self.dispositions),
            "outcomes": dict(self.outcomes),
            "languages": dict(self.languages),
        }


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
    return Update(path, total.to_document(), document.version)


async def tally_of(store: Store, campaign_id: str) -> Tally:
    """All of a campaign's settled attempts."""
    total = Tally()
    page = await store.query(f"campaigns/{campaign_id}/tallies", limit=SHARDS)
    for document in page.documents:
        total.add(document.data)
    return total
