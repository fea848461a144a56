"""Messages for the people behind an agent: what a caller left for them, and whom they are to call back.

A message is announced in the same breath in which it is written down, so that a webhook passes it on; the console shows
the latest ones. Whoever tells a caller that it will be passed on does so once it is written.
"""

from __future__ import annotations

from contextlib import suppress
from enum import StrEnum

from shared.domain.announcement import Announcement, EventType, announcement_path
from shared.domain.record import Instant, Record
from shared.store.store import AlreadyExists, Create, OrderBy, Page, Store

COLLECTION = "messages"


class MessageKind(StrEnum):
    """What it is about."""

    LEFT = "left"
    """A caller asked the agent to pass it on."""
    CALL_BACK = "call_back"
    """A call failed, nobody took it over, and the caller was told that we call back."""


class Message(Record):
    """One message."""

    id: str
    """The same for whoever writes the same message again."""
    kind: MessageKind = MessageKind.LEFT
    call_sid: str
    agent_id: str
    message: str
    name: str = ""
    """Who it is from, as they said."""
    urgent: bool = False
    phone: str
    """Theirs, E.164."""
    created_at: Instant


async def leave_message(store: Store, message: Message) -> None:
    """Write it down and announce it, once however often it is left. Raises StoreError."""
    kept = {name: value for name, value in message.to_document().items() if name != "id"}
    told = {**kept, "created_at": message.created_at.isoformat()}
    said = Announcement(
        id=f"{EventType.MESSAGE_LEFT}.{message.id}", type=EventType.MESSAGE_LEFT, at=message.created_at, data=told
    )
    with suppress(AlreadyExists):
        await store.batch(
            [Create(f"{COLLECTION}/{message.id}", kept), Create(announcement_path(said.id), said.to_document())]
        )


async def messages(store: Store, limit: int, cursor: str | None = None) -> Page:
    """The newest first. Raises StoreError."""
    return await store.query(COLLECTION, order_by=[OrderBy("created_at", descending=True)], limit=limit, cursor=cursor)
