"""How far a call has come, in the carrier's words."""

from __future__ import annotations

from enum import StrEnum


class CallStatus(StrEnum):
    """A call's status, in the order in which they weigh: of two final ones the later one here says more."""

    QUEUED = "queued"
    INITIATED = "initiated"
    RINGING = "ringing"
    IN_PROGRESS = "in-progress"
    CANCELED = "canceled"
    FAILED = "failed"
    NO_ANSWER = "no-answer"
    BUSY = "busy"
    COMPLETED = "completed"

    @property
    def is_final(self) -> bool:
        """True once the call is over."""
        return self not in _UNDER_WAY


_UNDER_WAY = frozenset({CallStatus.QUEUED, CallStatus.INITIATED, CallStatus.RINGING, CallStatus.IN_PROGRESS})
