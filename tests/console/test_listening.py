"""Listening to a call: the link expires, a browser can seek, and a call that broke off is heard like any other."""

from __future__ import annotations

import audioop
import io
import wave
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from functions.console.listening import Listening
from functions.console.sound import LINEAR, NoSuchRange, asked_range
from shared.domain.recording import (
    RecordingState,
    StreamRecording,
    part_name,
    recording_path,
    wav_header,
    wav_name,
)
from shared.objects.folder import FolderObjects
from shared.objects.objects import Objects, ObjectsUnavailable, Stored
from shared.store.store import Store
from tests.console.conftest import Console
from tests.manual_clock import MONDAY_MORNING, ManualClock

FOLDER = "2027-02-22/CA1/"
LATER = datetime(2027, 2, 22, tzinfo=UTC)
FIRST, SECOND, THIRD = bytes(range(256)) * 200, b"\x10\x20" * 900, b"\x30\x40" * 5


class Studio(Console):
    """A console with recordings."""

    def __init__(self, store: Store, objects: Objects) -> None:
        self.objects = objects
        self.listening_clock = ManualClock(MONDAY_MORNING)
        super().__init__(store, listening=Listening(objects, b"a secret for tests", self.listening_clock))

    async def a_call(self, *streams: StreamRecording) -> None:
        """CA1, with these streams."""
        await self.store.create("calls/CA1", {"call_sid": "CA1", "state": "completed"})
        for one in streams:
            await self.store.create(recording_path("CA1", one.stream), one.to_document())

    async def link(self) -> str:
        """Where CA1 is listened to now."""
        return str((await self.get("/api/calls/CA1/recording"))["url"])


@pytest_asyncio.fixture
async def studio(sqlite_store: Store, tmp_path: Path) -> AsyncIterator[Studio]:
    opened = Studio(sqlite_store, FolderObjects(tmp_path / "recordings"))
    yield opened
    await opened.close()


def stream(number: int, state: RecordingState = RecordingState.COMPLETE) -> StreamRecording:
    """One that is described."""
    return StreamRecording(number, state, FOLDER, ms=1000, delete_at=LATER)


async def a_whole_call(studio: Studio) -> bytes:
    """A first stream that is one file, a second that broke off after two parts; the PCM of all of it."""
    for name, data in (
        (wav_name(FOLDER, 1), wav_header(len(FIRST)) + FIRST),
        (part_name(FOLDER, 2, 0), SECOND),
        (part_name(FOLDER, 2, 1), THIRD),
        ("2027-02-22/CA10/1.wav", b"another call's"),
    ):
        studio.objects.put(name, data, content_type="audio/basic")
    await studio.a_call(stream(1), stream(2, RecordingState.RECORDING))
    return audioop.ulaw2lin(FIRST + SECOND + THIRD, 2)


async def test_all_streams_and_parts_are_one_wav(studio: Studio) -> None:
    pcm = await a_whole_call(studio)
    told = await studio.get("/api/calls/CA1/recording")
    assert told["ms"] == len(FIRST + SECOND + THIRD) // 16
    assert told["state"] == "recording"
    assert told["delete_at"] == LATER.isoformat()
    answer = await studio.asks("GET", told["url"])
    assert answer.status_code == 200
    assert answer.headers["accept-ranges"] == "bytes"
    with wave.open(io.BytesIO(answer.content)) as wav:
        assert (wav.getframerate(), wav.getnchannels(), wav.getsampwidth()) == (8000, 2, 2)
        assert wav.readframes(10**9) == pcm


async def test_any_range_is_what_the_whole_has_there(studio: Studio) -> None:
    await a_whole_call(studio)
    link = await studio.link()
    whole = (await studio.asks("GET", link)).content
    edge = 44 + 2 * len(FIRST)
    for first, last in ((0, 0), (0, 43), (10, 50), (43, 44), (44, 45), (45, 46), (101, 10_000), (edge - 3, edge + 3)):
        answer = await studio.asks("GET", link, headers={"range": f"bytes={first}-{last}"})
        assert answer.status_code == 206
        assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(whole)}"
        assert answer.content == whole[first : last + 1], (first, last)
    tail = await studio.asks("GET", link, headers={"range": "bytes=-7"})
    assert tail.content == whole[-7:]
    rest = await studio.asks("GET", link, headers={"range": f"bytes={len(whole) - 9}-"})
    assert rest.content == whole[-9:]
    beyond = await studio.asks("GET", link, headers={"range": f"bytes={len(whole)}-"})
    assert beyond.status_code == 416
    assert beyond.headers["content-range"] == f"bytes */{len(whole)}"


async def test_a_link_is_good_for_an_hour_and_nobody_else_can_make_one(studio: Studio) -> None:
    await a_whole_call(studio)
    link = await studio.link()
    studio.listening_clock.advance(minutes=59)
    assert (await studio.asks("GET", link)).status_code == 200
    studio.listening_clock.advance(minutes=2)
    assert (await studio.asks("GET", link)).json()["code"] == "expired"
    fresh = await studio.link()
    other = Listening(studio.objects, b"another secret", studio.listening_clock).link("CA1")[0]
    for bad in (fresh[:-1], fresh.replace(".", "x"), f"/api/recordings/{other}", "/api/recordings/CA1"):
        assert (await studio.asks("GET", bad)).status_code == 403


async def test_a_call_that_was_not_recorded_says_why(studio: Studio) -> None:
    await studio.a_call(StreamRecording(1, RecordingState.OFF, why="the agent does not record"))
    told = await studio.get("/api/calls/CA1/recording")
    assert (told["state"], told["url"], told["why"]) == ("off", None, "the agent does not record")
    assert "Not recorded: the agent does not record" in (await studio.http.get("/console/calls/CA1")).text


async def test_what_was_deleted_cannot_be_heard_by_an_old_link(studio: Studio) -> None:
    await a_whole_call(studio)
    link = await studio.link()
    studio.objects.delete([one.name for one in studio.objects.named("")])
    assert (await studio.asks("GET", link)).status_code == 404
    assert (await studio.get("/api/calls/CA1/recording"))["url"] is None
    assert "no sound" in (await studio.http.get("/console/calls/CA1")).text


async def test_a_call_of_which_nothing_is_known_is_a_problem(studio: Studio) -> None:
    await studio.does("GET", "/api/calls/CA9/recording", expect=404)
    await studio.a_call()
    await studio.does("GET", "/api/calls/CA1/recording", expect=404)
    assert (await studio.http.get("/console/calls/CA1")).status_code == 200


async def test_the_page_has_a_player_and_may_play(studio: Studio) -> None:
    await a_whole_call(studio)
    page = await studio.http.get("/console/calls/CA1")
    assert '<audio controls preload="none" src="/api/recordings/' in page.text
    assert "media-src 'self'" in page.headers["content-security-policy"]


async def test_a_store_that_is_away_leaves_the_page(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    await a_whole_call(studio)

    def away(prefix: str) -> list[Stored]:
        raise ObjectsUnavailable

    monkeypatch.setattr(studio.objects, "named", away)
    await studio.does("GET", "/api/calls/CA1/recording", expect=503)
    page = await studio.http.get("/console/calls/CA1")
    assert page.status_code == 200
    assert "cannot be reached" in page.text


def test_mulaw_is_decoded_as_the_standard_says() -> None:
    assert LINEAR.tobytes() == audioop.ulaw2lin(bytes(range(256)), 2)


@given(st.text(max_size=30) | st.from_regex(r"bytes=[0-9]{0,4}-[0-9]{0,4}", fullmatch=True), st.integers(1, 5_000))
def test_whatever_is_asked_for_lies_inside(header: str, total: int) -> None:
    try:
        wanted = asked_range(header, total)
    except NoSuchRange:
        return
    if wanted is not None:
        assert 0 <= wanted.first <= wanted.last < total
