"""What a judge says of a call, and of what it is proof. [pure]"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Aspect(StrEnum):
    """What is judged; a column of the table."""

    GOALS = "goals"
    TOOLS = "tools"
    LANGUAGE = "language"
    LATENCY = "latency"
    INTERRUPTIONS = "interruptions"
    RULES = "rules"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One judgement. turns: seqs of the record's turns that prove it; seen: what was found, in a few words."""

    aspect: Aspect
    what: str
    holds: bool
    seen: str = ""
    turns: tuple[int, ...] = ()
