"""One operation of the JSON API: what it takes, what it gives back, and who answers it.

The routes that serve and the OpenAPI document are both made from these, so neither can say what the other does not do.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from functions.console.problem import Problem, invalid
from shared.store.store import BadDocument, Document, MissingIndex, Page

JSON_BYTES = 1_000_000
"""More than any body but a file needs."""
DEFAULT_PER_PAGE = 50
MOST_PER_PAGE = 200
FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")
CSV = "text/csv; charset=utf-8"

M = TypeVar("M", bound=BaseModel)


class Answer(BaseModel):
    """What an operation gives back; more fields may come."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True, serialize_by_alias=True)


class Paging(BaseModel):
    """Which part of a long list to show."""

    model_config = ConfigDict(extra="ignore")

    page_size: int = DEFAULT_PER_PAGE
    cursor: str | None = None
    """The `next` of the page before."""

    def checked(self) -> Paging:
        """This, if there can be such a page."""
        if not 1 <= self.page_size <= MOST_PER_PAGE:
            raise Problem(422, "page_size must be a number", f"From 1 to {MOST_PER_PAGE}.", field="page_size")
        return self


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that has been read and found in order."""

    request: Request
    query: Any = None
    """The operation's query model."""
    body: Any = None
    """Its body or form model."""
    file: UploadFile | None = None

    def __getitem__(self, name: str) -> str:
        """A part of the path."""
        return str(self.request.path_params[name])


Answering = Callable[[Asked], Awaitable[BaseModel | Response]]


@dataclass(frozen=True, slots=True)
class Operation:
    """A method on a path. `returns` is a model, or a media type for what is streamed."""

    method: str
    path: str
    summary: str
    answer: Answering
    returns: type[BaseModel] | str
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    form: type[BaseModel] | None = None
    """Multipart fields, besides `file`."""
    raw: bool = False
    """The body is bytes, which the operation reads itself."""
    status: int = 200
    also: tuple[int, ...] = ()
    """Other ways in which it succeeds, with the same content."""
    problems: tuple[int, ...] = ()
    """What else can be wrong, beside a body or a query that cannot be read."""

    def route(self) -> Route:
        """The route that serves it."""

        async def endpoint(request: Request) -> Response:
            try:
                given = await self.answer(await self._read(request))
            finally:
                await request.close()  # an upload's file
            return given if isinstance(given, Response) else json_answer(given, self.status)

        return Route(self.path, endpoint, methods=[self.method], name=self.id)

    @property
    def id(self) -> str:
        """A name for programs: get_api_lists_list_id_rows."""
        return "_".join([self.method.lower(), *(part.strip("{}:str").replace(".", "_") for part in _parts(self.path))])

    async def _read(self, request: Request) -> Asked:
        query = read_model(self.query, dict(request.query_params), "query") if self.query else None
        if self.form is not None and request.headers.get("content-type", "").startswith(FORMS):
            return await self._read_form(request, query)
        model = self.body or self.form
        body = read_model(model, await _json(request), "body") if model is not None else None
        return Asked(request, query, body)

    async def _read_form(self, request: Request, query: BaseModel | None) -> Asked:
        assert self.form is not None
        form = await request.form(max_files=1, max_fields=20, max_part_size=JSON_BYTES)
        file = form.get("file")
        fields = {name: value for name, value in form.items() if isinstance(value, str) and value and name != "file"}
        return Asked(
            request, query, read_model(self.form, fields, "form"), file if isinstance(file, UploadFile) else None
        )


def _parts(path: str) -> Sequence[str]:
    return [part for part in path.split("/") if part]


def read_model(model: type[M], written: object, where: str) -> M:
    """What was sent, as the model has it. Raises Problem, which names the field."""
    try:
        return model.model_validate(written)
    except ValidationError as error:
        raise invalid(error, where) from None


async def _json(request: Request) -> object:
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip()
    if kind != "application/json" and not kind.endswith("+json"):
        raise Problem(415, "The body must be JSON", "Send it with Content-Type: application/json.")
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > JSON_BYTES:
            raise Problem(413, "The body is too big", f"A JSON body may have {JSON_BYTES} bytes.")
    try:
        return json.loads(body or b"{}")
    except (ValueError, RecursionError):
        raise Problem(400, "The body is not JSON", "Look for a missing bracket or quote.") from None


def json_answer(given: BaseModel, status: int = 200) -> Response:
    """A model as the API answers with it."""
    return Response(given.model_dump_json(), status_code=status, media_type="application/json")


async def page_of(asking: Awaitable[Page]) -> Page:
    """A page of a query; a cursor that belongs to none is a problem of whoever sent it."""
    try:
        return await asking
    except MissingIndex:
        raise
    except BadDocument:
        raise Problem(422, "This page does not exist", "Start again without a cursor.", field="cursor") from None


async def found(asking: Awaitable[Document | None], what: str) -> Document:
    """A document that must be there."""
    try:
        document = await asking
    except BadDocument:
        document = None
    if document is None:
        raise Problem(404, f"There is no such {what}")
    return document
