"""The model's answer, taken apart and held to the call: what it cites must be there. [pure]"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from functions.after_call.question import VERSION, Reading
from functions.after_call.transcript import Transcript
from shared.domain.agent import Agent
from shared.domain.analysis import Analysis, BrokenRule, TurnSentiment
from shared.domain.json_schema import UnusableSchema, misfits


class BadAnswer(Exception):
    """The model's answer does not fit what it was asked; asking again may help."""


def analysis_from(text: str, agent: Agent, transcript: Transcript, *, model: str, now: datetime) -> Analysis:
    """The analysis in an answer. Turns that do not exist, or are not that party's, are left out. Raises BadAnswer."""
    answer = _object(text)
    try:
        reading = Reading.model_validate(answer)
    except ValidationError as error:
        fields = {str(problem["loc"][0]) for problem in error.errors(include_input=False) if problem["loc"]}
        raise BadAnswer(f"not as asked: {', '.join(sorted(fields))}") from None
    broken = [
        BrokenRule(rule=one.rule, turn=one.turn if one.turn in transcript.agent_turns else None)
        for one in reading.broken_rules
    ]
    sentiments = {one.turn: one.sentiment for one in reading.caller_sentiment if one.turn in transcript.caller_turns}
    return Analysis(
        summary=reading.summary,
        outcome=reading.outcome,
        sentiment=reading.sentiment,
        caller_sentiment=tuple(TurnSentiment(turn=turn, sentiment=of) for turn, of in sorted(sentiments.items())),
        lead_score=reading.lead_score,
        lead_turns=tuple(sorted(set(reading.lead_turns) & transcript.caller_turns)),
        rules_kept=reading.rules_kept and not broken,
        broken_rules=tuple(broken),
        extracted=_extracted(answer, agent),
        model=model,
        version=VERSION,
        at=now,
    )


def _object(text: str) -> Mapping[str, Any]:
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        raise BadAnswer("not JSON") from None
    if not isinstance(answer, Mapping):
        raise BadAnswer("not an object")
    return answer


def _extracted(answer: Mapping[str, Any], agent: Agent) -> dict[str, Any] | None:
    if agent.extract is None:
        return None
    extracted = answer.get("extracted")
    try:
        problems = misfits(agent.extract, extracted)
    except UnusableSchema:
        raise BadAnswer("nothing can be held to the agent's own schema") from None
    if problems:
        path = ".".join(str(part) for part in problems[0].absolute_path) or "extracted"
        raise BadAnswer(f"not as the agent's schema asks: {path}")
    return dict(extracted) if isinstance(extracted, Mapping) else {"value": extracted}
