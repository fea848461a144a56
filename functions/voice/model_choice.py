"""Which model an agent gets: the one in its document while the service has it, else its successor; and who is told."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping

from shared.clock import Clock
from shared.domain.agent import Agent
from shared.domain.model_succession import Resolution, resolve_model
from shared.genai import Place

log = logging.getLogger(__name__)

Listing = Callable[[], frozenset[str]]


def as_asked(agent: Agent) -> Resolution:
    """The model in the agent's document, whatever the service says."""
    return Resolution(agent.model.id, agent.model.id)


class ModelChoice:
    """One a process. Every place is asked once what models it has; until it has answered, only the calendar counts."""

    def __init__(self, place_of: Callable[[Agent], Place], clock: Clock) -> None:
        self._place_of = place_of
        self._clock = clock
        self._listed: dict[Place, frozenset[str]] = {}
        self._told: set[tuple[str, str | None]] = set()
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
        if found.reason is not None and (found.asked, region) not in self._told:
            self._told.add((found.asked, region))
            log.warning(
                "another speech model is used than the agent names"
                if found.is_replaced
                else "an agent's speech model is gone and has no successor here",
                extra={"agent": agent.id, "asked": found.asked, "used": found.id, "why": found.reason},
            )
        return found

    def announce(self, agents: Iterable[Agent]) -> None:
        """Say at the start, not at the first call, which agents are voiced by another model; again with each list."""
        self._agents = tuple(agents)
        self._tell()

    def _tell(self) -> None:
        for agent in self._agents:
            for choice in agent.model.and_fallbacks():
                self.model_of(agent.model_copy(update={"model": choice}))
