"""Everything that an evaluation needs running: Parley in a process of its own, the telephone network, a speech model.

The speech model is whichever the environment configures; without a key it is the local one. The telephone network is
always the local one: an evaluation calls nobody.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from local import free_port
from local.demo.phone_network import PhoneNetwork
from local.serve import stand_ins
from shared.settings import Settings, read_settings
from shared.store import open_store
from shared.store.store import Put

CLOCK = "2026-12-01T12:00:00+05:30"
"""A Tuesday noon in India, inside everybody's calling hours there; the day after is a working day too."""
NOT_HERE = ("TWILIO_", "FIRESTORE_", "STORE_URL", "PUBLIC_BASE_URL", "CLOCK", "PORT", "TOOLS_URL", "RECORDINGS_URL")
MOST_NUMBERS = 90
UP_WITHIN_S = 60.0
STOP_S = 10.0


@dataclass(frozen=True, slots=True)
class House:
    """Where everything is."""

    network: PhoneNetwork
    http: httpx.AsyncClient
    """Parley's JSON API."""
    settings: Settings
    numbers: dict[str, str]
    """Our number by the id of the agent that answers it."""
    real_model: bool

    async def agent(self, agent_id: str) -> dict[str, Any]:
        """An agent's document."""
        answer = await self.http.get(f"/api/agents/{agent_id}")
        answer.raise_for_status()
        document: dict[str, Any] = answer.json()["agent"]
        return document

    async def write_agent(self, document: Mapping[str, Any]) -> None:
        """Put a version of an agent into use."""
        answer = await self.http.put(f"/api/agents/{document['id']}", json=dict(document))
        answer.raise_for_status()

    async def give_numbers(self, agent_ids: list[str]) -> None:
        """A number of its own for each agent."""
        store = open_store(self.settings.store_url)
        try:
            for agent_id in agent_ids:
                if agent_id in self.numbers:
                    continue
                if len(self.numbers) >= MOST_NUMBERS:
                    raise ValueError(f"there are {MOST_NUMBERS} numbers for agents, and more agents")
                number = f"+1310555{100 + len(self.numbers):04d}"
                await store.batch([Put(f"numbers/{number[1:]}", {"agent_id": agent_id})])
                await self.network.own(number, self.settings.public_base_url)
                self.numbers[agent_id] = number
        finally:
            await store.close()


@asynccontextmanager
async def house(folder: Path) -> AsyncIterator[House]:
    """All of it, until the block is left. What is stored and recorded is under the folder."""
    _surroundings(folder)
    configured = read_settings().speech_configured
    if not configured:
        os.environ["CLOCK"] = CLOCK
    async with stand_ins(read_settings()) as around:
        settings = read_settings()
        assert around.telephone_network is not None
        network = PhoneNetwork(around.telephone_network)
        base_url = f"http://127.0.0.1:{settings.port}"
        async with _served(folder / "parley.log", base_url), httpx.AsyncClient(base_url=base_url, timeout=30) as http:
            try:
                yield House(network, http, settings, {}, configured)
            finally:
                await network.close()


def _surroundings(folder: Path) -> None:
    """No account and no store but the evaluation's own."""
    folder.mkdir(parents=True, exist_ok=True)
    for leftover in folder.glob("parley.db*"):
        leftover.unlink()
    for name in [name for name in os.environ if name.startswith(NOT_HERE)]:
        del os.environ[name]
    os.environ["PORT"] = str(free_port())
    os.environ["STORE_URL"] = f"sqlite:///{folder}/parley.db"
    os.environ["RECORDINGS_URL"] = f"file://{folder}/recordings"
    os.environ["TWILIO_CALLS_PER_SECOND"] = "20"


@asynccontextmanager
async def _served(log: Path, base_url: str) -> AsyncIterator[None]:
    """Parley, answering, as a process of its own, so that what we do here delays nobody's voice."""
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "local.serve", stdout=output, stderr=asyncio.subprocess.STDOUT
        )
    try:
        await _up(process, base_url, log)
        yield
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                async with asyncio.timeout(STOP_S):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()


async def _up(process: asyncio.subprocess.Process, base_url: str, log: Path) -> None:
    async with asyncio.timeout(UP_WITHIN_S), httpx.AsyncClient() as http:
        while process.returncode is None:
            try:
                if (await http.get(f"{base_url}/healthz")).status_code == 200:
                    return
            except httpx.TransportError:
                await asyncio.sleep(0.1)
    raise RuntimeError(f"Parley did not start; {log} says why")


def local_now(settings: Settings) -> datetime:
    """When the evaluation takes place: its clock's start, or now."""
    return settings.clock or datetime.now().astimezone()
