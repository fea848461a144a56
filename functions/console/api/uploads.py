"""Files too big for one request: sent in parts, of which each may be sent again."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from functions.console.operation import Answer, Asked, Operation
from functions.console.problem import Problem
from functions.console.uploads import PART_BYTES, Uploads


class NewUpload(BaseModel):
    """A file that is about to come."""

    model_config = ConfigDict(extra="ignore")

    filename: str = Field(default="list", min_length=1, max_length=200)


class PartAnswer(Answer):
    """A part that has arrived."""

    part: int
    size: int
    sha256: str


class PartKept(PartAnswer):
    """A part that has been sent."""

    changed: bool
    """False: the same bytes were there already."""


class UploadAnswer(Answer):
    """How far an upload has come; a list can be made of it by its id once all parts are there."""

    upload_id: str
    filename: str
    part_bytes: int = PART_BYTES
    """The most that a part may have."""
    size: int = 0
    sealed: bool = False
    """A list has been made of it."""
    parts: list[PartAnswer] = Field(default=[])


class UploadsApi:
    """The operations on uploads."""

    def __init__(self, uploads: Uploads) -> None:
        self._uploads = uploads

    def operations(self) -> list[Operation]:
        """All of them."""
        one = "/api/uploads/{upload_id}"
        return [
            Operation("POST", "/api/uploads", "Begin an upload in parts", self.create, UploadAnswer, body=NewUpload,
                      status=201),
            Operation("GET", one, "Which parts have arrived", self.one, UploadAnswer, problems=(404,)),
            Operation("PUT", f"{one}/parts/{{part}}", "Send a part; sending it again changes nothing", self.put,
                      PartKept, raw=True, problems=(404, 409, 413, 422)),
        ]  # fmt: skip

    async def create(self, asked: Asked) -> BaseModel:
        """A new upload."""
        filename = asked.body.filename
        return UploadAnswer(upload_id=await self._uploads.begin(filename), filename=filename)

    async def one(self, asked: Asked) -> BaseModel:
        """What has arrived, for whoever wants to go on."""
        upload = await self._uploads.read(asked["upload_id"])
        parts = await self._uploads.parts(asked["upload_id"])
        return UploadAnswer(
            upload_id=asked["upload_id"],
            filename=upload["filename"],
            sealed=upload["sealed"],
            size=sum(part.size for part in parts),
            parts=[PartAnswer(part=part.number, size=part.size, sha256=part.sha256) for part in parts],
        )

    async def put(self, asked: Asked) -> BaseModel:
        """Keep a part."""
        number = asked["part"]
        if not number.isascii() or not number.isdecimal() or len(number) > 6:
            raise Problem(422, "A part is named by its number", "The first one is 1.", field="part")
        body = bytearray()
        async for some in asked.request.stream():
            body += some
            if len(body) > PART_BYTES:
                raise Problem(413, "The part is too big", f"A part may have {PART_BYTES} bytes.", field="part")
        part, changed = await self._uploads.put_part(asked["upload_id"], int(number), bytes(body))
        return PartKept(part=part.number, size=part.size, sha256=part.sha256, changed=changed)
