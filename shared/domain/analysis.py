"""The analysis of a call that is over, and the queued job that makes it."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import Field

from shared.domain.disposition import Outcome
from shared.domain.record import Instant, Record

SETTLES = timedelta(seconds=5)
"""After the end of a call its last records are written, and a lost stream may come back."""
CRASHED = timedelta(minutes=10)
"""Beyond the longest that a call may take: nobody is carrying it any more."""
RETRY_AFTER = tuple(timedelta(seconds=seconds) for seconds in (10, 60, 300, 1_800, 7_200))
"""Waits between tries; quotas refill within the minute, outages last longer."""
MOST_TRIES = len(RETRY_AFTER) + 1
LEASE = timedelta(minutes=3)
"""Longer than any answer of the model is waited for."""


class AnalysisState(StrEnum):
    """How far the analysis of a call has come."""

    DUE = "due"
    """From the call's beginning on, so that one that ends in a crash is analysed too; when, says due_at."""
    DONE = "done"
    SKIPPED = "skipped"
    """The caller said nothing: there is nothing to read."""
    FAILED = "failed"


class TurnSentiment(Record):
    """How the caller felt in one turn."""

    turn: int
    """Seq of the turn."""
    sentiment: float = Field(ge=-1, le=1)


class BrokenRule(Record):
    """A rule of its own that the agent did not keep."""

    rule: str
    turn: int | None = None
    """Seq of the agent's turn that shows it."""


class Analysis(Record):
    """What was read out of a call."""

    summary: str
    outcome: Outcome
    sentiment: float = Field(ge=-1, le=1)
    """Of the caller over the whole call: -1.0 very unhappy, 1.0 very happy."""
    caller_sentiment: tuple[TurnSentiment, ...] = ()
    lead_score: int = Field(ge=0, le=100)
    """How likely the caller wants what the agent is there for."""
    lead_turns: tuple[int, ...] = ()
    """Seqs of the caller's turns that prove it."""
    rules_kept: bool
    broken_rules: tuple[BrokenRule, ...] = ()
    extracted: dict[str, Any] | None = None
    """By the agent's own schema; None when it has none."""
    model: str
    """The text model that read it."""
    version: int
    """Of the question that it was asked."""
    at: Instant


class AnalysisJob(Record):
    """The work itself, and the durable queue of it: one document a call."""

    call_sid: str
    agent_id: str
    agent_version: int = 1
    state: AnalysisState = AnalysisState.DUE
    due_at: Instant
    tries: int = 0
    announced: bool = False
    """Whoever wants to know has been told that the call has ended."""
    error: str | None = None
    """Why the last try failed: a phrase of ours, never the service's words."""


def analysis_path(call_sid: str) -> str:
    """Where the analysis of a call is queued."""
    return f"analyses/{call_sid}"


def next_try(tries: int, now: datetime) -> datetime | None:
    """When to try again after so many tries; None: never."""
    return now + RETRY_AFTER[tries - 1] if tries < MOST_TRIES else None
