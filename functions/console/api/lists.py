"""Lists: uploaded, mapped, read back row by row, mended."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from pathlib import PurePath
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from starlette.datastructures import UploadFile
from starlette.responses import Response, StreamingResponse

from functions.console.list_desk import ListDesk
from functions.console.lists.columns import VARIABLE, Column, with_mapping
from functions.console.lists.csv_export import csv_text
from functions.console.lists.ledger import Ledger
from functions.console.lists.mended import Mended
from functions.console.lists.records import Records
from functions.console.lists.rejected import rejected_csv
from functions.console.lists.report import Report
from functions.console.lists.row_document import list_path, row_from_document, rows_path
from functions.console.operation import CSV, Answer, Asked, Operation, Paging, found, page_of
from functions.console.problem import Problem
from functions.console.services import ConsoleServices
from functions.console.uploads import Uploads
from shared.domain.calling_rules import Purpose
from shared.domain.campaign import CampaignState
from shared.domain.contact_row import CALLABLE, RowClass
from shared.domain.phone_number import is_region
from shared.store.store import Document, OrderBy, Value, Where

CHUNK_BYTES = 1 << 20
WAIT_AT_MOST_S = 20.0


class NewList(BaseModel):
    """What is sent with a list's file."""

    model_config = ConfigDict(extra="ignore")

    country: str
    """ISO 3166; whose number one without + is."""
    purpose: Purpose = Purpose.MARKETING
    """The strictest when nobody says."""
    mapping: dict[str, str | None] = {}
    """Header → field; what is not named is found."""
    upload_id: str | None = None
    """A file that was uploaded in parts, in place of one in this request."""
    sheet: str | None = None
    """Of a workbook; the first visible one by default."""
    name: str | None = Field(default=None, max_length=200)

    @field_validator("mapping", mode="before")
    @classmethod
    def _may_be_text(cls, written: object) -> object:
        if not isinstance(written, str):
            return written
        try:
            return json.loads(written)
        except ValueError:
            raise ValueError('the mapping is JSON such as {"Mobile": "phone"}') from None

    @field_validator("country")
    @classmethod
    def _is_a_country(cls, country: str) -> str:
        if not is_region(country.strip().upper()):
            raise ValueError("the country is an ISO 3166 code such as IN or US")
        return country.strip().upper()


class NewMapping(BaseModel):
    """What the columns mean, and what else a second reading may change."""

    model_config = ConfigDict(extra="forbid")

    mapping: dict[str, str | None]
    country: str | None = None
    purpose: Purpose | None = None
    sheet: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _may_be_the_mapping_itself(cls, written: object) -> object:
        if isinstance(written, Mapping) and "mapping" not in written:
            return {"mapping": dict(written)}
        return written

    @field_validator("country")
    @classmethod
    def _is_a_country(cls, country: str | None) -> str | None:
        return country if country is None else NewList(country=country).country


class MendedFile(BaseModel):
    """Where a mended rejected.csv is, if it does not come with the request."""

    model_config = ConfigDict(extra="ignore")

    upload_id: str | None = None


class ListAccepted(Answer):
    """The list is being read."""

    list_id: str
    status: Literal["reading", "ready", "failed"] = "reading"


class RowAnswer(Answer):
    """A row of a list: its one class, why, and what was read from it."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True, serialize_by_alias=True)

    row: int
    row_class: RowClass = Field(alias="class")
    reason: str = ""
    explanation: str = ""
    fix: str = ""
    phone: str = ""
    country: str = ""
    original: list[str]
    name: str = ""
    language: str = ""
    timezone: str = ""
    zones: list[str] = Field(default=[])
    zone_source: str = ""
    state: str = ""
    postal_code: str = ""
    consent: str = "unknown"
    consent_at: datetime | None = None
    alternate: str = ""
    extension: str = ""
    variables: dict[str, str] = Field(default={})


class ColumnAnswer(Answer):
    """A column, and the field that it stands for."""

    header: str
    name: str
    field: str | None = None
    examples: list[str] = Field(default=[])


class Warned(Answer):
    """Something about the file that its owner should know."""

    code: str
    rows: int
    sentence: str


class ListBrief(Answer):
    """A list among others."""

    list_id: str
    status: Literal["reading", "ready", "failed"]
    name: str | None = None
    filename: str | None = None
    country: str
    purpose: Purpose
    created_at: datetime
    total: int = 0
    counts: dict[str, int] = Field(default={})
    """Rows in each class; they add up to the total."""


class ListAnswer(ListBrief):
    """A list's account."""

    read_share: float = 0.0
    columns: list[ColumnAnswer] = Field(default=[])
    mapping: dict[str, str] = Field(default={})
    preview: list[RowAnswer] = Field(default=[])
    reasons: dict[str, int] = Field(default={})
    warnings: list[Warned] = Field(default=[])
    format: dict[str, str] = Field(default={})
    problem: dict[str, Any] | None = None
    """Why the list failed."""
    mended_problem: dict[str, Any] | None = None
    """Why the last mended file was left out."""
    merged: dict[str, int] | None = None
    """What the last mended file did."""


class Lists(Answer):
    """A page of lists, newest first."""

    lists: list[ListBrief]
    next: str | None = None


class Rows(Answer):
    """A page of rows, in their order."""

    rows: list[RowAnswer]
    next: str | None = None


class RowsPaging(Paging):
    """Which rows to show."""

    row_class: RowClass | None = Field(default=None, alias="class")


class Waiting(BaseModel):
    """How patient a reader is."""

    model_config = ConfigDict(extra="ignore")

    wait_s: float = Field(default=0.0, ge=0.0, le=WAIT_AT_MOST_S)
    """Answer when the list has been read, or after so long."""


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
                raise Problem(409, "A campaign is taking its contacts from this list", "Wait until it has them all, or cancel it.", code="in_use")  # noqa: E501  # fmt: skip


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
