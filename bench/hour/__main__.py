"""Memory of the server over one call of an hour, with the moves of its model session; all clocks run fast.

Delays and gaps say nothing here: to this clock a stall of one millisecond is one of twenty.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.call.bridges import Bridge, Running, running
from bench.call.model import Listening, serve_model
from bench.call.world import World
from bench.hour.quick import SPEED, quick_loop
from functions.voice.recording.timeline import LAG_MS
from local.certificates import certificates
from shared.store import open_store
from shared.store.agents import AgentVersions, shipped_agents

RESULTS = Path("bench/results/hour.json")
ACCOUNT, TOKEN = "AC" + "0" * 32, "0123456789abcdef0123456789abcdef"
STEP_MIN = 10
QUICK = Bridge(
    "parley",
    [
        *(sys.executable, "-m", "gunicorn", "-k", "bench.hour.quick.QuickWorker", "-w", "1"),
        *("-b", "127.0.0.1:{port}", "--timeout", "0", "functions.voice.asgi:app"),
    ],
    plain=False,
)


@dataclass(frozen=True, slots=True)
class Row:
    """The server at one moment of the call."""

    minute: int
    memory_mb: float
    """Proportional set size."""
    database_mb: float
    """Its pages so far; SQLite keeps what it wrote in memory, up to its own limit (shared/store/sqlite_file.py)."""
    cpu_s: float
    sessions: int
    """Of the model, so far."""
    answers: int
    missing: int


async def long_calls(store_url: str) -> None:
    """The receptionist may talk for as long as an agent can be told to."""
    store = open_store(store_url)
    versions = AgentVersions(store, shipped_agents())
    agent, document = await versions.current("reception")
    assert agent is not None
    limits = agent.limits.model_copy(update={"call_s": 14_000})
    await versions.write(agent.model_copy(update={"limits": limits}), agent, document, datetime.now(UTC))
    await store.close()


def surroundings(folder: Path, store_url: str, model_port: int, ca_bundle: Path) -> dict[str, str]:
    return {
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "GEMINI_API_KEY": "stand-in",
        "GOOGLE_GEMINI_BASE_URL": f"https://127.0.0.1:{model_port}",
        "SSL_CERT_FILE": str(ca_bundle),
        "STORE_URL": store_url,
        "RECORDINGS_URL": f"file://{folder}/recordings",
        "LOG_LEVEL": "INFO",
    }


def size_mb(database: Path) -> float:
    """Of its pages, those that are still in the log included."""
    with closing(sqlite3.connect(database)) as reader:
        (pages,), (page_bytes,) = (reader.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "page_size"))
    return float(pages * page_bytes / 1e6)


async def one_call(under_test: Running, minutes: int, database: Path) -> list[Row]:
    loop = asyncio.get_running_loop()
    around = World(ACCOUNT, TOKEN, clock=loop.time)
    around.origin = under_test.origin
    await asyncio.sleep(4 * SPEED)  # what the server loads in the background is loaded
    before = Listening.sessions
    await around.stand(1, per_s=1)
    around.seen.counting = True
    began_s, rows = loop.time(), []
    for minute in range(1, minutes + 1):
        await asyncio.sleep(began_s + minute * 60 - loop.time())
        if minute == 1 or minute % STEP_MIN == 0 or minute == minutes:
            used, seen = under_test.used(), around.seen
            sessions = Listening.sessions - before
            row = Row(
                minute,
                round(used.memory_mb, 2),
                round(size_mb(database), 2),
                used.cpu_s,
                sessions,
                len(seen.added_ms),
                seen.missing,
            )
            told = f"{row.sessions} sessions of the model, {row.answers} answers, {row.missing} missing"
            print(f"minute {minute:3}  {row.memory_mb:7.2f} MB  database {row.database_mb:5.2f} MB  {told}", flush=True)
            rows.append(row)
    assert not around.seen.lost_calls, "the call was lost"
    around.hang_up()
    await asyncio.sleep(LAG_MS / 1000 + SPEED)
    return rows


async def record_of(store_url: str) -> dict[str, Any]:
    """What the store has of the call."""
    store = open_store(store_url)
    page = await store.query("calls", limit=1)
    await store.close()
    return dict(page.documents[0].data)


async def measure(folder: Path, minutes: int) -> tuple[list[Row], dict[str, Any]]:
    made = certificates(folder / "certificates")
    port = await serve_model(made.server_context())
    database = folder / "calls.db"
    store_url = f"sqlite:///{database}"
    await long_calls(store_url)
    env = surroundings(folder, store_url, port, made.ca_bundle)
    with running(QUICK, model_port=port, log=folder / "parley.log", env=env) as under_test:
        rows = await one_call(under_test, minutes, database)
    return rows, await record_of(store_url)


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench hour", description=__doc__)
    parser.add_argument("--minutes", type=int, default=60, help="of the call")
    parser.add_argument("--keep", type=Path, help="folder for log and records; default: a temporary one")
    wanted = parser.parse_args()
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory() as temporary:
        folder = wanted.keep or Path(temporary)
        folder.mkdir(exist_ok=True)
        with asyncio.Runner(loop_factory=quick_loop) as runner:
            rows, record = runner.run(measure(folder.resolve(), wanted.minutes))
    first, last = rows[0], rows[-1]
    steady = next((row for row in rows if row.minute >= STEP_MIN), first)
    kept = {name: record.get(name) for name in ("state", "ending", "stream_ms", "counters")}
    grown, written = last.memory_mb - steady.memory_mb, last.database_mb - steady.database_mb
    print(f"from minute {steady.minute} to {last.minute}: {grown:+.2f} MB, the database {written:+.2f} MB")
    print(f"the call's record: {kept}")
    machine = {
        "date": datetime.now(UTC).date().isoformat(),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "speed": SPEED,
        "took_s": round(time.monotonic() - began_s),
        "command": f"scripts/bench hour --minutes {wanted.minutes}",
    }
    RESULTS.parent.mkdir(exist_ok=True)
    content = {"machine": machine, "rows": [asdict(row) for row in rows], "record": kept}
    RESULTS.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
