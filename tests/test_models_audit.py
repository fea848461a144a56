"""The audit of the agents' models: what it finds, what it says, and what CI learns from its exit status."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import date
from pathlib import Path

import pytest
import pytest_asyncio
import yaml
from pydantic import SecretStr

from functions.tools.builtin import BUILTIN
from functions.voice.speech.model import SpeechRefused
from functions.voice.wiring import speech_models, voice_services
from local.certificates import Certificates, certificates
from local.models_audit import Finding, Weight, audit, main, report
from local.speech_model.behaviour import Behaviour, Listening
from local.speech_model.server import SpeechModelServer
from shared.domain.agent import Agent, Model
from shared.domain.model_catalogue import Platform, catalogue
from shared.domain.record import plain
from shared.settings import Settings, read_settings
from shared.store import open_store
from shared.store.agents import shipped_agents
from shared.store.notices import read_notices
from tests.manual_clock import ManualClock
from tests.memory_store import MemoryStore

FLASH, LIVE, FLASH_25 = "gemini-3.1-flash-live-preview", "gemini-3.8-live", "gemini-live-2.5-flash-native-audio"
GONE = "gemini-2.5-flash-native-audio-preview-09-2025"
"""In the catalogue, and not in the local speech model's list."""
TODAY = date(2026, 11, 24)
RECEPTION = shipped_agents()["reception"]


def voiced(**model: object) -> Agent:
    return RECEPTION.model_copy(update={"model": Model.model_validate(model)})


def audited(
    agent: Agent, listed: Mapping[Platform, frozenset[str]] | None = None, today: date = TODAY
) -> list[tuple[str, str]]:
    found = audit([agent], catalogue(), BUILTIN.names, today, listed or {})
    return [(finding.weight.name, finding.text) for finding in found]


@pytest.mark.parametrize(
    ("model", "today", "weight", "phrase"),
    [
        ({}, TODAY, "NOTE", "maker's own pages did not; when it does, it is followed by gemini-3.8-live"),
        ({"id": GONE}, TODAY, "NOTE", "deprecated; change it to gemini-3.8-live"),
        ({"id": FLASH_25, "platform": "vertex"}, TODAY, "FAILURE", "ends on 2026-12-13, in 19 days; change it to"),
        ({"id": FLASH_25, "platform": "vertex"}, date(2026, 12, 13), "FAILURE", "was switched off on 2026-12-13"),
        ({"id": FLASH_25, "platform": "vertex"}, date(2026, 10, 1), "NOTE", "deprecated"),
        ({}, date(2026, 8, 1), "NOTE", "preview"),
        ({"id": "gemini-live-2.5-flash-preview"}, TODAY, "FAILURE", "switched off on 2025-12-09"),
        ({"id": "gemini-3.8-life"}, TODAY, "FAILURE", "no speech model 'gemini-3.8-life' (try gemini-3.8-live)"),
    ],
)
def test_what_is_said_of_an_agent_s_model(model: dict[str, str], today: date, weight: str, phrase: str) -> None:
    found = audited(voiced(**model), today=today)
    assert [one for one, _ in found] == [weight]
    assert phrase in found[0][1]


def test_an_agent_on_a_model_that_stays_has_nothing_to_hear() -> None:
    assert audited(voiced(id=LIVE), {Platform.DEVELOPER: frozenset({LIVE})}) == []


@pytest.mark.parametrize(
    ("model", "platform", "names", "weight"),
    [
        ({}, Platform.DEVELOPER, {LIVE}, "FAILURE"),
        ({}, Platform.DEVELOPER, {LIVE, FLASH}, None),
        ({}, Platform.VERTEX, {LIVE}, "NOTE"),
        ({"platform": "developer"}, Platform.VERTEX, {LIVE}, None),
        ({}, Platform.DEVELOPER, {FLASH_25}, "FAILURE"),
    ],
)
def test_what_the_service_s_list_adds(
    model: dict[str, str], platform: Platform, names: set[str], weight: str | None
) -> None:
    alone = audited(voiced(**model))
    more = [one for one in audited(voiced(**model), {platform: frozenset(names)}) if one not in alone]
    assert [one for one, _ in more] == ([weight] if weight else [])


def test_the_report_fails_only_for_what_fails() -> None:
    said: list[str] = []
    note, failure = Finding("b", Weight.NOTE, "old"), Finding("b", Weight.FAILURE, "gone")
    assert report([note], ["a", "b"], said.append) == 0
    assert said == ["a: nothing to say", "b:", "  note   old"]
    assert report([note, failure, failure], ["a", "b"], said.append) == 1
    assert said[-2:] == ["  FAILS  gone", "  note   old"]


# -- as it is run


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Certificates for all of them."""
    return certificates(tmp_path_factory.mktemp("certificates"))


@pytest_asyncio.fixture
async def speech(tls: Certificates, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SpeechModelServer]:
    """A local speech model, and the environment that leads to it on the Developer API."""
    behaviour = Behaviour(listening=Listening.ENERGY)
    async with SpeechModelServer(behaviour=behaviour, dialogues={}, clips=(), tls=tls) as server:
        monkeypatch.setenv("SSL_CERT_FILE", str(tls.ca_bundle))
        monkeypatch.setenv("GEMINI_API_KEY", "a-key")
        monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", server.base_url)
        yield server


def on_vertex(monkeypatch: pytest.MonkeyPatch, server: SpeechModelServer) -> None:
    """The same place through the other door."""
    monkeypatch.delenv("GEMINI_API_KEY")
    monkeypatch.setenv("GOOGLE_GENAI_USE_VERTEXAI", "true")
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "p")
    monkeypatch.setenv("GOOGLE_CLOUD_LOCATION", "us-central1")
    monkeypatch.setenv("GOOGLE_VERTEX_BASE_URL", server.base_url)


def folder(path: Path, **model: object) -> str:
    """A folder with one agent in it."""
    document = voiced(**model).model_dump(mode="json", exclude_defaults=True)
    (path / "one.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    return str(path)


async def run(*arguments: str) -> int:
    return await asyncio.to_thread(main, arguments)


async def test_the_agents_that_ship_pass(speech: SpeechModelServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert await run() == 0
    said = capsys.readouterr().out
    assert "the Developer API lists gemini-2.5-flash-native-audio-latest" in said
    assert "reception:" in said
    assert "FAILS" not in said


async def test_a_model_that_the_service_dropped_fails_ci(
    speech: SpeechModelServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run("--agents", folder(tmp_path, id=GONE)) == 1
    assert f"{GONE} is no longer listed by the Developer API; its successor is used" in capsys.readouterr().out
    assert await run("--agents", folder(tmp_path, id=GONE), "--offline") == 0
    assert await run("--agents", folder(tmp_path, id=GONE), "--offline", "--strict") == 1
    assert "the service was not asked" in capsys.readouterr().out


async def test_vertex_is_asked_through_its_own_door(
    speech: SpeechModelServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    on_vertex(monkeypatch, speech)
    assert await run("--agents", folder(tmp_path, id=LIVE, platform="vertex", region="eu")) == 0
    assert f"Vertex AI in us-central1 lists {LIVE}" in capsys.readouterr().out


async def test_a_service_that_does_not_answer_is_said_and_is_no_failure(
    speech: SpeechModelServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", "https://127.0.0.1:1")
    assert await run() == 0
    assert "the Developer API did not list its models" in capsys.readouterr().out


async def test_an_agent_that_cannot_be_read_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "odd.yaml").write_text("id: odd\n", encoding="utf-8")
    assert await run("--agents", str(tmp_path)) == 1
    assert "odd.yaml" in capsys.readouterr().err


async def test_agents_that_were_written_in_the_console_are_audited_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STORE_URL", f"sqlite:///{tmp_path / 'parley.db'}")
    store = open_store(f"sqlite:///{tmp_path / 'parley.db'}")
    written = voiced(id="gemini-live-2.5-flash-preview").model_copy(update={"id": "ours"})
    await store.create("agents/ours", plain(written.model_dump()))
    assert await run("--offline") == 0
    assert await run("--offline", "--store") == 1
    said = capsys.readouterr().out
    assert "FAILS  gemini-live-2.5-flash-preview was switched off on 2025-12-09" in said
    assert "reception:" in said
    await store.create("agents/odd", {"id": "odd"})
    await store.close()
    assert await run("--offline", "--store") == 1
    assert "an agent in the store is not right" in capsys.readouterr().err


async def test_the_voice_function_asks_at_its_start_and_follows_the_answer(speech: SpeechModelServer) -> None:
    _, choice = speech_models(read_settings(), ManualClock())
    await asyncio.to_thread(choice.wait, 5)
    assert choice.model_of(voiced(id=GONE)).id == LIVE
    assert choice.model_of(RECEPTION).id == FLASH


async def test_the_voice_function_shares_circuits_and_loads_the_detector_beside() -> None:
    settings = Settings(twilio_account_sid="AC" + "0" * 32, twilio_auth_token=SecretStr("t" * 32))
    services = voice_services(settings, MemoryStore(), ManualClock())
    assert services.circuits is not None
    services.circuits.failed("developer/x", SpeechRefused(quota=True))
    journal = services.journal
    services.notices.write(journal)
    writing = asyncio.create_task(journal.run())
    assert await journal.flush(5)
    writing.cancel()
    assert [notice.subject for notice in await read_notices(services.store, services.clock.now())] == ["developer/x"]
    for _ in range(600):
        tag = services.tagger.tag("Donnerstag Nachmittag", ())
        if tag.language == "de":  # which no word list knows
            break
        await asyncio.sleep(0.05)
    assert tag.language == "de"
