"""What the campaigns function works with; wiring.py makes one of these a process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.clock import Clock
from shared.store.attempts import Attempts
from shared.store.settlement import Settlement
from shared.store.store import Store
from shared.telephony.carrier import Carrier


@dataclass(frozen=True, slots=True)
class Capacity:
    """What the accounts allow, over all campaigns."""

    calls_per_second: float = 1.0
    """Twilio queues what comes faster, and a queued call may ring after its window."""
    concurrent_calls: int = 1_000
    model_sessions: int = 1_000
    """Gemini Live sessions a project may have at once (Vertex AI pay-as-you-go: 1,000)."""
    inbound_reserve: float = 0.2
    """Share of those sessions kept free for people who call us."""


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
    capacity: Capacity = Capacity()
    beat_s: float = 50.0
    """How long one beat goes on while contacts are due; the scheduler comes once a minute."""
    dispatcher: str = "dispatcher"
    """This process, in leases."""
