"""From a list's rows to a campaign's contacts: in batches, by a cursor that survives a crash, never twice the same."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from shared.domain.campaign import Campaign, campaign_path
from shared.domain.contact import Consent, ConsentStatus, Contact, contact_path
from shared.domain.contact_row import RowClass
from shared.domain.time_zone import ZoneSource
from shared.store.settlement import contact_fields
from shared.store.store import AlreadyExists, Create, OrderBy, Store

ROWS_AT_ONCE = 400
"""A batch takes at most 500 writes."""
NO_CONTACT = {str(RowClass.INVALID), str(RowClass.DUPLICATE)}
"""Rows of these classes have no number that could be called, or not one of their own. The gate decides on the rest."""


async def load_contacts(store: Store, campaign: Campaign, budget_s: float) -> int:
    """Go on loading a campaign's contacts for so long; how many were looked at. Sets campaign.loaded at the end."""
    loop = asyncio.get_running_loop()
    until_s = loop.time() + budget_s
    cursor, looked_at = campaign.load_cursor, 0
    while True:
        page = await store.query(
            f"lists/{campaign.list_id}/rows", order_by=[OrderBy("row")], limit=ROWS_AT_ONCE, cursor=cursor
        )
        rows = [one.data for one in page.documents if str(one.data.get("class")) not in NO_CONTACT]
        await _create(store, [_contact(campaign, row) for row in rows])
        looked_at += len(page.documents)
        cursor = page.next
        await store.update(campaign_path(campaign.id), {"load_cursor": cursor, "loaded": cursor is None})
        if cursor is None or loop.time() >= until_s:
            return looked_at


async def _create(store: Store, contacts: list[Contact]) -> None:
    """All at once; where a crash left some of them behind already, the missing ones."""
    writes = [Create(contact_path(one.campaign_id, one.id), contact_fields(one)) for one in contacts]
    if not writes:
        return
    try:
        await store.batch(writes)
    except AlreadyExists:
        for write in writes:
            if await store.get(write.path) is None:
                await store.create(write.path, write.data)


def _contact(campaign: Campaign, row: Mapping[str, Any]) -> Contact:
    """A row as the campaign calls it."""
    return Contact(
        id=str(row["number_hash"]),
        campaign_id=campaign.id,
        phone=str(row["phone"]),
        country=str(row["country"] or "001"),
        list_id=campaign.list_id,
        row=int(row["row"]),
        name=row.get("name") or None,
        language=row.get("language") or None,
        variables={str(key): str(value) for key, value in (row.get("variables") or {}).items()},
        states=tuple(row.get("states") or ()),
        time_zones=tuple(row.get("zones") or ()),
        time_zone_source=ZoneSource(row["zone_source"]) if row.get("zone_source") else None,
        consent=Consent(status=ConsentStatus(row.get("consent") or "unknown"), at=row.get("consent_at"), source="list"),
    )
