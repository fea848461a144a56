"""The launch languages: their names, scripts and places; and in which of them a conversation begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import phonenumbers
from pydantic import BaseModel, ConfigDict, Field

from shared.domain.model_catalogue import Platform, catalogue
from shared.domain.packaged import packaged_yaml

SCRIPT_NAMES = dict(
    pair.split(":")
    for pair in (
        "Arab:Arabic Beng:Bengali Deva:Devanagari Gujr:Gujarati Guru:Gurmukhi Hans:Chinese Jpan:Japanese Knda:Kannada"
        " Kore:Korean Latn:Latin Mlym:Malayalam Orya:Odia Taml:Tamil Telu:Telugu"
    ).split()
)
"""Of the launch languages, in English."""
OTHER_NAMES = dict(
    pair.split(":")
    for pair in (
        "cs:Czech da:Danish el:Greek fi:Finnish fil:Filipino he:Hebrew hu:Hungarian ms:Malay ne:Nepali no:Norwegian"
        " pl:Polish ro:Romanian ru:Russian sv:Swedish sw:Swahili th:Thai tr:Turkish uk:Ukrainian vi:Vietnamese"
    ).split()
)
"""Languages that the speech models speak and for which Parley has no lines of its own yet."""


class Language(BaseModel):
    """One language. Its tag is its key in the catalogue: bare BCP-47."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    """In English, because instructions are written in English."""
    native: str
    script: str = Field(pattern=r"^[A-Z][a-z]{3}$")
    """ISO 15924; what its transcripts are written in."""
    regions: tuple[str, ...]
    """ISO 3166: where somebody of whom nothing else is known is taken to speak it."""
    regional: bool = False
    """The language of a district: a number of the whole country says nothing for it."""
    say: Mapping[str, str] = {}
    """Tag → voice of Twilio's <Say>, the usual one first; none: Twilio cannot say it."""


@cache
def languages() -> Mapping[str, Language]:
    """All of them by tag. Raises pydantic.ValidationError for a table that is wrong."""
    return {tag: Language.model_validate(entry) for tag, entry in packaged_yaml("languages.yaml").items()}


def base_of(tag: str) -> str:
    """hi-IN → hi; the mixed tag hi-en stays what its grammar is: hi."""
    return tag.partition("-")[0]


def language_name(tag: str) -> str:
    """hi-IN → Hindi; a language that is not in the catalogue stands for itself."""
    known = languages().get(base_of(tag))
    return known.name if known is not None else OTHER_NAMES.get(base_of(tag), tag)


def script_name(tag: str) -> str | None:
    """ta-IN → Tamil, hi → Devanagari; None for a language that is not in the catalogue."""
    known = languages().get(base_of(tag))
    return None if known is None else SCRIPT_NAMES[known.script]


def is_spoken_by(tag: str, model_id: str, platform: Platform | None = None) -> bool:
    """Whether a speech model speaks it there, by the catalogue of models; one we know nothing of may."""
    spoken = catalogue().languages_of(model_id, platform)
    return not spoken or base_of(tag) in spoken


def region_of(number: str) -> str | None:
    """ISO region of an E.164 number; None when it has none or is no number."""
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(number, None))
    except phonenumbers.NumberParseException:
        return None


def start_language(agent_start: str, allowed: Sequence[str], number: str, *wished: str | None) -> str:
    """The tag to begin in: the first wish (the contact's, the campaign's) that the agent speaks, else by the number's
    region, else the agent's own. An agent without a list of languages speaks whatever is wished.

    A region decides only where the agent's own start language is none of its languages.
    """
    spoken = {base_of(tag) for tag in allowed}
    for tag in wished:
        if tag and (not allowed or base_of(tag) in spoken):
            return tag
    region = region_of(number)
    there = {tag for tag, language in languages().items() if region in language.regions}
    if base_of(agent_start) in there:
        return agent_start
    common = (tag for tag in allowed if base_of(tag) in there and not languages()[base_of(tag)].regional)
    return next(common, agent_start)
