"""The OpenAPI 3.1 document, made from the operations that serve."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from functions.console.operation import Operation
from functions.console.problem import ProblemDocument

REFERENCE = "#/components/schemas/{model}"
PROBLEM = "application/problem+json"
ALWAYS = (403, 500, 503)
Mode = Literal["validation", "serialization"]


def openapi(operations: Sequence[Operation]) -> dict[str, Any]:
    """The document."""
    used: set[tuple[type[BaseModel], Mode]] = {(ProblemDocument, "serialization")}
    for one in operations:
        used.update((model, "validation") for model in (one.query, one.body, one.form) if model is not None)
        if not isinstance(one.returns, str):
            used.add((one.returns, "serialization"))
    ordered = sorted(used, key=lambda pair: (pair[0].__name__, pair[1]))
    references, definitions = models_json_schema(ordered, ref_template=REFERENCE)
    schemas = _Schemas(
        {(str(key[0].__name__), key[1]): value for key, value in references.items()}, definitions.get("$defs", {})
    )
    paths: dict[str, dict[str, Any]] = {}
    for one in operations:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Parley",
            "version": "1",
            "description": "Lists, campaigns, calls and agents. Errors are RFC 9457 problem documents.",
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {"schemas": schemas.definitions},
    }


class _Schemas:
    """Schemas by model and by how they are used."""

    def __init__(self, references: Mapping[tuple[str, Mode], Any], definitions: dict[str, Any]) -> None:
        self._references = references
        self.definitions = definitions

    def sent(self, model: type[BaseModel]) -> Any:
        return self._references[(model.__name__, "validation")]

    def given(self, model: type[BaseModel]) -> Any:
        return self._references[(model.__name__, "serialization")]

    def fields(self, model: type[BaseModel]) -> Any:
        """The definition behind a reference."""
        return self.definitions[self.sent(model)["$ref"].rpartition("/")[2]]


def _operation(one: Operation, schemas: _Schemas) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": one.id,
        "summary": one.summary,
        "tags": [one.path.split("/")[2]],
        "parameters": [*_path_parameters(one), *_query_parameters(one, schemas)],
        "responses": _responses(one, schemas),
    }
    if content := _body(one, schemas):
        told["requestBody"] = {"required": True, "content": content}
    return told


def _path_parameters(one: Operation) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"\{(\w+)\}", one.path)
    ]


def _query_parameters(one: Operation, schemas: _Schemas) -> list[dict[str, Any]]:
    if one.query is None:
        return []
    return [
        {"name": name, "in": "query", "required": False, "schema": schema}
        for name, schema in schemas.fields(one.query)["properties"].items()
    ]


def _body(one: Operation, schemas: _Schemas) -> dict[str, Any] | None:
    if one.raw:
        return {"application/octet-stream": {"schema": {}}}
    if one.form is not None:
        file = {"type": "string", "contentMediaType": "application/octet-stream", "description": ".csv, .tsv or .xlsx"}
        form = schemas.fields(one.form)
        with_file = {**form, "properties": {"file": file, **form["properties"]}}
        return {
            "multipart/form-data": {"schema": with_file},
            "application/json": {"schema": schemas.sent(one.form)},
        }
    return {"application/json": {"schema": schemas.sent(one.body)}} if one.body is not None else None


def _responses(one: Operation, schemas: _Schemas) -> dict[str, Any]:
    if isinstance(one.returns, str):
        content: dict[str, Any] = {one.returns.partition(";")[0]: {"schema": {"type": "string"}}}
    else:
        content = {"application/json": {"schema": schemas.given(one.returns)}}
    responses = {
        str(status): {"description": HTTPStatus(status).phrase, "content": content}
        for status in (one.status, *one.also)
    }
    for status in sorted({*one.problems, *ALWAYS, *_unreadable(one)}):
        responses[str(status)] = {
            "description": HTTPStatus(status).phrase,
            "content": {PROBLEM: {"schema": schemas.given(ProblemDocument)}},
        }
    return responses


def _unreadable(one: Operation) -> set[int]:
    """What can be wrong with what is sent."""
    if one.body is not None or one.form is not None:
        return {400, 413, 415, 422}
    return {422} if one.query is not None else set()
