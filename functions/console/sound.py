"""A call's recording as one WAV that any browser plays: the pieces that are stored, joined and decoded while they are
sent, any range of bytes of it.

Stored is mu-law; sent is PCM16, twice as long, so that a position in one is a position in the other. The header is
reckoned from the pieces, so that a call that crashed is listened to like any other.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from shared.domain.recording import BYTES_PER_MS, Piece, pieces, wav_header
from shared.objects.objects import Objects

READ_BYTES: Final = 128 * 1024
"""Of mu-law at once: eight seconds."""
MOST_RANGE_BYTES: Final = 4 << 20
"""A browser that asks for the rest of a long call gets so much, and asks again; Cloud Run sends no more than 32 MiB."""
_HEADER: Final = len(wav_header(0, pcm=True))
_RANGE: Final = re.compile(r"bytes=(?:(\d{1,12})-(\d{0,12})|-(\d{1,12}))")


def _linear() -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    """The 256 values of mu-law (ITU-T G.711)."""
    code = ~np.arange(256, dtype=np.uint8)
    exponent, mantissa = (code >> 4 & 7).astype(np.int32), (code & 15).astype(np.int32)
    magnitude = ((mantissa * 2 + 33) << exponent) - 33
    return np.where(code & 0x80, -magnitude * 4, magnitude * 4).astype("<i2")


LINEAR: Final = _linear()


@dataclass(frozen=True, slots=True)
class ByteRange:
    """First and last byte, both included."""

    first: int
    last: int

    @property
    def size(self) -> int:
        """Bytes."""
        return self.last - self.first + 1


class NoSuchRange(ValueError):
    """It begins behind the end."""


def asked_range(header: str | None, total: int) -> ByteRange | None:
    """What a Range header asks for; None for all of it, also where we do not understand. Raises NoSuchRange."""
    match = _RANGE.fullmatch(header.strip()) if header else None
    if match is None:
        return None
    begin, end, tail = match.groups()
    if tail is not None:
        first, last = max(0, total - int(tail)), total - 1
    else:
        first, last = int(begin), min(total - 1, int(end) if end else total - 1)
        if end and int(end) < first:
            return None
    if first >= total or (tail is not None and int(tail) == 0):
        raise NoSuchRange
    return ByteRange(first, min(last, first + MOST_RANGE_BYTES - 1))


class Sound:
    """What is stored of a call."""

    def __init__(self, objects: Objects, stored: Sequence[Piece]) -> None:
        self._objects = objects
        self._pieces = stored
        self._ulaw_bytes = sum(piece.size for piece in stored)

    @property
    def ms(self) -> int:
        """How long it is."""
        return self._ulaw_bytes // BYTES_PER_MS

    @property
    def total(self) -> int:
        """Bytes of the WAV."""
        return _HEADER + 2 * self._ulaw_bytes

    async def bytes_of(self, wanted: ByteRange) -> AsyncIterator[bytes]:
        """These bytes of the WAV, bit by bit."""
        if wanted.first < _HEADER:
            yield wav_header(2 * self._ulaw_bytes, pcm=True)[wanted.first : wanted.last + 1]
        if wanted.last < _HEADER:
            return
        first, end = max(0, wanted.first - _HEADER), wanted.last + 1 - _HEADER
        at = first // 2
        while at < (end + 1) // 2:
            ulaw = await asyncio.to_thread(self._ulaw, at, min(READ_BYTES, (end + 1) // 2 - at))
            if not ulaw:
                return
            pcm = LINEAR[np.frombuffer(ulaw, dtype=np.uint8)].tobytes()
            yield pcm[max(0, first - 2 * at) : end - 2 * at]
            at += len(ulaw)

    def _ulaw(self, at: int, size: int) -> bytes:
        """So many bytes from there, fewer at the end of a piece."""
        for piece in self._pieces:
            if at < piece.size:
                return self._objects.read(piece.name, piece.start + at, min(size, piece.size - at))
            at -= piece.size
        return b""


def stored_sound(objects: Objects, folders: Iterable[str]) -> Sound:
    """The sound in these folders. Blocks. Raises ObjectsError."""
    stored = [(one.name, one.size) for folder in dict.fromkeys(folders) for one in objects.named(folder)]
    return Sound(objects, pieces(stored))
