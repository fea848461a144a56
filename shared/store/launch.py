"""Turns a list's rows into a campaign's contacts: in batches, by a cursor that survives a crash, none twice."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from shared.domain.campaign import Campaign, CampaignState, campaign_path
from shared.domain.contact import Consent, ConsentStatus, Contact, contact_path
from shared.domain.contact_row import RowClass
from shared.domain.time_zone import ZoneSource
from shared.store.change import change_document
from shared.store.settlement import contact_fields
from shared.store.store import AlreadyExists, Conflict, Create, Data, Document, Store, Value

log = logging.getLogger(__name__)

ROWS_AT_ONCE = 400
"""A batch takes at most 500 writes."""
NO_CONTACT = frozenset({str(RowClass.INVALID), str(RowClass.DUPLICATE)})
"""Rows of these classes have no number that could be called, or not one of their own. The gate decides on the rest."""
LIVE = frozenset({CampaignState.RUNNING, CampaignState.PAUSED})
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z]{2})?")


async def load_contacts(store: Store, campaign: Campaign, budget_s: float) -> int:
    """Go on loading a campaign's contacts for so long; how many rows were looked at. Sets campaign.loaded at the end.

    Two may load the same campaign at once: a contact is made once, and who is further on says how far it is.
    """
    loop = asyncio.get_running_loop()
    until_s = loop.time() + budget_s
    cursor, looked_at = campaign.load_cursor, 0
    while True:
        page = await store.query(f"lists/{campaign.list_id}/rows", limit=ROWS_AT_ONCE, cursor=cursor)
        await _create(store, contacts_of(campaign, (one.data for one in page.documents)))
        looked_at += len(page.documents)
        cursor = page.next
        goes_on = await _note(store, campaign.id, cursor)
        if not goes_on or loop.time() >= until_s:
            return looked_at


def contacts_of(campaign: Campaign, rows: Iterable[Data]) -> list[Contact]:
    """The contacts that rows of a list become in a campaign, one for each number. A row that cannot be one is none."""
    contacts: dict[str, Contact] = {}
    for row in rows:
        if str(row.get("class")) in NO_CONTACT:
            continue
        try:
            contact = _contact(campaign, row)
        except (ValidationError, ValueError, KeyError) as error:
            log.error("row cannot be a contact", extra={"campaign": campaign.id, "error": type(error).__name__})
            continue
        contacts.setdefault(contact.id, contact)
    return list(contacts.values())


async def _note(store: Store, campaign_id: str, cursor: str | None) -> bool:
    """Write down how far loading has come; whether there is more to do."""

    def decide(document: Document) -> dict[str, Value] | None:
        if document.data.get("loaded") or document.data.get("state") not in LIVE:
            return None
        return {"load_cursor": cursor, "loaded": cursor is None}

    after = (await change_document(store, campaign_path(campaign_id), decide)).data
    return not after.get("loaded") and after.get("state") in LIVE


async def _create(store: Store, contacts: list[Contact]) -> None:
    """All at once; where a crash or another loader left some of them behind already, the missing ones."""
    writes = [Create(contact_path(one.campaign_id, one.id), contact_fields(one)) for one in contacts]
    if not writes:
        return
    try:
        await store.batch(writes)
    except (AlreadyExists, Conflict):
        for write in writes:
            if await store.get(write.path) is None:
                await _create_one(store, write)


async def _create_one(store: Store, write: Create) -> None:
    try:
        await store.create(write.path, write.data)
    except AlreadyExists:
        return


def _contact(campaign: Campaign, row: Mapping[str, Any]) -> Contact:
    """A row as the campaign calls it."""
    language = str(row.get("language") or "")
    return Contact(
        id=str(row["number_hash"]),
        campaign_id=campaign.id,
        phone=str(row["phone"]),
        extension=str(row.get("extension") or ""),
        country=str(row["country"] or "001"),
        list_id=campaign.list_id,
        row=int(row["row"]),
        name=row.get("name") or None,
        # A tag that agents do not know (zh-Hant) is the campaign's language rather than no contact at all.
        language=language if _LANGUAGE.fullmatch(language) else None,
        variables={str(key): str(value) for key, value in (row.get("variables") or {}).items()},
        states=tuple(row.get("states") or ()),
        time_zones=tuple(row.get("zones") or ()),
        time_zone_source=ZoneSource(row["zone_source"]) if row.get("zone_source") else None,
        consent=Consent(status=ConsentStatus(row.get("consent") or "unknown"), at=row.get("consent_at"), source="list"),
    )
