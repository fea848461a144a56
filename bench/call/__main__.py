"""Calls on one core: CPU, delay, barge-in, memory and how many fit, beside the floor and (--peers) Pipecat."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.call.bridges import ALONE, BRIDGES, PEERS, PIPECAT, WORLD_CORE, Bridge, Running, running

RESULTS = Path("bench/results/call.json")
ACCOUNT, TOKEN = "AC" + "0" * 32, "0123456789abcdef0123456789abcdef"
SETTLE_S = 4.0
ADDED_P95_MS = 20.0
"""More than that, or one underrun, and a core carries too many calls."""
PEERS_P95_MS = 50.0
"""Pipecat adds 32 ms to a single call and runs dry at the end of most answers, so by the measure above it carries none:
its search goes on by this one, which forgives underruns."""
PACKAGES = ("uvicorn", "uvloop", "aiofastnet", "websockets", "picows", "google-genai", "numpy", "msgspec")


@dataclass(frozen=True, slots=True)
class Row:
    """One bridge under one load."""

    bridge: str
    calls: int
    cpu_ms_per_call_s: float
    core_percent: float
    added_p50_ms: float
    added_p95_ms: float
    barge_in_p50_ms: float
    barge_in_p95_ms: float
    first_audio_p50_ms: float
    first_audio_p95_ms: float
    mb_per_call: float
    answers: int
    barge_ins: int
    missing: int
    missed_barge_ins: int
    underruns: int
    lost_calls: int
    world_core_percent: float
    world_late_p95_ms: float
    others_cores: float
    """What everything else on the machine used meanwhile."""

    @property
    def is_whole(self) -> bool:
        """Every answer came, and no call was lost."""
        return bool(self.answers) and not self.missing and not self.lost_calls


class World:
    """The process that plays everybody else."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.where = self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("the world has ended; what it wrote stands above")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def ask(self, **wish: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(wish) + "\n")
        self._process.stdin.flush()
        return self._read()


@contextmanager
def world(folder: Path) -> Iterator[World]:
    options = ["--account", ACCOUNT, "--token", TOKEN, "--certificates", str(folder / "certificates")]
    command = [*ALONE, str(WORLD_CORE), sys.executable, "-m", "bench.call.world", *options]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield World(process)
    finally:
        process.terminate()
        process.wait()


def surroundings(folder: Path, around: World) -> dict[str, str]:
    model = f"https://127.0.0.1:{around.where['model_port']}"
    return {
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "GEMINI_API_KEY": "stand-in",
        "GOOGLE_GEMINI_BASE_URL": model,
        "SSL_CERT_FILE": around.where["ca_bundle"],
        "STORE_URL": f"sqlite:///{folder}/calls.db",
        "RECORDINGS_URL": f"file://{folder}/recordings",
        "LOG_LEVEL": "INFO",
    }


def cores_used() -> float:
    """CPU seconds of the whole machine so far, steal and waiting left out."""
    fields = [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return (fields[0] + fields[1] + fields[2] + fields[5] + fields[6]) / os.sysconf("SC_CLK_TCK")


class Measured:
    """One bridge that stands, under rising load."""

    def __init__(self, bridge: Bridge, under_test: Running, around: World) -> None:
        self._bridge, self._running, self._world = bridge, under_test, around
        around.ask(hang_up=True)
        around.ask(origin=under_test.origin, plain=bridge.plain)
        around.ask(calls=2)
        time.sleep(SETTLE_S)
        self._idle_mb = under_test.used().memory_mb

    def at(self, calls: int, seconds: float) -> Row:
        self._world.ask(calls=calls)
        time.sleep(SETTLE_S)
        before, machine_s, began_s = self._running.used(), cores_used(), time.monotonic()
        seen = self._world.ask(count_s=seconds)
        after, passed_s = self._running.used(), time.monotonic() - began_s
        cpu_s = after.cpu_s - before.cpu_s
        others = (cores_used() - machine_s - cpu_s) / passed_s - seen["world_core"]
        row = Row(
            bridge=self._bridge.name,
            calls=calls,
            cpu_ms_per_call_s=round(cpu_s * 1000 / calls / passed_s, 2),
            core_percent=round(cpu_s / passed_s * 100, 1),
            added_p50_ms=percentile(seen["added_ms"], 50),
            added_p95_ms=percentile(seen["added_ms"], 95),
            barge_in_p50_ms=percentile(seen["barge_ins_ms"], 50),
            barge_in_p95_ms=percentile(seen["barge_ins_ms"], 95),
            first_audio_p50_ms=percentile(seen["first_audio_ms"], 50),
            first_audio_p95_ms=percentile(seen["first_audio_ms"], 95),
            mb_per_call=round((after.memory_mb - self._idle_mb) / max(1, calls - 2), 3),
            answers=len(seen["added_ms"]),
            barge_ins=len(seen["barge_ins_ms"]),
            missing=seen["missing"],
            missed_barge_ins=seen["missed_barge_ins"],
            underruns=seen["underruns"],
            lost_calls=seen["lost_calls"],
            world_core_percent=round(seen["world_core"] * 100, 1),
            world_late_p95_ms=round(seen["world_late_p95_ms"], 2),
            others_cores=round(max(0.0, others), 2),
        )
        show(row)
        return row


def percentile(values: Sequence[float], percent: int) -> float:
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, len(ordered) * percent // 100)], 2) if ordered else -1.0


def show(row: Row) -> None:
    trouble = f"{row.underruns} underruns, {row.missing} answers missing, {row.lost_calls} calls lost"
    print(
        f"{row.bridge:8} {row.calls:4} calls  {row.cpu_ms_per_call_s:6.2f} ms/call-s ({row.core_percent:5.1f} %)"
        f"  added {row.added_p50_ms:6.1f} / {row.added_p95_ms:6.1f}  barge-in {row.barge_in_p50_ms:5.1f} /"
        f" {row.barge_in_p95_ms:5.1f}  first {row.first_audio_p50_ms:5.0f} / {row.first_audio_p95_ms:5.0f} ms"
        f"  {row.mb_per_call:6.3f} MB  {trouble}"
        f"  [world {row.world_core_percent:.0f} %, late {row.world_late_p95_ms:.1f} ms; others {row.others_cores:.2f}]",
        flush=True,
    )


def is_good(row: Row) -> bool:
    """All calls as they should be."""
    return row.is_whole and row.added_p95_ms <= ADDED_P95_MS and not row.underruns


def is_good_for_a_peer(row: Row) -> bool:
    """As good as Pipecat is with a single call."""
    return row.is_whole and row.added_p95_ms <= PEERS_P95_MS


Judge = Callable[[Row], bool]


def search(measured: Measured, load: int, step: int, seconds: float, judge: Judge) -> list[Row]:
    """From this load upwards until it is too much; calls are only added, so the step is what the answer is good to."""
    rows: list[Row] = []
    while not rows or judge(rows[-1]):
        rows.append(measured.at(load, seconds))
        load += step
    return rows


def most_calls(rows: Sequence[Row], judge: Judge) -> int:
    """The largest load that was carried; 0: none of them."""
    return max((row.calls for row in rows if judge(row)), default=0)


def measure(bridge: Bridge, wanted: argparse.Namespace, folder: Path, around: World) -> list[Row]:
    """Every load that was asked for, then those of the search."""
    loads = [int(load) for load in wanted.loads.split(",")]
    judge = is_good_for_a_peer if bridge is PIPECAT else is_good
    if bridge is PIPECAT:
        loads = [load for load in loads if load <= wanted.most_of_peers] or [10]
    env = surroundings(folder, around)
    log = folder / f"{bridge.name}.log"
    with running(bridge, model_port=around.where["model_port"], log=log, env=env) as under_test:
        measured = Measured(bridge, under_test, around)
        rows = [measured.at(load, wanted.seconds) for load in loads]
        if wanted.search:
            step = 5 if bridge is PIPECAT else 20
            # A load that was too much is tried again: fewer calls than stand cannot be measured.
            load = loads[-1] + step if judge(rows[-1]) else loads[-1]
            rows += search(measured, load, step, wanted.seconds, judge)
        around.ask(hang_up=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench call", description=__doc__)
    parser.add_argument("--loads", default="10,50,100", help="calls at once, rising")
    parser.add_argument("--seconds", type=float, default=20.0, help="counted at each load")
    parser.add_argument("--search", action="store_true", help="raise the load until a core carries no more")
    parser.add_argument("--only", default="parley,floor", help="parley, floor")
    parser.add_argument("--peers", action="store_true", help="Pipecat too, in an environment of its own")
    parser.add_argument("--most-of-peers", type=int, default=10)
    parser.add_argument("--keep", type=Path, help="folder for logs and records; default: a temporary one")
    wanted = parser.parse_args()
    bridges = [BRIDGES[name] for name in wanted.only.split(",") if name]
    if wanted.peers:
        subprocess.run(["bash", "bench/peers/install", str(PEERS)], check=True)
        bridges.append(PIPECAT)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = wanted.keep or Path(temporary)
        folder.mkdir(exist_ok=True)
        with world(folder) as around:
            for bridge in bridges:
                rows += measure(bridge, wanted, folder, around)
    write(rows)


def write(rows: list[Row]) -> None:
    """bench/results/call.json, and the largest loads for people."""
    machine = {
        "date": datetime.now(UTC).date().isoformat(),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "packages": {name: version(name) for name in PACKAGES},
        "command": " ".join(["scripts/bench call", *(word for word in sys.argv[1:] if "/" not in word)]),
    }
    RESULTS.parent.mkdir(exist_ok=True)
    by_bridge = {
        name: [row for row in rows if row.bridge == name] for name in dict.fromkeys(row.bridge for row in rows)
    }
    most = {name: most_calls(of, is_good) for name, of in by_bridge.items()}
    content: dict[str, Any] = {"machine": machine, "most_calls": most}
    if PIPECAT.name in by_bridge:
        content["most_calls_of_a_peer_forgiven"] = most_calls(by_bridge[PIPECAT.name], is_good_for_a_peer)
    content["rows"] = [asdict(row) for row in rows]
    print("\n".join(f"{name}: {value}" for name, value in content.items() if name.startswith("most")))
    RESULTS.write_text(json.dumps(content, indent=1) + "\n")


def version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


if __name__ == "__main__":
    main()
