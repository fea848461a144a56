"""Every agent against the catalogue of Live models and, with a key, the service's own list: ``scripts/models``."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from pathlib import Path

from pydantic import ValidationError

from functions.tools.agent_tools_check import tool_problems
from functions.tools.builtin import BUILTIN
from functions.voice.wiring import speech_models
from shared.clock import SystemClock
from shared.domain.agent import Agent, SpeechPlace
from shared.domain.agent_check import AgentProblem, problems_of
from shared.domain.model_catalogue import PLATFORM_NAMES, Catalogue, LiveModel, Platform, catalogue
from shared.domain.model_succession import Standing, resolve_model, standing
from shared.errors import ConfigurationError
from shared.settings import Settings, read_settings
from shared.store import open_store
from shared.store.agents import SHIPPED, AgentVersions, BadAgent, shipped_agents
from shared.store.store import StoreError

LIST_WITHIN_S = 10.0
Listed = Mapping[Platform, frozenset[str]]


class Weight(IntEnum):
    """How much a finding matters."""

    NOTE = 1
    FAILURE = 2
    """Calls fail, or will within weeks."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to know or to change."""

    agent: str
    weight: Weight
    text: str


def audit(
    agents: Iterable[Agent], known: Catalogue, tools: Sequence[str], today: date, listed: Listed
) -> Iterator[Finding]:
    """What is wrong or soon will be, agent by agent; listed has only the platforms that answered."""
    everything = frozenset().union(*listed.values())
    others = {agent.id: agent for agent in agents}
    for agent in others.values():
        cannot_work = problems_of(agent, known, tools, listed=everything, others=others)
        for problem in [*cannot_work, *tool_problems(agent)]:
            yield Finding(agent.id, Weight.FAILURE, str(problem))
        for place in agent.model.and_fallbacks():
            model = known.model(place.id)
            if model is not None:
                yield from (Finding(agent.id, weight, text) for weight, text in _of_model(model, known, today))
                yield from (Finding(agent.id, weight, text) for weight, text in _of_list(place, known, today, listed))


def _of_model(model: LiveModel, known: Catalogue, today: date) -> Iterator[tuple[Weight, str]]:
    heirs = (known.model(heir) for heir in known.after(model.id))
    heir = next((one.id for one in heirs if one is not None and not one.is_over(today)), None)
    change = f"; change it to {heir}" if heir else ""
    end = model.shutdown
    match standing(model, today):
        case Standing.RETIRED:
            yield Weight.FAILURE, f"{model.id} was switched off{f' on {end.day}' if end else ''}{change}"
        case Standing.ENDS_SOON if end is not None:
            yield Weight.FAILURE, f"{model.id} ends on {end.day}, in {(end.day - today).days} days{change}"
        case Standing.RUMOURED if end is not None:
            said = f"{end.source.page} says that {model.id} ends on {end.day}; its maker's own pages did not"
            yield Weight.NOTE, f"{said}{change.replace('change it to', 'when it does, it is followed by')}"
        case Standing.DEPRECATED:
            yield Weight.NOTE, f"{model.id} is deprecated{change}"
        case Standing.PREVIEW:
            yield Weight.NOTE, f"{model.id} is a preview and may end at short notice"
        case _:
            pass


def _of_list(place: SpeechPlace, known: Catalogue, today: date, listed: Listed) -> Iterator[tuple[Weight, str]]:
    for platform, names in listed.items():
        if place.platform not in ("configured", platform.value) or place.id in names:
            continue
        found = resolve_model(place.id, platform, today, names, region=place.region, known=known)
        if found.reason is None:
            continue
        # An agent that follows the process's platform may be written for the other one; its successor answers here.
        model = known.model(place.id)
        at_home_elsewhere = place.platform == "configured" and model is not None and platform not in model.served
        weight = Weight.NOTE if at_home_elsewhere and found.is_replaced else Weight.FAILURE
        yield weight, f"{found.reason}; change it to {found.id}" if found.is_replaced else found.reason


def ask_services(settings: Settings) -> tuple[Listed, list[str]]:
    """What each configured platform lists, and a line for each that was asked or could not be."""
    _, choice = speech_models(settings, SystemClock(settings.clock))
    choice.wait(LIST_WITHIN_S)
    listed: dict[Platform, frozenset[str]] = {}
    said = []
    for (platform, region), names in choice.answers().items():
        where = f"{PLATFORM_NAMES[platform]}{f' in {region}' if region else ''}"
        if names is None:
            said.append(f"{where} did not list its models")
            continue
        live = sorted(names & {model.id for model in catalogue().models})
        said.append(f"{where} lists {', '.join(live) or 'no Live model by name; nothing is concluded from that'}")
        if live:
            listed[platform] = names
    return listed, said or ["no key and no project are configured: the service was not asked"]


async def in_use(settings: Settings, shipped: Mapping[str, Agent]) -> Mapping[str, Agent]:
    """The agents of the store, over those that ship. Raises StoreError, and BadAgent for one that cannot be read."""
    store = open_store(settings.store_url)
    try:
        return await AgentVersions(store, shipped).all()
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, problem["loc"])) for problem in error.errors(include_input=False))
        raise BadAgent([AgentProblem(fields, "an agent in the store is not right")], settings.store_url) from None
    finally:
        await store.close()


def report(findings: Sequence[Finding], agents: Iterable[str], say: Callable[[str], None]) -> int:
    """Print them agent by agent; 1 if one of them is a failure."""
    for agent in agents:
        own = [finding for finding in findings if finding.agent == agent]
        say(f"{agent}: {'nothing to say' if not own else ''}".rstrip())
        for finding in sorted(set(own), key=lambda one: (-one.weight, one.text)):
            say(f"  {'FAILS' if finding.weight is Weight.FAILURE else 'note '}  {finding.text}")
    return int(any(finding.weight is Weight.FAILURE for finding in findings))


def main(arguments: Sequence[str] | None = None) -> int:
    """Audit, print, and say by the exit status whether something must be changed."""
    parser = argparse.ArgumentParser(prog="scripts/models", description=__doc__)
    parser.add_argument("--agents", type=Path, default=SHIPPED, help="folder of agents (default: agents/)")
    parser.add_argument("--offline", action="store_true", help="do not ask the service, even with a key")
    parser.add_argument("--store", action="store_true", help="also the agents in STORE_URL, over those of the folder")
    parser.add_argument("--strict", action="store_true", help="notes fail as well")
    options = parser.parse_args(arguments)
    try:
        settings = read_settings()
        agents = shipped_agents(options.agents)
        if options.store:
            agents = asyncio.run(in_use(settings, agents))
        listed, said = ({}, ["the service was not asked"]) if options.offline else ask_services(settings)
    except (BadAgent, ConfigurationError, StoreError) as error:
        print(error, file=sys.stderr)
        return 1
    today = SystemClock(settings.clock).now().date()
    print(f"{today}; catalogue of {catalogue().as_of}")
    for line in said:
        print(line)
    found = list(audit(agents.values(), catalogue(), BUILTIN.names, today, listed))
    failed = report(found, agents, print)
    return 1 if failed or (options.strict and found) else 0


if __name__ == "__main__":
    sys.exit(main())
