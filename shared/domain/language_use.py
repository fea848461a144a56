"""How a conversation's languages went: answered in the caller's, followed when they switched, kept to the agent's."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
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
    """The figures of one stream."""

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


def language_use(turns: Iterable[Said], corrections: int = 0) -> LanguageUse:
    """Judge a conversation."""
    answers = followed = switches = outside = 0
    followed_after: list[int] = []
    due: str | None = None
    spoken_to, behind = False, None
    for turn in turns:
        policy = turn.policy
        if turn.language is None:
            continue
        if turn.speaker is Speaker.CALLER:
            spoken_to = not (policy.mirrors and is_outside(turn.language, policy.allowed))
            if policy.mirrors and spoken_to and turn.sure:
                if not fits(turn.language, due or policy.start):
                    switches, behind = switches + 1, 0
                due = turn.language
            continue
        if not turn.sure:
            continue
        outside += is_outside(turn.language, policy.allowed)
        if not spoken_to:
            continue
        answers += 1
        if fits(turn.language, due if due and policy.mirrors else policy.start):
            followed += 1
            if behind is not None:
                followed_after.append(behind + 1)
                behind = None
        elif behind is not None:
            behind += 1
    return LanguageUse(answers, followed, switches, tuple(followed_after), outside, corrections)
