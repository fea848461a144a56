"""A tool's parameters, from JSON Schema as tools write it to the schema that Gemini Live takes.

Gemini's is a small part of OpenAPI's: no references, no constants, no combinator but any_of and that one alone, types
in capitals, choices among strings only. What it has no word for goes into a description or is left out; tools check
their arguments themselves. So the result never forbids what the original allows - but for a value of any type, which
becomes a string.

Raises SchemaRefused for recursion, references to other documents, contradictions, and sizes out of reason.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from functions.tools.declaration import Declaration
from functions.tools.json_schema import FlatSchemas, JsonSchema, SchemaRefused, merge, types_of

__all__ = ["SchemaRefused", "check_tool_name", "declaration_from_openai", "gemini_schema"]

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]{0,127}")
_FORMATS: Final = {
    "STRING": {"date-time"},
    "NUMBER": {"float", "double"},
    "INTEGER": {"int32", "int64"},
}
"""The formats that Gemini knows; any other ends the session, so it is said in the description instead."""
_BOUNDS: Final = {
    "NUMBER": {"minimum": "minimum", "maximum": "maximum"},
    "INTEGER": {"minimum": "minimum", "maximum": "maximum"},
    "STRING": {"minLength": "min_length", "maxLength": "max_length"},
    "ARRAY": {"minItems": "min_items", "maxItems": "max_items"},
}
_LARGEST: Final = 1e300
"""A bound beyond this is none; nor are the infinities."""
_IMPLIED_TYPES: Final = {
    "properties": "object",
    "items": "array",
    "prefixItems": "array",
    "minItems": "array",
    "maxItems": "array",
    "minimum": "number",
    "maximum": "number",
    "exclusiveMinimum": "number",
    "exclusiveMaximum": "number",
}


def declaration_from_openai(tool: Mapping[str, Any]) -> Declaration:
    """A tool as OpenAI's clients describe it: in the envelope {"type": "function", "function": ...} or without.

    Raises SchemaRefused for one that OpenAI itself runs, and for a name that Gemini does not take.
    """
    kind = tool.get("type", "function")
    if kind != "function":
        raise SchemaRefused("no function: tools that OpenAI runs itself cannot be called by another model")
    function = tool.get("function", tool)
    if not isinstance(function, Mapping) or not isinstance(function.get("name"), str):
        raise SchemaRefused("a tool without a name")
    parameters = function.get("parameters")
    if parameters is not None and not isinstance(parameters, Mapping):
        raise SchemaRefused("parameters that are no schema")
    return Declaration(check_tool_name(function["name"]), str(function.get("description") or ""), parameters)


def check_tool_name(name: str) -> str:
    """The name, if Gemini takes it as a function's."""
    if not _NAME.fullmatch(name):
        raise SchemaRefused("a tool's name that the model cannot call")
    return name


def gemini_schema(parameters: JsonSchema | None) -> dict[str, Any] | None:
    """The fields of google.genai's types.Schema for a tool's parameters; None for a tool that takes none."""
    if not parameters:
        return None
    try:
        return _Conversion(parameters).parameters()
    except RecursionError:
        raise SchemaRefused("a schema nested too deeply") from None


class _Conversion:
    """One schema on its way; the original stays at hand for its references."""

    def __init__(self, document: JsonSchema) -> None:
        self._document = document
        self._schemas = FlatSchemas(document)

    def parameters(self) -> dict[str, Any] | None:
        """At the root Gemini wants a plain object: alternatives there become optional properties."""
        flat, refs = self._schemas.flat(self._document, ())
        branches = flat.pop("anyOf", None) or flat.pop("oneOf", None) or []
        alternatives = [self._schemas.flat(branch, refs)[0] for branch in branches]
        if alternatives:
            flat["properties"] = {**_either(alternatives), **flat.get("properties", {})}
            always = set.intersection(*(set(part.get("required", ())) for part in alternatives))
            flat["required"] = [*flat.get("required", ()), *sorted(always)]
        if "object" not in (types_of(flat) or ["object"]):
            raise SchemaRefused("parameters that are not an object")
        parameters = self._object(flat, refs, {"type": "OBJECT"})
        return parameters if "properties" in parameters else None

    def _convert(self, schema: object, refs: tuple[str, ...]) -> dict[str, Any]:
        flat, refs = self._schemas.flat(schema, refs)
        branches = flat.pop("anyOf", None) or flat.pop("oneOf", None)
        if branches:
            return self._alternatives(flat, branches, refs)
        return self._one_of_types(flat, refs)

    def _alternatives(self, flat: dict[str, Any], branches: list[Any], refs: tuple[str, ...]) -> dict[str, Any]:
        """Each branch with what is said beside the branches; null among them makes the others nullable."""
        nullable, options = False, []
        for branch in branches:
            part, branch_refs = self._schemas.flat(branch, refs)
            if types_of(part) == ["null"]:
                nullable = True
                continue
            merged = merge(part, flat)
            if "description" in part:
                merged["description"] = _sentences(flat.get("description"), part["description"])
            option = self._convert(merged, branch_refs)
            options += option.get("any_of", [option])
        return _any_of(options, nullable)

    def _one_of_types(self, flat: dict[str, Any], refs: tuple[str, ...]) -> dict[str, Any]:
        types = types_of(flat) or _implied_types(flat)
        nullable = "null" in types or flat.get("nullable") is True or None in flat.get("enum", ())
        concrete = [name for name in types if name != "null"]
        if not concrete:
            return {"type": "STRING", "nullable": True}
        options = [self._typed(flat, name, refs) for name in concrete if _has_choices(flat, name)]
        if not options:
            raise SchemaRefused("choices of another type than the value")
        return _any_of(options, nullable)

    def _typed(self, flat: dict[str, Any], name: str, refs: tuple[str, ...]) -> dict[str, Any]:
        kind = name.upper()
        converted: dict[str, Any] = {"type": kind}
        notes = [flat.get("description")]
        if kind == "OBJECT":
            self._object(flat, refs, converted)
        elif kind == "ARRAY":
            converted["items"] = self._items(flat, refs)
        for keyword, field in _BOUNDS.get(kind, {}).items():
            if keyword in flat and abs(flat[keyword]) < _LARGEST:
                converted[field] = flat[keyword]
        notes += _choices(flat, kind, converted)
        notes += _format(flat, kind, converted)
        notes += _pattern(flat, kind, converted)
        notes += _exclusive_bounds(flat, kind)
        if description := _sentences(*notes):
            converted["description"] = description
        return converted

    def _object(self, flat: dict[str, Any], refs: tuple[str, ...], converted: dict[str, Any]) -> dict[str, Any]:
        properties = {
            str(name): self._convert(schema, refs)
            for name, schema in flat.get("properties", {}).items()
            if schema is not False
        }
        if properties:
            converted["properties"] = properties
        required = [name for name in dict.fromkeys(map(str, flat.get("required", ()))) if name in properties]
        if required:
            converted["required"] = required
        return converted

    def _items(self, flat: dict[str, Any], refs: tuple[str, ...]) -> dict[str, Any]:
        """Gemini wants to know the items; of a tuple, any of its members."""
        items = flat.get("items", True)
        if flat.get("prefixItems"):
            items = [*flat["prefixItems"], *([items] if isinstance(items, Mapping) else [])]
        if isinstance(items, list):
            return _any_of([self._convert(item, refs) for item in items] or [{"type": "STRING"}], nullable=False)
        return self._convert(True if items is False else items, refs)


def _either(alternatives: list[dict[str, Any]]) -> dict[str, Any]:
    """The properties of all alternatives, each as any of them has it."""
    named: dict[str, list[Any]] = {}
    for part in alternatives:
        for name, schema in part.get("properties", {}).items():
            named.setdefault(name, []).append(schema)
    return {name: schemas[0] if len(schemas) == 1 else {"anyOf": schemas} for name, schemas in named.items()}


def _any_of(options: list[dict[str, Any]], nullable: bool) -> dict[str, Any]:
    """Beside any_of Gemini takes no other field, so every option carries its own."""
    unlike: list[dict[str, Any]] = []
    for option in options:
        if nullable:
            option = {**option, "nullable": True}
        if option not in unlike:
            unlike.append(option)
    if not unlike:
        return {"type": "STRING", "nullable": True}
    return unlike[0] if len(unlike) == 1 else {"any_of": unlike}


def _implied_types(flat: dict[str, Any]) -> list[str]:
    implied = [name for keyword, name in _IMPLIED_TYPES.items() if keyword in flat]
    if implied:
        return implied[:1]
    types = dict.fromkeys(_type_of(value) for value in flat.get("enum", ()))
    return list(types) or ["string"]


def _type_of(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case Mapping():
            return "object"
        case _:
            return "array"


def _of_type(values: object, name: str) -> list[Any]:
    names = {"number", "integer"} if name == "number" else {name}
    return [value for value in values if _type_of(value) in names] if isinstance(values, list | tuple) else []


def _has_choices(flat: dict[str, Any], name: str) -> bool:
    return "enum" not in flat or bool(_of_type(flat["enum"], name)) or not any(v is not None for v in flat["enum"])


def _choices(flat: dict[str, Any], kind: str, converted: dict[str, Any]) -> list[str]:
    """Choices of strings as such; of anything else, in words. An empty string is no choice to Gemini."""
    choices = _of_type(flat.get("enum"), kind.lower())
    if not choices:
        return []
    if kind == "STRING" and all(choices):
        converted["enum"] = list(dict.fromkeys(choices))
        return []
    return ["Allowed: " + ", ".join(_shown(choice) for choice in choices) + "."]


def _shown(choice: object) -> str:
    return json.dumps(choice, ensure_ascii=False)


def _format(flat: dict[str, Any], kind: str, converted: dict[str, Any]) -> list[str]:
    name = flat.get("format")
    if not name:
        return []
    if name in _FORMATS.get(kind, ()):
        converted["format"] = name
        return []
    return [f"Format: {name}."]


def _pattern(flat: dict[str, Any], kind: str, converted: dict[str, Any]) -> list[str]:
    """Groups of the (?...) kind differ between dialects; such a pattern is only told."""
    pattern = flat.get("pattern")
    if not pattern or kind != "STRING":
        return []
    if "(?" in pattern:
        return [f"Pattern: {pattern}"]
    converted["pattern"] = pattern
    return []


def _exclusive_bounds(flat: dict[str, Any], kind: str) -> list[str]:
    if kind not in {"NUMBER", "INTEGER"}:
        return []
    words = {"exclusiveMinimum": "More than", "exclusiveMaximum": "Less than"}
    # In an old draft these are booleans beside minimum and maximum; they say too little to be worth words.
    return [
        f"{word} {flat[keyword]}."
        for keyword, word in words.items()
        if keyword in flat and not isinstance(flat[keyword], bool)
    ]


def _sentences(*parts: object) -> str:
    return " ".join(str(part).strip() for part in parts if part and str(part).strip())
