"""Delivers announcements: to each webhook that wants one, tried until it is accepted or given up."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from datetime import datetime

from functions.after_call.sender import SendError
from functions.after_call.services import AfterCallServices
from shared.domain.announcement import (
    KEPT,
    LEASE,
    MOST_WEBHOOKS,
    Announcement,
    Delivery,
    DeliveryState,
    Webhook,
    delivery_path,
    next_try,
    webhook_path,
)
from shared.store.store import AlreadyExists, Conflict, Create, Document, NotFound, OrderBy, Update, Where, Write

log = logging.getLogger(__name__)

GONE = 410
"""The receiver's word, by the Standard Webhooks specification, that it wants no more."""


async def new_announcements(services: AfterCallServices, limit: int) -> Sequence[Document]:
    """Those that nobody has been told of."""
    page = await services.store.query("announcements", [Where("is_new", "==", True)], limit=limit)
    return page.documents


async def fan_out(services: AfterCallServices, document: Document) -> bool:
    """Make a delivery for everybody who wants to know; False when another beat has done it."""
    said = Announcement.from_document(document.data)
    now = services.clock.now()
    said = said.changed(at=said.at or now, is_new=False, expires_at=now + KEPT)
    page = await services.store.query("webhooks", limit=MOST_WEBHOOKS)
    webhooks = [Webhook.from_document(one.data) for one in page.documents]
    writes: list[Write] = [Update(document.path, said.to_document(), document.version)]
    for webhook in webhooks:
        if webhook.wants(said):
            delivery = _delivery(said, webhook, now)
            writes.append(Create(delivery_path(delivery.id), delivery.to_document()))
    try:
        await services.store.batch(writes)
    except (Conflict, NotFound, AlreadyExists):
        return False
    return True


def _delivery(said: Announcement, webhook: Webhook, now: datetime) -> Delivery:
    assert said.at is not None
    body = {"type": str(said.type), "timestamp": said.at.isoformat(), "data": said.data}
    # A call that is read again is announced again: another message, though of the same thing.
    message_id = f"{said.id}.{said.at:%Y%m%dT%H%M%S%f}"
    return Delivery(
        id=f"{message_id}.{webhook.id}",
        webhook_id=webhook.id,
        message_id=message_id,
        type=said.type,
        payload=json.dumps(body, ensure_ascii=False),
        at=said.at,
        due_at=now,
        expires_at=now + KEPT,
    )


async def due_deliveries(services: AfterCallServices, limit: int) -> Sequence[Document]:
    """Those whose turn it is, the longest due first."""
    page = await services.store.query(
        "deliveries",
        [Where("state", "==", str(DeliveryState.DUE)), Where("due_at", "<=", services.clock.now())],
        order_by=[OrderBy("due_at")],
        limit=limit,
    )
    return page.documents


async def deliver(services: AfterCallServices, document: Document) -> bool:
    """Try one delivery; False when another beat has it. Receivers may get it twice, under the same webhook-id."""
    now = services.clock.now()
    delivery = Delivery.from_document(document.data)
    leased = delivery.changed(due_at=now + LEASE, tries=delivery.tries + 1)
    try:
        held = await services.store.update(document.path, leased.to_document(), expected=document.version)
    except (Conflict, NotFound):
        return False
    target = await services.store.get(webhook_path(delivery.webhook_id))
    webhook = None if target is None else Webhook.from_document(target.data)
    if webhook is None or target is None or webhook.gone_at is not None:
        await _settle(
            services, held, leased.changed(state=DeliveryState.FAILED, error="the webhook is not there any more")
        )
        return True
    answered, error = await _send(services, webhook, leased)
    if answered == GONE:
        await services.store.update(target.path, {"gone_at": now})
    await _settle(services, held, _after(services, leased, answered, error))
    return True


async def _send(services: AfterCallServices, webhook: Webhook, delivery: Delivery) -> tuple[int | None, str | None]:
    headers = services.keys.headers(webhook.id, delivery.message_id, delivery.payload, services.clock.now())
    try:
        status = await services.sender.post(webhook.url, headers, delivery.payload.encode())
    except SendError as error:
        return None, str(error)
    return status, None if 200 <= status < 300 else f"the receiver answered {status}"


def _after(services: AfterCallServices, delivery: Delivery, answered: int | None, error: str | None) -> Delivery:
    if error is None:
        return delivery.changed(state=DeliveryState.DELIVERED, answered=answered, error=None)
    again = None if answered == GONE else next_try(delivery.tries, services.clock.now())
    if again is None:
        log.warning("a webhook was given up", extra={"webhook": delivery.webhook_id, "tries": delivery.tries})
        return delivery.changed(state=DeliveryState.FAILED, answered=answered, error=error)
    return delivery.changed(due_at=again, answered=answered, error=error)


async def _settle(services: AfterCallServices, held: Document, delivery: Delivery) -> None:
    try:
        await services.store.update(held.path, delivery.to_document(), expected=held.version)
    except (Conflict, NotFound):
        log.info("a delivery was taken up by somebody else", extra={"webhook": delivery.webhook_id})
