"""Takes notices for the people who run Parley, from any thread, and writes each to the store once, soon."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from shared.store.journal import Journal
from shared.store.notices import Notice

WRITE_EVERY_S: Final = 2.0
MOST: Final = 100


class NoticeBoard:
    """The notices that one process has to leave."""

    def __init__(self) -> None:
        self._left: deque[Notice] = deque(maxlen=MOST)

    def leave(self, notice: Notice) -> None:
        """Never waits; threads may."""
        self._left.append(notice)

    async def run(self, journal: Journal) -> None:
        """Write what was left, until cancelled."""
        while True:
            self.write(journal)
            await asyncio.sleep(WRITE_EVERY_S)

    def write(self, journal: Journal) -> None:
        """Hand over what was left; of one subject the last word counts."""
        latest: dict[str, Notice] = {}
        while self._left:
            notice = self._left.popleft()
            latest[notice.path] = notice
        for notice in latest.values():
            journal.put(notice.put())
