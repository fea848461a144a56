"""Systems that are told of calls and campaigns: who they are, what they got, and telling them again."""

from __future__ import annotations

import logging
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from functions.console.operation import Answer, Asked, Operation, Paging, found, page_of
from functions.console.problem import Problem
from functions.console.services import ConsoleServices
from shared.domain.announcement import (
    MOST_WEBHOOKS,
    Announcement,
    Delivery,
    DeliveryState,
    EventType,
    Webhook,
    announcement_path,
    delivery_path,
    webhook_path,
)
from shared.outside import webhook_url_problem
from shared.store.store import Conflict, Delete, NotFound, OrderBy, Where

log = logging.getLogger(__name__)


class NewWebhook(BaseModel):
    """Whom to tell, and of what."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(max_length=2_000, repr=False)
    events: tuple[EventType, ...] = ()
    """Empty: of everything."""


class WebhookAnswer(Answer):
    """A webhook."""

    webhook_id: str
    url: str
    events: tuple[EventType, ...]
    created_at: datetime
    gone_at: datetime | None = None
    """It answered 410 and is told nothing more."""

    @staticmethod
    def of(webhook: Webhook) -> WebhookAnswer:
        """The answer."""
        return WebhookAnswer.model_validate({**dict(webhook), "webhook_id": webhook.id})


class NewWebhookAnswer(WebhookAnswer):
    """A new webhook, with what its receiver checks signatures with (Standard Webhooks)."""

    secret: str = Field(repr=False)


class Webhooks(Answer):
    """All of them."""

    webhooks: list[WebhookAnswer]


class DeliveryAnswer(Answer):
    """One message on its way to one webhook."""

    delivery_id: str
    webhook_id: str
    message_id: str
    type: EventType
    state: DeliveryState
    at: datetime
    due_at: datetime
    tries: int
    answered: int | None = None
    error: str | None = None

    @staticmethod
    def of(delivery: Delivery) -> DeliveryAnswer:
        """The answer."""
        return DeliveryAnswer.model_validate({**dict(delivery), "delivery_id": delivery.id})


class Deliveries(Answer):
    """A page of them, newest first."""

    deliveries: list[DeliveryAnswer]
    next: str | None = None


class Removed(Answer):
    """What was taken away."""

    webhook_id: str
    removed: bool


class Told(Answer):
    """What will be sent within a minute."""

    message: str


class WebhooksApi:
    """The operations on webhooks."""

    def __init__(self, services: ConsoleServices) -> None:
        self._services = services
        self._store = services.store

    def operations(self) -> list[Operation]:
        """All of them."""
        path, one = "/api/webhooks", "/api/webhooks/{webhook_id}"
        return [
            Operation("GET", path, "The systems that are told of calls and campaigns", self.all, Webhooks),
            Operation("POST", path, "Tell this system", self.add, NewWebhookAnswer, body=NewWebhook, status=201,
                      problems=(409,)),
            Operation("DELETE", one, "Tell it no more", self.remove, Removed, problems=(404,)),
            Operation("POST", f"{one}/test", "Send it a message to try it out", self.test, Told, problems=(404,)),
            Operation("GET", f"{one}/deliveries", "What it was told", self.deliveries, Deliveries, query=Paging,
                      problems=(404,)),
            Operation("POST", "/api/deliveries/{delivery_id}/replay", "Send a message again", self.replay,
                      DeliveryAnswer, problems=(404, 409)),
        ]  # fmt: skip

    async def all(self, asked: Asked) -> BaseModel:
        """The oldest first."""
        del asked
        page = await self._store.query("webhooks", order_by=[OrderBy("created_at")], limit=MOST_WEBHOOKS)
        return Webhooks(webhooks=[WebhookAnswer.of(Webhook.from_document(one.data)) for one in page.documents])

    async def add(self, asked: Asked) -> BaseModel:
        """The secret is shown here and never again; another webhook to the same URL has another."""
        new: NewWebhook = asked.body
        problem = webhook_url_problem(new.url, loopback_allowed=self._services.loopback_webhooks)
        if problem is not None:
            raise Problem(422, "Nothing can be sent to this URL", f"{problem[0].upper()}{problem[1:]}.", field="url")
        if await self._store.count("webhooks") >= MOST_WEBHOOKS:
            raise Problem(409, "There are too many webhooks", f"Remove one first; {MOST_WEBHOOKS} is the most.")
        webhook = Webhook(
            id=self._services.new_id(), url=new.url, events=new.events, created_at=self._services.clock.now()
        )
        await self._store.create(webhook_path(webhook.id), webhook.to_document())
        log.info("webhook added", extra={"webhook": webhook.id})
        secret = self._services.signing_keys.secret_of(webhook.id)
        return NewWebhookAnswer(**dict(WebhookAnswer.of(webhook)), secret=secret)

    async def remove(self, asked: Asked) -> BaseModel:
        """What is still on its way to it is given up."""
        webhook = await self._webhook(asked)
        await self._store.batch([Delete(webhook_path(webhook.id))])
        log.info("webhook removed", extra={"webhook": webhook.id})
        return Removed(webhook_id=webhook.id, removed=True)

    async def test(self, asked: Asked) -> BaseModel:
        """A message of type webhook.test, to it alone."""
        webhook = await self._webhook(asked)
        id_ = f"{EventType.TEST}.{self._services.new_id()}"
        data = {"webhook_id": webhook.id}
        said = Announcement(id=id_, type=EventType.TEST, at=self._services.clock.now(), data=data, only_to=webhook.id)
        await self._store.create(announcement_path(id_), said.to_document())
        return Told(message="A message of type webhook.test is sent within a minute.")

    async def deliveries(self, asked: Asked) -> BaseModel:
        """The newest first."""
        webhook, paging = await self._webhook(asked), asked.query.checked()
        page = await page_of(
            self._store.query(
                "deliveries",
                [Where("webhook_id", "==", webhook.id)],
                order_by=[OrderBy("at", descending=True)],
                limit=paging.page_size,
                cursor=paging.cursor,
            )
        )
        told = [DeliveryAnswer.of(Delivery.from_document(one.data)) for one in page.documents]
        return Deliveries(deliveries=told, next=page.next)

    async def replay(self, asked: Asked) -> BaseModel:
        """The same message under the same id, whatever became of it before; its tries are counted anew."""
        document = await found(self._store.get(delivery_path(asked["delivery_id"])), "delivery")
        again = Delivery.from_document(document.data).changed(
            state=DeliveryState.DUE, due_at=self._services.clock.now(), tries=0, error=None
        )
        try:
            await self._store.update(document.path, again.to_document(), expected=document.version)
        except (Conflict, NotFound):
            raise Problem(409, "It is being sent just now", "Look again in a minute.") from None
        return DeliveryAnswer.of(again)

    async def _webhook(self, asked: Asked) -> Webhook:
        document = await found(self._store.get(webhook_path(asked["webhook_id"])), "webhook")
        return Webhook.from_document(document.data)
