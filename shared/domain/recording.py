"""A call's recording: what it is called, what its sound is like, and what the call's record says of it.

The sound is mu-law stereo at 8 kHz, caller left and agent right, two bytes a sample: what the telephone carries,
nothing added. Each stream of a call writes parts as it goes, and at its end one WAV:

    {day of deletion}/{call_sid}/{stream}.{part}.ulaw
    {day of deletion}/{call_sid}/{stream}.wav

The day of deletion comes first so that what is due is found without any other record.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final

from shared.domain.call import call_path

RATE_HZ: Final = 8000
BYTES_PER_SAMPLE: Final = 2
"""One of each party."""
BYTES_PER_MS: Final = RATE_HZ // 1000 * BYTES_PER_SAMPLE
SILENCE: Final = b"\xff"
"""A mu-law sample of no sound."""
PART_TYPE: Final = "audio/basic"
WAV_TYPE: Final = "audio/wav"

BROKEN_OFF: Final = "the process that recorded it ended in the middle; what it had stored is kept"

_MULAW: Final = 7
_PCM: Final = 1
_NAME = re.compile(r"\d{4}-\d\d-\d\d/[A-Za-z0-9]+/(?P<stream>\d+)\.((?P<part>\d{5})\.ulaw|wav)")


class RecordingState(StrEnum):
    """How far a stream's recording has come."""

    RECORDING = "recording"
    COMPLETE = "complete"
    FAILED = "failed"
    """Some of it, or all, could not be stored; what was is kept."""
    OFF = "off"
    """Not recorded: by the agent or by law."""


@dataclass(frozen=True, slots=True)
class StreamRecording:
    """One stream's recording, as the store has it."""

    stream: int
    state: RecordingState
    folder: str = ""
    """Its objects' names begin so; empty where there is none."""
    ms: int = 0
    bytes: int = 0
    lost_ms: int = 0
    """Of it, sound that could not be stored; there is silence in its place."""
    caller_from_ms: int | None = 0
    """From here on the caller is heard: not before the law's notice was. None: they never are."""
    why: str | None = None
    """Why it is off or has failed, as a fixed phrase."""
    delete_at: datetime | None = None

    def to_document(self) -> dict[str, Any]:
        """Plain values for the store."""
        return {**asdict(self), "state": str(self.state)}


def recording_path(call_sid: str, stream: int) -> str:
    """Where a stream's recording is described."""
    return f"{call_path(call_sid)}/recordings/{stream:06d}"


def delete_at(begun: datetime, retention_days: int) -> datetime:
    """The first midnight (UTC) by which it has been kept for so many days."""
    day = begun.astimezone(UTC).date() + timedelta(days=retention_days + 1)
    return datetime.combine(day, time(), UTC)


def folder_of(call_sid: str, deleted: datetime) -> str:
    """How the names of a call's objects begin."""
    return f"{deleted.astimezone(UTC):%Y-%m-%d}/{call_sid}/"


def part_name(folder: str, stream: int, part: int) -> str:
    """The name of a stream's part; parts count from 0."""
    return f"{folder}{stream}.{part:05d}.ulaw"


def wav_name(folder: str, stream: int) -> str:
    """The name of a stream's whole recording."""
    return f"{folder}{stream}.wav"


def overdue(folders: Iterable[str], today: date) -> list[str]:
    """Those of the store's first folders whose day has come."""
    days = re.compile(r"\d{4}-\d\d-\d\d")
    return [name for name in folders if days.fullmatch(name) and name <= today.isoformat()]


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of mu-law stereo inside a stored object."""

    name: str
    start: int
    """Bytes to leave out at its beginning."""
    size: int


def pieces(stored: Sequence[tuple[str, int]]) -> list[Piece]:
    """The call's sound in order, from the (name, size) of what is stored of it.

    A stream's whole WAV stands for its parts, which may still be there; where a part is missing, there is nothing.
    """
    whole: dict[int, Piece] = {}
    parts: dict[int, list[Piece]] = {}
    for name, size in sorted(stored):
        if (match := _NAME.fullmatch(name)) is None:
            continue
        stream = int(match["stream"])
        if match["part"] is None:
            whole[stream] = Piece(name, len(wav_header(0)), max(0, size - len(wav_header(0))))
        else:
            parts.setdefault(stream, []).append(Piece(name, 0, size))
    ordered = [[whole[one]] if one in whole else parts[one] for one in sorted({*whole, *parts})]
    return [piece for of_stream in ordered for piece in of_stream if piece.size > 0]


def wav_header(size: int, *, pcm: bool = False) -> bytes:
    """What stands before so many bytes of sound in a WAV: mu-law stereo, or PCM16 stereo."""
    width = 2 if pcm else 1
    frame = 2 * width
    code = _PCM if pcm else _MULAW
    form = struct.pack("<HHIIHH", code, 2, RATE_HZ, RATE_HZ * frame, frame, 8 * width)
    fact = b"" if pcm else b"fact" + struct.pack("<II", 4, size // frame)
    form += b"" if pcm else struct.pack("<H", 0)
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + fact + b"data" + struct.pack("<I", size)
    return b"RIFF" + struct.pack("<I", len(body) + size) + body
