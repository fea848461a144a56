"""The systems under test, each a process on a core of its own, and what the kernel says that it used."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from local import free_port

BRIDGE_CORE: Final = 0
WORLD_CORE: Final = 1
START_S: Final = 60.0
PEERS: Final = Path("var/peers")
ALONE: Final = (*(("chrt", "-f", "10") if os.geteuid() == 0 and shutil.which("chrt") else ()), "taskset", "-c")
"""Ahead of whatever else the machine does, where that is allowed: its delays are not ours."""
TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Bridge:
    """How to start one."""

    name: str
    command: Sequence[str]
    """{port} and {model} are filled in."""
    plain: bool
    """It asks for no webhook first."""


PARLEY: Final = Bridge(
    "parley",
    [
        *(sys.executable, "-m", "gunicorn", "-k", "functions.voice.worker.StreamWorker", "-w", "1"),
        *("-b", "127.0.0.1:{port}", "--timeout", "0", "functions.voice.asgi:app"),
    ],
    plain=False,
)
FLOOR: Final = Bridge(
    "floor", [sys.executable, "-m", "bench.call.floor", "--port", "{port}", "--model", "wss://127.0.0.1:{model}"], True
)
PIPECAT: Final = Bridge(
    "pipecat",
    [str(PEERS / "pipecat/bin/python"), "bench/peers/pipecat_bridge.py", "--port", "{port}", "--model", "{model}"],
    plain=True,
)
BRIDGES: Final = {bridge.name: bridge for bridge in (PARLEY, FLOOR, PIPECAT)}


@dataclass(frozen=True, slots=True)
class Used:
    """By a process and its children."""

    cpu_s: float
    memory_mb: float


class Running:
    """A bridge that stands."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, began: float) -> None:
        self._process = process
        self.port = port
        self.origin = f"http://127.0.0.1:{port}"
        self.start_s = began

    @property
    def pids(self) -> list[int]:
        """The process and its children."""
        found, waiting = [], [self._process.pid]
        while waiting:
            pid = waiting.pop()
            found.append(pid)
            children = Path(f"/proc/{pid}/task/{pid}/children")
            waiting += [int(child) for child in children.read_text().split()]
        return found

    def used(self) -> Used:
        cpu = memory_kb = 0
        for pid in self.pids:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            cpu += int(fields[11]) + int(fields[12])
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            memory_kb += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        return Used(cpu / TICKS_PER_S, memory_kb / 1024)


@contextmanager
def running(bridge: Bridge, *, model_port: int, log: Path, env: Mapping[str, str]) -> Iterator[Running]:
    """The bridge, alone on its core, until the block is left."""
    port = free_port()
    command = [part.format(port=port, model=model_port) for part in bridge.command]
    surroundings = {**os.environ, **env, "PUBLIC_BASE_URL": f"http://127.0.0.1:{port}", "PORT": str(port)}
    began_s = time.monotonic()
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*ALONE, str(BRIDGE_CORE), *command], env=surroundings, stdout=out, stderr=subprocess.STDOUT
        )
        try:
            _wait_for(process, port, log)
            yield Running(process, port, time.monotonic() - began_s)
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(8)
            process.kill()
            process.wait()


def _wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline_s = time.monotonic() + START_S
    while time.monotonic() < deadline_s and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise SystemExit(f"it did not start:\n{log.read_text(errors='replace')[-2000:]}")
