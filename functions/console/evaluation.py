"""What the gate would say to each contact of a campaign right now, counted, within a given time."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from functions.console.services import ConsoleServices
from shared.domain.attempt import Attempt, PastAttempt, past
from shared.domain.campaign import Campaign, CampaignState
from shared.domain.contact import Contact
from shared.domain.contact_window import widenings
from shared.domain.gate import History, Moment, refusal
from shared.domain.refusal import Code, Refusal
from shared.domain.suppression import Suppression
from shared.store.attempts import LOOK_BACK
from shared.store.launch import contacts_of
from shared.store.store import OrderBy, Store, Where
from shared.store.tallies import tally_of

ROWS_AT_ONCE = 400
MOST_ATTEMPTS = 20_000
"""Past attempts that are held in mind; more of them, and the answer says that it does not know all."""
MOST_PLACES = 200
PAUSED = Refusal(Code.PAUSED, "The campaign is paused; they are called once it is resumed.")

FOR_A_PERSON = frozenset({Code.PAUSED, Code.BUDGET})
"""A person changes these, and then everybody is called who waits for it."""


@dataclass(slots=True)
class Refused:
    """All contacts that are refused for one reason."""

    sentence: str
    count: int = 0
    waits: int = 0
    """Of them, those for whom time changes it, or a person: the campaign is resumed, its budget raised."""
    openings: Counter[tuple[datetime, str]] = field(default_factory=Counter)
    """When to look again, and in whose time zone to say so."""


@dataclass(slots=True)
class Evaluation:
    """What was found."""

    evaluated: int = 0
    complete: bool = False
    """Every contact has been looked at."""
    history_complete: bool = True
    dial_now: int = 0
    refused: dict[str, Refused] = field(default_factory=dict)
    countries: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    widened: set[str] = field(default_factory=set)
    lacking: Counter[str] = field(default_factory=Counter)
    """Variables that the agent's words name, and contacts that have none."""

    @property
    def somebody(self) -> bool:
        """Somebody would be called, now or later."""
        return bool(self.dial_now or any(one.waits for one in self.refused.values()))

    @property
    def nobody(self) -> bool:
        """Nobody ever would, of all of them."""
        return self.complete and not self.somebody

    def add(self, contact: Contact, no: Refusal | None) -> None:
        """Count a contact."""
        self.evaluated += 1
        self.countries[contact.country] += 1
        self.languages[contact.language or ""] += 1
        if no is None:
            self.dial_now += 1
            return
        found = self.refused.setdefault(str(no.code), Refused(no.sentence))
        found.count += 1
        if no.until is not None or no.code in FOR_A_PERSON:
            found.waits += 1
        if no.until is not None:
            found.openings[(no.until, contact.time_zones[0] if contact.time_zones else "UTC")] += 1


@dataclass(slots=True)
class _Known:
    """What histories are made of."""

    suppressions: dict[str, Suppression]
    attempts: dict[str, list[PastAttempt]]
    attempts_complete: bool
    spent: float

    def history(self, contact_id: str) -> History:
        return History(tuple(self.attempts.get(contact_id, ())), self.suppressions.get(contact_id), self.spent)


class Evaluator:
    """Asks the gate about every contact of a campaign."""

    def __init__(self, services: ConsoleServices, campaign: Campaign, variables: Iterable[str] = ()) -> None:
        self._services = services
        self._store = services.store
        self._campaign = campaign
        self._variables = frozenset(variables)
        self._places: set[tuple[str, tuple[str, ...]]] = set()
        self._paused = PAUSED if campaign.state is CampaignState.PAUSED else None

    async def run(self, *, until_somebody: bool = False) -> Evaluation:
        """Look at as many contacts as the time allows; or until one is found who is to be called, now or later."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + self._services.preflight_s
        known = await self._know()
        found = Evaluation(history_complete=known.attempts_complete)
        now = self._services.clock.now()
        async for contacts in self._contacts():
            await asyncio.to_thread(self._ask, contacts, known, now, found)
            if loop.time() >= until_s or (until_somebody and found.somebody):
                return found
        found.complete = True
        return found

    def _ask(self, contacts: Sequence[Contact], known: _Known, now: datetime, found: Evaluation) -> None:
        for contact in contacts:
            no = refusal(contact, self._campaign, known.history(contact.id), now, Moment.PREFLIGHT) or self._paused
            found.add(contact, no)
            for name in self._variables:
                if not (contact.name if name == "name" else contact.variables.get(name)):
                    found.lacking[name] += 1
            place = (contact.country, contact.states)
            if place not in self._places and len(self._places) < MOST_PLACES:
                self._places.add(place)
                found.widened.update(widenings(self._campaign, *place))

    async def _contacts(self) -> AsyncIterator[Sequence[Contact]]:
        """A draft's from its list, a launched campaign's as they are."""
        drafted = self._campaign.state is CampaignState.DRAFT
        campaign_id, list_id = self._campaign.id, self._campaign.list_id
        collection = f"lists/{list_id}/rows" if drafted else f"campaigns/{campaign_id}/contacts"
        cursor: str | None = None
        while True:
            page = await self._store.query(collection, limit=ROWS_AT_ONCE, cursor=cursor)
            data = [one.data for one in page.documents]
            yield contacts_of(self._campaign, data) if drafted else [Contact.from_document(one) for one in data]
            cursor = page.next
            if cursor is None:
                return

    async def _know(self) -> _Known:
        tally = await tally_of(self._store, self._campaign.id)
        attempts, complete = await self._attempts()
        return _Known(await suppressions(self._store), attempts, complete, tally.cost)

    async def _attempts(self) -> tuple[dict[str, list[PastAttempt]], bool]:
        """What happened lately, by number: one look at all attempts is cheaper than one for each contact."""
        since = self._services.clock.now() - LOOK_BACK
        found: dict[str, list[PastAttempt]] = defaultdict(list)
        seen, cursor = 0, None
        while seen < MOST_ATTEMPTS:
            page = await self._store.query(
                "attempts",
                [Where("created_at", ">=", since)],
                order_by=[OrderBy("created_at", descending=True)],
                limit=500,
                cursor=cursor,
            )
            for document in page.documents:
                attempt = Attempt.from_document(document.data)
                found[attempt.contact_id].append(past(attempt))
            seen += len(page.documents)
            cursor = page.next
            if cursor is None:
                return found, True
        return found, False


async def suppressions(store: Store) -> dict[str, Suppression]:
    """The whole suppression list, by number hash."""
    entries: dict[str, Suppression] = {}
    cursor: str | None = None
    while True:
        page = await store.query("suppressions", limit=500, cursor=cursor)
        for one in page.documents:
            entry = Suppression.from_document(one.data)
            entries[entry.id] = entry
        cursor = page.next
        if cursor is None:
            return entries
