"""What a tool is: an async function with typed arguments and a typed result, and what a call lets it see and wish."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

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
    """The agent takes whoever answered for a machine."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """Join the caller to this number once the agent has finished speaking."""

    number: str
    name: str = ""
    """By which the agent knows them."""
    summary: str = ""
    """What they hear first, and then take the call or do not; empty: they are joined at once. Personal."""


@dataclass(frozen=True, slots=True)
class HandOver:
    """Let another agent go on with this caller."""

    agent_id: str
    brief: str = ""
    """What the other agent should know; personal."""


class Fact(StrEnum):
    """What a tool can find out about the caller, and another tool can ask for."""

    VERIFIED_CALLER = "verified_caller"
    """They have shown that they are who they say they are."""


@dataclass(frozen=True, slots=True)
class Learned:
    """Something about the caller is known from now on, for the rest of the call."""

    fact: Fact


@dataclass(frozen=True, slots=True)
class OptedOut:
    """The person does not want to be called again; it has been written down."""


@dataclass(frozen=True, slots=True)
class CallbackPromised:
    """The person will be called again; it has been written down."""


Wish = EndCall | Transfer | HandOver | OptedOut | CallbackPromised | Learned
"""What a tool wants to happen to the call itself; the bridge carries it out."""


class Line(Protocol):
    """The phone line of a call, for tools that press keys or wait for them."""

    async def send_keys(self, digits: str) -> None:
        """Let the other end hear these keys."""
        ...

    async def collect_keys(self, length: int, terminator: str, timeout_s: float) -> str:
        """What the caller presses, without the terminator; what came when the time is up."""
        ...


class BadArguments(Exception):
    """The model's arguments are not right; the message says which, for the model, and repeats none of them."""


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
    agents_so_far: Sequence[str] = ()
    """Ids of the agents that have had this caller, in order; the last is the present one."""
    facts: frozenset[str] = frozenset()
    """What earlier tools have found out about the caller."""
    line: Line | None = None
    """None where the tool runs apart from the call."""

    @property
    def tool_call_id(self) -> str:
        """The model's own id of this call of the tool."""
        return self.idempotency_key.partition(":")[2] or self.idempotency_key

    def now(self) -> datetime:
        """This instant."""
        return self.clock.now()


Answer = tuple[Result, Wish | None]
A = TypeVar("A", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Traits:
    """How a tool may be run."""

    timeout_s: float = 8.0
    needs: frozenset[str] = frozenset()
    """Facts about the caller without which it does not run."""
    beside_the_call: bool = False
    """It wants something of the call itself, so it runs where the call is, whatever TOOLS_URL says."""
    takes_its_time: bool = False
    """The caller is doing something meanwhile, such as pressing keys, and needs no word of patience."""
    keeps_secret: bool = False
    """Its result is for the model alone: arguments and result are not kept."""
    may_run_again: bool = False
    """After a crash in the middle it can simply be run again: it looks something up, or acts under the call's key."""


class AnyTool(Protocol):
    """A tool, wherever it comes from."""

    @property
    def name(self) -> str:
        """What the model calls it by."""
        ...

    @property
    def description(self) -> str:
        """When to call it, for the model."""
        ...

    @property
    def traits(self) -> Traits:
        """How it may be run."""
        ...

    def parameters(self, agent: Agent | None = None) -> Mapping[str, Any] | None:
        """JSON Schema of the arguments, as this agent may use them; None when it takes none."""
        ...

    def begin(self, arguments: Mapping[str, Any]) -> Callable[[ToolContext], Awaitable[Answer]]:
        """The tool with these arguments, ready to run. Raises BadArguments."""
        ...


@dataclass(frozen=True, slots=True)
class Tool(Generic[A]):
    """A tool written in Python."""

    name: str
    description: str
    arguments: type[A]
    run: Callable[[A, ToolContext], Awaitable[Answer]]
    traits: Traits = Traits()
    fits: Callable[[Agent, dict[str, Any]], dict[str, Any]] | None = None
    """Narrows the schema to what an agent's document allows, so that the model need not guess."""

    def parameters(self, agent: Agent | None = None) -> Mapping[str, Any] | None:
        """JSON Schema of the arguments, as this agent may use them; None when it takes none."""
        schema = self.arguments.model_json_schema()
        if agent is not None and self.fits is not None:
            schema = self.fits(agent, schema)
        return schema if schema.get("properties") else None

    def begin(self, arguments: Mapping[str, Any]) -> Callable[[ToolContext], Awaitable[Answer]]:
        """The tool with these arguments, ready to run. Raises BadArguments."""
        try:
            parsed = self.arguments.model_validate(dict(arguments))
        except ValidationError as error:
            raise BadArguments(_explained(error)) from None
        return lambda context: self.run(parsed, context)


def with_choices(schema: dict[str, Any], argument: str, choices: Sequence[str]) -> dict[str, Any]:
    """The schema with these as the only values of a string argument; as it was when there are none."""
    if not choices:
        return schema
    narrowed = {**schema["properties"][argument], "enum": list(choices)}
    return {**schema, "properties": {**schema["properties"], argument: narrowed}}


def _explained(error: ValidationError) -> str:
    """Which arguments are wrong, and how, without repeating what was given."""
    return "; ".join(
        f"{'.'.join(str(part) for part in problem['loc']) or 'arguments'}: {problem['msg']}"
        for problem in error.errors(include_url=False, include_input=False, include_context=False)
    )
