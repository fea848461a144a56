"""What happened in a call, in order, with the moment of each event."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local.telephone_network.network_time import NetworkTime


class Journal:
    """Events of one call: at_ms since it was asked for, audio_ms into its recording once there is one."""

    def __init__(self, time: NetworkTime) -> None:
        self._time = time
        self._began_s = time.elapsed_s()
        self.audio_ms: Callable[[], int] | None = None
        self.events: list[dict[str, Any]] = []

    @property
    def at_ms(self) -> int:
        """Milliseconds since the call was asked for."""
        return round((self._time.elapsed_s() - self._began_s) * 1000)

    def note(self, event: str, **details: Any) -> None:
        """Write down that this happened now."""
        entry: dict[str, Any] = {"at_ms": self.at_ms, "event": event}
        if self.audio_ms is not None:
            entry["audio_ms"] = self.audio_ms()
        self.events.append(entry | details)

    def find(self, event: str) -> list[dict[str, Any]]:
        """Every entry of this kind."""
        return [entry for entry in self.events if entry["event"] == event]
