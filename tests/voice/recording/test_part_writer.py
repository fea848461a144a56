"""Parts on their way into a store that is not always there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from functions.voice.recording.part_writer import MOST_WAITING, PART_BYTES, Outage, PartWriter
from functions.voice.recording.timeline import LAG_MS, Happened, Kind
from shared.domain.recording import BYTES_PER_MS, RecordingState, StreamRecording, pieces, wav_header
from shared.objects.folder import FolderObjects
from shared.objects.objects import ObjectsUnavailable

LATER = datetime(2027, 2, 26, tzinfo=UTC)
PART_MS = PART_BYTES // BYTES_PER_MS


class Away(FolderObjects):
    """A folder that is sometimes away."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.away: Callable[[str], bool] = lambda name: False

    def put(self, name: str, data: bytes, *, content_type: str, delete_at: datetime | None = None) -> None:
        if self.away(name):
            raise ObjectsUnavailable
        super().put(name, data, content_type=content_type, delete_at=delete_at)

    def join(self, name: str, parts: list[str], **how: object) -> None:  # type: ignore[override]
        if self.away(name):
            raise ObjectsUnavailable
        super().join(name, parts, content_type="audio/wav")


class Always(Outage):
    """Nobody waits before the next try."""

    @property
    def lasts(self) -> bool:
        return False


class Tape:
    """A stream on which the agent counts the seconds."""

    def __init__(self, folder: Path) -> None:
        self.objects = Away(folder)
        self.slept: list[float] = []
        self.writer = PartWriter(self.objects, "2027-02-26/CA1/", 1, LATER, Always(), sleep=self.slept.append)
        self.now_s = 0

    def runs(self, seconds: int) -> None:
        for _ in range(seconds):
            spoken = Happened(Kind.AGENT, self.now_s * 1000.0, bytes([self.now_s % 250]) * 8_000)
            self.now_s += 1
            self.writer.take_in([spoken], self.now_s * 1000.0)

    def ends(self) -> StreamRecording:
        return self.writer.finish(self.now_s * 1000.0)

    @property
    def seconds(self) -> list[int]:
        """The second that is said in each second of what is stored."""
        stored = pieces([(one.name, one.size) for one in self.objects.named("")])
        sound = b"".join(self.objects.read(piece.name, piece.start, piece.size) for piece in stored)
        return list(sound[1::16_000])


@pytest.fixture
def tape(tmp_path: Path) -> Tape:
    return Tape(tmp_path)


def test_parts_appear_as_the_call_goes_and_become_one_file(tape: Tape) -> None:
    tape.runs((PART_MS + LAG_MS) // 1000)
    assert [one.size for one in tape.objects.named("")] == [PART_BYTES]
    tape.runs(20)
    described = tape.ends()
    (wav,) = tape.objects.named("")
    assert wav.name == "2027-02-26/CA1/1.wav"
    assert wav.size == described.bytes + len(wav_header(0))
    assert tape.objects.read(wav.name, 0, len(wav_header(0))) == wav_header(described.bytes)
    assert tape.seconds == list(range(28))
    assert (described.state, described.ms) == (RecordingState.COMPLETE, 28_000)


def test_what_was_given_up_is_silent_and_what_follows_stays_in_its_place(tape: Tape) -> None:
    tape.runs(20)
    tape.objects.away = lambda name: True
    tape.runs(60)
    tape.objects.away = lambda name: False
    tape.runs(20)
    described = tape.ends()
    lost = [second for second, said in enumerate(tape.seconds) if said == 0xFF]
    assert len(tape.seconds) == 100
    assert all(said in (second, 0xFF) for second, said in enumerate(tape.seconds))
    assert described.state is RecordingState.FAILED
    assert described.lost_ms == len(lost) * 1000 > 0
    assert len(lost) <= 60 - MOST_WAITING * PART_MS // 1000


def test_memory_is_bounded_however_long_the_store_is_away(tape: Tape) -> None:
    tape.objects.away = lambda name: True
    tape.runs(1_000)
    held = sum(len(part) for _, part in tape.writer._waiting) + len(tape.writer._sound)
    assert held <= (MOST_WAITING + 1) * PART_BYTES
    assert tape.ends().lost_ms == 1_000_000
    assert sum(tape.slept) <= 5


def test_a_file_that_cannot_be_made_leaves_the_parts_to_be_listened_to(tape: Tape) -> None:
    tape.objects.away = lambda name: name.endswith(".wav")
    tape.runs(33)
    assert tape.ends().state is RecordingState.COMPLETE
    assert tape.seconds == list(range(33))


def test_a_call_of_no_length_leaves_nothing(tape: Tape) -> None:
    described = tape.ends()
    assert (described.state, described.ms) == (RecordingState.COMPLETE, 0)
    assert tape.objects.named("") == []
