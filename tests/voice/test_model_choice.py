"""An agent whose model is gone is voiced by the successor, and everybody is told: the log, the call's record."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterable
from datetime import UTC, datetime

import pytest

from functions.voice.model_choice import NOTICE_HOLDS, ModelChoice
from functions.voice.notice_board import NoticeBoard
from functions.voice.speech.model import SpeechUnavailable
from shared.domain.agent import Agent, Model, SpeechPlace
from shared.domain.model_catalogue import Platform
from shared.genai import Place, place_of
from shared.settings import Settings
from shared.store.journal import Journal
from shared.store.notices import NoticeKind, read_notices
from tests.manual_clock import ManualClock
from tests.memory_store import MemoryStore
from tests.voice.phone import Phone
from tests.voice.test_calls import TARA, house

FLASH, LIVE = "gemini-3.1-flash-live-preview", "gemini-3.8-live"
HERE: Place = (Platform.DEVELOPER, None)


def choosing(*, place: Place = HERE) -> ModelChoice:
    return ModelChoice(lambda _: place, ManualClock(datetime(2026, 11, 24, tzinfo=UTC)))


def told(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    return [(record.agent, record.used) for record in caplog.records if record.levelno == logging.WARNING]  # type: ignore[attr-defined]


def test_until_the_service_has_answered_the_model_is_the_one_asked_for(caplog: pytest.LogCaptureFixture) -> None:
    may_answer = threading.Event()

    def slowly() -> frozenset[str]:
        may_answer.wait(5)
        return frozenset({LIVE})

    choice = choosing()
    choice.announce([TARA])
    choice.ask(HERE, slowly)
    assert (choice.model_of(TARA).id, told(caplog)) == (FLASH, [])
    may_answer.set()
    choice.wait(5)
    assert told(caplog) == [("reception", LIVE)]
    assert choice.model_of(TARA).to_document() == {
        "model": LIVE,
        "model_asked": FLASH,
        "model_reason": f"{FLASH} is no longer listed by the Developer API; its successor is used",
    }
    assert len(told(caplog)) == 1
    assert dict(choice.answers()) == {HERE: frozenset({LIVE})}


@pytest.mark.parametrize("error", [OSError("unreachable"), ValueError("odd answer"), TimeoutError()])
def test_a_service_that_does_not_list_changes_nothing(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    def failing() -> frozenset[str]:
        raise error

    choice = choosing()
    choice.announce([TARA])
    choice.ask(HERE, failing)
    choice.wait(5)
    assert (choice.model_of(TARA).id, told(caplog)) == (FLASH, [])
    assert dict(choice.answers()) == {HERE: None}


def test_another_place_s_list_is_no_reason(caplog: pytest.LogCaptureFixture) -> None:
    choice = choosing(place=(Platform.VERTEX, "us-central1"))
    choice.ask(HERE, lambda: frozenset({LIVE}))
    choice.wait(5)
    assert "not served on Vertex AI" in (choice.model_of(TARA).reason or "")
    assert told(caplog) == [("reception", LIVE)]


async def test_a_notice_is_left_for_the_console_from_the_thread_that_asks() -> None:
    board, store, clock = NoticeBoard(), MemoryStore(), ManualClock(datetime(2026, 11, 24, tzinfo=UTC))
    choice = ModelChoice(lambda _: HERE, clock, board.leave)
    pinned = TARA.model_copy(update={"id": "pinned", "name": "Uma"})
    choice.announce([TARA, pinned])
    choice.ask(HERE, lambda: frozenset({LIVE}))
    choice.wait(5)
    journal = Journal(store)
    board.write(journal)
    writing = asyncio.create_task(journal.run())
    assert await journal.flush(5)
    writing.cancel()
    notices = await read_notices(store, clock.now())
    assert {(one.kind, one.subject) for one in notices} == {
        (NoticeKind.REPLACED, f"reception/{FLASH}"),
        (NoticeKind.REPLACED, f"pinned/{FLASH}"),
    }
    assert f"Tara (reception): {FLASH} is no longer listed by the Developer API" in " ".join(
        one.sentence for one in notices
    )
    assert await read_notices(store, clock.now() + NOTICE_HOLDS) == []


def test_fallbacks_are_looked_at_as_well(caplog: pytest.LogCaptureFixture) -> None:
    gone = TARA.model_copy(update={"model": Model(id=LIVE, fallbacks=(SpeechPlace(id=FLASH),))})
    choice = choosing()
    choice.ask(HERE, lambda: frozenset({LIVE}))
    choice.wait(5)
    choice.announce([gone])
    assert told(caplog) == [("reception", LIVE)]


@pytest.mark.parametrize(
    ("model", "on_vertex", "place"),
    [
        ({}, False, (Platform.DEVELOPER, None)),
        ({}, True, (Platform.VERTEX, "europe-west1")),
        ({"platform": "developer"}, True, (Platform.DEVELOPER, None)),
        ({"platform": "vertex"}, False, (Platform.VERTEX, "europe-west1")),
        ({"platform": "vertex", "region": "eu"}, True, (Platform.VERTEX, "eu")),
    ],
)
def test_where_an_agent_is_voiced(model: dict[str, str], on_vertex: bool, place: Place) -> None:
    settings = Settings(
        google_genai_use_vertexai=on_vertex, google_cloud_project="p", google_cloud_location="europe-west1"
    )
    agent = TARA.model_copy(update={"model": Model.model_validate(model)})
    assert place_of(agent, settings) == place


def listing(names: Iterable[str]) -> ModelChoice:
    choice = choosing()
    choice.ask(HERE, lambda: frozenset(names))
    choice.wait(5)
    return choice


async def called(agent: Agent, choice: ModelChoice, *, refused: bool = False) -> tuple[str, dict[str, object]]:
    """Which model a call's session was opened with, and the call's record."""
    async with house(agent, model_of=choice.model_of) as home:
        home.model.refusals = [SpeechUnavailable("away")] if refused else []
        phone = Phone(home.app)
        token = await phone.dial()
        call = asyncio.create_task(phone.stream(token))
        session = await home.model.session()
        await session.is_told()
        phone.hang_up()
        await call
        return session.setup.model, home.call()


@pytest.mark.virtual_time
async def test_a_call_is_voiced_by_the_successor_and_its_record_says_so() -> None:
    used, record = await called(TARA, listing({LIVE}))
    assert used == LIVE
    assert (record["model"], record["model_asked"]) == (LIVE, FLASH)
    assert "no longer listed" in str(record["model_reason"])


@pytest.mark.virtual_time
async def test_a_call_with_the_model_it_asked_for_says_that() -> None:
    used, record = await called(TARA, listing({FLASH, LIVE}))
    assert used == FLASH
    assert (record["model"], record["model_asked"], record["model_reason"]) == (FLASH, FLASH, None)


@pytest.mark.virtual_time
async def test_a_call_that_a_fallback_voiced_names_the_fallback() -> None:
    agent = TARA.model_copy(update={"model": Model(fallbacks=(SpeechPlace(id=LIVE),))})
    used, record = await called(agent, listing({FLASH, LIVE}), refused=True)
    assert used == LIVE
    assert (record["model"], record["model_asked"]) == (LIVE, FLASH)
