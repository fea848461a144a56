"""A dialogue file as the model follows it: from where it is and what it heard, to what it says and calls. [pure]"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from local.dialogues import Dialogue, chosen

SORRY = "Sorry, I did not catch that. Could you say it again, please?"
LONGEST_CHAIN = 20
"""States that lead on by themselves; more is a circle."""
PLACEHOLDER = re.compile(r"\{(\w+)\}")
MISSING = object()


@dataclass(frozen=True, slots=True)
class Say:
    """Speak a line. line: its id, None when nobody wrote it."""

    text: str
    language: str
    line: str | None = None


@dataclass(frozen=True, slots=True)
class UseTool:
    """Call a tool."""

    name: str
    arguments: Mapping[str, Any]


Act = Say | UseTool


@dataclass(frozen=True, slots=True)
class Place:
    """Where a conversation is. Everything that has to survive a resumption."""

    state: str = "start"
    begun: bool = False
    language: str = "en"
    captured: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Moved:
    """Where a conversation goes, and what the agent does on the way."""

    place: Place
    acts: tuple[Act, ...] = ()


class Script:
    """One dialogue. values: what arguments may name besides what callers said: {"today": "2026-11-23"}."""

    def __init__(self, dialogue: Dialogue, values: Mapping[str, Any] | None = None) -> None:
        self.dialogue = dialogue
        self._values = dict(values or {})

    def greet(self, place: Place, text: str = "") -> Moved:
        """The first words; those that the text asks for, if there is such a line."""
        begun = replace(place, begun=True)
        asked = self._line_in(text)
        if asked is None:
            return self._enter(begun, "start")
        line = self.dialogue.agent_lines[asked]
        return Moved(replace(begun, state="start", language=line.language), (Say(line.text, line.language, asked),))

    def hear(self, place: Place, phrase: str | None) -> Moved:
        """The caller said that line; None: something that was not understood."""
        line = self.dialogue.caller_lines.get(phrase or "")
        goal = self.dialogue.next_state(place.state, line.intent) if line is not None else None
        if line is None or goal is None:
            return self._otherwise(place) if place.begun else self.greet(place)
        captured = {**place.captured, **line.captures}
        return self._enter(replace(place, begun=True, language=line.language, captured=captured), goal)

    def after_tool(self, place: Place, ok: bool) -> Moved:
        """The result of the state's call has come."""
        state = self.dialogue.states[place.state]
        goal = state.then if ok else state.failed or state.then
        return Moved(place) if goal is None else self._enter(place, goal)

    def told(self, place: Place, text: str) -> Moved:
        """The system wrote to the model in mid-call."""
        if not place.begun:
            return self.greet(place, text)
        folded = text.casefold()
        goal = next((goal for phrase, goal in self.dialogue.told.items() if phrase.casefold() in folded), None)
        asked = self._line_in(text)
        if goal is not None:
            return self._in_these_words(self._go_or_say(place, goal), asked)
        return self.again(place) if asked is None else Moved(place, (self._say(asked),))

    def _in_these_words(self, moved: Moved, asked: str | None) -> Moved:
        """The same move with the line that was asked for, where there is one."""
        if asked is None:
            return moved
        others = tuple(act for act in moved.acts if not isinstance(act, Say))
        language = self.dialogue.agent_lines[asked].language
        return Moved(replace(moved.place, language=language), (self._say(asked), *others))

    def again(self, place: Place) -> Moved:
        """Say the line of this state once more."""
        say = self.dialogue.states[place.state].say
        return Moved(place, (self._say(chosen(say, place.language)),)) if say is not None else self._otherwise(place)

    def place_after(self, turns: Iterable[tuple[str, str]], place: Place) -> Place:
        """Where a conversation stands after these (role, text) turns: where the agent's last known line belongs."""
        for role, text in turns:
            if role != "model":
                continue
            line = self._line_in(text)
            state = self._state_of(line) if line is not None else None
            if line is not None and state is not None:
                place = replace(place, begun=True, state=state, language=self.dialogue.agent_lines[line].language)
        return place

    def learned(self, transcript: str) -> dict[str, Any]:
        """What the states whose lines stand in the transcript teach; the order of the dialogue decides."""
        words = _words(transcript)
        learned: dict[str, Any] = {}
        for state in self.dialogue.states.values():
            lines = [state.say] if isinstance(state.say, str) else list((state.say or {}).values())
            if any(_words(self.dialogue.agent_lines[line].text) in words for line in lines):
                learned.update(state.learns)
        return learned

    def _enter(self, place: Place, name: str) -> Moved:
        acts: list[Act] = []
        for _ in range(LONGEST_CHAIN):
            state = self.dialogue.states[name]
            place = replace(place, state=name)
            if state.say is not None:
                acts.append(self._say(chosen(state.say, place.language)))
            if state.call is not None:
                acts.append(UseTool(state.call.tool, self._arguments(state.call.arguments, place)))
                break
            if state.then is None:
                break
            name = state.then
        return Moved(place, tuple(acts))

    def _otherwise(self, place: Place) -> Moved:
        goal = self.dialogue.states[place.state].otherwise
        if goal is not None:
            return self._go_or_say(place, goal)
        sorry = {line.language: name for name, line in self.dialogue.agent_lines.items() if name.startswith("sorry")}
        act = self._say(chosen(dict(sorry), place.language)) if sorry else Say(SORRY, "en")
        return Moved(place, (act,))

    def _go_or_say(self, place: Place, goal: str) -> Moved:
        if goal not in self.dialogue.states:
            return Moved(place, (self._say(goal),))
        state = self.dialogue.states[goal]
        moved = self._enter(place, goal)
        if state.hears or state.call is not None or state.then is not None:
            return moved
        return replace(moved, place=place)  # a remark on the side: the question before it stands

    def _say(self, line: str) -> Say:
        return Say(self.dialogue.agent_lines[line].text, self.dialogue.agent_lines[line].language, line)

    def _line_in(self, text: str) -> str | None:
        """The longest agent line whose words stand in the text."""
        words = _words(text)
        found = [name for name, line in self.dialogue.agent_lines.items() if _words(line.text) in words]
        return max(found, key=lambda name: len(self.dialogue.agent_lines[name].text), default=None)

    def _state_of(self, line: str) -> str | None:
        for name, state in self.dialogue.states.items():
            if state.say == line or (isinstance(state.say, dict) and line in state.say.values()):
                return name
        return None

    def _arguments(self, wanted: Mapping[str, Any], place: Place) -> dict[str, Any]:
        values = {**self._values, **place.captured, "language": place.language}
        filled = {name: _filled(value, values) for name, value in wanted.items()}
        return {name: value for name, value in filled.items() if value is not MISSING}


def _filled(value: Any, values: Mapping[str, Any]) -> Any:
    """The value with its placeholders replaced; MISSING if one of them has no value."""
    if isinstance(value, dict):
        return {name: made for name, inner in value.items() if (made := _filled(inner, values)) is not MISSING}
    if not isinstance(value, str):
        return value
    names = PLACEHOLDER.findall(value)
    if any(name not in values for name in names):
        return MISSING
    if names and value == f"{{{names[0]}}}":
        return values[names[0]]
    return PLACEHOLDER.sub(lambda name: str(values[name[1]]), value)


def _words(text: str) -> str:
    """Lower case, single spaces, no punctuation; marked at both ends, so that only whole words are found."""
    letters = (sign if unicodedata.category(sign)[0] in "LMN" else " " for sign in text.casefold())
    return f" {' '.join(''.join(letters).split())} "


def is_empty(response: Mapping[str, Any]) -> bool:
    """Whether a tool's answer says nothing at all."""
    return not response or response in ({"output": {}}, {"output": ""}, {"result": ""}, {"result": {}})


def worked(response: Mapping[str, Any]) -> bool:
    """Whether a tool's answer is good news: no error, and a status, if it has one, that says ok."""
    if "error" in response:
        return False
    for part in (response, response.get("output"), response.get("result")):
        if isinstance(part, Mapping) and ("status" in part or "error" in part or "ok" in part):
            return "error" not in part and part.get("status", "ok") == "ok" and part.get("ok", True) is True
    return True
