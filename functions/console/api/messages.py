"""Messages for the people behind the agents: what callers left for them, and whom to call back."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel

from functions.console.operation import Answer, Asked, Operation, Paging, page_of
from functions.console.services import ConsoleServices
from shared.store.messages import Message, MessageKind, messages


class MessageAnswer(Answer):
    """One message, and the call that it came with."""

    message_id: str
    kind: MessageKind
    call_sid: str
    agent_id: str
    message: str
    name: str
    urgent: bool
    phone: str
    """Who is to hear from us: E.164, or what a hidden number's carrier puts there."""
    created_at: datetime


class Messages(Answer):
    """A page of them, newest first."""

    messages: list[MessageAnswer]
    next: str | None = None


class MessagesApi:
    """The one operation."""

    def __init__(self, services: ConsoleServices) -> None:
        self._store = services.store

    def operations(self) -> list[Operation]:
        """All of them."""
        return [Operation("GET", "/api/messages", "Messages for the team", self.all, Messages, query=Paging)]

    async def all(self, asked: Asked) -> BaseModel:
        """As callers left them, and as calls that failed did."""
        paging: Paging = asked.query.checked()
        page = await page_of(messages(self._store, paging.page_size, paging.cursor))
        kept = [Message.from_document({**one.data, "id": one.id}) for one in page.documents]
        return Messages(
            messages=[MessageAnswer(message_id=one.id, **one.model_dump(exclude={"id"})) for one in kept],
            next=page.next,
        )
