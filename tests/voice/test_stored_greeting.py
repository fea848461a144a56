"""A greeting that is kept from one call and played to the next: at once, once, and like any turn of the agent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from functions.voice.app import make_app
from functions.voice.errand import Errand
from functions.voice.greetings.greeting import Greeting, greeting_for, has_said
from functions.voice.greetings.greetings import StoredGreetings
from functions.voice.ready_sessions import ReadySessions
from functions.voice.session_setup import first_words
from functions.voice.speech.model import CallerText, SessionSetup, SpeechSession
from shared.domain.calling_rules import Purpose
from shared.objects.folder import FolderObjects
from shared.objects.objects import ObjectsUnavailable
from tests.domain.builders import a_campaign, a_contact
from tests.voice.phone import Phone
from tests.voice.scripted_model import ScriptedModel, ScriptedSession
from tests.voice.test_calls import TARA, House, house

pytestmark = pytest.mark.virtual_time

STORED = TARA.model_copy(update={"greeting_from": "recording"})
SAYS = first_words(STORED, "en", None, "+919800000001")


class SlowModel(ScriptedModel):
    """Takes three seconds to answer."""

    async def open(self, setup: SessionSetup) -> SpeechSession:
        await asyncio.sleep(3)
        return await super().open(setup)


@asynccontextmanager
async def greeting_house(folder: Path, model: ScriptedModel | None = None, ready: int = 0) -> AsyncIterator[House]:
    """A house whose greetings are kept in a folder."""
    objects = FolderObjects(folder)
    async with house(STORED, model, objects=objects) as home:
        services = replace(home.services, greetings=StoredGreetings(objects), ready=ReadySessions(ready))
        app = make_app(services)
        async with app.router.lifespan_context(app):
            yield House(app, home.store, home.model, services)


async def first_call(home: House, *, words: str = SAYS, cut: bool = False) -> None:
    """Somebody is greeted by the model itself."""
    number = len(home.model.sessions) + 1
    phone = Phone(home.app)
    call = asyncio.create_task(phone.stream(await phone.dial()))
    session = await home.model.session(number)
    await session.is_told()
    assert SAYS in session.texts[0]
    session.says(words, 2_000)
    await asyncio.sleep(0.5 if cut else 2.5)
    phone.hang_up()
    await call
    await asyncio.sleep(0.2)


def kept(folder: Path) -> list[str]:
    """What is stored of greetings."""
    return [one.name for one in FolderObjects(folder).named("greetings/")]


async def second_call(home: House) -> tuple[Phone, asyncio.Task[None], ScriptedSession]:
    """Somebody else calls; the model's session stands."""
    number = len(home.model.sessions) + 1
    phone = Phone(home.app, "CA" + "2" * 32)
    call = asyncio.create_task(phone.stream(await phone.dial()))
    return phone, call, await home.model.session(number)


def record(home: House, part: str = "") -> Any:
    """The second call's."""
    prefix = "calls/CA" + "2" * 32 + part
    if not part:
        return home.store.documents[prefix][0]
    return [data for path, (data, _) in sorted(home.store.documents.items()) if path.startswith(f"{prefix}/")]


@pytest.mark.parametrize("ready", [0, 5], ids=["opened by the stream", "prepared"])
async def test_the_second_caller_hears_the_firsts_greeting_at_once_and_the_model_knows(
    tmp_path: Path, ready: int
) -> None:
    async with greeting_house(tmp_path, ready=ready) as home:
        await first_call(home)
        assert len(kept(tmp_path)) == 1
        phone, call, session = await second_call(home)
        await asyncio.sleep(2.5)
        assert session.texts == []
        assert session.setup.history[-1] == ("model", SAYS)
        await phone.speaks(800)
        session.sends(CallerText("What do you charge?"))
        session.says("Six hundred rupees.", 800)
        await asyncio.sleep(1.2)
        phone.hang_up()
        await call
        assert record(home)["latency"]["first_audio_ms"] <= 150
        assert [(turn["speaker"], turn["text"], turn["heard_ms"]) for turn in record(home, "/turns")] == [
            ("agent", SAYS, pytest.approx(2_000, abs=5)),
            ("caller", "What do you charge?", 0),
            ("agent", "Six hundred rupees.", pytest.approx(800, abs=5)),
        ]
        assert not any(event["kind"] == "model_stuck" for event in record(home, "/events"))


async def test_it_is_heard_before_a_slow_model_is_there(tmp_path: Path) -> None:
    async with greeting_house(tmp_path) as home:
        await first_call(home)
    async with greeting_house(tmp_path, SlowModel(), ready=5) as home:
        phone = Phone(home.app, "CA" + "2" * 32)
        token = await phone.dial()
        await asyncio.sleep(0.3)
        call = asyncio.create_task(phone.stream(token))
        await asyncio.sleep(2)
        assert home.model.sessions == []
        assert phone.played_ms >= 1_900
        await asyncio.sleep(2)
        phone.hang_up()
        await call
        assert record(home)["latency"]["first_audio_ms"] <= 20


async def test_a_caller_may_speak_over_it_and_the_model_learns_what_was_heard(tmp_path: Path) -> None:
    async with greeting_house(tmp_path) as home:
        await first_call(home)
        phone, call, session = await second_call(home)
        await asyncio.sleep(0.5)
        await phone.speaks(700)
        await asyncio.sleep(0.3)
        phone.hang_up()
        await call
        assert phone.clears == 1
        greeting = record(home, "/turns")[0]
        assert greeting["cut_off"]
        assert greeting["heard_ms"] == pytest.approx(phone.played_ms, abs=20)
        assert SAYS.startswith(greeting["text"])
        assert greeting["unheard"]
        assert greeting["unheard"] in session.context[0]


@pytest.mark.parametrize(
    ("words", "cut"),
    [
        ("Hello, this is Sita. This call is taped. What would you like to order today?", False),
        (SAYS, True),
        ("", False),
    ],
    ids=["other words", "cut off", "no transcript"],
)
async def test_what_is_not_the_whole_greeting_is_not_kept(tmp_path: Path, words: str, cut: bool) -> None:
    async with greeting_house(tmp_path) as home:
        await first_call(home, words=words, cut=cut)
        assert kept(tmp_path) == []


async def test_a_store_that_is_away_means_a_live_greeting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> bytes:
        raise ObjectsUnavailable

    async with greeting_house(tmp_path) as home:
        await first_call(home)
    monkeypatch.setattr(FolderObjects, "read", away)
    async with greeting_house(tmp_path, ready=5) as home:
        await first_call(home)


async def test_an_agent_that_asks_for_none_has_none(tmp_path: Path) -> None:
    assert greeting_for(TARA, "en", SAYS, None) is None


def errand(purpose: Purpose, **variables: str) -> Errand:
    """Why somebody is called."""
    return Errand("a1", a_contact(name="Asha", variables=variables), a_campaign(purpose=purpose))


def test_marketing_and_personal_words_are_never_stored() -> None:
    assert greeting_for(STORED, "en", SAYS, errand(Purpose.SERVICE)) is not None
    assert greeting_for(STORED, "en", SAYS, errand(Purpose.MARKETING)) is None
    assert greeting_for(STORED, "en", "Hello Asha, this is Tara.", errand(Purpose.SERVICE)) is None
    assert greeting_for(STORED, "en", "It is about Gold.", errand(Purpose.SERVICE, plan="gold")) is None


def test_another_version_language_voice_or_wording_is_another_greeting() -> None:
    agents = [STORED, *(STORED.model_copy(update=one) for one in ({"version": 2}, {"voice": "Leda"}, {"id": "other"}))]
    found = [greeting_for(agent, language, SAYS, None) for agent in agents for language in ("en", "hi")]
    found.append(greeting_for(STORED, "en", f"{SAYS} Yes?", None))
    assert len({one.name for one in found if one is not None}) == 9


SECOND = b"\x10" * 8_000


@pytest.mark.parametrize(
    ("transcript", "ulaw", "said"),
    [
        (SAYS, SECOND * 2, True),
        (SAYS.lower().replace(".", ""), SECOND * 2, True),
        (SAYS.replace("This call is recorded.", ""), SECOND * 2, False),
        (f"{SAYS} May I have your name and the reason for your call, please?", SECOND * 2, False),
        (SAYS, SECOND * 40, False),
        (SAYS, b"", False),
    ],
)
def test_when_a_voice_has_said_the_greeting(transcript: str, ulaw: bytes, said: bool) -> None:
    assert has_said(SAYS, transcript, ulaw) is said


def test_its_sound_stays_out_of_logs() -> None:
    assert "0x10" not in repr(Greeting("greetings/a.ulaw", "Hello", SECOND))
    assert "x10" not in repr(Greeting("greetings/a.ulaw", "Hello", SECOND))
