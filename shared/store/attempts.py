"""Attempts in the store: read, moved on, and looked back on. Every move is compare-and-set, so none is lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from shared.clock import Clock
from shared.domain.attempt import Attempt, IllegalEvent, PastAttempt, attempt_path, past
from shared.domain.attempt_check import check_at
from shared.store.change import change_document
from shared.store.store import REMOVE, Document, OrderBy, Remove, Store, Value, Where

LOOK_BACK = timedelta(days=31)
"""Longer than the longest cap on calls to a number."""
MOST_LOOKED_AT = 200
LAST_FEW = 5
MOST_ILLEGAL_KEPT = 20
"""Of the events that did not fit an attempt, the latest."""
SAYS_LITTLE = frozenset({"check_at", "status"})
"""Alone, these are not worth a write: an open call's state already says how far it has come."""


def attempt_document(attempt: Attempt, now: datetime, *, settled: bool = False) -> dict[str, Any]:
    """An attempt as it is kept: with what the dispatcher's queries ask for."""
    document = {**attempt.to_document(), "is_open": attempt.state.is_open, "settled": settled}
    if not settled:
        document["check_at"] = check_at(attempt, now)
    return document


def changed_fields(attempt: Attempt, now: datetime, *, settled: bool = False) -> dict[str, Value | Remove]:
    """The same, as changes to a document that is there."""
    return {"check_at": REMOVE, **attempt_document(attempt, now, settled=settled)}


def _is_watched(before: Mapping[str, Value], now: datetime) -> bool:
    """Whether somebody will look after it all the same."""
    check_at = before.get("check_at")
    return isinstance(check_at, datetime) and check_at > now


def _with_note(before: Mapping[str, Value], illegal: IllegalEvent, now: datetime) -> dict[str, Value | Remove]:
    """What cannot happen to an attempt changes nothing in it, and is kept beside it."""
    kept = before.get("illegal_events")
    earlier = kept[1 - MOST_ILLEGAL_KEPT :] if isinstance(kept, list) else []
    return {"illegal_events": [*earlier, {"at": now, "event": str(illegal.event), "why": str(illegal)}]}


class Attempts:
    """The attempts of all campaigns."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def read(self, attempt_id: str) -> tuple[Attempt, Document] | None:
        """The attempt and the document it was read from."""
        document = await self._store.get(attempt_path(attempt_id))
        return None if document is None else (Attempt.from_document(document.data), document)

    async def move(
        self, attempt_id: str, by: Callable[[Attempt], Attempt], also: Mapping[str, Value] | None = None
    ) -> Attempt:
        """Move an attempt on. Raises NotFound, or IllegalEvent when it cannot be moved so, of which a note is kept."""
        moved: list[Attempt] = []
        refused: list[IllegalEvent] = []

        def decide(document: Document) -> dict[str, Value | Remove] | None:
            before, now = document.data, self._clock.now()
            refused.clear()
            try:
                moved[:] = [by(Attempt.from_document(before))]
            except IllegalEvent as illegal:
                refused.append(illegal)
                return _with_note(before, illegal, now)
            # What comes after the books are closed is kept, but nobody needs to look after it again.
            settled = bool(before.get("settled"))
            fields = {**changed_fields(moved[0], now, settled=settled), **(also or {})}
            changes = {name: value for name, value in fields.items() if before.get(name, REMOVE) != value}
            if moved[0].state.is_open and changes.keys() <= SAYS_LITTLE and _is_watched(before, now):
                return None
            return changes or None

        await change_document(self._store, attempt_path(attempt_id), decide)
        if refused:
            raise refused[0]
        return moved[0]

    async def note(self, attempt_id: str, fields: Mapping[str, Value]) -> None:
        """Keep something about an attempt that does not move it."""
        await change_document(self._store, attempt_path(attempt_id), lambda _: fields)

    async def of_number(self, contact_id: str, now: datetime) -> tuple[PastAttempt, ...]:
        """What happened to this number lately, in all campaigns, newest first."""
        page = await self._store.query(
            "attempts",
            [Where("contact_id", "==", contact_id), Where("created_at", ">=", now - LOOK_BACK)],
            order_by=[OrderBy("created_at", descending=True)],
            limit=MOST_LOOKED_AT,
        )
        return tuple(past(Attempt.from_document(document.data)) for document in page.documents)

    async def language_of(self, contact_id: str, now: datetime) -> str | None:
        """What was last spoken with this number on a campaign's call; None where nothing was lately."""
        page = await self._store.query(
            "attempts",
            [Where("contact_id", "==", contact_id), Where("created_at", ">=", now - LOOK_BACK)],
            order_by=[OrderBy("created_at", descending=True)],
            limit=LAST_FEW,
        )
        spoken = (document.data.get("language") for document in page.documents)
        return next((str(language) for language in spoken if language), None)

    async def due_for_a_look(self, now: datetime, limit: int) -> Sequence[Document]:
        """Attempts that went quiet, longest first."""
        page = await self._store.query(
            "attempts", [Where("check_at", "<=", now)], order_by=[OrderBy("check_at")], limit=limit
        )
        return page.documents

    async def count_open(self, campaign_id: str | None = None) -> int:
        """How many are under way."""
        where = [Where("is_open", "==", True)]
        if campaign_id is not None:
            where.append(Where("campaign_id", "==", campaign_id))
        return await self._store.count("attempts", where)
