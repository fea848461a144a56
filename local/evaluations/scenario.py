"""A scenario: who calls whom, what they want and say, and what has to come of it. One YAML file each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from local import voices
from local.dialogues import voice_for
from local.evaluations.wording import topics
from local.telephone_network.sound.background import Kind
from shared.domain.agent import AgentId, LanguageTag
from shared.domain.call import Ending
from shared.domain.calling_rules import Purpose
from shared.domain.disposition import Disposition, Outcome

SCENARIOS = Path(__file__).parent / "scenarios"
Language = Literal["en", "hi", "mixed"]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
About = str | tuple[str, ...]
"""The name of a topic of topics.yaml, or phrases of which one has to stand in what is said."""
E164 = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{6,14}$")]


class BadScenario(ValueError):
    """A scenario file cannot be used; the message names the file and every mistake in it, field by field."""


class Strict(BaseModel):
    """A part of a scenario: unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class Noise(Strict):
    """Where they telephone from; mixed into their voice before the network sends it."""

    kind: Kind
    snr_db: float = Field(ge=-5, le=60)


class Move(Strict):
    """One thing the caller says or does, and when."""

    when: About | None = None
    """Said as an answer to this. Without it: the next thing on their mind, when nothing else is to be answered."""
    after: Name | None = None
    """Only once they have said this line."""
    times: int = Field(default=1, ge=1, le=5)
    """How often they give this answer if they are asked again."""
    say: Name | None = None
    """The id of a recorded line."""
    pause_s: float | None = Field(default=None, gt=0, le=5)
    """A hesitation in the middle of the line."""
    press: Annotated[str, StringConstraints(pattern=r"^[0-9*#]+$")] | None = None
    hang_up: Literal[True] | None = None
    wait_s: float | None = Field(default=None, gt=0, le=30)
    """Silence before it."""
    before_agent: bool = False
    """At the start of the call, without waiting until the agent has spoken."""
    interrupt_after_ms: int | None = Field(default=None, ge=0, le=60_000)
    """Not when the agent has finished, but when it has been heard for so long."""
    keeps_floor: bool = False
    """A murmur over the agent's words ("haan"): the agent is not to stop for it."""
    then: Move | None = None
    """What follows without waiting for the agent to finish: an interruption of its answer, or hanging up."""

    @model_validator(mode="after")
    def _does_one_thing(self) -> Move:
        done = [name for name in ("say", "press", "hang_up") if getattr(self, name) is not None]
        if len(done) != 1:
            raise ValueError(f"a move does one of say, press, hang_up; this one does {len(done)}")
        if self.say is not None and not voices.voices_of(self.say):
            raise ValueError(f"nobody has recorded the line {self.say!r}; {voices.HOW_TO_RENDER}")
        if isinstance(self.when, str) and self.when not in topics():
            raise ValueError(f"there is no topic {self.when!r} in topics.yaml; a list of phrases is meant otherwise")
        if self.pause_s is not None and self.say is None:
            raise ValueError("pause_s goes with say")
        if self.keeps_floor and self.interrupt_after_ms is None:
            raise ValueError("keeps_floor goes with interrupt_after_ms")
        return self

    @property
    def chain(self) -> tuple[Move, ...]:
        """This move and those that follow it at once."""
        return (self, *(self.then.chain if self.then else ()))


class Argument(Strict):
    """What an argument of a tool has to be; a bare value in the file means equals."""

    equals: Any = None
    """The same value; of texts, the same words whatever their case. {tomorrow} and {today} are the caller's dates."""
    pattern: str | None = None
    """A regular expression that has to be found in it."""
    moment: str | None = None
    """The same minute, however it is written: "{tomorrow}T17:00"."""
    one_of: tuple[Any, ...] | None = None
    any: Literal[True] | None = None
    """It has to be there."""

    @model_validator(mode="after")
    def _one_way(self) -> Argument:
        if len(self.model_fields_set) != 1:
            raise ValueError("an argument is matched by one of equals, pattern, moment, one_of, any")
        if self.pattern is not None:
            try:
                re.compile(self.pattern)
            except re.error as error:
                raise ValueError(f"pattern: {error}") from None
        return self


class ExpectedTool(Strict):
    """A tool that has to be called."""

    tool: str = Field(min_length=1)
    arguments: dict[str, Argument] = {}
    """Those that matter; others may be anything."""
    status: str = "ok"
    times: int = Field(default=1, ge=1, le=20)
    """With these arguments, exactly."""

    @model_validator(mode="before")
    @classmethod
    def _bare_values(cls, document: Any) -> Any:
        if not isinstance(document, Mapping) or not isinstance(document.get("arguments"), Mapping):
            return document
        ways = Argument.model_fields.keys()
        arguments = {
            name: value if isinstance(value, Mapping) and value and value.keys() <= ways else {"equals": value}
            for name, value in document["arguments"].items()
        }
        return {**document, "arguments": arguments}


class Expect(Strict):
    """What has to come of the call."""

    tools: tuple[ExpectedTool, ...] = ()
    not_tools: tuple[str, ...] = ()
    """Tools that must not be called at all."""
    said: tuple[About, ...] = ()
    """Each of these has to stand in what the caller heard from the agent."""
    not_said: tuple[About, ...] = ()
    ending: Ending | None = None
    outcome: Outcome | None = None
    """Of an outbound call, as its campaign keeps it."""
    disposition: Disposition | None = None

    @model_validator(mode="after")
    def _topics_exist(self) -> Expect:
        for about in (*self.said, *self.not_said):
            if isinstance(about, str) and about not in topics():
                raise ValueError(f"there is no topic {about!r} in topics.yaml; a list of phrases is meant otherwise")
        return self


class Automated(Strict):
    """The first sentence says that it is a machine."""

    rule: Literal["says_automated_at_once"]


class NotBeforeTool(Strict):
    """Something is not said before a tool has answered well."""

    rule: Literal["not_before_tool"]
    said: About
    tool: str

    @model_validator(mode="after")
    def _topic_exists(self) -> NotBeforeTool:
        if isinstance(self.said, str) and self.said not in topics():
            raise ValueError(f"there is no topic {self.said!r} in topics.yaml; a list of phrases is meant otherwise")
        return self


class OnlyTheseAmounts(Strict):
    """No price is named that is not among these; in the currency's whole units, digits or words."""

    rule: Literal["only_these_amounts"]
    amounts: tuple[int, ...]


class OptOutAtOnce(Strict):
    """Once the caller wants no more calls, the number is suppressed and nothing more is asked."""

    rule: Literal["opt_out_at_once"]
    within_s: float = Field(default=6.0, gt=0)


class ToolOnce(Strict):
    """A tool does its work at most once."""

    rule: Literal["tool_at_most_once"]
    tool: str


Rule = Annotated[Automated | NotBeforeTool | OnlyTheseAmounts | OptOutAtOnce | ToolOnce, Field(discriminator="rule")]


class Limits(Strict):
    """How long a caller may wait, in milliseconds from their last sound to the agent's first; None: not judged."""

    answer_p50_ms: int | None = Field(default=2_000, gt=0)
    answer_p95_ms: int | None = Field(default=3_500, gt=0)
    first_audio_ms: int | None = Field(default=2_500, gt=0)
    barge_in_ms: int | None = Field(default=1_000, gt=0)
    """From the caller's first sound over the agent's words to Twilio's clear."""


class Outbound(Strict):
    """A call that Parley places: the contact's row of a campaign's list."""

    purpose: Purpose = Purpose.MARKETING
    language: LanguageTag
    variables: dict[str, str] = {}
    """Columns of the list besides number, language and consent; name is one of them."""
    answered_by: Literal["human", "machine"] = "human"


class Scenario(Strict):
    """One call, as it is to go."""

    id: Name
    about: str = Field(min_length=1, max_length=400)
    """Who calls, what they want, what is hard about it: for people."""
    agent: AgentId
    language: Language
    """The row of the table."""
    voice: str | dict[Language, str]
    number: E164 | None = None
    """The other party's; its country gives their clock. None: an Indian one that no other scenario has."""
    outbound: Outbound | None = None
    """None: they call us."""
    facts: dict[Name, str] = {}
    """What the caller knows; {name} in an expected argument stands for it."""
    noise: Noise | None = None
    moves: tuple[Move, ...] = Field(default=(), max_length=40)
    expect: Expect = Expect()
    answers_in: Literal["callers_language", "start_language"] = "callers_language"
    """Which language each turn of the agent has to be in."""
    rules: tuple[Rule, ...] = ()
    limits: Limits = Limits()
    patience_s: float = Field(default=25.0, gt=0, le=120)
    """Without anything from the agent for so long, they hang up."""
    longest_s: float = Field(default=120.0, gt=0, le=600)
    fast: bool = False
    """One of the few that scripts/test plays."""
    sweep: Literal["also", "only"] | None = None
    """One of those that scripts/eval --sweep plays: hesitations, interruptions, murmurs. only: no evaluation, for under
    some of the settings it has to fail."""

    @model_validator(mode="after")
    def _can_be_played(self) -> Scenario:
        mistakes = list(_mistakes(self))
        if mistakes:
            raise ValueError("; ".join(mistakes))
        return self

    def voice_of(self, line_id: str) -> str:
        """Who speaks a line in this scenario."""
        return voice_for(self.voice, line_of(line_id).language)


def line_of(line_id: str) -> voices.Recording:
    """A recorded line, in whichever voice; for its words and language."""
    recording = voices.recording(line_id, voices.voices_of(line_id)[0])
    assert recording is not None
    return recording


def _mistakes(scenario: Scenario) -> Iterator[str]:
    said = {move.say for first in scenario.moves for move in first.chain}
    for number, first in enumerate(scenario.moves):
        for move in first.chain:
            if move.say is not None and voices.recording(move.say, scenario.voice_of(move.say)) is None:
                have = ", ".join(voices.voices_of(move.say))
                yield f"moves.{number}.say: {move.say} is not recorded in {scenario.voice_of(move.say)}, but in {have}"
            if move.after is not None and move.after not in said:
                yield f"moves.{number}.after: they never say {move.after!r}"
        if first.before_agent and number:
            yield f"moves.{number}.before_agent: only the first move comes before the agent"
    if scenario.outbound is None and (scenario.expect.outcome or scenario.expect.disposition):
        yield "expect: outcome and disposition are an outbound call's"


def parse(text: str, source: str) -> Scenario:
    """A scenario from YAML; source is what messages call it. Raises BadScenario."""
    try:
        return Scenario.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise BadScenario(f"{source}: not YAML: {error}") from None
    except ValidationError as error:
        mistakes = (f"{'.'.join(map(str, wrong['loc'])) or 'file'}: {wrong['msg']}" for wrong in error.errors())
        raise BadScenario(f"{source}: " + "; ".join(mistakes)) from None


def read_all(folder: Path = SCENARIOS) -> dict[str, Scenario]:
    """Every *.yaml of a folder by id, in the order of the files' names. Raises BadScenario."""
    scenarios: dict[str, Scenario] = {}
    for path in sorted(folder.glob("*.yaml")):
        scenario = parse(path.read_text(encoding="utf-8"), path.name)
        if scenario.id != path.stem:
            raise BadScenario(f"{path.name}: id: {scenario.id!r} is not the file's name")
        scenarios[scenario.id] = scenario
    return scenarios
