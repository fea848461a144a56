"""The dependencies of the after-call beat; wiring.py of the campaigns function builds one set for each process."""

from __future__ import annotations

from dataclasses import dataclass

from functions.after_call.analyst import Analyst
from functions.after_call.sender import Sender
from shared.clock import Clock
from shared.domain.webhook_signing import SigningKeys
from shared.store.agents import AgentBook
from shared.store.store import Store


@dataclass(frozen=True, slots=True)
class AfterCallServices:
    """Everything it needs."""

    store: Store
    clock: Clock
    agents: AgentBook
    analyst: Analyst
    sender: Sender
    keys: SigningKeys
    beat_s: float = 45.0
    """How long one beat goes on while there is work; the scheduler comes once a minute."""
    at_once: int = 8
    """Calls that are read, and webhooks that are told, side by side."""
