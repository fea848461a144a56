"""A campaign's surroundings in memory, for tests on a virtual clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from functions.campaigns.services import AccountLimits, CampaignServices
from functions.tools.builtin import BUILTIN
from functions.tools.outcome import ToolOutcome
from functions.tools.tool import ToolContext
from shared.domain.attempt import Attempt
from shared.domain.call_progress import Report, fold, heard, talked
from shared.domain.call_status import CallStatus
from shared.domain.campaign import Campaign, CampaignState, Pacing, campaign_path
from shared.domain.contact import Consent, ConsentStatus, Contact, ContactState, contact_path
from shared.domain.disposition import Talk
from shared.domain.phone_number import number_hash
from shared.store.agents import shipped_agents
from shared.store.attempts import Attempts
from shared.store.settlement import Settlement, contact_fields
from shared.store.store import Store
from tests.campaigns.paper_carrier import PaperCarrier
from tests.memory_store import MemoryStore
from tests.virtual_time import LoopClock

MONDAY_NOON_IN_INDIA = datetime.fromisoformat("2026-11-23T12:00:00+05:30")
KEY = b"a test's key"


@dataclass
class Office:
    """Store, clock, carrier, and what a beat works with."""

    start: datetime = MONDAY_NOON_IN_INDIA
    limits: AccountLimits = field(default_factory=lambda: AccountLimits(calls_per_second=10))

    store: Store = field(default_factory=MemoryStore)

    def __post_init__(self) -> None:
        self.clock = LoopClock(self.start)
        self.carrier = PaperCarrier(self.clock)
        self.services = CampaignServices(
            store=self.store,
            clock=self.clock,
            carrier=self.carrier,
            attempts=Attempts(self.store, self.clock),
            settlement=Settlement(self.store, self.clock),
            numbers=("+13105550100",),
            public_base_url="https://calls.example.com",
            limits=self.limits,
        )

    @property
    def memory(self) -> MemoryStore:
        """The store, where it is the tests' own."""
        assert isinstance(self.store, MemoryStore)
        return self.store

    def serving(self, carrier: PaperCarrier) -> CampaignServices:
        """What a beat works with, when this is the carrier."""
        self.carrier = carrier
        return replace(self.services, carrier=carrier)

    async def uses(
        self, tool: str, attempt: Attempt, arguments: Mapping[str, Any], *, last_words: str = ""
    ) -> ToolOutcome:
        """The agent's tool in this attempt's call, after the person has said these words."""
        context = ToolContext(
            call_sid="CA1",
            agent=shipped_agents()["renewal"],
            caller="+919810000000",
            idempotency_key="CA1:t1",
            clock=self.clock,
            store=self.store,
            number_hash=attempt.contact_id,
            attempt_id=attempt.id,
            campaign_id=attempt.campaign_id,
            last_words=last_words,
        )
        return await BUILTIN.run(tool, arguments, context)

    async def campaign(self, campaign_id: str = "diwali", contacts: int = 1, **changes: Any) -> Campaign:
        """A running campaign with so many contacts in India who have consented."""
        campaign = Campaign(
            id=campaign_id,
            name="Renewals",
            agent_id="renewal",
            list_id="l1",
            state=CampaignState.RUNNING,
            loaded=True,
            pacing=Pacing(calls_per_second=10, max_concurrent=1000),
        ).changed(**changes)
        await self.store.create(campaign_path(campaign.id), campaign.to_document())
        for number in range(contacts):
            await self.contact(campaign, f"+9198100{number:05d}")
        return campaign

    async def contact(self, campaign: Campaign, phone: str, **changes: Any) -> Contact:
        """One more contact."""
        contact = Contact(
            id=number_hash(phone, KEY),
            campaign_id=campaign.id,
            phone=phone,
            country="IN",
            time_zones=("Asia/Kolkata",),
            consent=Consent(status=ConsentStatus.GRANTED),
        ).changed(**changes)
        await self.store.create(contact_path(campaign.id, contact.id), contact_fields(contact))
        return contact

    def contacts(self, campaign_id: str = "diwali") -> list[Contact]:
        prefix = f"campaigns/{campaign_id}/contacts/"
        return [
            Contact.from_document(data)
            for path, (data, _) in sorted(self.memory.documents.items())
            if path.startswith(prefix)
        ]

    def states(self, campaign_id: str = "diwali") -> list[ContactState]:
        return [contact.state for contact in self.contacts(campaign_id)]

    def attempts(self) -> list[Attempt]:
        return [
            Attempt.from_document(data)
            for path, (data, _) in sorted(self.memory.documents.items())
            if path.startswith("attempts/")
        ]

    def locks(self) -> list[str]:
        return [path for path in self.memory.documents if path.startswith("number_locks/")]

    async def reported(self, attempt: Attempt, sid: str, status: CallStatus, sequence: int, **more: Any) -> None:
        """The carrier's callback on an attempt."""
        report = replace(Report(sid, status, self.clock.now(), sequence), **more)
        await self.services.attempts.move(attempt.id, lambda one: fold(one, report))
        await self.services.settlement.settle(attempt.id)

    async def detected(self, attempt: Attempt, answered_by: str) -> None:
        """Machine detection's word."""
        await self.services.attempts.move(attempt.id, lambda one: heard(one, answered_by))
        await self.services.settlement.settle(attempt.id)

    async def talked(self, attempt: Attempt, talk: Talk) -> None:
        """Our own word on the conversation."""
        await self.services.attempts.move(attempt.id, lambda one: talked(one, talk))
        await self.services.settlement.settle(attempt.id)
