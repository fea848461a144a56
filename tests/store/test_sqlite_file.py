"""Many processes on one SQLite file, and files that cannot be used."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from shared.store import open_store
from shared.store.sqlite import SqliteStore
from shared.store.store import Create, Delete, NotFound, Put, StoreError, StoreUnavailable, Update, Write

ROOT = Path(__file__).resolve().parents[2]

ADDING = """
import asyncio, sys
from random import Random
from shared.store import open_store
from shared.store.change import change_document
from shared.store.store import AlreadyExists

def add_one(document):
    return {"n": document.data["n"] + 1}

async def main(url: str, name: str) -> None:
    store = open_store(url)
    won = 0
    for number in range(20):
        await change_document(store, "counters/c", add_one, random=Random(name), most_tries=500)
        try:
            await store.create(f"attempts/{number}", {"owner": name})
            won += 1
        except AlreadyExists:
            pass
    await store.close()
    print(won)

asyncio.run(main(*sys.argv[1:]))
"""


def processes(program: str, *arguments: list[str]) -> list[str]:
    """What the program prints, run at once with each of these arguments."""
    running = [
        subprocess.Popen([sys.executable, "-c", program, *one], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for one in arguments
    ]
    printed = [one.communicate(timeout=25)[0] for one in running]
    assert [one.returncode for one in running] == [0] * len(running)
    return printed


async def test_processes_that_share_the_file_count_each_change_once(sqlite_url: str) -> None:
    store = open_store(sqlite_url)
    await store.create("counters/c", {"n": 0})
    printed = await asyncio.to_thread(processes, ADDING, *([sqlite_url, name] for name in "abcd"))
    counter = await store.get("counters/c")
    assert counter is not None
    assert counter.data == {"n": 80}
    assert sum(map(int, printed)) == 20
    await store.close()


OPENING = """
import asyncio, sys
from shared.store import open_store

async def main(url: str, name: str) -> None:
    store = open_store(url)
    await store.create(f"calls/{name}", {})
    await store.close()

asyncio.run(main(*sys.argv[1:]))
"""


async def test_processes_may_all_be_the_first_to_open_the_file(sqlite_url: str) -> None:
    await asyncio.to_thread(processes, OPENING, *([sqlite_url, name] for name in "abcdef"))
    store = open_store(sqlite_url)
    assert await store.count("calls") == 6
    await store.close()


async def test_a_file_that_another_holds_is_away_after_the_deadline(tmp_path: Path) -> None:
    path = tmp_path / "parley.db"
    store = SqliteStore(path, deadline_s=0.2)
    await store.create("calls/CA1", {})
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        started = time.monotonic()
        with pytest.raises(StoreUnavailable):
            await store.create("calls/CA2", {})
        assert time.monotonic() - started < 2
        assert await store.get("calls/CA1") is not None  # readers need not wait for writers
        other.execute("ROLLBACK")
    await store.create("calls/CA2", {})
    await store.close()


async def test_writes_that_wait_together_fail_alone(tmp_path: Path) -> None:
    path = tmp_path / "parley.db"
    store = SqliteStore(path)
    await store.create("calls/taken", {"x": 1})
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        first = asyncio.create_task(store.create("calls/1", {}))
        await asyncio.sleep(0.05)
        batches: list[list[Write]] = [
            [Create("calls/2", {}), Put("calls/taken", {"x": 2})],
            [Put("calls/3", {}), Put("calls/taken", {"x": 3}), Create("calls/taken-too", {}), Update("calls/no", {})],
            [Create("calls/4", {}), Delete("calls/2")],
        ]
        together = [asyncio.create_task(store.batch(writes)) for writes in batches]
        given_up = asyncio.create_task(store.create("calls/5", {}))
        await asyncio.sleep(0.05)
        given_up.cancel()
        other.execute("ROLLBACK")
        await first
        outcomes = await asyncio.gather(*together, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [type(None), NotFound, type(None)]
    page = await store.query("calls")
    assert {one.id: one.data for one in page.documents} == {"1": {}, "4": {}, "taken": {"x": 2}}
    await store.close()


async def test_a_place_that_cannot_be_written_is_away_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = SqliteStore(tmp_path / "file" / "parley.db")
    with pytest.raises(StoreUnavailable):
        await store.get("calls/CA1")
    await store.close()


async def test_a_file_that_is_no_database_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "parley.db").write_bytes(b"phone,name\n" * 500)
    store = SqliteStore(tmp_path / "parley.db")
    with pytest.raises(StoreError) as raised:
        await store.get("calls/CA1")
    assert not isinstance(raised.value, StoreUnavailable)
    await store.close()


WRITING = """
import asyncio, sys
from shared.store import open_store
from shared.store.store import Put

async def main(url: str) -> None:
    store = open_store(url)
    for batch in range(100_000):
        await store.batch([Put(f"rows/{number}", {"batch": batch}) for number in range(200)])
        print("written", flush=True)

asyncio.run(main(*sys.argv[1:]))
"""


async def test_a_killed_process_leaves_whole_batches(sqlite_url: str) -> None:
    writer = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WRITING, sqlite_url, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert writer.stdout is not None
    for _ in range(5):
        assert await writer.stdout.readline() == b"written\n"
    writer.kill()
    await writer.communicate()
    store = open_store(sqlite_url)
    page = await store.query("rows", limit=1000)
    assert len(page.documents) == 200
    assert len({one.data["batch"] for one in page.documents}) == 1
    await store.close()
