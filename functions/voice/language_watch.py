"""The languages of one stream: each turn is tagged, what was spoken is counted, and a drift is corrected once."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, replace
from enum import StrEnum

from shared.domain.agent import Agent
from shared.domain.call import Speaker, Turn
from shared.domain.language import Tagger
from shared.domain.language_use import Judge, LanguageUse, Policy, Said, is_outside
from shared.domain.languages import base_of, language_name

OPEN_TURNS = 32
"""A turn that so many have followed is not saved again."""


class Course(StrEnum):
    """Where the agent's language stands."""

    KEPT = "kept"
    DRIFTED = "drifted"
    """The model has to be told."""
    TOLD = "told"
    """It was, and has not spoken a language of the call since."""


class CourseEvent(StrEnum):
    """What moves it."""

    INSIDE = "inside"
    """The agent spoke one of the call's languages."""
    OUTSIDE = "outside"
    CORRECTED = "corrected"


NEXT_COURSE: Mapping[tuple[Course, CourseEvent], Course] = {
    (Course.KEPT, CourseEvent.INSIDE): Course.KEPT,
    (Course.KEPT, CourseEvent.OUTSIDE): Course.DRIFTED,
    (Course.DRIFTED, CourseEvent.INSIDE): Course.KEPT,  # it came back by itself: nothing is to be said again
    (Course.DRIFTED, CourseEvent.OUTSIDE): Course.DRIFTED,
    (Course.DRIFTED, CourseEvent.CORRECTED): Course.TOLD,
    (Course.TOLD, CourseEvent.INSIDE): Course.KEPT,
    (Course.TOLD, CourseEvent.OUTSIDE): Course.TOLD,
}


@dataclass(frozen=True, slots=True)
class Drift:
    """What the model is told about, in English names of languages."""

    spoken: str
    allowed: tuple[str, ...]
    wanted: str


class LanguageWatch:
    """Watches one stream. Times do not matter; turns come in the order in which they are saved, some of them again."""

    def __init__(self, agent: Agent, start: str, tagger: Tagger) -> None:
        self._tagger = tagger
        self._said: dict[int, Said] = {}
        """The latest turns, by number: they may be saved again, or out of order."""
        self._settled = 0
        """The number of the last turn that is judged for good."""
        self._judge = Judge()
        self._last: dict[Speaker, str] = {}
        """The language each of them was last surely heard in."""
        self._course = Course.KEPT
        self._drifted_to = ""
        self._corrections = 0
        self.passes_to(agent, start)

    def passes_to(self, agent: Agent, start: str) -> None:
        """This agent has the caller from now on, and goes on in this language."""
        self._policy = Policy.of(agent.languages, start)
        self._names = frozenset(f"{agent.name} {agent.company}".lower().split())

    def tagged(self, turn: Turn) -> Turn:
        """The turn with its language and letters. One that says too little is taken to be in the speaker's last."""
        policy = self._policy
        tag = self._tagger.tag(turn.text or turn.unheard, policy.allowed or (policy.start,), self._names)
        language = tag.language
        if language is not None and not tag.sure:
            language = self._last.get(turn.speaker, language)
        elif language is not None:
            self._last[turn.speaker] = language
        self._keep(turn.seq, Said(turn.speaker, language, policy, tag.sure))
        if turn.speaker is Speaker.AGENT and tag.sure and language is not None:
            self._agent_spoke(language)
        return replace(turn, language=language, script=tag.script)

    def _keep(self, seq: int, said: Said) -> None:
        if seq > self._settled:
            self._said[seq] = said
        if len(self._said) > OPEN_TURNS:
            self._settled = min(self._said)
            self._judge.hear(self._said.pop(self._settled))

    def _agent_spoke(self, language: str) -> None:
        outside = is_outside(language, self._policy.allowed)
        if outside:
            self._drifted_to = language
        self._course = NEXT_COURSE[self._course, CourseEvent.OUTSIDE if outside else CourseEvent.INSIDE]

    def correction(self) -> Drift | None:
        """What the model is to be told now that it is quiet; once for each drift."""
        if self._course is not Course.DRIFTED:
            return None
        self._course = NEXT_COURSE[self._course, CourseEvent.CORRECTED]
        self._corrections += 1
        policy = self._policy
        callers = self._last.get(Speaker.CALLER, policy.start)
        wanted = policy.start if is_outside(callers, policy.allowed) else callers
        names = tuple(dict.fromkeys(language_name(base_of(tag)) for tag in policy.allowed))
        return Drift(language_name(self._drifted_to), names, language_name(wanted))

    def use(self) -> LanguageUse:
        """How it went, by all turns so far in the order in which they began."""
        judge = copy(self._judge)
        for _, said in sorted(self._said.items()):
            judge.hear(said)
        return judge.judged(self._corrections)
