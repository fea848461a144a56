"""The dependencies of the campaigns function; wiring.py builds one set for each process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from functions.campaigns.voicing import Voicing
from shared.clock import Clock
from shared.domain.pacing import INBOUND_RESERVE, Capacity
from shared.objects.objects import Objects
from shared.store.attempts import Attempts
from shared.store.live_sessions import SessionsInUse
from shared.store.settlement import Settlement
from shared.store.store import Store
from shared.telephony.carrier import Carrier

if TYPE_CHECKING:
    from functions.campaigns.dialler import DialQueue

OWN_PACE = 30.0
"""Requests a second that one instance sends by itself (bench/dispatch_rate.py); above it a queue spreads them."""


@dataclass(frozen=True, slots=True)
class AccountLimits:
    """What the accounts allow, over all campaigns."""

    calls_per_second: float = 1.0
    """Twilio queues what comes faster, and a queued call may ring after its window."""
    concurrent_calls: int = 1_000
    """Twilio: 5 on trial, 10 with an individual profile, without a limit of its own with a business profile."""
    model_sessions: int = 1_000
    """Gemini Live sessions a project may have at once in a region (Vertex AI pay-as-you-go: 1,000)."""
    inbound_reserve: float = INBOUND_RESERVE

    def with_sessions(self, in_use: Mapping[str, SessionsInUse], *, open_calls: int) -> Capacity:
        """What is left of it, by the sessions that all instances hold, and the calls of ours that may ring already.

        Every campaign's calls are counted as if they went to the region that has most callers.
        """
        callers = [region.inbound for region in in_use.values()]
        outbound = max(open_calls, sum(region.outbound for region in in_use.values()))
        return Capacity(
            self.concurrent_calls,
            self.model_sessions,
            sum(callers),
            outbound,
            self.inbound_reserve,
            inbound_sessions=max(callers, default=0),
        )


@dataclass(frozen=True, slots=True)
class CampaignServices:
    """Everything a beat needs."""

    store: Store
    clock: Clock
    carrier: Carrier
    attempts: Attempts
    settlement: Settlement
    numbers: Sequence[str]
    """Our numbers, E.164; a contact is always called from the same one."""
    public_base_url: str
    limits: AccountLimits = AccountLimits()
    beat_s: float = 50.0
    """How long one beat goes on while contacts are due; the scheduler comes once a minute."""
    queue: DialQueue | None = None
    """Carries dial requests to other instances when this one alone would be too slow."""
    own_pace: float = OWN_PACE
    voicing: Voicing | None = None
    """Which agents nobody can voice now; None: all can be."""
    objects: Objects | None = None
    """Where recordings are; those that are due are deleted."""
