"""Every test starts in an empty environment, on a loop of its own, and leaves no work behind."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path

import pytest
import pytest_asyncio

from functions.voice.event_loop import new_event_loop
from shared.settings import NO_BUCKET_METADATA, Settings, current_settings
from tests.virtual_time import VirtualTimeLoop

pytest_plugins = ["tests.store_fixtures"]

STRAY_PREFIXES = (
    "CLOUDSDK_CORE_",
    "FUNCTION_",
    "GCLOUD_",
    "GEMINI_",
    "GOOGLE_",
    "GRPC_",
    "GUNICORN_",
    "TWILIO_",
    "X_GOOGLE_",
)
STRAY_NAMES = (
    "PORT",
    "HOST",
    "DEBUG",
    "WORKERS",
    "ALL_PROXY",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "REQUESTS_CA_BUNDLE",
)
# As read_settings() has it: a thread that outlives its test disturbs others, by drawing random numbers for one.
os.environ[NO_BUCKET_METADATA] = "true"
CALLS = Path(__file__).parent / "calls"
"""Whole calls in real time."""
LEAK_GRACE_S = 0.5
"""Closing sockets takes a few turns of the loop."""


def stray(name: str) -> bool:
    """True if a variable of the machine could change what a test sees."""
    name = name.upper()
    return name.startswith(STRAY_PREFIXES) or name in STRAY_NAMES or name.lower() in Settings.model_fields


@pytest.fixture(autouse=True)
def clean_environment() -> Iterator[None]:
    """No proxies, keys, accounts or settings from the machine; what a test sets is gone after it."""
    before = dict(os.environ)
    for name in [name for name in before if stray(name)]:
        del os.environ[name]
    current_settings.cache_clear()
    yield
    for name in [name for name in os.environ if name not in before]:
        del os.environ[name]
    os.environ.update(before)


@pytest_asyncio.fixture
async def no_leaked_tasks() -> AsyncIterator[None]:
    """Fails a test that leaves asyncio tasks running."""
    before = asyncio.all_tasks()
    yield
    leaked = asyncio.all_tasks() - before - {asyncio.current_task()}
    if leaked:
        _, leaked = await asyncio.wait(leaked, timeout=LEAK_GRACE_S)
    if leaked:
        pytest.fail("these tasks were left running:\n" + "\n".join(map(repr, leaked)), pytrace=False)


def pytest_asyncio_loop_factories(
    item: pytest.Item,
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Tests marked virtual_time run on the loop whose clock jumps, those marked loop_of_calls on that one."""
    if item.get_closest_marker("virtual_time") is not None:
        return {"virtual": VirtualTimeLoop}
    if item.get_closest_marker("loop_of_calls") is not None:
        return {"calls": new_event_loop}
    return {"real": asyncio.new_event_loop}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every asynchronous test is watched for leaks; the watcher is set up first, so that it looks last.

    Tests marked slow must be in tests/calls, or scripts/test would never run them.
    """
    for item in items:
        if item.get_closest_marker("slow") is not None and CALLS not in item.path.parents:
            raise pytest.UsageError(f"{item.nodeid} is marked slow; scripts/test looks for those in tests/calls alone")
        if isinstance(item, pytest.Function) and pytest_asyncio.is_async_test(item):
            item.fixturenames.insert(0, "no_leaked_tasks")
