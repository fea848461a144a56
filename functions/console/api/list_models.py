"""What is sent to the operations on lists, and what they give back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from functions.console.operation import Answer, Paging
from shared.domain.calling_rules import Purpose
from shared.domain.contact_row import RowClass
from shared.domain.phone_number import is_region

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
