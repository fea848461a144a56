"""Uploaded files, kept in the store in pieces, so that every instance can read them and a broken upload can go on.

The store is chosen over a bucket or a disk: it is the one place that every instance, the laptop and the tests share,
and a million rows (84 MB, some 20 MB compressed) are a few dozen documents. A piece is compressed and then written in
base64, because documents hold text; it stays below Firestore's 1 MiB. Pieces expire, and the file with them.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import zlib
from collections.abc import AsyncIterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from functions.console.lists.list_error import ListError
from functions.console.problem import Problem
from functions.console.services import ConsoleServices
from shared.domain.counted import listed
from shared.store.store import Put, Update, Value, Write

PIECE_BYTES = 600_000
"""800 kB in base64 when it cannot be compressed."""
PIECES_AT_ONCE = 4
"""A batch holds 3.5 MB."""
PART_BYTES = 8 << 20
MOST_PARTS = 1_000
MOST_BYTES = 300 << 20
MOST_NAMED = 10
KEPT = timedelta(days=30)
"""So long a list can be read anew with another mapping, or mended."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part that has arrived."""

    number: int
    size: int
    sha256: str
    pieces: int


def upload_path(upload_id: str) -> str:
    """Where an upload is kept."""
    return f"uploads/{upload_id}"


class Uploads:
    """Files on their way in, and those that have come."""

    def __init__(self, services: ConsoleServices) -> None:
        self._store = services.store
        self._clock = services.clock
        self._new_id = services.new_id

    async def begin(self, filename: str) -> str:
        """A new upload's id."""
        upload_id, now = self._new_id(), self._clock.now()
        fields: dict[str, Value] = {"filename": filename, "created_at": now, "expires_at": now + KEPT, "sealed": False}
        await self._store.create(upload_path(upload_id), fields)
        return upload_id

    async def read(self, upload_id: str) -> dict[str, Any]:
        """The upload's fields. Raises Problem when there is none."""
        document = None if "/" in upload_id else await self._store.get(upload_path(upload_id))
        if document is None:
            raise Problem(404, "There is no such upload", "Begin one with POST /api/uploads.", field="upload_id")
        return document.data

    async def put_part(self, upload_id: str, number: int, data: bytes) -> tuple[Part, bool]:
        """Keep a part; False: it was there already, with this very content."""
        if not 1 <= number <= MOST_PARTS or not 0 < len(data) <= PART_BYTES:
            raise Problem(
                422,
                "This is no part of an upload",
                f"Parts are numbered 1 to {MOST_PARTS} and have 1 to {PART_BYTES} bytes.",
                field="part",
            )
        upload = await self.read(upload_id)
        part = Part(number, len(data), hashlib.sha256(data).hexdigest(), -(-len(data) // PIECE_BYTES))
        path = f"{upload_path(upload_id)}/parts/{number:05}"
        known = await self._store.get(path)
        if known is not None and known.data["sha256"] == part.sha256:
            return part, False
        if upload["sealed"]:
            raise Problem(409, "The upload is complete", "Its list is being read; begin another upload.", code="sealed")
        await self._put_pieces(upload_id, part, data, upload["expires_at"])
        fields: dict[str, Value] = {"part": number, "size": part.size, "sha256": part.sha256, "pieces": part.pieces}
        await self._store.batch([Put(path, fields)])
        return part, True

    async def _put_pieces(self, upload_id: str, part: Part, data: bytes, expires_at: Any) -> None:
        for first in range(0, part.pieces, PIECES_AT_ONCE):
            some = range(first, min(first + PIECES_AT_ONCE, part.pieces))
            packed = await asyncio.to_thread(_packed, [data[at * PIECE_BYTES : (at + 1) * PIECE_BYTES] for at in some])
            writes: list[Write] = [
                Put(_piece_path(upload_id, part, at), {"data": text, "expires_at": expires_at})
                for at, text in zip(some, packed, strict=True)
            ]
            await self._store.batch(writes)

    async def parts(self, upload_id: str) -> list[Part]:
        """What has arrived, in order."""
        found: list[Part] = []
        cursor: str | None = None
        while True:
            page = await self._store.query(f"{upload_path(upload_id)}/parts", limit=500, cursor=cursor)
            found += [_part(one.data) for one in page.documents]
            cursor = page.next
            if cursor is None:
                return found

    async def seal(self, upload_id: str) -> None:
        """Nothing comes after this. Raises Problem when parts are missing."""
        await self.read(upload_id)
        parts = await self.parts(upload_id)
        there = {part.number for part in parts}
        missing = [number for number in range(1, max(there, default=1) + 1) if number not in there]
        if missing:
            raise Problem(
                409,
                "The upload is not complete",
                f"{_parts_named(missing)} missing; send what is missing with PUT and try again.",
                code="incomplete",
                field="upload_id",
                missing=missing[:50],
            )
        if sum(part.size for part in parts) > MOST_BYTES:
            raise Problem(413, "The file is too big", f"A list may have {MOST_BYTES >> 20} MB.", code="too_big")
        await self._store.batch([Update(upload_path(upload_id), {"sealed": True})])

    async def keep(self, filename: str, content: AsyncIterable[bytes]) -> str:
        """Keep a file that came in one request; its upload's id."""
        upload_id = await self.begin(filename)
        number, waiting = 1, b""
        async for some in content:
            waiting += some
            while len(waiting) >= PART_BYTES:
                await self.put_part(upload_id, number, waiting[:PART_BYTES])
                number, waiting = number + 1, waiting[PART_BYTES:]
        if waiting:
            await self.put_part(upload_id, number, waiting)
        await self.seal(upload_id)
        return upload_id

    async def fetch(self, upload_id: str, into: Path) -> None:
        """Write the whole file. Raises ListError when it is not kept any more."""
        with into.open("wb") as file:
            for part in await self.parts(upload_id):
                digest = hashlib.sha256()
                for at in range(part.pieces):
                    document = await self._store.get(_piece_path(upload_id, part, at))
                    if document is None:
                        raise _gone()
                    data = await asyncio.to_thread(_unpacked, str(document.data["data"]))
                    digest.update(data)
                    await asyncio.to_thread(file.write, data)
                if digest.hexdigest() != part.sha256:
                    raise _gone()


def _parts_named(numbers: list[int]) -> str:
    """Part 3 is; parts 2, 3 and 5 are; of many the first few."""
    named = [str(number) for number in numbers[:MOST_NAMED]]
    if more := len(numbers) - len(named):
        named.append(f"{more} more")
    return f"Part {named[0]} is" if len(numbers) == 1 else f"Parts {listed(named)} are"


def _gone() -> ListError:
    return ListError(
        "file_gone",
        f"The uploaded file is no longer here; files are kept for {KEPT.days} days.",
        "Upload it again.",
        field="file",
    )


def _piece_path(upload_id: str, part: Part, at: int) -> str:
    """The content is part of the name, so that a part that was sent anew never mixes with what it was before."""
    return f"{upload_path(upload_id)}/pieces/{part.number:05}-{part.sha256[:12]}-{at:03}"


def _part(data: dict[str, Any]) -> Part:
    return Part(int(data["part"]), int(data["size"]), str(data["sha256"]), int(data["pieces"]))


def _packed(pieces: list[bytes]) -> list[str]:
    return [base64.b64encode(zlib.compress(piece, 1)).decode("ascii") for piece in pieces]


def _unpacked(text: str) -> bytes:
    return zlib.decompress(base64.b64decode(text))
