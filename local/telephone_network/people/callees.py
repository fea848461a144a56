"""Who is at the other end of a number, and what happens when it rings."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from local.telephone_network.people.script import Script, written_out


class Reaction(StrEnum):
    """What a telephone does when it is called."""

    ANSWERS = "answers"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTS = "rejects"
    FAILS = "fails"
    """The network cannot put the call through."""
    REFUSED = "refused"
    """The REST API refuses the call at once."""


class Callee(BaseModel):
    """One telephone's behaviour."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reaction: Reaction = Reaction.ANSWERS
    after_s: float = Field(default=2.0, ge=0)
    """Seconds of ringing before it answers, rejects or turns out busy."""
    script: Script | None = None
    """What the person (or machine) does once it has answered. None: listens until the other side hangs up."""
    talk_s: float | None = Field(default=None, ge=0)
    """Instead of a script: answered for so long, without any audio or stream."""
    answered_by: str | None = None
    """What machine detection finds: human, fax, unknown, one of Twilio's words for a machine, or plainly machine: then
    its greeting is waited out if that was asked for, and a beep follows the greeting."""
    detected_after_s: float = Field(default=3.0, ge=0)
    """When it is found, unless a greeting is waited out."""
    code: int = 21211
    """The REST API's number when it refuses."""
    sip_code: int | None = None

    @model_validator(mode="after")
    def _one_way_to_talk(self) -> Self:
        if self.script is not None and self.talk_s is not None:
            raise ValueError("a callee follows a script or talks for so many seconds, not both")
        return self

    @field_validator("script", mode="before")
    @classmethod
    def _look_up_caller(cls, script: object) -> object:
        return written_out(script)

    @property
    def is_machine(self) -> bool:
        """Plainly a machine."""
        return self.answered_by == "machine"


class CalleeRule(BaseModel):
    """Which numbers behave so. Several behaviours are one for each call in turn; the last one stays."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    number: str
    """E.164, or a pattern in which * stands for anything."""
    calls: tuple[Callee, ...] = Field(default=(Callee(),), min_length=1)


class Callees:
    """All telephones that can be called. Who is not listed answers after two seconds and listens."""

    def __init__(self) -> None:
        self._exact: dict[str, tuple[Callee, ...]] = {}
        self._patterns: list[CalleeRule] = []
        self._rung: dict[str, int] = {}

    def add(self, rule: CalleeRule) -> None:
        """Let these numbers behave so. A number comes before patterns, a longer pattern before a shorter."""
        if "*" in rule.number or "?" in rule.number:
            self._patterns = sorted([rule, *self._patterns], key=lambda other: -len(other.number))
        else:
            self._exact[rule.number] = rule.calls

    def clear(self) -> None:
        """Everybody answers and listens again."""
        self._exact.clear()
        self._patterns.clear()
        self._rung.clear()

    def look(self, number: str) -> Callee:
        """What would happen on the next call."""
        behaviours = self._behaviours(number)
        return behaviours[min(self._rung.get(number, 0), len(behaviours) - 1)]

    def ring(self, number: str) -> Callee:
        """What happens on this call; the next one finds the next behaviour."""
        callee = self.look(number)
        self._rung[number] = self._rung.get(number, 0) + 1
        return callee

    def _behaviours(self, number: str) -> tuple[Callee, ...]:
        if number in self._exact:
            return self._exact[number]
        matching = (rule.calls for rule in self._patterns if fnmatchcase(number, rule.number))
        return next(matching, (Callee(),))


def parse_callees(document: Mapping[str, Any]) -> list[CalleeRule]:
    """Rules as a mapping of number or pattern to a behaviour or a list of them."""
    return [
        CalleeRule.model_validate({"number": number, "calls": calls if isinstance(calls, list) else [calls]})
        for number, calls in document.items()
    ]
