"""What a recording is called, in which order its pieces are heard, and that any player can read its header."""

from __future__ import annotations

import io
import wave
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from shared.domain.recording import (
    Piece,
    RecordingState,
    StreamRecording,
    delete_at,
    folder_of,
    overdue,
    part_name,
    pieces,
    recording_path,
    wav_header,
    wav_name,
)

HEADER = len(wav_header(0))
FOLDER = "2027-02-27/CA1/"


def test_it_is_kept_for_whole_days_wherever_the_call_was() -> None:
    evening = datetime(2026, 11, 28, 23, 30, tzinfo=timezone(timedelta(hours=-8)))
    assert delete_at(evening, 90) == datetime(2027, 2, 28, tzinfo=UTC)
    assert delete_at(evening, 90) - evening >= timedelta(days=90)
    assert folder_of("CA1", delete_at(evening, 90)) == "2027-02-28/CA1/"


def test_what_is_due_is_found_by_name_and_nothing_else_is() -> None:
    folders = ["2026-11-27", "2026-11-28", "2026-11-29", "greetings", "2026-11-2", "x2026-11-01"]
    assert overdue(folders, date(2026, 11, 28)) == ["2026-11-27", "2026-11-28"]


def test_a_stream_is_heard_by_its_whole_file_or_by_its_parts_in_order() -> None:
    stored = [
        (wav_name(FOLDER, 1), HEADER + 1000),
        (part_name(FOLDER, 1, 0), 500),
        (part_name(FOLDER, 2, 10), 7),
        (part_name(FOLDER, 2, 2), 5),
        (wav_name(FOLDER, 10), HEADER + 3),
        (f"{FOLDER}2.wav.joining", 99),
        (f"{FOLDER}notes.txt", 99),
    ]
    assert pieces(stored) == [
        Piece(wav_name(FOLDER, 1), HEADER, 1000),
        Piece(part_name(FOLDER, 2, 2), 0, 5),
        Piece(part_name(FOLDER, 2, 10), 0, 7),
        Piece(wav_name(FOLDER, 10), HEADER, 3),
    ]


def test_a_call_of_which_nothing_is_stored_has_no_pieces() -> None:
    assert pieces([]) == []
    assert pieces([(wav_name(FOLDER, 1), 3)]) == []


@pytest.mark.parametrize("ms", [0, 20, 60_000])
def test_the_pcm_header_is_what_the_standard_library_reads(ms: int) -> None:
    sound = bytes(ms * 8 * 4)
    with wave.open(io.BytesIO(wav_header(len(sound), pcm=True) + sound)) as wav:
        assert (wav.getframerate(), wav.getnchannels(), wav.getsampwidth()) == (8000, 2, 2)
        assert wav.getnframes() == ms * 8


def test_the_mulaw_header_says_mulaw_stereo_and_how_long_it_is() -> None:
    header = wav_header(16_000)
    assert header[20:24] == b"\x07\x00\x02\x00"
    assert int.from_bytes(header[-4:], "little") == 16_000
    assert int.from_bytes(header[4:8], "little") == len(header) - 8 + 16_000


def test_the_record_says_it_in_plain_values() -> None:
    described = StreamRecording(1, RecordingState.COMPLETE, FOLDER, ms=1000, bytes=16_000)
    assert described.to_document()["state"] == "complete"
    assert recording_path("CA1", 2) == "calls/CA1/recordings/000002"
