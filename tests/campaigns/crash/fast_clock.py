"""One clock for several processes that runs many times as fast as the world's."""

from __future__ import annotations

import time
from datetime import datetime, timedelta


class FastClock:
    """Started at an instant of the world, showing an instant of its own, faster."""

    def __init__(self, shows: datetime, since_s: float, speed: float) -> None:
        self._shows = shows
        self._since_s = since_s
        self._speed = speed

    def now(self) -> datetime:
        """This instant on this clock."""
        return self._shows + timedelta(seconds=(time.time() - self._since_s) * self._speed)
