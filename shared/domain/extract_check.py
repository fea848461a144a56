"""Whether what an agent wants to have read out of a conversation is a JSON Schema that can be filled in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shared.domain.nearest import nearest

TYPES = ("object", "array", "string", "number", "integer", "boolean", "null")
MOST_FIELDS = 100


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with a schema."""

    path: tuple[str, ...]
    """Where in it: ("properties", "outcome", "type")."""
    sentence: str
    suggestion: str | None = None


def schema_flaw(schema: Mapping[str, Any]) -> Flaw | None:
    """The first thing in it that cannot work; None when nothing is."""
    return next(_flaws(schema), None)


def _flaws(schema: Mapping[str, Any]) -> Iterator[Flaw]:
    yield from _misnamed_types(schema, ())
    # A tenth of a second to import, and only who writes an agent needs it.
    from jsonschema import Draft202012Validator

    from shared.domain.json_schema import dead_references

    errors = Draft202012Validator(Draft202012Validator.META_SCHEMA).iter_errors(schema)
    for error in sorted(errors, key=lambda one: len(one.absolute_path), reverse=True):
        yield Flaw(tuple(map(str, error.absolute_path)), f"this is no JSON Schema: {error.message}")
    for reference in dead_references(schema):
        sentence = f"$ref {reference!r} leads to nothing; it can lead to a part of this schema, like #/$defs/NAME"
        yield Flaw((), sentence)
    properties = schema.get("properties")
    if schema.get("type") != "object" or not properties:
        yield Flaw((), "it needs type: object and properties, one for each thing to find out", "type: object")
        return
    if len(properties) > MOST_FIELDS:
        yield Flaw(("properties",), f"more than {MOST_FIELDS} things are not found out from one conversation")
    for number, name in enumerate(schema.get("required", ())):
        if name not in properties:
            sentence = f"{name!r} is required and not among the properties"
            yield Flaw(("required", str(number)), sentence, nearest(str(name), properties))


def _misnamed_types(schema: Any, path: tuple[str, ...]) -> Iterator[Flaw]:
    """Told apart from the other mistakes, because people write `type: text`."""
    if not isinstance(schema, Mapping):
        return
    kinds = schema.get("type")
    for kind in kinds if isinstance(kinds, list) else [kinds]:
        if isinstance(kind, str) and kind not in TYPES:
            meant = {"text": "string", "str": "string", "int": "integer", "float": "number", "bool": "boolean",
                     "list": "array", "dict": "object", "date": "string"}.get(kind.lower())  # fmt: skip
            yield Flaw((*path, "type"), f"there is no type {kind!r}", meant or nearest(kind, TYPES))
    for keyword in ("properties", "$defs"):
        parts = schema.get(keyword)
        for name, part in parts.items() if isinstance(parts, Mapping) else ():
            yield from _misnamed_types(part, (*path, keyword, str(name)))
    yield from _misnamed_types(schema.get("items"), (*path, "items"))
