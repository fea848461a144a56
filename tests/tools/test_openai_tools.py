"""Tools as OpenAI's clients write them, every feature of JSON Schema once: each is declared, or refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from google.genai import types

from functions.tools.gemini_schema import SchemaRefused, declaration_from_openai, gemini_schema
from tests.tools.test_gemini_schema import assert_is_gemini

CASES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("openai_tools.json").read_text(encoding="utf-8"))


def declared(tool: dict[str, Any]) -> dict[str, Any]:
    """What Gemini is told of a tool."""
    declaration = declaration_from_openai(tool)
    parameters = gemini_schema(declaration.parameters)
    return {"name": declaration.name, "description": declaration.description, "parameters": parameters}


def test_there_are_more_than_a_hundred_and_no_feature_twice() -> None:
    features = [case["feature"] for case in CASES]
    assert len(features) == len(set(features)) > 100
    assert all(("declared" in case) != ("refused" in case) for case in CASES)


@pytest.mark.parametrize("case", [case for case in CASES if "declared" in case], ids=lambda case: case["feature"])
def test_converts(case: dict[str, Any]) -> None:
    told = declared(case["tool"])
    assert told == case["declared"]
    if (parameters := told["parameters"]) is not None:
        assert parameters["type"] == "OBJECT"
        assert_is_gemini(parameters)
        parameters = types.Schema.model_validate(parameters)
    declaration = types.FunctionDeclaration(name=told["name"], description=told["description"], parameters=parameters)
    assert "parametersJsonSchema" not in declaration.model_dump(by_alias=True, exclude_none=True)


@pytest.mark.parametrize("case", [case for case in CASES if "refused" in case], ids=lambda case: case["feature"])
def test_is_refused_with_the_reason(case: dict[str, Any]) -> None:
    with pytest.raises(SchemaRefused) as refused:
        declared(case["tool"])
    assert str(refused.value) == case["refused"]
