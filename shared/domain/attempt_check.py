"""When the sweeper must look at an attempt that has gone quiet."""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.domain.attempt import Attempt, AttemptState
from shared.domain.call_progress import awaits_talk

CLAIM_LEASE = timedelta(seconds=30)
"""A dispatcher sends within milliseconds of its claim; one that has not by then is dead, and must not send."""
FIRST_LOOK = timedelta(seconds=15)
"""The carrier's webhooks mostly come by then, also when the answer to our request was lost."""
SECOND_LOOK = timedelta(seconds=60)
"""The carrier's list of calls may lag behind; a single look would call some people twice."""
QUEUED_LOOK = timedelta(seconds=20)
"""A call that does not ring by then waits in the carrier's queue, where its window may end."""
RING_MARGIN = timedelta(seconds=90)
TALK_GRACE = timedelta(seconds=60)
"""Our own word on a conversation comes with the end of its stream; a crashed instance never says it."""
DETECTION_GRACE = timedelta(seconds=10)
"""Machine detection may speak after a short call has ended."""
TALK_LOOK = timedelta(minutes=2)
"""How often the carrier is asked about a call that was answered; the callback that says it is over may be lost."""


def check_at(attempt: Attempt, now: datetime, *, ring_timeout_s: int = 60) -> datetime:
    """When to look after this attempt, if nothing happens to it before."""
    match attempt.state:
        case AttemptState.CLAIMED | AttemptState.DIALING:
            return attempt.lease_until or now
        case AttemptState.UNKNOWN:
            return now + FIRST_LOOK
        case AttemptState.ACCEPTED:
            return now + QUEUED_LOOK
        case AttemptState.RINGING:
            return now + timedelta(seconds=ring_timeout_s) + RING_MARGIN
        case AttemptState.IN_PROGRESS:
            return now + TALK_LOOK
        case _:
            return now + settles_after(attempt)


def settles_after(attempt: Attempt) -> timedelta:
    """How long after its end an attempt waits for late words about it."""
    if awaits_talk(attempt):
        return TALK_GRACE
    if attempt.answered_at is not None and attempt.answered_by is None and not _was_conversation(attempt):
        return DETECTION_GRACE
    return timedelta(0)


def _was_conversation(attempt: Attempt) -> bool:
    return attempt.talk is not None and int(attempt.talk.get("caller_turns", 0)) >= 1
