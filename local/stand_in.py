"""A stand-in as a process of its own: started, waited for, and stopped with whoever started it."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

READY_S = 60.0
"""Loading the recogniser takes a second or two; a loaded machine needs more."""
STOP_S = 5.0


class StandInFailed(RuntimeError):
    """A stand-in did not start."""


@asynccontextmanager
async def stand_in(module: str, arguments: Sequence[str], env: Mapping[str, str] = {}) -> AsyncIterator[dict[str, Any]]:
    """Run ``python -m module arguments``; yields what it says of itself in its first line (JSON)."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments, stdout=asyncio.subprocess.PIPE, env={**os.environ, **env}
    )
    try:
        yield await _ready(process, module)
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                async with asyncio.timeout(STOP_S):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()


async def _ready(process: asyncio.subprocess.Process, module: str) -> dict[str, Any]:
    assert process.stdout is not None
    try:
        async with asyncio.timeout(READY_S):
            line = await process.stdout.readline()
            said = json.loads(line)
    except (TimeoutError, ValueError):
        raise StandInFailed(f"{module} did not start; what it wrote stands above") from None
    if not isinstance(said, dict):
        raise StandInFailed(f"{module} did not say where it is")
    return said
