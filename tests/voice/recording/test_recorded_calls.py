"""Whole calls and what is kept of their sound, beside what the caller's telephone heard and said."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from functions.voice.recording import part_writer
from functions.voice.speech.model import AgentText, Interrupted, ToolCall, TurnComplete
from shared.domain.agent import Agent, Limits, Recording
from shared.domain.recording import RecordingState, pieces
from shared.objects import open_objects
from shared.objects.folder import FolderObjects
from shared.objects.objects import Objects, ObjectsUnavailable
from tests.objects.bucket import BUCKET, cloud_storage
from tests.voice.phone import Phone, token_in
from tests.voice.scripted_model import ScriptedSession
from tests.voice.test_calls import TARA, House, house

pytestmark = pytest.mark.virtual_time

SAYS_SO = "Hello, this is Tara. This call is recorded. How can I help you?"
QUIET = 0xFF
PATIENT = TARA.model_copy(update={"limits": Limits(silence_s=120)})


class Troubled(FolderObjects):
    """A folder that does not take everything."""

    def __init__(self, folder: Path, refuses: Callable[[str, int], bool]) -> None:
        super().__init__(folder)
        self.asked = 0
        self._refuses = refuses

    def put(self, name: str, data: bytes, *, content_type: str, delete_at: datetime | None = None) -> None:
        self.asked += 1
        if self._refuses(name, self.asked):
            raise ObjectsUnavailable
        super().put(name, data, content_type=content_type, delete_at=delete_at)


@pytest.fixture
def folder(tmp_path: Path) -> FolderObjects:
    return FolderObjects(tmp_path)


def stereo(objects: Objects) -> tuple[bytes, bytes]:
    """The caller's side and the agent's of all that is stored."""
    sound = b"".join(
        objects.read(piece.name, piece.start, piece.size)
        for piece in pieces([(one.name, one.size) for one in objects.named("")])
    )
    return sound[0::2], sound[1::2]


def sounding_ms(side: bytes) -> float:
    """How much of it is no silence."""
    return sum(value != QUIET for value in side) / 8


async def settled(home: House) -> dict[str, Any]:
    """The call's record once its recording is stored."""
    assert await home.services.recordings.flush(10)
    await home.services.journal.flush(2)
    found = home.call()["recording"]
    assert isinstance(found, dict)
    return found


async def begin(home: House, phone: Phone, words: str = SAYS_SO) -> tuple[ScriptedSession, asyncio.Task[None]]:
    """The agent has greeted, in two seconds."""
    call = asyncio.create_task(phone.stream(await phone.dial()))
    session = await home.model.session()
    await session.is_told()
    session.says(words, 2_000)
    await asyncio.sleep(2.2)
    return session, call


async def test_what_both_heard_and_said_is_kept_and_the_record_says_where(folder: FolderObjects) -> None:
    async with house(objects=folder) as home:
        phone = Phone(home.app)
        session, call = await begin(home, phone)
        await phone.speaks(1_000)
        session.says("Six hundred rupees.", 1_000)
        await asyncio.sleep(20)
        phone.hang_up()
        await call
        kept = await settled(home)
        caller, agent = stereo(folder)
        assert kept["state"] == "complete"
        assert kept["ms"] == pytest.approx(len(phone.heard) / 8, abs=60)
        assert kept["where"].endswith("/CA" + "1" * 32 + "/")
        assert kept["delete_at"].isoformat() == "2027-02-22T00:00:00+00:00"
        assert sounding_ms(caller) == sounding_ms(bytes(phone.said)) == pytest.approx(1_000, abs=20)
        assert sounding_ms(agent) == pytest.approx(sounding_ms(bytes(phone.heard)), abs=1)
        first = next(index for index, value in enumerate(phone.heard) if value != QUIET)
        began = next(index for index, value in enumerate(agent) if value != QUIET)
        assert began == pytest.approx(first, abs=40 * 8)
        assert agent[began : began + 8_000] == bytes(phone.heard[first : first + 8_000])
        assert [one.name for one in folder.named("")] == ["2027-02-22/CA" + "1" * 32 + "/1.wav"]
        (described,) = home.part("recordings")
        assert (described["state"], described["lost_ms"]) == (RecordingState.COMPLETE, 0)


async def test_what_a_barge_in_cut_off_is_not_in_the_recording(folder: FolderObjects) -> None:
    async with house(objects=folder) as home:
        phone = Phone(home.app)
        session, call = await begin(home, phone)
        session.sends(AgentText("one two three four five six seven eight nine ten"))
        session.speaks(4_000)
        await phone.hears_something()
        await asyncio.sleep(1.9)
        await phone.speaks(100)
        session.sends(Interrupted(), TurnComplete())
        await asyncio.sleep(1)
        phone.hang_up()
        await call
        await settled(home)
        _, agent = stereo(folder)
        assert phone.played_ms == pytest.approx(4_000, abs=60)
        assert sounding_ms(agent) == pytest.approx(sounding_ms(bytes(phone.heard)), abs=25)


async def test_a_crash_leaves_what_was_recorded_until_then(folder: FolderObjects) -> None:
    async with house(PATIENT, objects=folder) as home:
        phone = Phone(home.app)
        _, call = await begin(home, phone)
        await asyncio.sleep(36)
        kept = home.call()["recording"]
        caller, agent = stereo(folder)
        assert kept["state"] == "recording"
        assert len(caller) >= 30 * 8_000
        assert sounding_ms(agent) == sounding_ms(bytes(phone.heard))
        names = [one.name.rpartition("/")[2] for one in folder.named("")]
        assert names == [f"1.{part:05d}.ulaw" for part in range(7)]
        phone.hang_up()
        await call
        await settled(home)


@pytest.mark.parametrize(
    ("agent", "number", "why"),
    [
        (TARA.model_copy(update={"recording": Recording(enabled=False)}), "+919800000001", "agent"),
        (TARA, "+4930123456", "law"),
    ],
)
async def test_a_call_that_may_not_be_recorded_is_not_and_does_not_say_so(
    agent: Agent, number: str, why: str, folder: FolderObjects
) -> None:
    async with house(agent, objects=folder) as home:
        phone = Phone(home.app)
        answer = await phone.post("/voice/inbound", CallStatus="ringing", Direction="inbound", From=number)
        call = asyncio.create_task(phone.stream(token_in(answer.text)))
        session = await home.model.session()
        await session.is_told()
        assert "recorded" not in session.texts[0]
        session.says("Hello, this is Tara.", 1_000)
        await asyncio.sleep(1.5)
        phone.hang_up()
        await call
        kept = await settled(home)
        assert (kept["state"], kept["where"]) == ("off", None)
        assert why in kept["why"]
        assert folder.named("") == []


async def test_the_caller_is_kept_from_the_notice_on(folder: FolderObjects) -> None:
    async with house(objects=folder) as home:
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        session = await home.model.session()
        await session.is_told()
        assert "This call is recorded." in session.texts[0]
        await phone.speaks(500)
        session.says(SAYS_SO, 2_000)
        await asyncio.sleep(2.3)
        await phone.speaks(500)
        await asyncio.sleep(0.5)
        phone.hang_up()
        await call
        await settled(home)
        caller, agent = stereo(folder)
        assert sounding_ms(bytes(phone.said)) == pytest.approx(1_000, abs=41)
        assert sounding_ms(caller) == pytest.approx(500, abs=21)
        assert sounding_ms(agent) == sounding_ms(bytes(phone.heard))
        (described,) = home.part("recordings")
        assert 1_500 < described["caller_from_ms"] < 2_700


async def test_a_caller_who_cut_the_notice_off_is_told_again_and_only_then_kept(folder: FolderObjects) -> None:
    async with house(objects=folder) as home:
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        session = await home.model.session()
        await session.is_told()
        session.sends(AgentText("Hello, this is Tara. This call is recorded. How can I help you?"))
        session.speaks(2_000)
        await phone.hears_something()
        await asyncio.sleep(0.4)
        await phone.speaks(300)
        session.sends(Interrupted(), TurnComplete())
        await asyncio.sleep(0.5)
        assert "this call is recorded" in session.context[-1]
        session.says("This call is recorded, by the way. Six hundred rupees.", 1_500)
        await asyncio.sleep(1.7)
        await phone.speaks(400)
        await asyncio.sleep(0.3)
        phone.hang_up()
        await call
        await settled(home)
        caller, _ = stereo(folder)
        assert sounding_ms(caller) == pytest.approx(400, abs=21)


async def test_a_call_on_a_second_stream_goes_on_being_recorded(folder: FolderObjects) -> None:
    async with house(objects=folder) as home:
        phone = Phone(home.app)
        _, call = await begin(home, phone)
        phone.drop()
        await call
        again = await phone.post("/voice/after")
        call = asyncio.create_task(phone.stream(token_in(again.text)))
        session = await home.model.session(2)
        await session.is_told()
        session.says("I am back.", 1_000)
        await phone.speaks(500)
        await asyncio.sleep(1)
        phone.hang_up()
        await call
        kept = await settled(home)
        caller, agent = stereo(folder)
        assert [one.name.rpartition("/")[2] for one in folder.named("")] == ["1.wav", "2.wav"]
        assert (kept["stream"], kept["state"]) == (2, "complete")
        assert sounding_ms(agent) == pytest.approx(sounding_ms(bytes(phone.heard)), abs=25)
        assert sounding_ms(caller) == pytest.approx(500, abs=21)


async def test_a_store_that_takes_nothing_is_in_the_record_and_not_in_the_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part_writer, "LAST_TRIES_S", (0.0, 0.01))
    objects = Troubled(tmp_path, lambda name, asked: True)
    async with house(PATIENT, objects=objects) as home:
        phone = Phone(home.app)
        _, call = await begin(home, phone)
        await asyncio.sleep(60)
        phone.hang_up()
        await call
        assert home.call()["ending"] == "caller_hung_up"
        kept = await settled(home)
        assert kept["state"] == "failed"
        assert kept["lost_ms"] == kept["ms"] == pytest.approx(62_200, abs=100)
        assert objects.named("") == []


async def test_a_store_that_is_away_for_a_moment_loses_nothing(tmp_path: Path) -> None:
    objects = Troubled(tmp_path, lambda name, asked: asked == 1)
    async with house(PATIENT, objects=objects) as home:
        phone = Phone(home.app)
        _, call = await begin(home, phone)
        await asyncio.sleep(30)
        phone.hang_up()
        await call
        kept = await settled(home)
        assert (kept["state"], kept["lost_ms"]) == ("complete", 0)
        assert sounding_ms(stereo(objects)[1]) == sounding_ms(bytes(phone.heard))


async def test_in_the_cloud_it_is_a_file_in_the_bucket() -> None:
    with cloud_storage():
        objects = open_objects(f"gs://{BUCKET}/calls")
        async with house(PATIENT, objects=objects) as home:
            phone = Phone(home.app)
            _, call = await begin(home, phone)
            await asyncio.sleep(8)
            assert [one.name.rpartition("/")[2] for one in objects.named("")] == ["1.00000.ulaw"]
            await phone.speaks(500)
            phone.hang_up()
            await call
            kept = await settled(home)
        assert kept["state"] == "complete"
        assert kept["where"].startswith(f"gs://{BUCKET}/calls/2027-02-22/CA1")
        (wav,) = objects.named("")
        assert objects.read(wav.name, 0, 4) == b"RIFF"
        caller, agent = stereo(objects)
        assert sounding_ms(caller) == sounding_ms(bytes(phone.said)) == pytest.approx(500, abs=20)
        assert sounding_ms(agent) == sounding_ms(bytes(phone.heard))


async def test_keys_that_are_typed_or_pressed_for_a_tool_are_not_to_be_heard_in_it(folder: FolderObjects) -> None:
    agent = PATIENT.model_copy(update={"tools": ("collect_digits", "send_dtmf")})
    async with house(agent, objects=folder) as home:
        phone = Phone(home.app)
        session, call = await begin(home, phone)
        session.sends(ToolCall("c1", "collect_digits", {"length": 2}))
        await asyncio.sleep(0.2)
        for key in "47":
            phone.press(key)
            await phone.speaks(300)  # its tone
        await session.is_told()
        await asyncio.sleep(0.5)
        await asyncio.sleep(1.0)
        session.sends(ToolCall("d1", "send_dtmf", {"digits": "47"}))
        await session.is_told()
        await asyncio.sleep(0.5)
        await phone.speaks(400)
        session.says("Thank you.", 500)
        await asyncio.sleep(3)
        phone.hang_up()
        await call
        await settled(home)
        caller, agents = stereo(folder)
        assert session.answers[0].response["digits"] == "47"
        assert sounding_ms(bytes(phone.said)) == pytest.approx(1_000, abs=60)
        assert sounding_ms(caller) == pytest.approx(400, abs=60), "not even the key that ended it"
        assert sounding_ms(bytes(phone.heard)) - sounding_ms(agents) == pytest.approx(200, abs=40)
