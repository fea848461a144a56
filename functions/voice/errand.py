"""The errand of an outbound stream: its contact and campaign, its first words, and the report to the campaign."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from functions.voice.services import VoiceServices
from shared.domain.agent import VOICES, Agent
from shared.domain.attempt import Attempt, IllegalEvent
from shared.domain.call_progress import achieved, heard_in_time, talked
from shared.domain.calling_rules import Purpose
from shared.domain.campaign import Campaign
from shared.domain.contact import Contact, contact_path
from shared.domain.disclosure import opening, says_how_to_stop
from shared.domain.disposition import Outcome, Talk
from shared.domain.languages import base_of, start_language
from shared.domain.recording_law import as_recorded
from shared.domain.spoken_lines import greeting as line_of_greeting
from shared.store.campaigns import read_campaign
from shared.store.store import StoreError

log = logging.getLogger(__name__)

READ_DEADLINE_S = 3.0
REPORT_TRIES = 6
REPORT_AGAIN_S = 1.0


@dataclass(frozen=True, slots=True)
class Errand:
    """One attempt's contact and campaign."""

    attempt_id: str
    contact: Contact
    campaign: Campaign

    def language(self, agent: Agent) -> str:
        """The language to begin in: the contact's, the campaign's, that of the number's region, or the agent's."""
        spoken = agent.languages
        wished = (self.contact.language, self.campaign.language)
        return start_language(spoken.start, spoken.allowed, self.contact.phone, *wished)

    def greeting(self, agent: Agent, language: str, *, recorded: bool) -> str:
        """The first words: the law's, which for marketing no document can edit away.

        For other purposes the agent's own stand in their place, if they say how to stop.
        """
        own = greeting_of(agent, language)
        if self.campaign.purpose is Purpose.MARKETING or not says_how_to_stop(own, language):
            return opening(agent, self.campaign, language, recorded=recorded)
        return as_recorded(own, language, recorded=recorded)

    @property
    def facts(self) -> Mapping[str, str]:
        """What is known about the person: data for the agent, never instructions."""
        return {**({"name": self.contact.name} if self.contact.name else {}), **self.contact.variables}


def greeting_of(agent: Agent, language: str) -> str:
    """The agent's own first words in a language; else Parley's in its name; else the agent's in its start language."""
    base = base_of(language)
    own = agent.greeting.get(language) or next(
        (words for tag, words in agent.greeting.items() if base_of(tag) == base), None
    )
    ours = own or line_of_greeting(language, agent=agent.name, company=agent.company, gender=VOICES[agent.voice])
    return ours or agent.greeting[agent.languages.start]


async def errand_of(services: VoiceServices, attempt_id: str) -> Errand | None:
    """The errand behind an attempt; None when it cannot be read."""
    try:
        async with asyncio.timeout(READ_DEADLINE_S):
            read = await services.attempts.read(attempt_id)
            if read is None:
                return None
            attempt, _ = read
            campaign = await read_campaign(services.store, attempt.campaign_id)
            document = await services.store.get(contact_path(attempt.campaign_id, attempt.contact_id))
    except (StoreError, TimeoutError):
        log.warning("errand could not be read", extra={"attempt": attempt_id})
        return None
    if campaign is None or document is None:
        return None
    return Errand(attempt_id, Contact.from_document(document.data), campaign)


def _with_our_word(
    attempt: Attempt, talk: Talk | None, outcome: Outcome | None, silent_until: datetime | None
) -> Attempt:
    if talk is not None:
        heard_agent = silent_until is None or heard_in_time(attempt, silent_until)
        attempt = talked(attempt, replace(talk, heard_agent=heard_agent))
    return attempt if outcome is None else achieved(attempt, outcome)


async def report(
    services: VoiceServices,
    attempt_id: str,
    talk: Talk | None,
    outcome: Outcome | None,
    language: str | None,
    silent_until: datetime | None,
) -> None:
    """What our side knows of the conversation; a store that is away is asked again for some seconds.

    talk: None while the call may go on.
    silent_until: when the person heard the agent for the first time, or was gone; None: nobody knows.
    If it stays away, the sweeper closes the attempt without our word.
    """
    for tries in range(REPORT_TRIES):
        try:
            also = {} if language is None else {"language": language}
            moved = await services.attempts.move(
                attempt_id, lambda one: _with_our_word(one, talk, outcome, silent_until), also
            )
            if not moved.state.is_open:
                await services.settlement.settle(attempt_id)
            return
        except IllegalEvent:
            log.error("attempt does not take our word", extra={"attempt": attempt_id})
            return
        except StoreError:
            await asyncio.sleep(REPORT_AGAIN_S * (tries + 1))
    log.error("our word on a call could not be written down", extra={"attempt": attempt_id})
