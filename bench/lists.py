"""How long a list of a million rows takes: python -m bench.lists [--rows N] [--keep FILE.csv]

Each measurement runs in a process of its own, so that its memory is its own; CPU is that process's time on one core.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.list_file import write_csv, write_xlsx
from functions.console.lists.classify import Terms
from functions.console.lists.load import begin_reading, load_list
from functions.console.lists.reading import ListReading
from shared.domain.calling_rules import Purpose
from shared.domain.phone_number import NumberHash, number_hash
from shared.store import open_store

ROWS = 1_000_000
RESULTS = Path(__file__).parent / "results" / "lists.json"
KEY = b"a key of the right length for it"
GOALS = {"csv": {"cpu_s": 10.0, "preview_s": 1.0, "rss_mb": 250.0}, "xlsx": {"preview_s": 1.0, "rss_mb": 250.0}}


def terms() -> Terms:
    """A marketing list with a suppression list of 10,000 numbers."""
    suppressed = {number_hash(f"+9198765{n:05}", KEY) for n in range(10_000)}
    return Terms("IN", Purpose.MARKETING, NumberHash(KEY), suppressed=suppressed.__contains__)


def measure_reading(path: Path) -> dict[str, Any]:
    """Open, preview and classify all rows."""
    on = terms()
    started_cpu_s, started_s = time.process_time(), time.perf_counter()
    with ListReading(path, on) as reading:
        preview = reading.preview()
        preview_s = time.perf_counter() - started_s
        for _ in reading.batches():
            pass
        counts = reading.report.counts()
    assert len(preview) == 20
    return {
        "rows": sum(counts.values()),
        "cpu_s": time.process_time() - started_cpu_s,
        "wall_s": time.perf_counter() - started_s,
        "preview_s": preview_s,
        "counts": counts,
    }


def measure_loading(path: Path) -> dict[str, Any]:
    """Read the list into a new SQLite store."""

    async def load() -> float:
        with tempfile.TemporaryDirectory() as folder:
            store = open_store(f"sqlite:///{folder}/bench.db")
            await begin_reading(store, "bench", "once", {})
            await load_list(store, "bench", "once", path, terms())
            document = await store.get("lists/bench")
            assert document is not None
            assert document.data["status"] == "ready"
            rows = float(await store.count("lists/bench/rows"))
            await store.close()
        return rows

    started_cpu_s, started_s = time.process_time(), time.perf_counter()
    rows = asyncio.run(load())
    return {"rows": rows, "cpu_s": time.process_time() - started_cpu_s, "wall_s": time.perf_counter() - started_s}


MEASURES = {"csv": measure_reading, "xlsx": measure_reading, "sqlite": measure_loading}


def alone(measure: str, path: Path) -> dict[str, Any]:
    """One measurement in a process of its own."""
    command = [sys.executable, "-m", "bench.lists", "--measure", measure, "--file", str(path)]
    ended = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(ended.stdout)
    return {**found, "file_mb": path.stat().st_size / 1e6}


def most_memory_mb() -> float:
    """The most memory this process has held. (The usual measure also counts what its parent held before.)"""
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def calibration_s() -> float:
    """What a fixed piece of work takes: how fast this machine is, and how busy."""
    best = float("inf")
    for _ in range(5):
        started_s = time.process_time()
        sum(range(3_000_000))
        best = min(best, time.process_time() - started_s)
    return best


def show(results: dict[str, dict[str, Any]]) -> None:
    """The table."""
    print(f"{'':8}{'rows':>10}{'MB':>8}{'preview':>10}{'CPU':>9}{'wall':>9}{'memory':>10}  goal")
    for name, found in results.items():
        goals = GOALS.get(name, {})
        missed = [f"{what} {found[what]:.1f} > {goal:g}" for what, goal in goals.items() if found[what] > goal]
        verdict = f"missed: {', '.join(missed)}" if missed else "met" if goals else ""
        preview = f"{found['preview_s']:.2f} s" if "preview_s" in found else ""
        print(
            f"{name:8}{found['rows']:>10,.0f}{found['file_mb']:>8.1f}{preview:>10}{found['cpu_s']:>7.1f} s"
            f"{found['wall_s']:>7.1f} s{found['rss_mb']:>7.0f} MB  {verdict}"
        )


def main() -> int:
    """Measure, print the table, write bench/results/lists.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--only", choices=MEASURES, action="append")
    parser.add_argument("--measure", choices=MEASURES, help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.measure:
        found = MEASURES[chosen.measure](chosen.file)
        print(json.dumps({**found, "rss_mb": most_memory_mb()}))
        return 0
    results: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        files = {"csv": Path(folder) / "list.csv", "xlsx": Path(folder) / "list.xlsx"}
        files["sqlite"] = files["csv"]
        write_csv(files["csv"], chosen.rows)
        for name in chosen.only or MEASURES:
            if name == "xlsx":
                write_xlsx(files["xlsx"], chosen.rows)
            results[name] = alone(name, files[name])
    show(results)
    about = {"python": platform.python_version(), "machine": platform.machine(), "calibration_s": calibration_s()}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps({**about, **results}, indent=2, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
