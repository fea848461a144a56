"""How a campaign stands, in numbers, and what became of each contact, as a file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from starlette.responses import Response

from functions.console.api.campaigns import CampaignsApi
from functions.console.api.lists import csv_answer
from functions.console.lists.csv_export import csv_text
from functions.console.lists.row_document import list_path
from functions.console.operation import CSV, Answer, Asked, Operation
from functions.console.services import ConsoleServices
from shared.domain.attempt import attempt_path
from shared.domain.campaign import Campaign, CampaignState, PauseReason
from shared.domain.contact import Contact, ContactState
from shared.domain.cost import CURRENCY
from shared.domain.refusal import Code
from shared.store.agents import UnknownAgent
from shared.store.store import Document, Store, Where
from shared.store.tallies import tally_of

CONTACTS_AT_ONCE = 200
COLUMNS = (
    "number",
    "name",
    "state",
    "disposition",
    "outcome",
    "attempts",
    "last_call_at",
    "last_call_sid",
    "language",
    "refusal",
    "next_attempt_at",
    "list_row",
    "summary",
    "sentiment",
    "lead_score",
)
"""After them what the agent's document extracts, then the list's own columns."""


class ContactCounts(Answer):
    """How far calling the contacts has come; the four add up to the total."""

    total: int
    pending: int
    in_progress: int
    done: int
    skipped: int


class ReportAnswer(Answer):
    """A campaign's sums. Attempts are counted once each, when they are settled; those under way on top."""

    campaign_id: str
    status: CampaignState
    paused_for: PauseReason | None = None
    paused_detail: str | None = None
    loaded: bool
    """False: contacts are still being taken from the list."""
    contacts: ContactCounts
    attempts: int
    open_attempts: int
    dispositions: dict[str, int]
    outcomes: dict[str, int]
    refusals: dict[str, int]
    """Contacts that were skipped, by the gate's code."""
    waiting: dict[str, int]
    """Contacts that the gate has sent back to wait, by its code."""
    cost: float
    currency: str = CURRENCY
    talk_s: int
    languages: dict[str, int]


class ReportApi:
    """Report and results."""

    def __init__(self, services: ConsoleServices, campaigns: CampaignsApi) -> None:
        self._services = services
        self._store = services.store
        self._campaigns = campaigns

    def operations(self) -> list[Operation]:
        """All of them."""
        one = "/api/campaigns/{campaign_id}"
        return [
            Operation("GET", f"{one}/report", "How it stands", self.report, ReportAnswer, problems=(404,)),
            Operation("GET", f"{one}/results.csv", "What became of each contact", self.results, CSV, problems=(404,)),
        ]

    async def report(self, asked: Asked) -> BaseModel:
        """All the sums."""
        campaign = await self._campaigns.read(asked["campaign_id"])
        contacts, tally, open_attempts, refusals, waiting = await asyncio.gather(
            contact_counts(self._store, campaign.id),
            tally_of(self._store, campaign.id),
            self._services.attempts.count_open(campaign.id),
            self._by_refusal(campaign, ContactState.SKIPPED),
            self._by_refusal(campaign, ContactState.PENDING),
        )
        return ReportAnswer(
            campaign_id=campaign.id,
            status=campaign.state,
            paused_for=campaign.paused_for,
            paused_detail=campaign.paused_detail,
            loaded=campaign.loaded,
            contacts=contacts,
            attempts=tally.attempts + open_attempts,
            open_attempts=open_attempts,
            dispositions=dict(tally.dispositions),
            outcomes=dict(tally.outcomes),
            refusals=refusals,
            waiting=waiting,
            cost=round(tally.cost, 4),
            talk_s=tally.talk_s,
            languages=dict(tally.languages),
        )

    async def _by_refusal(self, campaign: Campaign, state: ContactState) -> dict[str, int]:
        where = Where("state", "==", str(state))
        collection = f"campaigns/{campaign.id}/contacts"
        counts = await asyncio.gather(
            *(self._store.count(collection, [where, Where("refusal", "==", str(code))]) for code in Code)
        )
        return {str(code): count for code, count in zip(Code, counts, strict=True) if count}

    async def results(self, asked: Asked) -> Response:
        """A line for each contact, with the list's own columns, so that it can be laid beside the list."""
        campaign = await self._campaigns.read(asked["campaign_id"])
        known = await self._store.get(list_path(campaign.list_id))
        columns: Any = [] if known is None else known.data.get("columns") or []
        variables = [str(one["name"]) for one in columns if not one["field"]]
        extracted = await self._extracted(campaign)
        return csv_answer(self._lines(campaign, extracted, variables), f"results-{campaign.id}.csv")

    async def _extracted(self, campaign: Campaign) -> Sequence[str]:
        """What the agent's document asks to be read out of a call, by name."""
        try:
            agent = await self._campaigns.agents.version(campaign.agent_id, campaign.agent_version)
        except UnknownAgent:
            return ()
        return tuple((agent.extract or {}).get("properties") or ())

    async def _lines(
        self, campaign: Campaign, extracted: Sequence[str], variables: Sequence[str]
    ) -> AsyncIterator[str]:
        yield "".join(csv_text([(*COLUMNS, *(f"extracted.{name}" for name in extracted), *variables)]))
        cursor: str | None = None
        while True:
            page = await self._store.query(f"campaigns/{campaign.id}/contacts", limit=CONTACTS_AT_ONCE, cursor=cursor)
            contacts = [Contact.from_document(one.data) for one in page.documents]
            attempts = await asyncio.gather(*(self._last(one) for one in contacts))
            lines = [_line(*pair, extracted, variables) for pair in zip(contacts, attempts, strict=True)]
            yield "".join(csv_text(lines)).lstrip("\ufeff")
            cursor = page.next
            if cursor is None:
                return

    async def _last(self, contact: Contact) -> Document | None:
        return None if contact.attempt_id is None else await self._store.get(attempt_path(contact.attempt_id))


def _line(contact: Contact, attempt: Document | None, extracted: Sequence[str], variables: Sequence[str]) -> list[str]:
    last: dict[str, Any] = {} if attempt is None else dict(attempt.data)
    reading = last.get("reading") or {}
    found = reading.get("extracted") or {}
    due = contact.due_at if contact.state is ContactState.PENDING and contact.due_at else None
    return [
        contact.phone,
        contact.name or "",
        str(contact.state),
        str(contact.disposition or ""),
        str(contact.outcome or ""),
        str(contact.attempts),
        _instant(last.get("answered_at") or last.get("created_at")),
        str(last.get("sid") or ""),
        str(last.get("language") or contact.language or ""),
        contact.refusal or "",
        _instant(due if due and due.year > 2000 else None),
        str(contact.row or ""),
        *(_text(reading.get(name)) for name in ("summary", "sentiment", "lead_score")),
        *(_text(found.get(name)) for name in extracted),
        *(contact.variables.get(name, "") for name in variables),
    ]


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _instant(at: Any) -> str:
    return at.isoformat(timespec="seconds") if isinstance(at, datetime) else ""


async def contact_counts(store: Store, campaign_id: str) -> ContactCounts:
    """How many contacts are how far."""
    collection = f"campaigns/{campaign_id}/contacts"
    counts = await asyncio.gather(
        *(store.count(collection, [Where("state", "==", str(state))]) for state in ContactState)
    )
    by_state = {str(state): count for state, count in zip(ContactState, counts, strict=True)}
    return ContactCounts(total=sum(counts), **by_state)
