"""The address of a store, and what is wrong with others."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from shared.store import open_store

BAD_URLS = [
    "",
    "var/parley.db",
    "sqlite:",
    "sqlite://",
    "sqlite:///",
    "sqlite://var/parley.db",
    "sqlite:///var/",
    "sqlite:///var/parley.db?mode=ro",
    "postgres://localhost/parley",
    "firestore://",
    "firestore:///parley",
    "firestore://parley/(default)/calls",
    "FIRESTORE",
]


@pytest.mark.parametrize("url", BAD_URLS)
def test_other_addresses_are_refused_with_the_forms_that_work(url: str) -> None:
    with pytest.raises(ValueError, match=r"sqlite:///var/parley.db .*firestore://PROJECT/DATABASE"):
        open_store(url)


async def test_a_relative_file_stands_where_the_process_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = open_store("sqlite:///var/my%20records.db")
    await store.create("calls/CA1", {})
    await store.close()
    assert (tmp_path / "var" / "my records.db").exists()


async def test_an_absolute_file(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/parley.db")
    await store.create("calls/CA1", {})
    await store.close()
    assert (tmp_path / "parley.db").exists()


async def test_a_store_in_memory_begins_empty() -> None:
    for _ in range(2):
        store = open_store("sqlite:///:memory:")
        await store.create("calls/CA1", {"x": 1})
        assert await store.count("calls") == 1
        await store.close()


@pytest.mark.parametrize(
    ("url", "absent"), [("sqlite:///x.db", "google.cloud.firestore"), ("firestore://p/d", "sqlite3")]
)
def test_only_the_adapter_chosen_is_loaded(url: str, absent: str) -> None:
    program = f"import sys; from shared.store import open_store; open_store({url!r}); print({absent!r} in sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=20, cwd=ROOT
    )
    assert run.stdout.strip() == "False"


ROOT = Path(__file__).resolve().parents[2]
