"""One speech model in one region, and whether callers are sent there: a circuit breaker, decided from what came of it.

A circuit that is open is a reason to go elsewhere first. It is never a reason to turn a caller away: where there is
nowhere else to go, it is tried all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

FAILURES_TO_OPEN = 3
FAILURES_WITHIN_S = 30.0
FIRST_REST_S, MOST_REST_S = 15.0, 300.0
"""How long nobody is sent there at first, and at the most; it doubles with every trial that fails."""
QUOTA_REST_S = 60.0
"""Quotas of requests are counted by the minute; a trial costs one quick refusal."""
TRIAL_S = 10.0
"""A trial of which nothing was heard for so long was never made, or its caller hung up: the next one may try."""


class CircuitState(StrEnum):
    """Whether callers are sent there."""

    CLOSED = "closed"
    """They are."""
    OPEN = "open"
    """They are not, for a while."""
    HALF_OPEN = "half_open"
    """One is, to see whether it works again."""


class CircuitEvent(StrEnum):
    """What came of a session, or of the time that has passed."""

    OPENED = "opened"
    """A session stands."""
    FAILED_AGAIN = "failed_again"
    """A failure, with too many before it."""
    EXHAUSTED = "exhausted"
    """The account's quota is used up."""
    RESTED = "rested"
    """Time enough has passed, and somebody wants to be sent there."""


NEXT_STATE: Mapping[tuple[CircuitState, CircuitEvent], CircuitState] = {
    (CircuitState.CLOSED, CircuitEvent.OPENED): CircuitState.CLOSED,
    (CircuitState.CLOSED, CircuitEvent.FAILED_AGAIN): CircuitState.OPEN,
    (CircuitState.CLOSED, CircuitEvent.EXHAUSTED): CircuitState.OPEN,
    # Somebody had nowhere else to go, and it worked, or not.
    (CircuitState.OPEN, CircuitEvent.OPENED): CircuitState.CLOSED,
    (CircuitState.OPEN, CircuitEvent.FAILED_AGAIN): CircuitState.OPEN,
    (CircuitState.OPEN, CircuitEvent.EXHAUSTED): CircuitState.OPEN,
    (CircuitState.OPEN, CircuitEvent.RESTED): CircuitState.HALF_OPEN,
    (CircuitState.HALF_OPEN, CircuitEvent.OPENED): CircuitState.CLOSED,
    (CircuitState.HALF_OPEN, CircuitEvent.FAILED_AGAIN): CircuitState.OPEN,
    (CircuitState.HALF_OPEN, CircuitEvent.EXHAUSTED): CircuitState.OPEN,
    (CircuitState.HALF_OPEN, CircuitEvent.RESTED): CircuitState.HALF_OPEN,
}


@dataclass(frozen=True, slots=True)
class Circuit:
    """The circuit of one place. Times are seconds of a clock that all who share it read."""

    state: CircuitState = CircuitState.CLOSED
    failed_s: tuple[float, ...] = ()
    """When the last failures were, while it is closed."""
    rest_s: float = FIRST_REST_S
    """How long the next rest is."""
    until_s: float = 0.0
    """Open: nobody is sent there before. Half open: nobody else is, while the trial may still be heard of."""
    quota: bool = False
    """It is open because the account's quota is used up."""

    def worked(self) -> Circuit:
        """A session stands: whatever was before is forgotten."""
        return Circuit(NEXT_STATE[self.state, CircuitEvent.OPENED])

    def failed(self, now_s: float) -> Circuit:
        """It could not be had. A closed circuit opens at the third time within half a minute."""
        if self.state is CircuitState.CLOSED:
            failed_s = tuple(at_s for at_s in (*self.failed_s, now_s) if now_s - at_s <= FAILURES_WITHIN_S)
            if len(failed_s) < FAILURES_TO_OPEN:
                return replace(self, failed_s=failed_s)
        elif self.state is CircuitState.OPEN and now_s < self.until_s:
            return self  # tried in need: that it is away is known, and its rest goes on
        return self._resting(CircuitEvent.FAILED_AGAIN, now_s, self.rest_s, quota=False)

    def exhausted(self, now_s: float) -> Circuit:
        """The quota is used up: once is enough."""
        if self.state is CircuitState.OPEN and self.quota and now_s < self.until_s:
            return self
        return self._resting(CircuitEvent.EXHAUSTED, now_s, max(QUOTA_REST_S, self.rest_s), quota=True)

    def _resting(self, event: CircuitEvent, now_s: float, rest_s: float, *, quota: bool) -> Circuit:
        longer_s = min(MOST_REST_S, 2 * rest_s)
        return Circuit(NEXT_STATE[self.state, event], rest_s=longer_s, until_s=now_s + rest_s, quota=quota)

    def lets_pass(self, now_s: float) -> bool:
        """Whether somebody may be sent there now."""
        return self.state is CircuitState.CLOSED or now_s >= self.until_s

    def sent(self, now_s: float) -> Circuit:
        """Somebody is sent there; after a rest, as a trial, and nobody else until it is heard of."""
        if self.state is CircuitState.CLOSED or not self.lets_pass(now_s):
            return self
        return replace(self, state=NEXT_STATE[self.state, CircuitEvent.RESTED], until_s=now_s + TRIAL_S)

    def told(self, until_s: float, *, quota: bool) -> Circuit:
        """Another process knows that it is away; what was seen here weighs more while it lasts longer."""
        if self.state is CircuitState.HALF_OPEN or (self.state is CircuitState.OPEN and self.until_s >= until_s):
            return self
        return replace(self, state=CircuitState.OPEN, failed_s=(), until_s=until_s, quota=quota)
