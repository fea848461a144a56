"""A speech model for each test, and the parts that are dear to make once for all of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from local.certificates import Certificates, certificates
from local.dialogues import Dialogue, parse
from local.speech_model.behaviour import Behaviour, Listening
from local.speech_model.faults import Fault
from local.speech_model.listener import Recogniser
from local.speech_model.server import SpeechModelServer
from tests.manual_clock import ManualClock
from tests.speech_model.live_caller import Speech

CLINIC = Path(__file__).parent / "clinic.yaml"
QUICK = Behaviour(think_ms=0, burst=200, playback=500, listening=Listening.ENERGY)
"""Nobody listens in real time in a test. Every sound counts as the next line of the script."""


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Certificates for all tests."""
    return certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def recogniser() -> Iterator[Recogniser]:
    """One recogniser for all tests."""
    pytest.importorskip("pocketsphinx")
    made = Recogniser(workers=1)
    yield made
    made.close()


@pytest.fixture(scope="session")
def clinic() -> Dialogue:
    """A small dialogue: a greeting, a question, a booking, a goodbye."""
    return parse(CLINIC.read_text(encoding="utf-8"), CLINIC.name)


class Studio:
    """Starts speech models for one test."""

    def __init__(self, tls: Certificates, clinic: Dialogue) -> None:
        self._tls = tls
        self._clinic = clinic
        self.stack = AsyncExitStack()

    async def model(
        self, *faults: Fault, behaviour: Behaviour = QUICK, recogniser: Recogniser | None = None, **more: object
    ) -> Speech:
        """A speech model that plays the clinic, and the way to talk to it."""
        options = {"dialogues": {"clinic": self._clinic}, "clips": (), "clock": ManualClock(), **more}
        server = SpeechModelServer(
            behaviour=behaviour,
            faults=faults,
            tls=self._tls,
            recogniser=recogniser,
            **options,  # type: ignore[arg-type]
        )
        return Speech(await self.stack.enter_async_context(server), self.stack)


@pytest_asyncio.fixture
async def studio(tls: Certificates, clinic: Dialogue) -> AsyncIterator[Studio]:
    """Speech models for this test."""
    made = Studio(tls, clinic)
    async with made.stack:
        yield made


@pytest_asyncio.fixture
async def speech(studio: Studio) -> Speech:
    """A speech model that does everything right."""
    return await studio.model()
