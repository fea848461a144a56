"""Lists: uploaded, mapped, read back row by row, mended."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from pydantic import BaseModel
from starlette.datastructures import UploadFile
from starlette.responses import Response, StreamingResponse

from functions.console.api.list_models import (
    ListAccepted,
    ListAnswer,
    ListBrief,
    Lists,
    MendedFile,
    NewList,
    NewMapping,
    RowAnswer,
    Rows,
    RowsPaging,
    Waiting,
)
from functions.console.list_desk import ListDesk
from functions.console.lists.columns import VARIABLE, Column, with_mapping
from functions.console.lists.csv_export import csv_text
from functions.console.lists.ledger import Ledger
from functions.console.lists.mended import Mended
from functions.console.lists.records import Records
from functions.console.lists.rejected import rejected_csv
from functions.console.lists.report import Report
from functions.console.lists.row_document import list_path, row_from_document, rows_path
from functions.console.operation import CSV, Asked, Operation, Paging, found, page_of
from functions.console.problem import Problem
from functions.console.services import ConsoleServices
from functions.console.uploads import Uploads
from shared.domain.calling_rules import Purpose
from shared.domain.campaign import CampaignState
from shared.domain.contact_row import CALLABLE
from shared.store.store import Document, OrderBy, Value, Where

CHUNK_BYTES = 1 << 20


class ListsApi:
    """The operations on lists."""

    def __init__(self, services: ConsoleServices, desk: ListDesk, uploads: Uploads) -> None:
        self._services = services
        self._store = services.store
        self._desk = desk
        self._uploads = uploads

    def operations(self) -> list[Operation]:
        """All of them."""
        one = "/api/lists/{list_id}"
        return [
            Operation("POST", "/api/lists", "Upload a list", self.create, ListAccepted, form=NewList, status=202,
                      problems=(404, 409, 413)),
            Operation("GET", "/api/lists", "The lists", self.all, Lists, query=Paging),
            Operation("GET", one, "A list's account", self.one, ListAnswer, query=Waiting, problems=(404,)),
            Operation("PUT", f"{one}/mapping", "Say what the columns mean; the list is read anew", self.map,
                      ListAccepted, body=NewMapping, status=202, problems=(404, 409)),
            Operation("GET", f"{one}/rows", "Its rows", self.rows, Rows, query=RowsPaging, problems=(404,)),
            Operation("GET", f"{one}/rejected.csv", "The rows that cannot be called, as they came", self.rejected, CSV,
                      problems=(404,)),
            Operation("POST", f"{one}/mended", "Lay a mended rejected.csv over the list", self.mend, ListAccepted,
                      form=MendedFile, status=202, problems=(404, 409, 413)),
        ]  # fmt: skip

    async def create(self, asked: Asked) -> BaseModel:
        """Keep the file and begin to read it."""
        new: NewList = asked.body
        upload_id, filename = await self._file(asked, new.upload_id)
        list_id = self._services.new_id()
        fields: dict[str, Value] = {
            "name": new.name or PurePath(filename).stem or "List",
            "filename": filename,
            "country": new.country,
            "purpose": str(new.purpose),
            "wanted_mapping": dict(new.mapping),
            "sheet": new.sheet,
            "upload_id": upload_id,
            "mended": [],
            "created_at": self._services.clock.now(),
        }
        await self._desk.begin(list_id, fields)
        return ListAccepted(list_id=list_id)

    async def _file(self, asked: Asked, upload_id: str | None) -> tuple[str, str]:
        """The upload that holds the file, and what it was called."""
        if asked.file is not None:
            with Records(asked.file.file):  # a picture or an empty file is refused before anything is kept
                pass
            filename = (asked.file.filename or "list")[-200:]
            return await self._uploads.keep(filename, _content(asked.file)), filename
        if upload_id is None:
            raise Problem(422, "There is no file", "Send the list as `file`, or name an upload_id.", field="file")
        await self._uploads.seal(upload_id)
        return upload_id, str((await self._uploads.read(upload_id))["filename"])

    async def all(self, asked: Asked) -> BaseModel:
        """The newest first."""
        paging = asked.query.checked()
        page = await page_of(
            self._store.query(
                "lists", order_by=[OrderBy("created_at", descending=True)], limit=paging.page_size, cursor=paging.cursor
            )
        )
        return Lists(lists=[ListBrief.model_validate(one.data) for one in page.documents], next=page.next)

    async def one(self, asked: Asked) -> BaseModel:
        """The account so far; whoever asks takes up a reading whose process is gone."""
        list_id = asked["list_id"]
        document = await self.document(list_id)
        if document.data["status"] == "reading":
            await self._desk.take_up(document)
            await self._desk.wait(list_id, asked.query.wait_s)
            document = await self.document(list_id)
        return ListAnswer.model_validate(document.data)

    async def map(self, asked: Asked) -> BaseModel:
        """Read the list anew, with this mapping."""
        new: NewMapping = asked.body
        document = await self.document(asked["list_id"])
        await self._not_being_loaded(document.id)
        columns = _columns(document.data.get("columns") or [])
        sheet = new.sheet or document.data.get("sheet")
        if columns and sheet == document.data.get("sheet"):
            with_mapping(columns, new.mapping)  # raises ListError, which names column and field
        fields: dict[str, Value] = {"wanted_mapping": dict(new.mapping), "sheet": sheet}
        for name, wanted in (("country", new.country), ("purpose", new.purpose)):
            if wanted is not None:
                fields[name] = str(wanted)
        await self._desk.begin(document.id, fields)
        return ListAccepted(list_id=document.id)

    async def mend(self, asked: Asked) -> BaseModel:
        """Lay a mended file over the list."""
        document = await self.document(asked["list_id"])
        if document.data["status"] != "ready":
            raise Problem(409, "The list is not ready", "A list is mended once it has been read.", code="not_ready")
        await self._not_being_loaded(document.id)
        data: Mapping[str, Any] = document.data
        if asked.file is not None:
            terms = self._desk.terms(data["country"], Purpose(data["purpose"]))
            Mended(asked.file.file, _columns(data["columns"]), terms, Ledger(Report(), {})).close()
        upload_id, _ = await self._file(asked, asked.body.upload_id)
        mended = [*data.get("mended", []), upload_id]
        await self._desk.begin(document.id, {"mended": mended, "mended_problem": None}, last_only=True)
        return ListAccepted(list_id=document.id)

    async def rows(self, asked: Asked) -> BaseModel:
        """A page of rows, of one class or of all."""
        paging: RowsPaging = asked.query.checked()
        document = await self.document(asked["list_id"])
        page = await page_of(
            self._store.query(
                rows_path(document.id),
                [Where("class", "==", str(paging.row_class))] if paging.row_class else [],
                order_by=[OrderBy("row")] if paging.row_class else [],
                limit=paging.page_size,
                cursor=paging.cursor,
            )
        )
        return Rows(rows=[RowAnswer.model_validate(one.data) for one in page.documents], next=page.next)

    async def rejected(self, asked: Asked) -> Response:
        """The rows that cannot be called."""
        document = await self.document(asked["list_id"])
        headers = [column.header for column in _columns(document.data.get("columns") or [])]

        async def text() -> AsyncIterator[str]:
            first = True
            async for documents in self._all_rows(document.id):
                rows = [row for one in documents if (row := row_from_document(one.data)).row_class not in CALLABLE]
                pieces = "".join(rejected_csv(headers, rows))
                yield pieces if first else pieces.partition("\r\n")[2]
                first = False
            if first:
                yield "".join(csv_text([headers]))

        return csv_answer(text(), f"rejected-{document.id}.csv")

    async def _all_rows(self, list_id: str) -> AsyncIterator[Sequence[Document]]:
        cursor: str | None = None
        while True:
            page = await self._store.query(rows_path(list_id), limit=500, cursor=cursor)
            if page.documents:
                yield page.documents
            cursor = page.next
            if cursor is None:
                return

    async def document(self, list_id: str) -> Document:
        """The list's document. Raises Problem when there is none."""
        return await found(self._store.get(list_path(list_id)), "list")

    async def _not_being_loaded(self, list_id: str) -> None:
        """While a campaign takes its contacts from the list, its rows stay as they are."""
        page = await self._store.query("campaigns", [Where("list_id", "==", list_id)], limit=500)
        for one in page.documents:
            live = one.data.get("state") in (CampaignState.RUNNING, CampaignState.PAUSED)
            if live and not one.data.get("loaded"):
                sentence = "A campaign is taking its contacts from this list"
                raise Problem(409, sentence, "Wait until it has them all, or cancel it.", code="in_use")


async def _content(file: UploadFile) -> AsyncIterator[bytes]:
    await file.seek(0)
    while some := await file.read(CHUNK_BYTES):
        yield some


def _columns(told: Any) -> tuple[Column, ...]:
    """The list's columns, as its document tells them."""
    return tuple(
        Column(index, str(one["header"]), str(one["name"]), str(one["field"] or VARIABLE))
        for index, one in enumerate(told)
    )


def csv_answer(text: AsyncIterator[str], filename: str) -> Response:
    """A file to download, sent while it is being made."""
    headers = {"content-disposition": f'attachment; filename="{filename}"'}
    return StreamingResponse(text, media_type=CSV, headers=headers)
