"""A service, started as the cloud would start it, and stopped as the cloud would stop it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx

START_S = 60.0
STOP_S = 10.0
"""Cloud Run kills a container so long after SIGTERM."""


def free_port() -> int:
    """A port on loopback that nobody listens on right now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Running:
    """One container's process: its folder, its start command through a shell, its variables and nothing else."""

    def __init__(self, command: str, *, folder: Path, variables: Mapping[str, str], log: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                ["sh", "-c", f"exec {command}"],
                cwd=folder,
                env={
                    "PATH": f"{Path(sys.executable).parent}:{os.defpath}",
                    "HOME": str(log.parent),
                    "PYTHONDONTWRITEBYTECODE": "1",
                    **variables,
                    "PORT": str(self.port),
                },
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def __enter__(self) -> Running:
        deadline_s = time.monotonic() + START_S
        while (status := self._health()) != 200:
            if status == 500 or self._process.poll() is not None or time.monotonic() > deadline_s:
                self._process.kill()
                self._process.wait()
                raise AssertionError(f"the service did not start:\n{self.output}")
            time.sleep(0.1)
        return self

    def _health(self) -> int | None:
        try:
            return httpx.get(f"{self.url}/healthz", timeout=5, trust_env=False).status_code
        except httpx.TransportError:
            return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """The service's answer."""
        return httpx.request(method, f"{self.url}{path}", timeout=10, trust_env=False, **options)

    def stop(self) -> int:
        """Its exit status after SIGTERM, within the time that the cloud gives it."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(STOP_S)

    @property
    def output(self) -> str:
        """Everything it printed so far."""
        return self._log.read_text()

    @property
    def log_lines(self) -> list[dict[str, Any]]:
        """What it printed, each line of which has to be one JSON object."""
        return [json.loads(line) for line in self.output.splitlines()]
