"""JSON Schema made flat: references followed and allOf merged, one level at a time.

SchemaRefused is raised for what no finite, consistent schema can be made of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import unquote

JsonSchema = Mapping[str, Any]

MAX_NODES: Final = 2_000
"""Following references can multiply a schema; a tool that needs more than this is a mistake or an attack."""
MAX_DEPTH: Final = 24


class SchemaRefused(ValueError):
    """A tool's parameters cannot be told to the model: recursive, contradictory, not local, or too large."""


class FlatSchemas:
    """One document of JSON Schema, read level by level."""

    def __init__(self, document: JsonSchema) -> None:
        self._document = document
        self._nodes = 0

    def flat(self, schema: object, refs: tuple[str, ...]) -> tuple[dict[str, Any], tuple[str, ...]]:
        """A schema without $ref and allOf at its own level, and the references that led to it."""
        self._count(len(refs))
        if schema is True:
            return {}, refs
        if not isinstance(schema, Mapping):
            raise SchemaRefused("a schema is neither an object nor true")
        merged: dict[str, Any] = {}
        if "$dynamicRef" in schema or "$recursiveRef" in schema:
            raise SchemaRefused("a reference that only a validator can follow")
        reference = schema.get("$ref")
        if reference is not None:
            merged, refs = self.flat(self._resolve(reference, refs), (*refs, str(reference)))
        for part in _list(schema.get("allOf")):
            flat_part, refs = self.flat(part, refs)
            merged = merge(merged, flat_part)
        return merge(merged, _known(schema)), refs

    def _count(self, depth: int) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES or depth > MAX_DEPTH:
            raise SchemaRefused("a schema too large")

    def _resolve(self, reference: object, refs: tuple[str, ...]) -> object:
        if not isinstance(reference, str) or not reference.startswith("#"):
            raise SchemaRefused("a reference to another document")
        if reference in refs:
            raise SchemaRefused("a recursive schema")
        if reference[1:2] not in {"", "/"}:
            return self._anchored(unquote(reference[1:]))
        found: object = self._document
        for step in unquote(reference[1:]).split("/")[1:]:
            step = step.replace("~1", "/").replace("~0", "~")
            if isinstance(found, Mapping) and step in found:
                found = found[step]
            elif isinstance(found, list) and step.isdecimal() and int(step) < len(found):
                found = found[int(step)]
            else:
                raise SchemaRefused("a reference to nothing")
        return found

    def _anchored(self, name: str) -> object:
        """The part of the document that calls itself so."""
        waiting: list[object] = [self._document]
        while waiting:
            self._count(0)
            part = waiting.pop()
            if isinstance(part, Mapping):
                if part.get("$anchor") == name:
                    return part
                waiting += part.values()
            elif isinstance(part, list):
                waiting += part
        raise SchemaRefused("a reference to nothing")


def _known(schema: Mapping[object, object]) -> dict[str, Any]:
    """The keywords that mean something to Gemini, checked; a constant is a choice of one."""
    known: dict[str, Any] = {}
    for keyword, kinds in _KEYWORDS.items():
        if keyword not in schema:
            continue
        value = schema[keyword]
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise SchemaRefused(f"{keyword} of a wrong kind")
        known[keyword] = value
    if "const" in schema:
        known["enum"] = [schema["const"]]
    return known


def merge(one: JsonSchema, other: JsonSchema) -> dict[str, Any]:
    """A schema of what both allow, as far as it can be said; `other` has the last word on descriptions."""
    merged = {**one, **other}
    for key in one.keys() & other.keys():
        if key in _BOTH:
            merged[key] = _BOTH[key](one[key], other[key])
    if "type" in one and "type" in other:
        merged["type"] = _common_types(types_of(one), types_of(other))
    return merged


def types_of(schema: JsonSchema) -> list[str]:
    """The types a schema names, none when it names none."""
    named = schema.get("type")
    if named is None:
        return []
    names = [name.lower() for name in _list(named) if isinstance(name, str)]
    unknown = set(names) - {"string", "number", "integer", "boolean", "array", "object", "null"}
    if unknown or not names:
        raise SchemaRefused("a type that JSON does not have")
    return names


def _common_types(one: list[str], other: list[str]) -> list[str]:
    common = [name for name in one if name in other or (name == "integer" and "number" in other)]
    common += [name for name in other if name == "integer" and "number" in one and name not in common]
    if not common:
        raise SchemaRefused("types that contradict each other")
    return common


def _both_properties(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    shared = {name: {"allOf": [one[name], other[name]]} for name in one.keys() & other.keys()}
    return {**one, **other, **shared}


def _both_choices(one: Sequence[Any], other: Sequence[Any]) -> list[Any]:
    choices = [value for value in one if value in other]
    if not choices:
        raise SchemaRefused("choices that contradict each other")
    return choices


def _list(value: object) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


_NUMBER: Final = (int, float)
_KEYWORDS: Final[dict[str, tuple[type, ...]]] = {
    "type": (str, list),
    "description": (str,),
    "nullable": (bool,),
    "enum": (list, tuple),
    "format": (str,),
    "pattern": (str,),
    "properties": (Mapping,),
    "required": (list, tuple),
    "items": (Mapping, bool, list),
    "prefixItems": (list,),
    "anyOf": (list,),
    "oneOf": (list,),
    "minimum": _NUMBER,
    "maximum": _NUMBER,
    "exclusiveMinimum": (int, float, bool),
    "exclusiveMaximum": (int, float, bool),
    "minItems": (int,),
    "maxItems": (int,),
    "minLength": (int,),
    "maxLength": (int,),
}
_BOTH: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "properties": _both_properties,
    "required": lambda one, other: list(dict.fromkeys([*one, *other])),
    "enum": _both_choices,
    "minimum": max,
    "maximum": min,
    "minItems": max,
    "maxItems": min,
    "minLength": max,
    "maxLength": min,
    "items": lambda one, other: {"allOf": [one, other]},
}
