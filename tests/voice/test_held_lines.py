"""A line in the agent's own voice is made once, after it was missed, and heard by the callers that come after."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from functions.voice.app import make_app
from functions.voice.held_lines import AGAIN_AFTER_S, StoredLines, is_like, name_of
from functions.voice.places import Place
from functions.voice.speech.model import AgentText, SessionSetup, SpeechRefused, ToolCall, TurnComplete
from shared.domain.spoken_lines import words
from shared.objects import open_objects
from tests.voice.phone import Phone
from tests.voice.scripted_model import ScriptedModel
from tests.voice.test_calls import TARA, house
from tests.voice.test_keys_and_patience import PATIENT, slow

pytestmark = pytest.mark.virtual_time

SETUP = SessionSetup("gemini-3.1-flash-live-preview", "Be Tara.", "Kore")


def lines_at(folder: Path, model: ScriptedModel) -> StoredLines:
    return StoredLines(open_objects(f"file://{folder}"), lambda agent, language: Place(model, SETUP))


async def made(lines: StoredLines, model: ScriptedModel, said: str, ms: int = 1500, number: int = 1) -> None:
    """The line is missed, and the model says something when it is asked for it."""
    assert lines.line(TARA, "hi") is None
    session = await model.session(number)
    await session.is_told()
    assert "मैं देखकर बताती हूँ" in session.texts[0]
    assert session.setup.tools == ()
    session.sends(AgentText(said))
    session.speaks(ms)
    session.sends(TurnComplete())
    await lines.settle()
    assert session.closed


async def test_a_missed_line_is_made_once_and_known_to_every_process(tmp_path: Path) -> None:
    model = ScriptedModel()
    lines = lines_at(tmp_path, model)
    await made(lines, model, words("hold_on", "hi", "female") or "")
    line = lines.line(TARA, "hi-IN")
    assert line is not None
    assert len(line) == pytest.approx(1500 * 8, abs=200)
    another = lines_at(tmp_path, model)
    another.expect(TARA, "hi")
    await another.settle()
    assert another.line(TARA, "hi") == line
    assert len(model.sessions) == 1


@pytest.mark.parametrize(
    ("said", "ms"), [("नमस्ते, मैं आपकी क्या मदद कर सकती हूँ?", 1500), ("", 1500), ("right", 100), ("right", 9000)]
)
async def test_what_is_not_the_line_is_never_heard(said: str, ms: int, tmp_path: Path) -> None:
    model = ScriptedModel()
    lines = lines_at(tmp_path, model)
    await made(lines, model, (words("hold_on", "hi", "female") or "") if said == "right" else said, ms)
    assert lines.line(TARA, "hi") is None
    await lines.settle()
    assert len(model.sessions) == 1, "it is not tried again with every call"
    assert open_objects(f"file://{tmp_path}").named("lines/") == []
    await asyncio.sleep(AGAIN_AFTER_S)
    await made(lines, model, words("hold_on", "hi", "female") or "", number=2)
    assert lines.line(TARA, "hi") is not None


async def test_a_model_that_refuses_or_says_nothing_costs_nobody_anything(tmp_path: Path) -> None:
    model = ScriptedModel()
    model.refusals = [SpeechRefused("quota", code=429)]
    lines = lines_at(tmp_path, model)
    assert lines.line(TARA, "en") is None
    await lines.settle()
    assert lines.line(TARA, "hi") is None
    await lines.settle()
    assert model.sessions[0].closed, "it said nothing within its time"


def test_voice_language_and_wording_each_make_another_line() -> None:
    man = TARA.model_copy(update={"voice": "Puck"})
    names = {name_of(TARA, "hi"), name_of(man, "hi"), name_of(TARA, "en"), name_of(TARA, "hi-IN")}
    assert len(names) == 3
    assert name_of(TARA, "tlh") is None


def test_a_transcript_may_differ_in_signs_but_not_in_words() -> None:
    assert is_like("one moment please I am just checking that", "One moment, please, I am just checking that.")
    assert not is_like("Hello, how can I help you?", "One moment, please, I am just checking that.")


async def test_the_first_caller_hears_typing_and_the_next_the_agents_own_voice(tmp_path: Path) -> None:
    async with house(PATIENT) as plain:
        lines = lines_at(tmp_path, plain.model)
        services = replace(plain.services, tools=slow(3), held_lines=lines)
        home = replace(plain, services=services, app=make_app(services))
        sounds = []
        for number, sid in enumerate(("CA" + "1" * 32, "CA" + "2" * 32)):
            phone = Phone(home.app, sid)
            call = asyncio.create_task(phone.stream(await phone.dial()))
            session = await home.model.session(1 if not number else 3)
            await session.is_told()
            session.sends(ToolCall("s1", "slow", {}))
            if not number:
                reader = await home.model.session(2)
                await reader.is_told()
                reader.sends(AgentText(words("hold_on", "en", "female") or ""))
                reader.speaks(1200)
                reader.sends(TurnComplete())
            await session.is_told()
            phone.hang_up()
            await call
            documents = home.store.documents.items()
            events = [data for path, (data, _) in documents if path.startswith(f"calls/{sid}/events")]
            sounds.append(next(event["fields"]["sound"] for event in events if event["kind"] == "hold"))
        assert sounds == ["typing", "line"]
