"""Pages on lists: upload, account, mapping, rows, mending."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from functions.console.api import Api
from functions.console.api.list_models import (
    ListAnswer,
    Lists,
    MendedFile,
    NewList,
    NewMapping,
    Rows,
    RowsPaging,
    Waiting,
)
from functions.console.lists.column_words import FIELDS
from functions.console.lists.list_error import ListError
from functions.console.operation import Paging, read_model
from functions.console.pages.page import asked, form_of, page, page_route, see, told
from functions.console.problem import Problem, list_problem
from shared.domain.calling_rules import Purpose
from shared.domain.contact_row import RowClass

ROWS_PER_PAGE = 50
COUNTRIES = ("IN", "US", "GB", "DE", "AE", "AU", "CA", "FR", "SG", "ZA")
"""Suggested; any other code can be typed."""
COLUMN = "column:"
"""A form field that holds what a column stands for is named after its header."""


class ListPages:
    """The pages."""

    def __init__(self, api: Api) -> None:
        self._api = api.lists

    def routes(self) -> Sequence[BaseRoute]:
        """All of them."""
        return [
            page_route("/lists", self.all),
            page_route("/lists", self.upload, "POST"),
            page_route("/lists/{list_id}", self.one),
            page_route("/lists/{list_id}/mapping", self.map, "POST"),
            page_route("/lists/{list_id}/mended", self.mend, "POST"),
        ]

    async def all(self, request: Request) -> Response:
        """The lists, and a form to upload one."""
        return await self._all(request, {})

    async def _all(self, request: Request, form: Mapping[str, str], problem: Problem | None = None) -> Response:
        paging = read_model(Paging, {"cursor": request.query_params.get("cursor")}, "query")
        lists: Any = await self._api.all(asked(request, paging))
        assert isinstance(lists, Lists)
        return page(
            "lists.html",
            problem.status if problem else 200,
            lists=lists,
            form=form,
            countries=COUNTRIES,
            purposes=[str(one) for one in Purpose],
            problem=told(problem) if problem else None,
        )

    async def upload(self, request: Request) -> Response:
        """Take a list; a mistake brings the form back."""
        fields, file = await form_of(request)
        try:
            accepted: Any = await self._api.create(asked(request, body=read_model(NewList, fields, "form"), file=file))
        except (Problem, ListError) as error:
            problem = list_problem(error) if isinstance(error, ListError) else error
            return await self._all(request, fields, problem)
        return see(f"/lists/{accepted.list_id}")

    async def one(self, request: Request) -> Response:
        """A list's account and some of its rows."""
        account: Any = await self._api.one(asked(request, Waiting(wait_s=0.5)))
        assert isinstance(account, ListAnswer)
        wanted = request.query_params.get("class") or None
        paging = read_model(
            RowsPaging,
            {"class": wanted, "cursor": request.query_params.get("cursor"), "page_size": ROWS_PER_PAGE},
            "query",
        )
        rows: Any = Rows(rows=account.preview)
        if account.status != "reading":
            rows = await self._api.rows(asked(request, paging))
        return page(
            "list.html",
            one=account,
            rows=rows,
            wanted=wanted,
            classes=[str(one) for one in RowClass],
            fields=FIELDS,
            purposes=[str(one) for one in Purpose],
            column=COLUMN,
        )

    async def map(self, request: Request) -> Response:
        """Take a mapping."""
        fields, _ = await form_of(request)
        mapping = {name.removeprefix(COLUMN): value for name, value in fields.items() if name.startswith(COLUMN)}
        more: dict[str, object] = {name: fields[name] for name in ("country", "purpose") if name in fields}
        await self._api.map(asked(request, body=read_model(NewMapping, {"mapping": mapping, **more}, "form")))
        return see(f"/lists/{request.path_params['list_id']}")

    async def mend(self, request: Request) -> Response:
        """Take a mended file."""
        fields, file = await form_of(request)
        await self._api.mend(asked(request, body=read_model(MendedFile, fields, "form"), file=file))
        return see(f"/lists/{request.path_params['list_id']}")
