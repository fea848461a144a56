"""The dependencies of the console; wiring.py builds one set for each process."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from functions.console.listening import Listening
from shared.clock import Clock
from shared.domain.agent import Agent
from shared.domain.phone_number import NumberHash
from shared.domain.webhook_signing import SigningKeys
from shared.store.agents import shipped_agents
from shared.store.attempts import Attempts
from shared.store.store import Store


def random_id() -> str:
    """Twelve characters that nobody guesses and that sort nowhere."""
    return secrets.token_hex(6)


@dataclass(frozen=True, slots=True)
class LivePace:
    """How /api/live keeps its listeners."""

    look_every_s: float = 1.0
    comment_every_s: float = 15.0
    """Proxies close what is silent for longer."""
    lasts_s: float = 280.0
    """Below Cloud Run's five minutes; the browser comes back by itself."""
    listeners: int = 25


@dataclass(frozen=True, slots=True)
class ConsoleServices:
    """Everything the API and the pages need."""

    store: Store
    clock: Clock
    hash_number: NumberHash
    new_id: Callable[[], str] = random_id
    shipped: Mapping[str, Agent] = field(default_factory=shipped_agents)
    calls_per_second: float = 1.0
    """What the carrier's account may start; forecasts are bound by it."""
    signing_keys: SigningKeys = field(default=SigningKeys(b"none is set"))
    loopback_webhooks: bool = False
    """On a laptop, webhooks may go to the laptop itself."""
    listening: Listening | None = None
    """None: there are no recordings to listen to."""
    live: LivePace = LivePace()
    preflight_s: float = 8.0
    """So long a preflight looks at contacts before it says how far it came."""
    launch_s: float = 4.0
    """So long a launch loads contacts itself; the beat does the rest."""

    @property
    def attempts(self) -> Attempts:
        """The attempts of all campaigns."""
        return Attempts(self.store, self.clock)
