"""The Gemini Live models there are: where each is served, what it takes and refuses, until when, and who follows it.

models.yaml is the one table; the wire's profiles, the validation of agents and the audit read it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from shared.domain.cost import ModelPrice
from shared.domain.packaged import packaged_yaml


class Platform(StrEnum):
    """Which of Google's two doors."""

    DEVELOPER = "developer"
    VERTEX = "vertex"


PLATFORM_NAMES: Mapping[Platform, str] = {
    Platform.DEVELOPER: "the Developer API",
    Platform.VERTEX: "Vertex AI",
}


DEFAULT_REGION = "us-central1"
"""Where Gemini Live has been served on Vertex AI longest."""


def jurisdiction(region: str | None) -> str | None:
    """The part of the world that a Vertex AI region lies in: "eu" for europe-west4 and eu; None for global."""
    if region is None or region == "global":
        return None
    continent = region.partition("-")[0]
    return "eu" if continent == "europe" else continent


class Thinking(StrEnum):
    """How a model is told how much to think."""

    LEVEL = "level"
    BUDGET = "budget"
    """In tokens. Zero is off; without one the model decides."""
    NONE = "none"


class ToolMode(StrEnum):
    """Whether a tool call holds the model up, and whether a declaration may say so."""

    ALWAYS_BLOCKING = "always blocking"
    BLOCKING_UNLESS_TOLD = "blocking unless told"
    FREE_UNLESS_TOLD = "free unless told"
    ALWAYS_FREE = "always free"


class Proactive(StrEnum):
    """Whether the model may decide by itself not to answer."""

    NEVER = "never"
    """The switch is an error."""
    OPTIONAL = "optional"
    ALWAYS = "always"
    """Switching it off is an error."""


class Coverage(StrEnum):
    """What of the caller's stream belongs to a turn."""

    ONLY_ACTIVITY = "only activity"
    AUDIO_AND_VIDEO = "audio activity and all video"


class State(StrEnum):
    """How far along its life a model is, by its maker's pages on the catalogue's day."""

    PREVIEW = "preview"
    STABLE = "stable"
    DEPRECATED = "deprecated"
    RETIRED = "retired"


class Entry(BaseModel):
    """A part of the catalogue: unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(Entry):
    """Who says so, and of when the copy is that was read."""

    page: str
    as_of: str = Field(pattern=r"^\d{4}-\d{2}$")


class OnPlatform(Entry):
    """What a family takes on one platform."""

    tools: ToolMode
    announces_history: bool
    """Earlier turns are announced in the setup and sent before the first caller audio; otherwise just sent."""
    takes_context: bool
    """Turns may be added in the middle of a session without an answer being asked for."""
    default_turn_coverage: Coverage
    refused_turn_coverage: Coverage | None = None
    languages: str
    """Key of the catalogue's languages."""


class Family(Entry):
    """Models that take the same on the wire; theirs are all ids that begin so and fit no longer prefix."""

    prefix: str
    thinking: Thinking
    levels: frozenset[str] = frozenset()
    proactive_audio: Proactive
    affective: bool
    packs_events: bool
    """Audio, transcript and more come in one event; older models send one thing at a time."""
    interaction_status: bool = False
    """Says apart from the end of a turn whether more is to come."""
    client_content: str
    """When turns may be sent, in words."""
    billed_listening: str
    """"streamed": what is sent to it; "all": the whole time it listens."""
    platforms: Mapping[Platform, OnPlatform]
    sources: tuple[Source, ...] = Field(min_length=1)


class Served(Entry):
    """Where on a platform."""

    regions: tuple[str, ...] = ()
    """Vertex AI only, the likeliest first."""
    regions_complete: bool = True
    """False: others are reported and not confirmed."""


class Shutdown(Entry):
    """When a model ends."""

    day: dt.date
    confirmed: bool
    """It stands on a page of its maker's. Rumours retire nothing."""
    source: Source


class Price(Entry):
    """Dollars per million tokens."""

    text_in: float
    audio_in: float
    text_out: float
    audio_out: float

    def as_model_price(self) -> ModelPrice:
        """As calls are costed."""
        return ModelPrice(self.text_in, self.audio_in, self.text_out, self.audio_out)


class LiveModel(Entry):
    """One model, by the service's own id."""

    id: str
    state: State
    released: dt.date | None = None
    served: Mapping[Platform, Served] = Field(min_length=1)
    shutdown: Shutdown | None = None
    successor: str | None = None
    price: Price | None = None
    """None: no list price was found."""
    sources: tuple[Source, ...] = Field(min_length=1)

    def is_over(self, today: dt.date) -> bool:
        """Its maker said that it would be switched off by now."""
        return self.shutdown is not None and self.shutdown.confirmed and self.shutdown.day <= today

    def serves(self, platform: Platform, region: str | None = None) -> bool:
        """Whether it can be had there; a region that is not confirmed counts."""
        place = self.served.get(platform)
        if place is None or region == "global":
            return False
        return region is None or not place.regions or not place.regions_complete or region in place.regions


Tags = Annotated[
    frozenset[str], BeforeValidator(lambda value: frozenset(value.split()) if isinstance(value, str) else value)
]


class Catalogue(Entry):
    """All of it, as of a day."""

    as_of: dt.date
    languages: Mapping[str, Tags]
    families: tuple[Family, ...]
    models: tuple[LiveModel, ...]

    @model_validator(mode="after")
    def _holds_together(self) -> Catalogue:
        ids = [model.id for model in self.models]
        if len(set(ids)) != len(ids) or len({family.prefix for family in self.families}) != len(self.families):
            raise ValueError("a model or a family is there twice")
        for family in self.families:
            if unknown := {place.languages for place in family.platforms.values()} - set(self.languages):
                raise ValueError(f"{family.prefix}: there is no list of languages {', '.join(sorted(unknown))}")
        for model in self.models:
            family_of_it = self.family(model.id)
            if family_of_it is None or set(model.served) - set(family_of_it.platforms):
                raise ValueError(f"{model.id}: its family does not say what it takes on each of its platforms")
            if model.successor is not None and model.successor not in ids:
                raise ValueError(f"{model.id}: its successor is not in the catalogue")
            if model.id in self.after(model.id):
                raise ValueError(f"{model.id} succeeds itself")
        return self

    def model(self, model_id: str) -> LiveModel | None:
        """The model with this id."""
        return next((model for model in self.models if model.id == model_id), None)

    def family(self, model_id: str) -> Family | None:
        """The family that an id belongs to, also of a model that is not listed here."""
        fitting = [family for family in self.families if model_id.startswith(family.prefix)]
        return max(fitting, key=lambda family: len(family.prefix), default=None)

    def after(self, model_id: str) -> tuple[str, ...]:
        """The successor, its successor, and so on."""
        chain: list[str] = []
        at = self.model(model_id)
        while at is not None and at.successor is not None and at.successor not in chain:
            chain.append(at.successor)
            at = self.model(at.successor)
        return tuple(chain)

    def languages_of(self, model_id: str, platform: Platform | None = None) -> frozenset[str]:
        """Bare tags that the model speaks there, or anywhere; empty when nothing is known of it."""
        family = self.family(model_id)
        if family is None:
            return frozenset()
        places = [place for key, place in family.platforms.items() if platform in (None, key)]
        return frozenset().union(*(self.languages[place.languages] for place in places))


@cache
def catalogue() -> Catalogue:
    """The one that ships. Raises pydantic.ValidationError for a table that contradicts itself."""
    return Catalogue.model_validate(packaged_yaml("models.yaml"))
