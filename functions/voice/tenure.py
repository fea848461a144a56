"""How long a session may keep its connection, and when to move to the next one.

The service closes a connection after some ten minutes and says so shortly before, mostly. It is left before that, at
a moment when nobody speaks and nothing is owed; at the last moment whatever is going on. The clock decides, not the
service's messages: after its warning some fall silent.
"""

from __future__ import annotations

from typing import Final

AGE_MS: Final = 510_000
"""From eight and a half minutes on, a quiet moment is used."""
OLDEST_MS: Final = 570_000
"""At nine and a half it can no longer be waited for."""
BEFORE_THE_END_MS: Final = 2_000
"""What a move may take, before the end that was announced."""


class Tenure:
    """One connection's time."""

    def __init__(self) -> None:
        self._from_ms: float | None = None
        """From when on a quiet moment is wanted; None while no connection stands or a move is under way."""
        self._by_ms = 0.0

    def opened(self, now_ms: float) -> None:
        """A connection stands."""
        self._from_ms, self._by_ms = now_ms + AGE_MS, now_ms + OLDEST_MS

    def go_away(self, left_ms: float, now_ms: float) -> None:
        """The service will close the connection after so long."""
        if self._from_ms is not None:
            self._from_ms = min(self._from_ms, now_ms)
            self._by_ms = min(self._by_ms, now_ms + max(0.0, left_ms - BEFORE_THE_END_MS))

    def may_end(self, now_ms: float) -> bool:
        """Whether a quiet moment would be used."""
        return self._from_ms is not None and now_ms >= self._from_ms

    def must_end(self, now_ms: float) -> bool:
        """Whether it can no longer be waited for."""
        return self._from_ms is not None and now_ms >= self._by_ms

    def ends(self) -> None:
        """The connection is being left, or has broken."""
        self._from_ms = None
