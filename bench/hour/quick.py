"""A server whose event loop's clock runs fast, and with it every time-out, deadline and frame of a call."""

from __future__ import annotations

import asyncio
import selectors
from typing import Any, ClassVar, Final

from aiofastnet import patch_loop

from functions.voice.worker import StreamWorker

SPEED: Final = 20
"""A frame comes every millisecond; a stall of the machine is felt twenty times longer."""


class QuickSelector(selectors.EpollSelector):
    """Waits a part of what it is asked to."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """The events that came."""
        return super().select(timeout / SPEED if timeout is not None and timeout > 0 else timeout)


class QuickLoop(asyncio.SelectorEventLoop):
    """A second lasts a part of one."""

    def __init__(self) -> None:
        super().__init__(QuickSelector())

    def time(self) -> float:
        """Seconds of the fast clock."""
        return super().time() * SPEED


def quick_loop() -> asyncio.AbstractEventLoop:
    """With the transports that calls have."""
    loop = QuickLoop()
    asyncio.set_event_loop(loop)
    return patch_loop(loop)


class QuickWorker(StreamWorker):
    """The server's own worker on such a loop."""

    CONFIG_KWARGS: ClassVar[dict[str, Any]] = {**StreamWorker.CONFIG_KWARGS, "loop": "bench.hour.quick:quick_loop"}
