"""The law and our own limits on calling, by country and state; the strictest line holds.

RuleError  the rules' file says something that cannot hold; nothing is called by half-read rules
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from enum import IntEnum, StrEnum
from functools import lru_cache
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from shared.domain.packaged import packaged_text, parsed_yaml
from shared.domain.weekly_hours import ALWAYS, Hours, WeeklyHours


class RuleError(ValueError):
    """The calling rules cannot be read; nobody may be called by them."""


class Purpose(StrEnum):
    """What a campaign calls about."""

    MARKETING = "marketing"
    SERVICE = "service"
    COLLECTIONS = "collections"


class ConsentNeed(IntEnum):
    """What a contact must have agreed to, weakest first."""

    NOT_REFUSED = 0
    """Nothing is needed; a refusal still holds."""
    GRANTED = 1
    EXPRESS = 2
    EXPRESS_WRITTEN = 3


@dataclass(frozen=True, slots=True)
class Caps:
    """How many attempts one number may get over all campaigns, in rolling windows; None: no limit of this kind."""

    per_24h: int | None = None
    per_7d: int | None = None
    per_30d: int | None = None
    gap_s: int = 0
    """Least time between two calls that rang."""

    def __and__(self, other: Caps) -> Caps:
        """The smaller of each."""
        return Caps(
            _smaller(self.per_24h, other.per_24h),
            _smaller(self.per_7d, other.per_7d),
            _smaller(self.per_30d, other.per_30d),
            max(self.gap_s, other.gap_s),
        )


def _smaller(mine: int | None, theirs: int | None) -> int | None:
    given = [cap for cap in (mine, theirs) if cap is not None]
    return min(given) if given else None


@dataclass(frozen=True, slots=True)
class Registry:
    """A public list of people who want no marketing calls, and how fresh a look into it has to be."""

    name: str
    max_age_days: int


@dataclass(frozen=True, slots=True)
class Source:
    """Where a line comes from; check asks for a lawyer's look."""

    place: str
    says: str
    source: str
    date: date
    check: bool


@dataclass(frozen=True, slots=True)
class CallingRule:
    """All lines that hold for somebody, folded into one."""

    hours: WeeklyHours = ALWAYS
    closed_on: frozenset[tuple[str, str | None]] = frozenset()
    """Calendars of public holidays on which nobody is called: country and state."""
    caps: Caps = Caps()
    consent: ConsentNeed = ConsentNeed.NOT_REFUSED
    registry: Registry | None = None
    hang_up_is_refusal: bool = False
    """Who hangs up at once is not called again."""
    notes: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Caps(_Strict):
    per_24h: int | None = Field(default=None, ge=1)
    per_7d: int | None = Field(default=None, ge=1)
    per_30d: int | None = Field(default=None, ge=1)
    gap_h: int = Field(default=0, ge=0)

    def caps(self) -> Caps:
        return Caps(self.per_24h, self.per_7d, self.per_30d, self.gap_h * 3600)


class _Registry(_Strict):
    name: str
    max_age_days: int = Field(ge=1)


_SAYS = ("hours", "closed", "caps", "consent", "registry", "hang_up_is_refusal", "note")


class _Line(_Strict):
    """One sentence of the rules: exactly one thing, with its source and date."""

    purposes: tuple[Purpose, ...] = Field(default=tuple(Purpose), alias="for", min_length=1)
    source: str = Field(min_length=3)
    date: date
    check: bool = False
    hours: Hours | None = None
    closed: Literal["public_holidays"] | None = None
    caps: _Caps | None = None
    consent: ConsentNeed | None = None
    registry: _Registry | None = None
    hang_up_is_refusal: Literal[True] | None = None
    note: str | None = Field(default=None, min_length=3)

    @field_validator("consent", mode="before")
    @classmethod
    def _consent_by_name(cls, written: object) -> object:
        return ConsentNeed[written.upper()] if isinstance(written, str) else written

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        said = [name for name in _SAYS if getattr(self, name) is not None]
        if len(said) != 1:
            raise ValueError(
                f"a line says exactly one of {', '.join(_SAYS)}; this one says {', '.join(said) or 'nothing'}"
            )
        return self

    @property
    def says(self) -> str:
        return next(name for name in _SAYS if getattr(self, name) is not None)


class _Book(_Strict):
    version: str
    same_as: dict[str, str]
    groups: dict[str, tuple[str, ...]]
    places: dict[str, tuple[_Line, ...]]

    @model_validator(mode="after")
    def _names_known_places(self) -> Self:
        for needed in ("*", "??"):
            if needed not in self.places:
                raise ValueError(f"the place {needed!r} is missing")
        for place in self.places:
            if place.startswith("@") and place[1:] not in self.groups:
                raise ValueError(f"{place} is not a group")
            country, dash, _ = place.partition("-")
            if dash and country not in self.places:
                raise ValueError(f"{place} is a state of a country without an entry")
        return self


class CallingRules:
    """The rules of one version of the file."""

    def __init__(self, text: str) -> None:
        try:
            self._book = _Book.model_validate(parsed_yaml(text))
        except (yaml.YAMLError, ValidationError, KeyError) as error:
            raise RuleError(f"the calling rules cannot be read: {error}") from error
        self.version = self._book.version

    def is_known(self, country: str) -> bool:
        """Whether somebody has read this country's rules."""
        country, _ = self._home(country)
        return country in self._book.places or any(country in members for members in self._book.groups.values())

    def rule(self, country: str, states: Iterable[str], purpose: Purpose) -> CallingRule:
        """The strictest of all lines for a contact in this country; in all of these states when there are several."""
        country, territory = self._home(country)
        states = tuple(dict.fromkeys((*states, *territory)))
        rule = CallingRule()
        for place in self._places(country, states):
            for line in self._book.places.get(place, ()):
                if purpose in line.purposes:
                    rule = _with(rule, line, place, country, states)
        return rule

    def _home(self, country: str) -> tuple[str, tuple[str, ...]]:
        home = self._book.same_as.get(country)
        return (home, (country,)) if home else (country, ())

    def _places(self, country: str, states: tuple[str, ...]) -> Iterator[str]:
        yield "*"
        if not self.is_known(country):
            yield "??"
        for group, members in self._book.groups.items():
            if country in members:
                yield f"@{group}"
        yield country
        for state in states or ("??",):
            yield f"{country}-{state}"


def _with(rule: CallingRule, line: _Line, place: str, country: str, states: tuple[str, ...]) -> CallingRule:
    """This rule, made stricter by one line."""
    changes: dict[str, Any] = {"sources": (*rule.sources, Source(place, line.says, line.source, line.date, line.check))}
    if line.hours is not None:
        changes["hours"] = rule.hours & line.hours
    if line.closed is not None:
        calendars = {(country, state) for state in states} | {(country, None)}
        changes["closed_on"] = rule.closed_on | calendars
    if line.caps is not None:
        changes["caps"] = rule.caps & line.caps.caps()
    if line.consent is not None:
        changes["consent"] = max(rule.consent, line.consent)
    if line.registry is not None:
        registry = Registry(line.registry.name, line.registry.max_age_days)
        changes["registry"] = min(rule.registry or registry, registry, key=lambda one: one.max_age_days)
    if line.hang_up_is_refusal is not None:
        changes["hang_up_is_refusal"] = True
    if line.note is not None:
        changes["notes"] = (*rule.notes, line.note)
    return replace(rule, **changes)


@lru_cache(maxsize=1)
def packaged_rules() -> CallingRules:
    """The rules that ship with Parley. Raises RuleError."""
    return CallingRules(packaged_text("calling_rules.yaml"))


@lru_cache(maxsize=10_000)
def rule_for(country: str, states: tuple[str, ...], purpose: Purpose) -> CallingRule:
    """What the shipped rules say about a contact in this country and these states."""
    return packaged_rules().rule(country, states, purpose)
