"""What a callee hears first: that a machine speaks, for whom, about what, whether it is recorded, how to stop it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from shared.domain.agent import Agent
from shared.domain.calling_rules import Purpose
from shared.domain.campaign import Campaign
from shared.domain.packaged import packaged_yaml


class Wording(BaseModel):
    """The disclosure in one language, and who has checked it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    checked: str
    opening: str
    recorded: str
    recorded_stem: str
    """In lower case: words that hold it speak of recording."""
    stop: str
    word: str
    """What the callee is told to say."""
    topics: dict[Purpose, str]

    @model_validator(mode="after")
    def _says_everything(self) -> Wording:
        missing = [name for name in ("{agent}", "{company}", "{topic}") if name not in self.opening]
        missing += [purpose.value for purpose in Purpose if purpose not in self.topics]
        if self.recorded_stem not in self.recorded.casefold():
            missing.append("recording")
        if missing or self.word not in self.stop:
            raise ValueError(f"the disclosure leaves out {', '.join(missing) or 'the word to say'}")
        return self


FALLBACK = "en"


@lru_cache(maxsize=1)
def wordings() -> dict[str, Wording]:
    """The disclosures that ship with Parley, by language (BCP-47 without region)."""
    return {language: Wording.model_validate(written) for language, written in packaged_yaml("disclosure.yaml").items()}


def disclosure_language(language: str) -> str:
    """The language in which the disclosure would be spoken; English where we have no words of that language."""
    plain = language.partition("-")[0]
    return plain if plain in wordings() else FALLBACK


def who_calls(agent: Agent, campaign: Campaign, language: str) -> str:
    """That a machine speaks, for whom and about what: the sentence that a message left on a machine begins with."""
    spoken = disclosure_language(language)
    wording = wordings()[spoken]
    names: dict[str, Any] = {
        "agent": agent.name,
        "company": agent.company,
        "topic": _topic(campaign, language, spoken) or wording.topics[campaign.purpose],
    }
    return re.sub(r"\{(\w+)\}", lambda name: _said(names[name[1]]), wording.opening)


def opening(agent: Agent, campaign: Campaign, language: str, *, recorded: bool) -> str:
    """The first sentences of an outbound call that the agent's own words do not open."""
    wording = wordings()[disclosure_language(language)]
    sentences = [who_calls(agent, campaign, language)]
    if recorded:
        sentences.append(wording.recorded)
    return " ".join((*sentences, wording.stop))


def says_how_to_stop(words: str, language: str) -> bool:
    """Whether an agent's own first words tell the callee the word to say, in whatever sentence."""
    return wordings()[disclosure_language(language)].word.casefold() in words.casefold()


def _topic(campaign: Campaign, language: str, spoken: str) -> str | None:
    """The campaign's own words for what it calls about, only in the language that is being spoken."""
    return campaign.topic.get(language) or campaign.topic.get(spoken)


def _said(name: str) -> str:
    """A name or topic on one line; what a marketer typed cannot end the sentence or begin another."""
    return re.sub(r"\s+", " ", name).strip().rstrip(".!?।。")
