"""Who must not be called: looked at, added to by hand or by file, taken off again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

from pydantic import BaseModel, ConfigDict, Field, model_validator

from functions.console.list_desk import ListDesk
from functions.console.lists.reading import ListReading
from functions.console.operation import Answer, Asked, Operation, Paging, found, page_of
from functions.console.problem import Problem
from functions.console.services import ConsoleServices
from functions.console.uploads import Uploads
from shared.domain.calling_rules import Purpose
from shared.domain.phone_number import PhoneNumber, is_region, read_number
from shared.domain.record import Instant
from shared.domain.suppression import Evidence, HeardBy, Suppression, SuppressionReason, suppression_path
from shared.store.reinstatement import reinstate
from shared.store.store import Delete, OrderBy
from shared.store.suppressions import suppress

log = logging.getLogger(__name__)

MOST_NUMBERS = 50_000
MOST_TOLD = 50
"""Rows without a number that an answer names; it counts them all."""
AT_ONCE = 16
HASH = r"^[0-9a-f]{64}$"


class Whom(BaseModel):
    """Numbers, as people write them."""

    model_config = ConfigDict(extra="forbid")

    phone: str | None = Field(default=None, max_length=60, repr=False)
    phones: list[str] = Field(default=[], max_length=1000, repr=False)
    number_hash: str | None = Field(default=None, pattern=HASH)
    country: str | None = None
    """ISO 3166; whose number one without + is."""

    @model_validator(mode="after")
    def _names_a_country(self) -> Whom:
        if self.country is not None and not is_region(self.country):
            raise ValueError("the country is an ISO 3166 code such as IN or US")
        return self


class NewSuppressions(Whom):
    """Whom not to call, and why. A file may be sent in place of numbers."""

    reason: SuppressionReason = SuppressionReason.MANUAL
    campaign_id: str | None = None
    """For this campaign only; null: for all."""
    purpose: Purpose | None = None
    expires_at: Instant | None = None
    words: str | None = Field(default=None, max_length=1000, repr=False)
    """What the person said or wrote; kept as evidence."""
    upload_id: str | None = None
    """A file that was uploaded in parts, in place of one in this request."""


class SuppressionAnswer(Answer):
    """An entry. The number itself is not kept, only its keyed hash."""

    number_hash: str
    reason: SuppressionReason
    at: datetime
    campaign_id: str | None = None
    purpose: Purpose | None = None
    expires_at: datetime | None = None
    source_campaign_id: str | None = None
    heard_by: HeardBy | None = None
    call_sid: str | None = None

    @staticmethod
    def of(entry: Suppression) -> SuppressionAnswer:
        """The answer."""
        evidence = entry.evidence
        more: dict[str, Any] = (
            {} if evidence is None else {"heard_by": evidence.heard_by, "call_sid": evidence.call_sid}
        )
        return SuppressionAnswer.model_validate({**dict(entry), "number_hash": entry.id, **more})


class Suppressions(Answer):
    """A page of entries, newest first."""

    suppressions: list[SuppressionAnswer]
    next: str | None = None


class LeftOut(Answer):
    """A row of a file in which no number can be read."""

    row: int
    code: str
    detail: str
    fix: str


class Suppressed(Answer):
    """What was put on the list."""

    suppressed: int
    number_hashes: list[str]
    """The first hundred."""
    left_out: int = 0
    """Rows of a file that hold no number: whoever stands there can still be called."""
    left_out_rows: list[LeftOut] = Field(default=[])
    """The first of them."""


@dataclass(slots=True)
class _Numbers:
    """Whom a request names."""

    hashes: dict[str, None] = field(default_factory=dict)
    left_out: int = 0
    left_out_rows: list[LeftOut] = field(default_factory=list)


class Lifted(Answer):
    """What was taken off the list."""

    number_hash: str
    lifted: bool
    reinstated: int
    """Campaigns under way that had skipped the number for this entry, and call it after all."""


class SuppressionsApi:
    """The operations on the suppression list."""

    def __init__(self, services: ConsoleServices, desk: ListDesk, uploads: Uploads) -> None:
        self._services = services
        self._uploads = uploads
        self._store = services.store
        self._desk = desk

    def operations(self) -> list[Operation]:
        """All of them."""
        path = "/api/suppressions"
        one = f"{path}/{{number_hash}}"
        return [
            Operation("GET", path, "Who must not be called", self.all, Suppressions, query=Paging),
            Operation("POST", path, "Call these numbers no more", self.add, Suppressed, form=NewSuppressions,
                      status=201, problems=(404, 409, 413)),
            Operation("DELETE", path, "A person decides that a number may be called again", self.lift_named, Lifted,
                      body=Whom, problems=(404,)),
            Operation("GET", one, "An entry", self.one, SuppressionAnswer, problems=(404,)),
            Operation("DELETE", one, "A person decides that a number may be called again", self.lift, Lifted,
                      problems=(404,)),
        ]  # fmt: skip

    async def all(self, asked: Asked) -> BaseModel:
        """The newest first."""
        paging = asked.query.checked()
        page = await page_of(
            self._store.query(
                "suppressions", order_by=[OrderBy("at", descending=True)], limit=paging.page_size, cursor=paging.cursor
            )
        )
        entries = [SuppressionAnswer.of(Suppression.from_document(one.data)) for one in page.documents]
        return Suppressions(suppressions=entries, next=page.next)

    async def one(self, asked: Asked) -> BaseModel:
        """One entry."""
        document = await found(self._store.get(suppression_path(asked["number_hash"])), "entry")
        return SuppressionAnswer.of(Suppression.from_document(document.data))

    async def add(self, asked: Asked) -> BaseModel:
        """All of them, or none where one cannot be read."""
        new: NewSuppressions = asked.body
        of_file = asked.file is not None or new.upload_id is not None
        numbers = await self._of_file(asked) if of_file else _Numbers(dict.fromkeys(self._hashes(new)))
        hashes = list(numbers.hashes)
        now = self._services.clock.now()
        evidence = Evidence(heard_by=HeardBy.PERSON, words=new.words) if new.words else None
        room = asyncio.Semaphore(AT_ONCE)

        async def put(number_hash: str) -> None:
            async with room:
                entry = Suppression(
                    id=number_hash,
                    reason=SuppressionReason.IMPORTED
                    if of_file and new.reason is SuppressionReason.MANUAL
                    else new.reason,
                    at=now,
                    campaign_id=new.campaign_id,
                    purpose=new.purpose,
                    expires_at=new.expires_at,
                    evidence=evidence,
                )
                await suppress(self._store, entry)

        await asyncio.gather(*(put(one) for one in hashes))
        log.info("numbers suppressed by a person", extra={"count": len(hashes), "reason": str(new.reason)})
        return Suppressed(
            suppressed=len(hashes),
            number_hashes=hashes[:100],
            left_out=numbers.left_out,
            left_out_rows=numbers.left_out_rows,
        )

    async def lift_named(self, asked: Asked) -> BaseModel:
        """By hash or by number."""
        hashes = self._hashes(asked.body)
        if len(hashes) != 1:
            raise Problem(422, "Name one number", "Entries are taken off one by one.", field="phone")
        return await self._lift(hashes[0])

    async def lift(self, asked: Asked) -> BaseModel:
        """By hash."""
        return await self._lift(asked["number_hash"])

    async def _lift(self, number_hash: str) -> Lifted:
        document = await found(self._store.get(suppression_path(number_hash)), "entry")
        await self._store.batch([Delete(document.path, document.version)])
        reinstated = await reinstate(self._store, number_hash, self._services.clock.now())
        lifted = {"reason": str(document.data.get("reason")), "reinstated": reinstated}
        log.info("suppression lifted by a person", extra=lifted)
        return Lifted(number_hash=number_hash, lifted=True, reinstated=reinstated)

    def _hashes(self, whom: Whom) -> Sequence[str]:
        """The numbers' hashes. Raises Problem that says which of them cannot be read."""
        if whom.number_hash is not None:
            return [whom.number_hash]
        written = [*([whom.phone] if whom.phone is not None else []), *whom.phones]
        if not written:
            raise Problem(422, "No number is named", "Send phone, phones, number_hash or a file.", field="phone")
        hashes: dict[str, None] = {}
        wrong = []
        for index, text in enumerate(written):
            number = read_number(text, whom.country)
            if isinstance(number, PhoneNumber):
                hashes[self._services.hash_number(number.e164)] = None
            else:
                wrong.append({"index": index, "code": number.code, "detail": number.sentence, "fix": number.fix})
        if wrong:
            raise Problem(
                422,
                "Some numbers cannot be read; nothing was changed",
                str(wrong[0]["detail"]),
                field="phone" if whom.phone is not None else f"phones.{wrong[0]['index']}",
                errors=wrong,
            )
        return list(hashes)

    async def _of_file(self, asked: Asked) -> _Numbers:
        """Every number of a file, sent with the request or before it in parts."""
        new: NewSuppressions = asked.body
        if new.country is None:
            raise Problem(422, "The file's country is missing", "Send country, such as IN.", field="country")
        if asked.file is not None:
            return await asyncio.to_thread(self._read, asked.file.file, new.country)
        assert new.upload_id is not None
        await self._uploads.seal(new.upload_id)
        with TemporaryDirectory(prefix="parley-suppressions-") as folder:
            source = Path(folder) / "file"
            await self._uploads.fetch(new.upload_id, source)
            return await asyncio.to_thread(self._read, source, new.country)

    def _read(self, source: Path | BinaryIO, country: str) -> _Numbers:
        """Also of rows that a campaign would not call."""
        found = _Numbers()
        with ListReading(source, self._desk.terms(country, Purpose.SERVICE)) as reading:
            for row in (row for rows in reading.batches() for row in rows):
                if row.number_hash:
                    found.hashes[row.number_hash] = None
                    continue
                found.left_out += 1
                if len(found.left_out_rows) < MOST_TOLD:
                    told = {"code": row.reason, "detail": row.explanation, "fix": row.fix}
                    found.left_out_rows.append(LeftOut(row=row.row, **told))
        if len(found.hashes) > MOST_NUMBERS:
            raise Problem(
                413,
                f"The file has {len(found.hashes):,} numbers, and one may have {MOST_NUMBERS:,}; none was added",
                f"Split it into {-(-len(found.hashes) // MOST_NUMBERS)} files, each with the header, and add them one "
                "after the other.",
                field="file",
            )
        return found
