"""What cannot work in an agent's document, why, and the nearest thing that would."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from shared.domain.agent import VOICES, Agent, SpeechPlace
from shared.domain.extract_check import schema_flaw
from shared.domain.model_catalogue import (
    DEFAULT_REGION,
    PLATFORM_NAMES,
    Catalogue,
    LiveModel,
    Platform,
    Thinking,
    ToolMode,
    jurisdiction,
)
from shared.domain.nearest import nearest
from shared.domain.phone_number import PhoneNumber, read_number

HAND_OVER = "hand_over"
TRANSFERS = ("transfer", "transfer_call")
"""Tools that connect the caller to a person; the name has changed once."""


@dataclass(frozen=True, slots=True)
class AgentProblem:
    """One of them. Sentences are for people, fields for programs."""

    field: str
    """Where in the document: model.fallbacks[0].region."""
    sentence: str
    suggestion: str | None = None
    """What to put there instead; None when nothing is like it. "" means to leave the field out."""

    def __str__(self) -> str:
        """For a line of a report."""
        return f"{self.field}: {self.sentence}{self._advice()}"

    def _advice(self) -> str:
        if self.suggestion is None:
            return ""
        return f" (try {self.suggestion})" if self.suggestion else " (leave it out)"


def problems_of(
    agent: Agent,
    known: Catalogue,
    tools: Collection[str],
    *,
    listed: Collection[str] = (),
    others: Mapping[str, Agent] | None = None,
) -> list[AgentProblem]:
    """Everything that would fail on a call; tools are the names there are, listed the models that the service names.

    others: all agents by id, to look up whom this one hands callers over to; None leaves that out.
    """
    found = list(_voice_and_tools(agent, tools))
    found += _background(agent, known)
    found += _people(agent)
    for field, place in _places(agent).items():
        found += _place_problems(field, place, known, listed)
        found += _residency(agent, field, place)
    found += _language_problems(agent, known)
    if others is not None:
        found += _hand_overs(agent, others)
    if agent.extract is not None and (flaw := schema_flaw(agent.extract)) is not None:
        found.append(AgentProblem(".".join(("extract", *flaw.path)), flaw.sentence, flaw.suggestion))
    return found


def _places(agent: Agent) -> Mapping[str, SpeechPlace]:
    fallbacks = {f"model.fallbacks[{number}]": place for number, place in enumerate(agent.model.fallbacks)}
    return {"model": agent.model, **fallbacks}


def _voice_and_tools(agent: Agent, tools: Collection[str]) -> Iterator[AgentProblem]:
    if agent.voice not in VOICES:
        yield AgentProblem("voice", f"there is no voice {agent.voice!r}", nearest(agent.voice, VOICES))
    for number, tool in enumerate(agent.tools):
        if tool not in tools:
            yield AgentProblem(f"tools[{number}]", f"there is no tool {tool!r}", nearest(tool, tools))
        elif tool in agent.tools[:number]:
            yield AgentProblem(f"tools[{number}]", f"{tool} is there twice", "")


def _own_tools(agent: Agent) -> set[str]:
    """Also those from outside, by the names under which the model calls them."""
    http = {tool.name for tool in agent.http_tools}
    return {*agent.tools, *http, *(name for server in agent.mcp_servers for name in server.tools)}


def _background(agent: Agent, known: Catalogue) -> Iterator[AgentProblem]:
    own = _own_tools(agent)
    for number, tool in enumerate(agent.tools_in_background):
        field = f"tools_in_background[{number}]"
        if tool not in own:
            yield AgentProblem(field, f"{tool} is not among the agent's tools", nearest(tool, own))
        for place in _places(agent).values():
            family, platform = known.family(place.id), _platform(place)
            modes = [] if family is None else [
                one.tools for key, one in family.platforms.items() if platform in (None, key)
            ]  # fmt: skip
            if modes and all(mode is ToolMode.ALWAYS_BLOCKING for mode in modes):
                yield AgentProblem(field, f"{place.id} always waits for its tools (it does not take NON_BLOCKING)", "")


def _people(agent: Agent) -> Iterator[AgentProblem]:
    for name, number in agent.transfer_numbers.items():
        read = read_number(number, None)
        if not isinstance(read, PhoneNumber):
            sentence = "this is not a telephone number with its country's code, such as +493023125555"
            yield AgentProblem(f"transfer_numbers.{name}", f"{sentence}: {read.sentence}")
        elif read.e164 != number:
            yield AgentProblem(f"transfer_numbers.{name}", "write it as the network dials it", read.e164)
    transfer = next((tool for tool in TRANSFERS if tool in agent.tools), None)
    if transfer is not None and not agent.transfer_numbers:
        yield AgentProblem("transfer_numbers", f"the tool {transfer} has nobody to connect callers to")


def _hand_overs(agent: Agent, others: Mapping[str, Agent]) -> Iterator[AgentProblem]:
    if agent.hands_over_to and HAND_OVER not in agent.tools:
        yield AgentProblem("tools", f"to hand callers over it needs the tool {HAND_OVER}", HAND_OVER)
    if HAND_OVER in agent.tools and not agent.hands_over_to:
        yield AgentProblem("hands_over_to", f"the tool {HAND_OVER} has nobody to hand callers to")
    for number, target in enumerate(agent.hands_over_to):
        field, other = f"hands_over_to[{number}]", others.get(target)
        if target == agent.id:
            yield AgentProblem(field, "an agent cannot hand over to itself", "")
        elif other is None:
            yield AgentProblem(field, f"there is no agent {target!r}", nearest(target, set(others) - {agent.id}))
        elif target in agent.hands_over_to[:number]:
            yield AgentProblem(field, f"{target} is there twice", "")
        elif agent.residency is not None and other.residency != agent.residency:
            sentence = f"{target} does not promise to keep callers' words in {agent.residency}, as this agent does"
            yield AgentProblem(field, sentence)


def _residency(agent: Agent, field: str, place: SpeechPlace) -> Iterator[AgentProblem]:
    promised = _promised(agent)
    if promised is None:
        return
    name = promised.upper()
    if place.platform == "developer":
        sentence = f"the Developer API does not say where it runs; callers' words are to stay in the {name}"
        yield AgentProblem(f"{field}.platform", sentence, "vertex")
    elif place.region is None:
        yield AgentProblem(f"{field}.region", f"callers' words are to stay in the {name}: name a region", promised)
    elif jurisdiction(place.region) != promised:
        sentence = f"{place.region} is outside the {name}, where callers' words are to stay"
        yield AgentProblem(f"{field}.region", sentence, promised)


def _promised(agent: Agent) -> str | None:
    """Who names a region in the EU promises it, also without saying so: another part of the world may not step in."""
    model = agent.model
    implied = jurisdiction(model.region) if model.platform != "developer" else None
    return agent.residency or (implied if implied == "eu" else None)


def _place_problems(
    field: str, place: SpeechPlace, known: Catalogue, listed: Collection[str]
) -> Iterator[AgentProblem]:
    yield from _region_form(field, place)
    model = known.model(place.id)
    if model is None and place.id not in listed:
        among = [one.id for one in known.models if not one.is_over(known.as_of)]
        yield AgentProblem(f"{field}.id", f"there is no speech model {place.id!r}", nearest(place.id, among))
        return
    if model is not None:
        yield from _where(field, place, model, known)
    yield from _thinking(field, place, known)


def _region_form(field: str, place: SpeechPlace) -> Iterator[AgentProblem]:
    if place.region is not None and place.platform == "developer":
        sentence = "the Developer API has no regions; to keep calls in one, use Vertex AI"
        yield AgentProblem(f"{field}.region", sentence, "")


def _where(field: str, place: SpeechPlace, model: LiveModel, known: Catalogue) -> Iterator[AgentProblem]:
    platform = _platform(place)
    if platform is not None and platform not in model.served:
        heirs = [one for one in known.after(model.id) if _serves(known, one, platform)]
        instead = heirs[0] if heirs else next((one.id for one in known.models if platform in one.served), None)
        yield AgentProblem(f"{field}.id", f"{model.id} is not served on {PLATFORM_NAMES[platform]}", instead)
        return
    if place.region is None or place.platform == "developer":
        return
    served = model.served.get(Platform.VERTEX)
    if place.region == "global":
        regions = served.regions if served is not None else ()
        sentence = "Gemini Live is not served from 'global'; name a region"
        yield AgentProblem(f"{field}.region", sentence, regions[0] if regions else DEFAULT_REGION)
    elif served is not None and not model.serves(Platform.VERTEX, place.region):
        sentence = f"{model.id} is not served in {place.region}; it is in {', '.join(served.regions)}"
        yield AgentProblem(f"{field}.region", sentence, _nearest_region(place.region, served.regions))


def _platform(place: SpeechPlace) -> Platform | None:
    """None: whatever the process is set up for; a region can only mean Vertex AI."""
    if place.platform == "configured":
        return Platform.VERTEX if place.region is not None else None
    return Platform(place.platform)


def _serves(known: Catalogue, model_id: str, platform: Platform) -> bool:
    model = known.model(model_id)
    return model is not None and platform in model.served


def _nearest_region(region: str, regions: Collection[str]) -> str | None:
    """On the same continent, or none: a residency promise is not kept by a name that looks alike."""
    continent = {"europe": "eu", "eu": "eu", "us": "us"}.get(region.partition("-")[0])
    near = [one for one in regions if continent is not None and one.startswith(continent)]
    return nearest(region, near) or (near[0] if near else None)


def _thinking(field: str, place: SpeechPlace, known: Catalogue) -> Iterator[AgentProblem]:
    level, family = place.thinking_level, known.family(place.id)
    if level is None or family is None:
        return
    if family.thinking is Thinking.NONE:
        yield AgentProblem(f"{field}.thinking_level", f"{place.id} takes no thinking level", "")
    elif family.thinking is Thinking.BUDGET and level != "minimal":
        sentence = f"{place.id} thinks as much as it wants, or not at all: minimal is the one level that it takes"
        yield AgentProblem(f"{field}.thinking_level", sentence, "")
    elif family.thinking is Thinking.LEVEL and level not in family.levels:
        order = [one for one in ("minimal", "low", "medium", "high") if one in family.levels]
        sentence = f"{place.id} does not take the thinking level {level}; it takes {', '.join(order)}"
        yield AgentProblem(f"{field}.thinking_level", sentence, order[0])


def _language_problems(agent: Agent, known: Catalogue) -> Iterator[AgentProblem]:
    allowed = agent.languages.allowed or (agent.languages.start,)
    for number, tag in enumerate(agent.languages.allowed):
        if tag in agent.languages.allowed[:number]:
            yield AgentProblem(f"languages.allowed[{number}]", f"{tag} is there twice", "")
    bare = {tag.partition("-")[0] for tag in allowed}
    for tag, words in agent.greeting.items():
        if tag.partition("-")[0] not in bare:
            yield AgentProblem(f"greeting.{tag}", f"the agent does not speak {tag}", nearest(tag, allowed))
        if not words.strip():
            yield AgentProblem(f"greeting.{tag}", "an agent that says nothing first is taken for a dead line")
    wanted = {"languages.start": agent.languages.start}
    wanted |= {f"languages.allowed[{number}]": tag for number, tag in enumerate(agent.languages.allowed)}
    for place in _places(agent).values():
        spoken = known.languages_of(place.id, _platform(place))
        for field, tag in wanted.items():
            if spoken and tag.partition("-")[0] not in spoken:
                yield AgentProblem(field, f"{place.id} does not speak {tag}")
