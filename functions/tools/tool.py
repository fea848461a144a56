"""What a tool is: an async function with typed arguments and a typed result, and what a call lets it see and wish."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from shared.clock import Clock
from shared.domain.agent import Agent
from shared.domain.call import Ending
from shared.domain.disposition import Outcome
from shared.store.store import Store


class Arguments(BaseModel):
    """Arguments as the model gives them; unknown ones are refused so that it learns of its mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Result(BaseModel):
    """What the model is told. Never empty: status and a sentence it can act on are always there."""

    model_config = ConfigDict(frozen=True)

    status: str = "ok"
    message: str


@dataclass(frozen=True, slots=True)
class EndCall:
    """Drop the line once the goodbye has been heard."""

    ending: Ending = Ending.AGENT_ENDED
    outcome: Outcome | None = None
    """What the conversation achieved, as far as the reason tells."""
    to_machine: bool = False
    """A message was left on an answering machine."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """Join the caller to this number once the agent has finished speaking."""

    number: str


@dataclass(frozen=True, slots=True)
class OptedOut:
    """The person does not want to be called again; it has been written down."""


@dataclass(frozen=True, slots=True)
class CallbackPromised:
    """The person will be called again; it has been written down."""


Wish = EndCall | Transfer | OptedOut | CallbackPromised
"""What a tool wants to happen to the call itself; the bridge carries it out."""


@dataclass(frozen=True, slots=True)
class ToolContext:
    """The call a tool is run in."""

    call_sid: str
    agent: Agent
    caller: str
    """The other party's number, E.164; personal."""
    idempotency_key: str
    """The same for a repeated call of the same tool, so that what it does is done once."""
    clock: Clock
    store: Store
    number_hash: str = ""
    """The keyed hash of that number: its id on the suppression list."""
    attempt_id: str | None = None
    campaign_id: str | None = None
    language: str | None = None
    last_words: str = ""
    """The caller's last turn; personal."""
    at_ms: int | None = None
    """Milliseconds since the stream began."""

    def now(self) -> datetime:
        """This instant."""
        return self.clock.now()


A = TypeVar("A", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Tool(Generic[A]):
    """A tool in the registry."""

    name: str
    description: str
    arguments: type[A]
    run: Callable[[A, ToolContext], Awaitable[tuple[Result, Wish | None]]]
    timeout_s: float = 8.0

    def parameters(self) -> dict[str, Any] | None:
        """JSON Schema of the arguments; None when it takes none."""
        schema = self.arguments.model_json_schema()
        return schema if schema.get("properties") else None
