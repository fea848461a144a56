"""Stops a process without dropping its calls: each goes on until a quiet moment, then over to another instance.

The platform gives a process a few seconds between SIGTERM and the end. A stream that is closed in that time is
followed by its verb's webhook, which another instance answers with the next stream of the same conversation.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

FORCED_AFTER_S: Final = 5.0
"""Cloud Run kills ten seconds after SIGTERM; records and sockets want the rest."""
GONE_AFTER_S: Final = 2.0
"""What closing and writing down may take after that."""
LOOK_EVERY_S: Final = 0.1


class Drain:
    """Which streams a process carries, and whether they are to be handed over."""

    def __init__(self) -> None:
        self._since_s: float | None = None
        self.streams = 0

    @contextmanager
    def carrying(self) -> Iterator[None]:
        """A stream is carried here as long as this lasts."""
        self.streams += 1
        try:
            yield
        finally:
            self.streams -= 1

    def wants_stream(self, now_s: float, *, quiet: bool) -> bool:
        """Whether a stream is to be handed over now."""
        return self._since_s is not None and (quiet or now_s - self._since_s >= FORCED_AFTER_S)

    async def run(self) -> None:
        """Ask every stream to go, and wait for it, but not for ever."""
        loop = asyncio.get_running_loop()
        began_s = self._since_s = loop.time()
        while self.streams and loop.time() - began_s < FORCED_AFTER_S + GONE_AFTER_S:  # noqa: ASYNC110  # it also counts
            await asyncio.sleep(LOOK_EVERY_S)
        self._since_s = None


PROCESS: Final = Drain()
"""The server's, and that of every stream it carries."""
