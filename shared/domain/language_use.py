"""Counts whether an agent answered in the caller's language, followed a switch, and kept to its own languages."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from shared.domain.agent import LanguagePolicy, Languages
from shared.domain.call import Speaker
from shared.domain.languages import base_of


@dataclass(frozen=True, slots=True)
class Policy:
    """What an agent owes: its start language, or the caller's last if it mirrors them."""

    start: str
    allowed: tuple[str, ...] = ()
    """Empty: all."""
    mirrors: bool = True

    @classmethod
    def of(cls, languages: Languages, start: str) -> Policy:
        """Of an agent whose call began in this language; one that stays is allowed nothing else."""
        mirrors = languages.policy is LanguagePolicy.MIRROR
        return cls(start, languages.allowed if mirrors else (start,), mirrors)


@dataclass(frozen=True, slots=True)
class Said:
    """One turn, in order."""

    speaker: Speaker
    language: str | None
    policy: Policy
    """Of the agent that had the caller then."""
    sure: bool = True
    """False: too little was said to hold it against anybody."""


@dataclass(frozen=True, slots=True)
class LanguageUse:
    """The figures of one stream, or of several."""

    answers: int = 0
    """Turns of the agent that can be judged: in a known language, after the caller has spoken one that it speaks."""
    followed: int = 0
    """Of those, in the language that was due."""
    switches: int = 0
    """How often another language became due."""
    turns_to_follow: tuple[int, ...] = ()
    """For each switch that was followed, which of the agent's turns after it was the first in that language."""
    outside: int = 0
    """Turns of the agent in a language that it is not to speak."""
    corrections: int = 0
    """How often the model was told so."""

    @property
    def share(self) -> float | None:
        """Of the answers, in the language that was due; None without answers."""
        return self.followed / self.answers if self.answers else None

    def __add__(self, later: LanguageUse) -> LanguageUse:
        """With those of the streams that followed."""
        return LanguageUse(
            self.answers + later.answers,
            self.followed + later.followed,
            self.switches + later.switches,
            self.turns_to_follow + later.turns_to_follow,
            self.outside + later.outside,
            self.corrections + later.corrections,
        )

    @classmethod
    def from_document(cls, data: Mapping[str, Any]) -> LanguageUse:
        """As the store has it; what is missing was not counted."""
        counts = {
            name: int(data.get(name) or 0) for name in ("answers", "followed", "switches", "outside", "corrections")
        }
        return cls(**counts, turns_to_follow=tuple(data.get("turns_to_follow") or ()))

    def to_document(self) -> dict[str, Any]:
        """Plain values for the store."""
        return {
            "answers": self.answers,
            "followed": self.followed,
            "share": None if self.share is None else round(self.share, 3),
            "switches": self.switches,
            "turns_to_follow": list(self.turns_to_follow),
            "outside": self.outside,
            "corrections": self.corrections,
        }


def fits(spoken: str, due: str) -> bool:
    """Whether a turn is in the language that was due: mixed with English it is still Hindi, but never English."""
    return base_of(spoken) == base_of(due)


def is_outside(language: str, allowed: Collection[str]) -> bool:
    """Whether none of the allowed languages (none: all are) is this one."""
    return bool(allowed) and base_of(language) not in {base_of(tag) for tag in allowed}


class Judge:
    """Listens to a conversation, turn by turn."""

    def __init__(self) -> None:
        self._use = LanguageUse()
        self._due: str | None = None
        self._spoken_to = False
        self._behind: int | None = None
        """So many of the agent's turns have not followed the last switch; None when one has."""

    def hear(self, turn: Said) -> None:
        """The next turn."""
        if turn.language is None:
            return
        if turn.speaker is Speaker.CALLER:
            self._hear_caller(turn, turn.language)
        elif turn.sure:
            self._hear_agent(turn.policy, turn.language)

    def _hear_caller(self, turn: Said, language: str) -> None:
        policy = turn.policy
        self._spoken_to = not (policy.mirrors and is_outside(language, policy.allowed))
        if policy.mirrors and self._spoken_to and turn.sure:
            if not fits(language, self._due or policy.start):
                self._use = replace(self._use, switches=self._use.switches + 1)
                self._behind = 0
            self._due = language

    def _hear_agent(self, policy: Policy, language: str) -> None:
        use = self._use
        outside = use.outside + is_outside(language, policy.allowed)
        if not self._spoken_to:
            self._use = replace(use, outside=outside)
            return
        followed, follow = use.followed, use.turns_to_follow
        if fits(language, self._due if self._due and policy.mirrors else policy.start):
            followed += 1
            if self._behind is not None:
                follow = (*follow, self._behind + 1)
                self._behind = None
        elif self._behind is not None:
            self._behind += 1
        self._use = replace(use, answers=use.answers + 1, followed=followed, turns_to_follow=follow, outside=outside)

    def judged(self, corrections: int = 0) -> LanguageUse:
        """How it went so far."""
        return replace(self._use, corrections=corrections)


def language_use(turns: Iterable[Said], corrections: int = 0) -> LanguageUse:
    """Judge a conversation."""
    judge = Judge()
    for turn in turns:
        judge.hear(turn)
    return judge.judged(corrections)
