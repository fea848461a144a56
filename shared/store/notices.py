"""Notices for the people who run Parley, such as a replaced speech model; one function leaves them for another.

One document a subject, so that many processes that find out the same leave one notice. Everything in it may be shown:
names of models, regions and agents, no people.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.store.store import OrderBy, Put, Store, Value, Where

COLLECTION = "notices"
MOST = 50


class NoticeKind(StrEnum):
    """What it is about."""

    REPLACED = "model_replaced"
    """An agent is voiced by its model's successor."""
    GONE = "model_gone"
    """An agent's model is gone, and nothing can follow it where it runs."""
    QUOTA = "quota_used_up"
    """Of the account, at one place."""
    AVOIDED = "model_avoided"
    """It could not be had several times: calls go elsewhere first."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Holds until an instant; whoever still sees the reason says it anew."""

    kind: NoticeKind
    subject: str
    """What it is about: an agent, or a place as "platform/region/model"."""
    sentence: str
    until: datetime

    @property
    def path(self) -> str:
        """Where it is kept: the same for everybody who says this of this subject."""
        about = "place" if self.kind in {NoticeKind.QUOTA, NoticeKind.AVOIDED} else "agent"
        return f"{COLLECTION}/{about}-{hashlib.sha256(self.subject.encode()).hexdigest()[:24]}"

    def put(self) -> Put:
        """The write that leaves it."""
        data: dict[str, Value] = {
            "kind": str(self.kind),
            "subject": self.subject,
            "sentence": self.sentence,
            "until": self.until,
        }
        return Put(self.path, data)

    @classmethod
    def from_document(cls, data: Mapping[str, Value]) -> Notice:
        """As it was left."""
        until = data["until"]
        assert isinstance(until, datetime)
        return cls(NoticeKind(str(data["kind"])), str(data["subject"]), str(data["sentence"]), until)


async def read_notices(store: Store, now: datetime) -> list[Notice]:
    """Those that hold, the one that ends first first. Raises StoreError."""
    page = await store.query(COLLECTION, [Where("until", ">", now)], order_by=[OrderBy("until")], limit=MOST)
    return [Notice.from_document(document.data) for document in page.documents]
