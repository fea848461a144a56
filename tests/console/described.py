"""The API as its OpenAPI document describes it, to hold answers against."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import httpx
from jsonschema import Draft202012Validator

from functions.console.openapi import openapi
from functions.console.operation import Operation


class Described:
    """What the document says."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        self.document = openapi(operations)
        self.seen: set[tuple[str, str]] = set()

    def check(self, method: str, path: str, answer: httpx.Response) -> None:
        """That this answer is announced: its operation, its status, its media type, and every field of it."""
        template = self._template(path, method.lower())
        self.seen.add((method.lower(), template))
        responses = self.document["paths"][template][method.lower()]["responses"]
        assert str(answer.status_code) in responses, (
            f"{method} {template} does not announce {answer.status_code}: {answer.text}"
        )
        content = responses[str(answer.status_code)]["content"]
        kind = answer.headers["content-type"].partition(";")[0]
        assert kind in content, f"{method} {template} does not announce {kind}"
        if kind.endswith("json"):
            schema = {**content[kind]["schema"], "components": self.document["components"]}
            errors = list(Draft202012Validator(schema).iter_errors(answer.json()))
            assert not errors, f"{method} {template}: {errors[0].message} at {list(errors[0].path)}"

    def _template(self, path: str, method: str) -> str:
        fitting = [
            template
            for template, methods in self.document["paths"].items()
            if method in methods and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path)
        ]
        assert fitting, f"the document has no {method} {path}"
        return str(min(fitting, key=lambda template: template.count("{")))


def any_schema(document: dict[str, Any]) -> dict[str, Any]:
    """The document's schemas."""
    return dict(document["components"]["schemas"])
