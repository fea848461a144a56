"""Errors as RFC 9457 problem documents: what is wrong, where, and what to do about it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from functions.console.lists.list_error import ListError
from shared.store.store import BadDocument, Conflict, MissingIndex, StoreError

log = logging.getLogger(__name__)


class ProblemDocument(BaseModel):
    """RFC 9457; row, column and field name the place where something is wrong."""

    model_config = ConfigDict(extra="allow")

    type: str = "about:blank"
    title: str
    status: int
    detail: str = ""
    code: str | None = None
    row: int | None = None
    column: str | None = None
    field: str | None = None


class Problem(Exception):
    """A request that cannot be served as it is."""

    def __init__(self, status: int, title: str, detail: str = "", **fields: Any) -> None:
        super().__init__(title)
        self.status = status
        self.title = title
        self.detail = detail
        self.fields: Mapping[str, Any] = fields
        """More of it for programs: code, row, column, field."""

    def response(self) -> Response:
        """The problem document."""
        body = {"type": "about:blank", "title": self.title, "status": self.status, **self.fields}
        if self.detail:
            body["detail"] = self.detail
        return JSONResponse(body, status_code=self.status, media_type="application/problem+json")


def list_problem(error: ListError) -> Problem:
    """A list that cannot be used, as an answer to whoever sent it."""
    told = error.problem()
    return Problem(422, str(told.pop("sentence")), str(told.pop("fix")), **told)


_WANTED = {
    "missing": "It is missing.",
    "extra_forbidden": "There is no such field.",
    "greater_than": "It must be more than {gt:g}.",
    "greater_than_equal": "It must be at least {ge:g}.",
    "less_than": "It must be less than {lt:g}.",
    "less_than_equal": "It must be at most {le:g}.",
    "string_too_short": "It must not be empty.",
    "string_too_long": "It may have {max_length} characters at the most.",
    "enum": "It must be {expected}.",
    "literal_error": "It must be {expected}.",
    **dict.fromkeys(("float_parsing", "float_type", "finite_number"), "It must be a number, such as 2.5."),
    **dict.fromkeys(("int_parsing", "int_type", "int_from_float"), "It must be a whole number, such as 3."),
}
"""pydantic's kinds of mistakes in words for people; for another kind its own sentence stands."""


def _wanted(one: Any) -> str:
    told = _WANTED.get(one["type"])
    return told.format(**one["ctx"]) if told and "{" in told else told or str(one["msg"]).removeprefix("Value error, ")


def invalid(error: ValidationError, where: str = "body") -> Problem:
    """What a body or a query says wrong, field by field. The values that were sent are not repeated."""
    errors = [
        {
            "field": ".".join(str(part) for part in one["loc"]) or where,
            "detail": _wanted(one),
        }
        for one in error.errors(include_url=False, include_input=False)
    ]
    first = errors[0]
    return Problem(422, f"{first['field']} is not right", first["detail"], field=first["field"], errors=errors)


def problem_handlers() -> dict[Any, Any]:
    """Exception handlers that answer with problem documents."""

    async def problem(_: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        return error.response()

    async def http(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        answer = Problem(error.status_code, HTTPStatus(error.status_code).phrase, error.detail).response()
        answer.headers.update(error.headers or {})
        return answer

    async def list_refused(_: Request, error: Exception) -> Response:
        assert isinstance(error, ListError)
        return list_problem(error).response()

    async def written_by_others(_: Request, error: Exception) -> Response:
        del error
        return Problem(409, "Somebody else changed this at the same time", "Look at it again and repeat.").response()

    async def store_away(_: Request, error: Exception) -> Response:
        log.warning("store is away", extra={"error": type(error).__name__})
        return Problem(503, "The records cannot be reached right now", "Try again in a moment.").response()

    async def cannot_be_kept(_: Request, error: Exception) -> Response:
        if isinstance(error, MissingIndex):
            return await our_fault(_, error)
        return Problem(422, "This cannot be kept", "A name or a text in it is too long or not valid text.").response()

    async def our_fault(request: Request, error: Exception) -> Response:
        log.error("request failed", extra={"route": route_of(request), "error": type(error).__name__})
        return Problem(500, "Something went wrong here", "It is not your doing. Try again in a moment.").response()

    return {
        Problem: problem,
        HTTPException: http,
        ListError: list_refused,
        Conflict: written_by_others,
        BadDocument: cannot_be_kept,
        StoreError: store_away,
        Exception: our_fault,
    }


def route_of(request: Request) -> str:
    """The route's pattern: ids and numbers in a path stay out of the log."""
    return getattr(request.scope.get("route"), "path", "none")
