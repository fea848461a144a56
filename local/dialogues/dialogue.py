"""What an agent says and hears and what its callers say: one YAML file an agent, checked when it is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

Language = Literal["en", "hi", "mixed"]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Choice = Name | dict[Language, Name]
"""A line, or one for each language of the caller's last words."""

NEXT_BEST: dict[str, tuple[Language, ...]] = {
    "en": ("en", "mixed", "hi"),
    "hi": ("hi", "mixed", "en"),
    "mixed": ("mixed", "hi", "en"),
}
"""Who has no line in the caller's language takes the nearest."""


class BadDialogue(ValueError):
    """A dialogue file cannot be used; the message names the file and every mistake in it."""


class Strict(BaseModel):
    """A part of a dialogue file: unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class AgentLine(Strict):
    """Words of the agent."""

    language: Language
    text: str = Field(min_length=1)


class CallerLine(Strict):
    """Words of a caller, and what they mean."""

    intent: Name
    language: Language
    text: str = Field(min_length=1)
    captures: dict[Name, str | int | float | bool] = {}
    """Values that these words give: {day: tomorrow}. Later lines overwrite earlier ones."""


class ToolUse(Strict):
    """A tool and what it is called with. A text may hold {language} and any captured {name}."""

    tool: str = Field(min_length=1)
    arguments: dict[str, Any] = {}


class State(Strict):
    """A place in the conversation: first the agent says its line, then it calls its tool, then it listens."""

    say: Choice | None = None
    call: ToolUse | None = None
    then: Name | None = None
    """Where a good tool result leads; without a call, where the agent goes on to at once."""
    failed: Name | None = None
    """Where any other tool result leads; without it, where `then` leads."""
    hears: dict[Name, Name] = {}
    """Intent -> next state. Only these, and those of `anywhere`, can be recognised here."""
    otherwise: Name | None = None
    """A state to go to, or an agent line to say and stay, when the caller was not understood."""
    learns: dict[str, Any] = {}
    """Fields that a summary of the call gives once the agent has spoken here: {outcome: booked}."""


class Interruption(Strict):
    """The caller starts speaking when the agent has been heard for so long of its next answer."""

    after_ms: int = Field(ge=0, le=60_000)
    say: Name


class Step(Strict):
    """One thing a caller does."""

    wait: Literal["agent_done", "hang_up"] | float | None = None
    """Until the agent has finished, until the other side hangs up, or so many seconds."""
    after_s: float | None = Field(default=None, gt=0)
    """Goes with `wait: hang_up`: hang up oneself after so long."""
    say: Name | None = None
    interrupt: Interruption | None = None
    press: Annotated[str, StringConstraints(pattern=r"^[0-9*#A-D]+$")] | None = None
    play: str | None = None
    hang_up: Literal[True] | None = None

    @model_validator(mode="after")
    def _does_one_thing(self) -> Step:
        done = [key for key in self.model_fields_set if key != "after_s"]
        if len(done) != 1:
            raise ValueError("a step does exactly one of wait, say, interrupt, press, play, hang_up")
        if self.after_s is not None and self.wait is None:
            raise ValueError("after_s goes with wait")
        return self

    @property
    def line(self) -> str | None:
        """The caller line that is spoken in this step."""
        return self.interrupt.say if self.interrupt else self.say


class Caller(Strict):
    """A caller's script."""

    voice: str | dict[Language, str]
    steps: tuple[Step, ...] = Field(min_length=1)


class Clip(Strict):
    """A recording that a dialogue needs, named <line id>_<voice>."""

    line_id: str
    voice: str
    text: str
    language: Language

    @property
    def name(self) -> str:
        """Without an extension."""
        return f"{self.line_id}_{self.voice}"


class Dialogue(Strict):
    """An agent's side of every conversation it can have, and callers to have them with."""

    agent: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
    recognised_by: tuple[str, ...] = ()
    agent_voice: str | dict[Language, str]
    agent_lines: dict[Name, AgentLine]
    caller_lines: dict[Name, CallerLine] = {}
    states: dict[Name, State]
    anywhere: dict[Name, Name] = {}
    told: dict[str, Name] = {}
    """A phrase of a text that the model is sent in mid-call -> a state to go to, or a line to say and stay."""
    callers: dict[Name, Caller] = {}
    caller_voices: tuple[str, ...] = ()
    """Who may say any caller's line; empty: whoever local/voices casts for every dialogue."""

    @model_validator(mode="after")
    def _holds_together(self) -> Dialogue:
        mistakes = list(_mistakes(self))
        if mistakes:
            raise ValueError("; ".join(mistakes))
        return self

    def recognises(self, instructions: str) -> bool:
        """Whether the system instruction is this agent's: every phrase stands in it."""
        folded = instructions.casefold()
        return bool(self.recognised_by) and all(phrase.casefold() in folded for phrase in self.recognised_by)

    def heard_in(self, state: str) -> dict[str, CallerLine]:
        """Phrase id -> line, of all that can be recognised in that state."""
        intents = {**self.anywhere, **self.states[state].hears}
        return {phrase: line for phrase, line in self.caller_lines.items() if line.intent in intents}

    def next_state(self, state: str, intent: str) -> str | None:
        """Where the intent leads from there; None if it is not heard there."""
        return self.states[state].hears.get(intent) or self.anywhere.get(intent)

    def clips(self) -> list[Clip]:
        """Every recording that the agent and its callers need, once each."""
        return list({clip.name: clip for clip in (*self._agent_clips(), *self._caller_clips())}.values())

    def _agent_clips(self) -> Iterator[Clip]:
        for line_id, line in self.agent_lines.items():
            voice = voice_for(self.agent_voice, line.language)
            yield Clip(line_id=line_id, voice=voice, text=line.text, language=line.language)

    def _caller_clips(self) -> Iterator[Clip]:
        for caller in self.callers.values():
            for phrase in filter(None, (step.line for step in caller.steps)):
                line = self.caller_lines[phrase]
                voice = voice_for(caller.voice, line.language)
                yield Clip(line_id=phrase, voice=voice, text=line.text, language=line.language)


def chosen(choice: Choice, language: str) -> str:
    """The line of a choice for the caller's language."""
    return choice if isinstance(choice, str) else _nearest(choice, language)


def voice_for(voice: str | Mapping[Language, str], language: str) -> str:
    """The voice that speaks that language."""
    return voice if isinstance(voice, str) else _nearest(voice, language)


def _nearest(options: Mapping[Language, str], language: str) -> str:
    for candidate in NEXT_BEST.get(language, ()):
        if candidate in options:
            return options[candidate]
    return next(iter(options.values()))


def _lines_of(choice: Choice | None) -> Sequence[str]:
    if choice is None:
        return ()
    return (choice,) if isinstance(choice, str) else tuple(choice.values())


def _mistakes(dialogue: Dialogue) -> Iterator[str]:
    if "start" not in dialogue.states:
        yield "states: there must be a state 'start'"
    for name, state in dialogue.states.items():
        yield from _mistakes_of_state(dialogue, f"states.{name}", state)
    yield from _mistakes_of_intents(dialogue, "anywhere", dialogue.anywhere)
    for phrase, goal in dialogue.told.items():
        if goal not in dialogue.states and goal not in dialogue.agent_lines:
            yield f"told.{phrase}: there is neither a state nor an agent line {goal!r}"
    for name, caller in dialogue.callers.items():
        for number, step in enumerate(caller.steps):
            if step.line is not None and step.line not in dialogue.caller_lines:
                yield f"callers.{name}.steps.{number}: there is no caller line {step.line!r}"
    both = sorted(dialogue.agent_lines.keys() & dialogue.caller_lines.keys())
    if both:
        yield f"agent_lines and caller_lines share {', '.join(both)}: clips are named by line"


def _mistakes_of_state(dialogue: Dialogue, place: str, state: State) -> Iterator[str]:
    for line in _lines_of(state.say):
        if line not in dialogue.agent_lines:
            yield f"{place}.say: there is no agent line {line!r}"
    for key, goal in (("then", state.then), ("failed", state.failed)):
        if goal is not None and goal not in dialogue.states:
            yield f"{place}.{key}: there is no state {goal!r}"
    if state.failed is not None and state.call is None:
        yield f"{place}.failed: only a call can fail"
    if state.then is not None and state.hears:
        yield f"{place}: a state that goes on by itself hears nothing"
    if state.otherwise is not None and state.otherwise not in {*dialogue.states, *dialogue.agent_lines}:
        yield f"{place}.otherwise: there is neither a state nor an agent line {state.otherwise!r}"
    yield from _mistakes_of_intents(dialogue, f"{place}.hears", state.hears)


def _mistakes_of_intents(dialogue: Dialogue, place: str, intents: Mapping[str, str]) -> Iterator[str]:
    known = {line.intent for line in dialogue.caller_lines.values()}
    for intent, goal in intents.items():
        if intent not in known:
            yield f"{place}: no caller line has the intent {intent!r}"
        if goal not in dialogue.states:
            yield f"{place}.{intent}: there is no state {goal!r}"


def parse(text: str, source: str) -> Dialogue:
    """A dialogue from YAML; source is what messages call it. Raises BadDialogue."""
    try:
        return Dialogue.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise BadDialogue(f"{source}: not YAML: {error}") from None
    except ValidationError as error:
        mistakes = (f"{'.'.join(map(str, wrong['loc'])) or 'file'}: {wrong['msg']}" for wrong in error.errors())
        raise BadDialogue(f"{source}: " + "; ".join(mistakes)) from None


def read(path: Path) -> Dialogue:
    """A dialogue file. Raises BadDialogue."""
    return parse(path.read_text(encoding="utf-8"), path.name)


def read_all(folder: Path) -> dict[str, Dialogue]:
    """Every *.yaml of a folder by agent id. Raises BadDialogue, also when a line id has other words in another file."""
    dialogues: dict[str, Dialogue] = {}
    words: dict[str, tuple[str, str]] = {}
    for path in sorted(folder.glob("*.yaml")):
        dialogue = read(path)
        if dialogue.agent in dialogues:
            raise BadDialogue(f"{path.name}: there is another dialogue for the agent {dialogue.agent!r}")
        spoken: dict[str, AgentLine | CallerLine] = {**dialogue.agent_lines, **dialogue.caller_lines}
        for line_id, line in spoken.items():
            text, where = words.setdefault(line_id, (line.text, path.name))
            if text != line.text:
                raise BadDialogue(f"{path.name}: {line_id} has other words in {where}, but they would share a clip")
        dialogues[dialogue.agent] = dialogue
    return dialogues
