"""Which model an agent gets: the one in its document while the service has it, else its successor; and who is told."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta

from shared.clock import Clock
from shared.domain.agent import Agent
from shared.domain.model_succession import Resolution, resolve_model
from shared.genai import Place
from shared.store.notices import Notice, NoticeKind

log = logging.getLogger(__name__)

NOTICE_HOLDS = timedelta(days=2)
"""Processes come and go more often, and each says it anew."""
Listing = Callable[[], frozenset[str]]


def as_asked(agent: Agent) -> Resolution:
    """The model in the agent's document, whatever the service says."""
    return Resolution(agent.model.id, agent.model.id)


class ModelChoice:
    """Chooses models for one process. Every place is asked once what models it has; until then the calendar decides."""

    def __init__(
        self, place_of: Callable[[Agent], Place], clock: Clock, tell: Callable[[Notice], None] = lambda _: None
    ) -> None:
        self._place_of = place_of
        self._clock = clock
        self._notify = tell
        """Leaves a notice for the console; called from the thread that asks a place."""
        self._listed: dict[Place, frozenset[str]] = {}
        self._told: set[tuple[str, str, str | None]] = set()
        self._asking: dict[Place, threading.Thread] = {}
        self._agents: tuple[Agent, ...] = ()

    def ask(self, place: Place, listing: Listing) -> None:
        """Ask a place in the background; without an answer nothing changes."""
        thread = threading.Thread(target=self._ask, args=(place, listing), name="models", daemon=True)
        self._asking[place] = thread
        thread.start()

    def _ask(self, place: Place, listing: Listing) -> None:
        try:
            self._listed[place] = listing()
        except Exception as error:
            # The list is a courtesy: whatever keeps it from us must not keep a caller from being answered.
            log.info("the service's models could not be listed", extra={"error": type(error).__name__})
            return
        self._tell()

    def answers(self) -> Mapping[Place, frozenset[str] | None]:
        """What each place that was asked lists; None where no answer has come."""
        return {place: self._listed.get(place) for place in self._asking}

    def wait(self, timeout_s: float) -> None:
        """Until every place has answered, or so long for each: for reports, not for calls."""
        for thread in self._asking.values():
            thread.join(timeout_s)

    def model_of(self, agent: Agent) -> Resolution:
        """What sessions of this agent are opened with."""
        platform, region = place = self._place_of(agent)
        today = self._clock.now().date()
        found = resolve_model(agent.model.id, platform, today, self._listed.get(place), region=region)
        if found.reason is not None and (agent.id, found.asked, region) not in self._told:
            self._told.add((agent.id, found.asked, region))
            log.warning(
                "another speech model is used than the agent names"
                if found.is_replaced
                else "an agent's speech model is gone and has no successor here",
                extra={"agent": agent.id, "asked": found.asked, "used": found.id, "why": found.reason},
            )
            self._leave_notice(agent, found)
        return found

    def _leave_notice(self, agent: Agent, found: Resolution) -> None:
        kind = NoticeKind.REPLACED if found.is_replaced else NoticeKind.GONE
        sentence = f"{agent.name} ({agent.id}): {found.reason}." + (f" It is {found.id}." if found.is_replaced else "")
        self._notify(Notice(kind, f"{agent.id}/{found.asked}", sentence, self._clock.now() + NOTICE_HOLDS))

    def announce(self, agents: Iterable[Agent]) -> None:
        """Say at the start, not at the first call, which agents are voiced by another model; again with each list."""
        self._agents = tuple(agents)
        self._tell()

    def _tell(self) -> None:
        for agent in self._agents:
            for choice in agent.model.and_fallbacks():
                self.model_of(agent.model_copy(update={"model": choice}))
