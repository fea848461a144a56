"""Whether a call may be recorded, by agent and by the law of the other party's place, and whether that was said."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Final

from pydantic import BaseModel, ConfigDict

from shared.domain.disclosure import disclosure_language, wordings
from shared.domain.languages import region_of
from shared.domain.packaged import packaged_yaml


class Rule(StrEnum):
    """What the law of a place asks for."""

    EVERYBODY_TOLD = "everybody_told"
    NOT_WITHOUT_CONSENT = "not_without_consent"


class RecordingRule(BaseModel):
    """One place's rule, and where it comes from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: Rule
    source: str
    date: date
    check: bool = False
    """No text of the law was read; a lawyer has to look first of all."""


EVERYWHERE: Final = "*"


@lru_cache(maxsize=1)
def recording_rules() -> Mapping[str, RecordingRule]:
    """The rules that ship with Parley, by ISO region. Raises pydantic.ValidationError."""
    return {place: RecordingRule.model_validate(one) for place, one in packaged_yaml("recording_law.yaml").items()}


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a call is recorded; if it is, the other party is told."""

    recorded: bool
    why: str | None = None
    """A fixed phrase, where it is not."""


def decision(enabled: bool, number: str) -> Decision:
    """Of an agent that records or does not, for a party with this number (E.164, or whatever Twilio gave for it)."""
    if not enabled:
        return Decision(False, "the agent does not record")
    rules = recording_rules()
    rule = rules.get(region_of(number) or EVERYWHERE, rules[EVERYWHERE])
    if rule.rule is Rule.NOT_WITHOUT_CONSENT:
        return Decision(False, "the law of the number's country wants consent first")
    return Decision(True)


# -- in words

_ONLY_IF_RECORDED = re.compile(r"\[([^\[\]]*)\]\s?")
_LAST_SENTENCE = re.compile(r"(?<=[.!?।。؟？！])\s*(?=[^.!?।。؟？！]+[.!?।。؟？！]*\s*$)")


def as_recorded(greeting: str, language: str, *, recorded: bool) -> str:
    """A greeting as it is said: words in square brackets only when the call is recorded.

    One that is to say it and does not gets Parley's own sentence before its last.
    """
    said = _ONLY_IF_RECORDED.sub(lambda found: f"{found[1]} " if recorded else "", greeting).strip()
    if not recorded or says_it_is_recorded(said):
        return said
    notice = wordings()[disclosure_language(language)].recorded
    before = _LAST_SENTENCE.search(said)
    at = len(said) if before is None else before.start()
    return " ".join(part for part in (said[:at].strip(), notice, said[at:].strip()) if part)


def says_it_is_recorded(text: str) -> bool:
    """Whether these words, in any language of ours, say that the call is recorded."""
    folded = text.casefold()
    return any(wording.recorded_stem in folded for wording in wordings().values())
