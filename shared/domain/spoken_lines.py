"""Lines in Parley's own words: what is said without the speech model, and what an agent has no words of its own for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict

from shared.domain.languages import base_of, languages
from shared.domain.packaged import packaged_yaml

FALLBACK = "en"
Gender = Literal["female", "male"]


class Wording(BaseModel):
    """A line, by the speaker's gender; mostly the same words."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    female: str
    male: str


def _both(value: object) -> object:
    return {"female": value, "male": value} if isinstance(value, str) else value


Line = Annotated[Wording, BeforeValidator(_both)]


class Lines(BaseModel):
    """All lines of one language, and who has checked them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    checked: Literal["engineer", "unchecked"]
    """unchecked: no native speaker has read them."""
    greeting: Line
    hold_on: Line
    goodbye: Line
    apology: Line
    apology_callback: Line
    connecting_you: Line
    nobody_free: Line
    take_call: Line
    """Said to a person who is to take a caller, never to the caller."""


NAMES = tuple(name for name in Lines.model_fields if name != "checked")


@cache
def all_lines() -> Mapping[str, Lines]:
    """By language (BCP-47 without region). Raises pydantic.ValidationError for a line that is missing."""
    return {tag: Lines.model_validate(written) for tag, written in packaged_yaml("spoken_lines.yaml").items()}


def words(name: str, language: str | None, gender: Gender = "female") -> str | None:
    """A line in this language (hi, hi-IN, hi-en), as it stands there with its placeholders; None where we have none."""
    lines = all_lines().get(base_of(language or FALLBACK))
    if lines is None:
        return None
    wording: Wording = getattr(lines, name)
    return wording.female if gender == "female" else wording.male


def greeting(language: str, *, agent: str, company: str, gender: Gender) -> str | None:
    """The first words of an agent that brings none of its own in this language."""
    written = words("greeting", language, gender)
    names = {"agent": agent, "company": company}
    return None if written is None else re.sub(r"\{(\w+)\}", lambda place: names[place[1]], written)


def line(name: str, language: str | None) -> tuple[str, str, str | None]:
    """Tag, words and voice for Twilio's <Say>, in this language or, where Twilio cannot say it, in English."""
    base = base_of(language or FALLBACK)
    known = languages().get(base)
    said = words(name, base)
    if known is None or not known.say or said is None:
        return line(name, FALLBACK)
    tag = language if language and language in known.say else next(iter(known.say))
    return tag, said, known.say[tag]
