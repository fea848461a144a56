"""Applies reports to an attempt, the carrier's on its call and voice's on its conversation, by their rank.

Every field that a fold touches only ever moves one way (an earlier instant, a higher rank, a later final word), so any
order and any number of copies of the same reports end in the same record.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from shared.domain.attempt import NEXT_ATTEMPT, Attempt, AttemptEvent, AttemptState, IllegalEvent
from shared.domain.call_status import CallStatus
from shared.domain.disposition import (
    PEOPLE,
    Disposition,
    Outcome,
    Talk,
    answered_call,
    failed_call,
    weightier,
)

HUNG_UP_EARLY = timedelta(seconds=10)
"""Nobody has heard in less what a call is about."""
_ORDER = tuple(CallStatus)
_EVENT = {
    CallStatus.QUEUED: AttemptEvent.ACCEPT,
    CallStatus.INITIATED: AttemptEvent.ACCEPT,
    CallStatus.RINGING: AttemptEvent.RING,
    CallStatus.IN_PROGRESS: AttemptEvent.ANSWER,
}
_ANSWERED_BY = (
    "unknown",
    "human",
    "machine_start",
    "machine_end_other",
    "machine_end_silence",
    "machine_end_beep",
    "fax",
)
"""Machine detection's words, surest last: of two the later one here holds."""


HEARD_WITHIN = timedelta(seconds=2)
"""An answered callee who hears nothing for so long has been abandoned (American and British law)."""


@dataclass(frozen=True, slots=True)
class Report:
    """One status callback."""

    sid: str
    status: CallStatus
    at: datetime
    """The carrier's own time, else that of its arrival."""
    sequence: int = -1
    sip_code: int | None = None
    duration_s: int | None = None


def fold(attempt: Attempt, report: Report) -> Attempt:
    """The attempt with this report taken in. Raises IllegalEvent, for a report on another call as well."""
    event = _EVENT.get(report.status, AttemptEvent.END)
    if (attempt.state, event) not in NEXT_ATTEMPT:
        raise IllegalEvent(attempt.state, event)
    if attempt.sid not in (None, report.sid):
        raise IllegalEvent(attempt.state, event, "it is about another call")
    if event is AttemptEvent.END:
        return _settled(_ended(attempt, report))
    changes: dict[str, object] = {"sid": report.sid, **_found_again(attempt)}
    if event is AttemptEvent.RING:
        changes["rang_at"] = _earlier(attempt.rang_at, report.at)
    if event is AttemptEvent.ANSWER:
        changes["answered_at"] = _earlier(attempt.answered_at, report.at)
    if _rank(report.status) > _rank(attempt.status):
        changes["status"] = report.status.value
    return _settled(attempt.advanced(event, **changes))


def accept(attempt: Attempt, sid: str) -> Attempt:
    """The carrier took the call, or lists it. Raises IllegalEvent, when the attempt has another call already too."""
    if attempt.sid not in (None, sid):
        raise IllegalEvent(attempt.state, AttemptEvent.ACCEPT, "it is about another call")
    return attempt.advanced(AttemptEvent.ACCEPT, sid=sid, **_found_again(attempt))


def heard(attempt: Attempt, answered_by: str) -> Attempt:
    """The attempt with machine detection's word taken in."""
    known = [word for word in (attempt.answered_by, answered_by) if word in _ANSWERED_BY]
    surest = max(known, key=_ANSWERED_BY.index) if known else None
    return _settled(attempt.changed(answered_by=surest))


def talked(attempt: Attempt, talk: Talk) -> Attempt:
    """The attempt with our own side's word on the conversation; of several the one with more of the callee in it."""
    known = Talk(**attempt.talk) if attempt.talk else None
    fuller = max((word for word in (known, talk) if word), key=_fullness)
    return _settled(attempt.changed(talk=asdict(fuller)))


def achieved(attempt: Attempt, outcome: Outcome) -> Attempt:
    """The attempt with what the conversation achieved; of several the weightiest."""
    return attempt.changed(outcome=weightier(attempt.outcome, outcome))


def concluded(attempt: Attempt) -> Attempt:
    """The attempt, now that nothing more is said about it: a person who was gone within seconds has hung up early."""
    if attempt.disposition is not Disposition.HUMAN or attempt.outcome is not None or attempt.answered_at is None:
        return attempt
    talked_with_us = attempt.talk is not None and Talk(**attempt.talk).is_conversation
    if talked_with_us or attempt.ended_at is None or attempt.ended_at - attempt.answered_at >= HUNG_UP_EARLY:
        return attempt
    return attempt.changed(outcome=Outcome.HUNG_UP_EARLY)


def awaits_talk(attempt: Attempt) -> bool:
    """Whether the call is over and was answered, and our own word on it has not come yet."""
    return attempt.state is AttemptState.DONE and attempt.disposition is None


def close_without_talk(attempt: Attempt, heard_at: datetime | None = None) -> Attempt:
    """The attempt when our own word is not waited for any longer: unless a machine answered, the fault is ours.

    heard_at: when the agent was heard first, where the call's record says so.
    """
    if not awaits_talk(attempt):
        return attempt
    closed = _answered(attempt)
    return closed.changed(silent_answer=False) if heard_at and heard_in_time(attempt, heard_at) else closed


def heard_in_time(attempt: Attempt, silent_until: datetime) -> bool:
    """Whether whoever answered heard something soon enough, or was gone by then."""
    return attempt.answered_at is None or silent_until - attempt.answered_at <= HEARD_WITHIN


def _ended(attempt: Attempt, report: Report) -> Attempt:
    """The final word of the highest sequence number holds; between equals the one that says most."""
    changes: dict[str, object] = {"sid": report.sid, **_found_again(attempt)}
    if _finality(report.sequence, report.status, report.at) > _finality(
        attempt.sequence, attempt.status, attempt.ended_at if _is_final(attempt.status) else None
    ):
        changes |= {
            "status": report.status.value,
            "sequence": report.sequence,
            "sip_code": report.sip_code,
            "duration_s": report.duration_s,
            "ended_at": report.at,
        }
    return attempt.advanced(AttemptEvent.END, **changes)


def _finality(sequence: int, status: str | None, at: datetime | None) -> tuple[int, int, float]:
    if not _is_final(status):
        return (-2, 0, 0.0)
    return (sequence, _rank(status), -at.timestamp() if at else float("-inf"))


def _is_final(status: str | None) -> bool:
    return status is not None and CallStatus(status) not in _EVENT


def _rank(status: str | None) -> int:
    return -1 if status is None else _ORDER.index(CallStatus(status))


def _earlier(known: datetime | None, reported: datetime) -> datetime:
    return reported if known is None else min(known, reported)


def _found_again(attempt: Attempt) -> dict[str, object]:
    """An attempt that was given up as lost and turns up has no disposition yet."""
    return {"disposition": None, "ended_at": None} if attempt.state is AttemptState.LOST else {}


def _fullness(talk: Talk) -> tuple[int | bool, ...]:
    machine = (talk.message_left, talk.machine_heard, talk.machine_menu)
    return (talk.caller_turns, talk.answered_us, *machine, talk.our_fault, not talk.heard_agent)


def _settled(attempt: Attempt) -> Attempt:
    """The disposition as far as it can be told from what is known now."""
    if attempt.state is not AttemptState.DONE or not _is_final(attempt.status):
        return attempt
    status = CallStatus(attempt.status or "")
    if status is not CallStatus.COMPLETED:
        return attempt.changed(disposition=_not_answered(attempt, status), silent_answer=False)
    if attempt.talk is None:
        # Whatever machine detection heard: a person whom it takes for a machine has talked with us all the same.
        return attempt.changed(disposition=None, silent_answer=False)
    return _answered(attempt)


def _not_answered(attempt: Attempt, status: CallStatus) -> Disposition:
    match status:
        case CallStatus.BUSY:
            return Disposition.BUSY
        case CallStatus.NO_ANSWER:
            return Disposition.NO_ANSWER
        case CallStatus.CANCELED:
            return Disposition.CANCELED
        case _:
            return failed_call(attempt.sip_code, attempt.error_code)


def _answered(attempt: Attempt) -> Attempt:
    talk = Talk(**attempt.talk) if attempt.talk else None
    disposition = answered_call(talk, attempt.answered_by)
    heard = talk is not None and talk.heard_agent
    return attempt.changed(disposition=disposition, silent_answer=disposition in PEOPLE and not heard)
