"""Errors as RFC 9457 problem documents: what is wrong, where, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from shared.store.store import StoreUnavailable


class Problem(Exception):
    """A request that cannot be served as it is."""

    def __init__(self, status: int, title: str, detail: str = "", **fields: Any) -> None:
        super().__init__(title)
        self.status = status
        self.title = title
        self.detail = detail
        self.fields: Mapping[str, Any] = fields
        """More of it for programs: row, column, field."""

    def response(self) -> Response:
        """The problem document."""
        body = {"type": "about:blank", "title": self.title, "status": self.status, **self.fields}
        if self.detail:
            body["detail"] = self.detail
        return JSONResponse(body, status_code=self.status, media_type="application/problem+json")


def problem_handlers() -> dict[Any, Any]:
    """Exception handlers that answer with problem documents."""

    async def problem(_: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        return error.response()

    async def http(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return Problem(error.status_code, HTTPStatus(error.status_code).phrase, error.detail).response()

    async def store_away(_: Request, error: Exception) -> Response:
        del error
        return Problem(503, "The records cannot be read right now", "Try again in a moment.").response()

    return {Problem: problem, HTTPException: http, StoreUnavailable: store_away}
