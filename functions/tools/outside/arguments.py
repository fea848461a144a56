"""Arguments of tools whose parameters are a JSON Schema: checked by it, and explained without repeating them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jsonschema.exceptions import ValidationError

from functions.tools.tool import BadArguments
from shared.domain.json_schema import UnusableSchema, misfits

MOST_NAMED = 5


def check_arguments(parameters: Mapping[str, Any], arguments: Mapping[str, Any]) -> None:
    """Raises BadArguments, naming what is wrong in the schema's words."""
    try:
        problems = misfits(parameters, dict(arguments))
    except UnusableSchema:
        raise BadArguments("the tool itself is described wrongly") from None
    if problems:
        raise BadArguments("; ".join(_words(problem) for problem in problems[:MOST_NAMED]))


def _words(problem: ValidationError) -> str:
    """The library's own sentence quotes the value, which may be something that a person said."""
    where = ".".join(str(step) for step in problem.absolute_path) or "arguments"
    wanted: Any = problem.validator_value
    match problem.validator:
        case "required":
            given: Any = problem.instance
            missing = [name for name in wanted if name not in given]
            return f"{where}: {', '.join(missing)} is missing"
        case "additionalProperties":
            return f"{where}: there is an argument that the tool does not have"
        case "enum":
            return f"{where}: must be one of {', '.join(map(str, wanted))}"
        case "type":
            return f"{where}: must be {wanted}"
        case keyword:
            return f"{where}: does not fit {keyword} {wanted!s:.120}"
