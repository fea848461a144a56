"""Arguments of tools whose parameters are a JSON Schema: checked by it, and explained without repeating them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import orjson
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import validator_for
from referencing import Registry

from functions.tools.tool import BadArguments

MOST_NAMED = 5


def check_arguments(parameters: Mapping[str, Any], arguments: Mapping[str, Any]) -> None:
    """Raises BadArguments, naming what is wrong in the schema's words."""
    try:
        problems = list(_validator(orjson.dumps(parameters)).iter_errors(dict(arguments)))
    except (SchemaError, RecursionError, ValueError):
        raise BadArguments("the tool itself is described wrongly") from None
    if problems:
        raise BadArguments("; ".join(_words(problem) for problem in problems[:MOST_NAMED]))


@lru_cache(maxsize=512)
def _validator(parameters: bytes) -> Validator:
    """References are followed within the schema alone; without a registry the library would fetch what they name."""
    schema = orjson.loads(parameters) or {}
    return validator_for(schema, default=Draft202012Validator)(schema, registry=Registry())


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
