"""Tools' parameters as Gemini takes them: each trap of its schema, and nothing forbidden that the tool allows."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from google.genai import types
from hypothesis import assume, example, given
from hypothesis import strategies as st

from functions.tools.declaration import Declaration
from functions.tools.gemini_schema import (
    SchemaRefused,
    check_tool_name,
    declaration_from_openai,
    gemini_schema,
)

GEMINI_FIELDS = {
    "type", "description", "nullable", "enum", "format", "pattern", "properties", "required", "items", "any_of",
    "minimum", "maximum", "min_items", "max_items", "min_length", "max_length",
}  # fmt: skip


def converted(schema: Any) -> Any:
    """How a property of this schema is told to Gemini."""
    parameters = gemini_schema({"type": "object", "properties": {"it": schema}})
    assert parameters is not None
    return parameters["properties"]["it"]


class TestWords:
    """Keyword by keyword."""

    @pytest.mark.parametrize(
        ("schema", "told"),
        [
            ({"type": "string"}, {"type": "STRING"}),
            ({"type": "integer", "minimum": 1, "maximum": 9}, {"type": "INTEGER", "minimum": 1, "maximum": 9}),
            ({"type": ["string", "null"]}, {"type": "STRING", "nullable": True}),
            ({"type": ["string", "integer"]}, {"any_of": [{"type": "STRING"}, {"type": "INTEGER"}]}),
            ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {"type": "STRING", "nullable": True}),
            ({"oneOf": [{"type": "string"}, {"type": "number"}]}, {"any_of": [{"type": "STRING"}, {"type": "NUMBER"}]}),
            ({"type": "string", "enum": ["a", "b"]}, {"type": "STRING", "enum": ["a", "b"]}),
            ({"enum": ["a", None]}, {"type": "STRING", "enum": ["a"], "nullable": True}),
            ({"type": "string", "enum": ["", "a"]}, {"type": "STRING", "description": 'Allowed: "", "a".'}),
            ({"const": "a"}, {"type": "STRING", "enum": ["a"]}),
            ({"const": 5}, {"type": "INTEGER", "description": "Allowed: 5."}),
            ({"const": True}, {"type": "BOOLEAN", "description": "Allowed: true."}),
            ({"type": "integer", "enum": [1, 2]}, {"type": "INTEGER", "description": "Allowed: 1, 2."}),
            ({"type": "string", "format": "date-time"}, {"type": "STRING", "format": "date-time"}),
            (
                {"type": "string", "format": "date", "description": "The day."},
                {"type": "STRING", "description": "The day. Format: date."},
            ),
            ({"type": "string", "pattern": "^[0-9]+$"}, {"type": "STRING", "pattern": "^[0-9]+$"}),
            ({"type": "string", "pattern": "^(?=x)"}, {"type": "STRING", "description": "Pattern: ^(?=x)"}),
            ({"type": "number", "exclusiveMinimum": 0}, {"type": "NUMBER", "description": "More than 0."}),
            ({"type": "number", "exclusiveMinimum": True, "minimum": 0}, {"type": "NUMBER", "minimum": 0}),
            ({"type": "array"}, {"type": "ARRAY", "items": {"type": "STRING"}}),
            (
                {"type": "array", "items": {"type": "integer"}, "maxItems": 3},
                {"type": "ARRAY", "items": {"type": "INTEGER"}, "max_items": 3},
            ),
            (
                {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}]},
                {"type": "ARRAY", "items": {"any_of": [{"type": "INTEGER"}, {"type": "STRING"}]}},
            ),
            ({"anyOf": [{"type": "boolean"}, {"$ref": "#/properties/it/anyOf/0"}]}, {"type": "BOOLEAN"}),
            ({}, {"type": "STRING"}),
            (True, {"type": "STRING"}),
            ({"type": "null"}, {"type": "STRING", "nullable": True}),
            ({"type": "object"}, {"type": "OBJECT"}),
            ({"enum": [{"a": 1}]}, {"type": "OBJECT", "description": 'Allowed: {"a": 1}.'}),
            ({"type": "number", "enum": [1, 2.5]}, {"type": "NUMBER", "description": "Allowed: 1, 2.5."}),
            ({"minimum": 3}, {"type": "NUMBER", "minimum": 3}),
            ({"type": "string", "minLength": 1, "maxLength": 4}, {"type": "STRING", "min_length": 1, "max_length": 4}),
        ],
    )
    def test_told_as(self, schema: Any, told: dict[str, Any]) -> None:
        assert converted(schema) == told

    def test_what_gemini_has_no_word_for_is_left_out(self) -> None:
        schema = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "Order",
            "type": "string",
            "default": "x",
            "examples": ["y"],
            "additionalProperties": False,
            "not": {"const": "z"},
        }
        assert converted(schema) == {"type": "STRING"}

    def test_beside_any_of_stands_nothing_else(self) -> None:
        schema = {
            "description": "A slot.",
            "anyOf": [{"type": "string", "description": "By name."}, {"type": "integer"}, {"type": "null"}],
        }
        assert converted(schema) == {
            "any_of": [
                {"type": "STRING", "nullable": True, "description": "A slot. By name."},
                {"type": "INTEGER", "nullable": True, "description": "A slot."},
            ]
        }

    def test_required_names_only_what_there_is(self) -> None:
        parameters = {"properties": {"a": {"type": "string"}, "b": False}, "required": ["a", "b", "c", "a"]}
        assert gemini_schema(parameters) == {
            "type": "OBJECT",
            "properties": {"a": {"type": "STRING"}},
            "required": ["a"],
        }

    @pytest.mark.parametrize(
        "parameters", [None, {}, {"type": "object"}, {"properties": {}}, {"properties": {"a": False}}]
    )
    def test_a_tool_without_arguments_has_no_parameters(self, parameters: dict[str, Any] | None) -> None:
        assert gemini_schema(parameters) is None


class TestReferences:
    """References are followed; what never ends is refused."""

    def test_definitions_are_put_in_place(self) -> None:
        schema = {
            "type": "object",
            "properties": {"to": {"$ref": "#/$defs/A~1B", "description": "Where to."}},
            "$defs": {"A/B": {"type": "object", "properties": {"x": {"$ref": "#/$defs/n"}}}, "n": {"type": "number"}},
        }
        assert gemini_schema(schema) == {
            "type": "OBJECT",
            "properties": {
                "to": {"type": "OBJECT", "description": "Where to.", "properties": {"x": {"type": "NUMBER"}}}
            },
        }

    def test_the_same_definition_twice_is_no_recursion(self) -> None:
        schema = {
            "properties": {"a": {"$ref": "#/$defs/n"}, "b": {"$ref": "#/$defs/n"}},
            "$defs": {"n": {"type": "number"}},
        }
        assert gemini_schema(schema) == {
            "type": "OBJECT",
            "properties": {"a": {"type": "NUMBER"}, "b": {"type": "NUMBER"}},
        }

    def test_all_of_is_merged(self) -> None:
        schema = {
            "allOf": [
                {"type": "number", "minimum": 1, "maximum": 9},
                {"type": "integer", "minimum": 3, "description": "How many."},
            ]
        }
        assert converted(schema) == {"type": "INTEGER", "minimum": 3, "maximum": 9, "description": "How many."}

    def test_all_of_merges_properties(self) -> None:
        schema = {
            "allOf": [
                {"properties": {"a": {"type": "string"}, "b": {"type": "string"}}, "required": ["a"]},
                {"properties": {"b": {"maxLength": 3}}, "required": ["b"]},
            ]
        }
        assert gemini_schema(schema) == {
            "type": "OBJECT",
            "properties": {"a": {"type": "STRING"}, "b": {"type": "STRING", "max_length": 3}},
            "required": ["a", "b"],
        }

    def test_alternatives_at_the_root_become_optional(self) -> None:
        schema = {
            "type": "object",
            "properties": {"day": {"type": "string"}},
            "oneOf": [
                {"properties": {"kind": {"const": "book"}, "slot": {"type": "string"}}, "required": ["kind", "slot"]},
                {"properties": {"kind": {"const": "cancel"}}, "required": ["kind"]},
            ],
            "required": ["day"],
        }
        assert gemini_schema(schema) == {
            "type": "OBJECT",
            "properties": {
                "kind": {"any_of": [{"type": "STRING", "enum": ["book"]}, {"type": "STRING", "enum": ["cancel"]}]},
                "slot": {"type": "STRING"},
                "day": {"type": "STRING"},
            },
            "required": ["day", "kind"],
        }

    @pytest.mark.parametrize(
        "schema",
        [
            {"$ref": "https://example.com/schema"},
            {"$ref": "#/$defs/nothing"},
            {"$ref": "#nothing"},
            {"$dynamicRef": "#nothing"},
            {"$ref": "#"},
            {"$ref": 5},
            {"type": "object", "properties": {"next": {"$ref": "#/properties/it"}}},
            {"allOf": [{"type": "string"}, {"type": "integer"}]},
            {"allOf": [{"enum": ["a"]}, {"enum": ["b"]}]},
            {"type": "string", "enum": [5]},
            {"type": "date"},
            {"type": 5},
            {"type": []},
            {"properties": []},
            {"required": "a"},
            {"minimum": "1"},
            {"minItems": True},
            "string",
            5,
            None,
        ],
    )
    def test_refused(self, schema: Any) -> None:
        with pytest.raises(SchemaRefused):
            converted(schema)

    @pytest.mark.parametrize("parameters", [{"type": "array"}, {"type": "string"}, {"$ref": "#"}])
    def test_parameters_are_an_object(self, parameters: dict[str, Any]) -> None:
        with pytest.raises(SchemaRefused):
            gemini_schema(parameters)

    def test_a_schema_that_explodes_is_refused(self) -> None:
        doubling = {f"d{n}": {"properties": {k: {"$ref": f"#/$defs/d{n + 1}"} for k in "ab"}} for n in range(20)}
        with pytest.raises(SchemaRefused, match="too large"):
            gemini_schema({"properties": {"x": {"$ref": "#/$defs/d0"}}, "$defs": {**doubling, "d20": {}}})

    def test_a_schema_that_is_too_deep_is_refused(self) -> None:
        deep: dict[str, Any] = {"type": "string"}
        for _ in range(1500):
            deep = {"type": "array", "items": deep}
        with pytest.raises(SchemaRefused):
            converted(deep)


class TestOpenAI:
    """Tools written for other clients."""

    def test_envelope(self) -> None:
        parameters = {"type": "object", "properties": {"city": {"type": "string"}}}
        function = {"name": "weather", "description": "Tells it.", "parameters": parameters, "strict": True}
        expected = Declaration("weather", "Tells it.", parameters)
        assert declaration_from_openai({"type": "function", "function": function}) == expected
        assert declaration_from_openai({"type": "function", **function}) == expected

    def test_without_a_name(self) -> None:
        with pytest.raises(SchemaRefused):
            declaration_from_openai({"type": "function", "function": {}})

    @pytest.mark.parametrize("name", ["", "2x", "a b", "é", "a" * 129, "a\n"])
    def test_names_that_gemini_refuses(self, name: str) -> None:
        with pytest.raises(SchemaRefused):
            check_tool_name(name)

    @pytest.mark.parametrize("name", ["a", "_a.b:c-d9", "a" * 128])
    def test_names_that_gemini_takes(self, name: str) -> None:
        assert check_tool_name(name) == name


SCALARS = st.one_of(
    st.fixed_dictionaries({"type": st.just("string")}, optional={"maxLength": st.integers(0, 9)}),
    st.fixed_dictionaries({"type": st.just("integer")}, optional={"minimum": st.integers(-9, 9)}),
    st.fixed_dictionaries({"type": st.just("number")}, optional={"exclusiveMaximum": st.integers(-9, 9)}),
    st.just({"type": "boolean"}),
    st.just({"type": ["string", "null"]}),
    st.lists(st.sampled_from(["a", "b", "", 1, 2.5, True, None]), min_size=1, max_size=4).map(lambda v: {"enum": v}),
    st.sampled_from(["a", 1, True]).map(lambda v: {"const": v}),
    st.sampled_from(["#/$defs/slot", "#/$defs/day"]).map(lambda ref: {"$ref": ref}),
)
NAMES = st.sampled_from(["a", "b", "c"])
SCHEMAS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.fixed_dictionaries({"type": st.just("array"), "items": inner}),
        st.fixed_dictionaries(
            {"type": st.just("object"), "properties": st.dictionaries(NAMES, inner)},
            optional={"required": st.lists(NAMES, unique=True), "additionalProperties": st.booleans()},
        ),
        st.lists(inner, min_size=1, max_size=3).map(lambda v: {"anyOf": v}),
        st.lists(inner, min_size=1, max_size=3).map(lambda v: {"oneOf": v, "description": "Either."}),
        st.lists(inner, min_size=1, max_size=2).map(lambda v: {"allOf": v}),
    ),
    max_leaves=8,
)
DEFINITIONS = {
    "slot": {"type": "object", "properties": {"day": {"$ref": "#/$defs/day"}}, "required": ["day"]},
    "day": {"type": "string", "format": "date"},
}
PLAIN = ["a", "b", "", 1, 0, -3, 20, 2.5, True, False, None, "2026-11-23", "ten letters"]
LISTED = [[], *([one] for one in PLAIN), ["a", 1], ["a", None]]
NAMED = [{}, *({name: one} for name in ("a", "b", "day") for one in [*PLAIN, ["a"], {"a": 1}]), {"a": 1, "b": "b"}]
VALUES = [*PLAIN, *LISTED, *NAMED, [[1]], [{"a": 1}], {"a": {"b": True}, "c": [1]}]


def back_to_json_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """What Gemini's schema allows, in words that a validator of JSON Schema knows."""
    names = {"min_items": "minItems", "max_items": "maxItems", "min_length": "minLength", "max_length": "maxLength"}
    back: dict[str, Any] = {}
    for key, value in schema.items():
        match key:
            case "type":
                back["type"] = [value.lower(), "null"] if schema.get("nullable") else value.lower()
            case "enum":
                back["enum"] = [*value, None] if schema.get("nullable") else value
            case "properties":
                back["properties"] = {name: back_to_json_schema(inner) for name, inner in value.items()}
            case "items":
                back["items"] = back_to_json_schema(value)
            case "any_of":
                back["anyOf"] = [back_to_json_schema(inner) for inner in value]
            case "required" | "minimum" | "maximum" | "pattern":
                back[key] = value
            case "description" | "format" | "nullable":
                pass
            case _:
                back[names[key]] = value
    return back


def assert_is_gemini(schema: dict[str, Any]) -> None:
    assert schema.keys() <= GEMINI_FIELDS
    if "any_of" in schema:
        assert schema.keys() == {"any_of"}
        assert len(schema["any_of"]) > 1
        assert not any("any_of" in option for option in schema["any_of"])
    else:
        assert schema["type"] in {"STRING", "INTEGER", "NUMBER", "BOOLEAN", "ARRAY", "OBJECT"}
    if "enum" in schema:
        assert schema["type"] == "STRING"
        assert all(isinstance(choice, str) and choice for choice in schema["enum"])
    if schema.get("type") == "ARRAY":
        assert "items" in schema
    assert set(schema.get("required", ())) <= schema.get("properties", {}).keys()
    inner = [*schema.get("properties", {}).values(), *schema.get("any_of", ())]
    for part in inner + ([schema["items"]] if "items" in schema else []):
        assert_is_gemini(part)


@given(SCHEMAS)
@example({"anyOf": [{"type": "null"}]})
@example({"anyOf": [{"type": ["string", "integer"]}, {"type": "null"}]})
@example({"type": "array", "items": {"type": "array", "items": {"anyOf": [{"const": 1}, {"type": "null"}]}}})
def test_any_schema_becomes_one_that_gemini_takes(schema: dict[str, Any]) -> None:
    document = {"type": "object", "properties": {"it": schema}, "$defs": DEFINITIONS}
    try:
        told = gemini_schema(document)
    except SchemaRefused:
        # Only contradictions are refused here, and only these parts can contradict one another.
        assert any(word in json.dumps(schema) for word in ("allOf", "anyOf", "oneOf"))
        return
    assert told is not None
    assert_is_gemini(told)
    types.Schema.model_validate(told)


@given(SCHEMAS)
@example({"anyOf": [{"const": "a"}, {"const": 1}]})
@example({"oneOf": [{"type": "object", "properties": {"a": {"type": "string"}}}, {"type": "null"}]})
@example({"$ref": "#/$defs/slot"})
def test_what_a_tool_allows_the_model_may_say(schema: dict[str, Any]) -> None:
    document = {"type": "object", "properties": {"it": schema}, "$defs": DEFINITIONS}
    try:
        told = gemini_schema(document)
    except SchemaRefused:
        return
    assert told is not None
    tool = jsonschema.Draft202012Validator(document)
    model = jsonschema.Draft202012Validator(back_to_json_schema(told))
    for value in VALUES:
        assert model.is_valid({"it": value}) or not tool.is_valid({"it": value}), value


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "$ref", "properties", "enum", "const", "anyOf", "oneOf", "allOf", "items", "minimum",
                 "maxLength", "required", "nullable", "exclusiveMinimum", "a"]
            ),
            inner,
            max_size=4,
        ),
        max_leaves=15,
    )
)  # fmt: skip
@example({"maximum": 10**400})
@example({"type": "number", "minimum": float("inf")})
@example({"type": "number", "minimum": float("nan")})
def test_nonsense_is_converted_or_refused_and_nothing_else(schema: Any) -> None:
    assume(schema is not False)
    try:
        told = converted(schema)
    except SchemaRefused:
        return
    assert_is_gemini(told)
    types.Schema.model_validate(told)
