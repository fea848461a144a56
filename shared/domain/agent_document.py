"""An agent's document as people write it: an Agent, or everything that is wrong in it, field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from shared.domain.agent import VOICES, Agent
from shared.domain.agent_check import AgentProblem
from shared.domain.nearest import nearest


class BadAgent(ValueError):
    """An agent's document cannot work; the message says what is wrong in it and where."""

    def __init__(self, problems: list[AgentProblem], origin: str = "") -> None:
        said = "\n  ".join(str(problem) for problem in problems)
        super().__init__(f"{origin}:\n  {said}" if origin else said)
        self.problems = problems


def read_document(document: Any) -> Agent:
    """The agent that it describes. Raises BadAgent with every field that has the wrong form.

    What has the right form and still cannot work is for agent_check.
    """
    try:
        return Agent.model_validate(document)
    except ValidationError as error:
        details = error.errors(include_url=False)
        raise BadAgent(sorted(map(_problem, details), key=lambda one: one.field)) from None


def _problem(error: ErrorDetails) -> AgentProblem:
    place = error["loc"]
    field = _field(place) or "agent"
    if error["type"] == "extra_forbidden":
        among = _fields_at(place[:-1])
        meant = nearest(str(place[-1]), among)
        return AgentProblem(
            field, f"there is no such field; there are {', '.join(among)}" if among else "not known", meant
        )
    sentence = error["msg"].removeprefix("Value error, ")
    return AgentProblem(field, sentence, _suggestion(error))


def _suggestion(error: ErrorDetails) -> str | None:
    given, context = error["input"], error.get("ctx") or {}
    if error["loc"] == ("voice",) and isinstance(given, str):
        return nearest(given, VOICES)
    if error["type"] in {"literal_error", "enum"} and isinstance(given, str):
        return nearest(given, _quoted(str(context.get("expected", ""))))
    for bound in ("ge", "le"):
        if error["type"] == {"ge": "greater_than_equal", "le": "less_than_equal"}[bound]:
            return str(context[bound])
    return None


def _quoted(expected: str) -> Iterator[str]:
    """'high' or 'low' -> high, low."""
    return (word for number, word in enumerate(expected.split("'")) if number % 2)


def _field(place: tuple[int | str, ...]) -> str:
    """languages.allowed[1]"""
    name = ""
    for part in place:
        if part == "[key]":
            continue
        name += f"[{part}]" if isinstance(part, int) else f".{part}" if name else str(part)
    return name


def _fields_at(place: tuple[int | str, ...]) -> list[str]:
    """The fields that a part of an agent's document may have."""
    at: Any = Agent
    for part in place:
        if isinstance(part, int):
            continue
        field = at.model_fields.get(part) if isinstance(at, type) and issubclass(at, BaseModel) else None
        if field is None:
            return []
        at = _model_in(field.annotation)
    return list(at.model_fields) if isinstance(at, type) and issubclass(at, BaseModel) else []


def _model_in(annotation: Any) -> Any:
    """The model in it, also of tuple[Model, ...]."""
    if isinstance(annotation, type):
        return annotation
    inner: Mapping[int, Any] = dict(enumerate(getattr(annotation, "__args__", ())))
    return next((one for one in inner.values() if isinstance(one, type) and issubclass(one, BaseModel)), None)
