"""The tests' own safety net: what it is there to catch, it catches."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

INNER = """
import asyncio, os

async def test_leaves_a_task():
    global task
    task = asyncio.get_running_loop().create_task(asyncio.sleep(60))

async def test_leaves_nothing():
    asyncio.get_running_loop().create_task(asyncio.sleep(0.01))

def test_sees_nothing_of_the_machine():
    assert not {"TWILIO_AUTH_TOKEN", "HTTPS_PROXY", "CLOCK", "http_proxy"} & set(os.environ)
    os.environ["PORT"] = "1"

def test_sees_nothing_of_another_test():
    assert "PORT" not in os.environ
"""


def test_leaks_fail_and_strays_are_gone(tmp_path: Path) -> None:
    inner = tmp_path / "test_inner.py"
    inner.write_text(INNER)
    command = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), "-p", "tests.conftest", str(inner)]
    strays = {"TWILIO_AUTH_TOKEN": "x", "HTTPS_PROXY": "http://127.0.0.1:9", "CLOCK": "now", "http_proxy": "x"}
    ended = subprocess.run(
        [*command, "-p", "no:cacheprovider", "--rootdir", str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, **strays},
        capture_output=True,
        text=True,
    )
    assert "4 passed, 1 error" in ended.stdout, ended.stdout + ended.stderr
    assert "ERROR" in ended.stdout
    assert "test_leaves_a_task" in ended.stdout
    assert "these tasks were left running" in ended.stdout
