"""The ways in which the network misbehaves when it is asked to."""

from __future__ import annotations

from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from local.telephone_network.calls.call import Call


class FaultKind(StrEnum):
    """What goes wrong, and by which of a fault's values it is tuned."""

    WEBHOOK_LATE = "webhook_late"
    """A callback or webhook goes out seconds too late."""
    WEBHOOK_LOST = "webhook_lost"
    """It never goes out. If it asked for TwiML, the call stays silent."""
    WEBHOOK_DUPLICATED = "webhook_duplicated"
    """It goes out `copies` times."""
    WEBHOOK_REORDERED = "webhook_reordered"
    """It goes out after the next one of its call, or after `seconds` if none follows."""
    WEBHOOK_FORGED = "webhook_forged"
    """It goes out with a signature by somebody who does not know the token."""
    REST_500_BEFORE = "rest_500_before"
    """The REST API answers 500 and has done nothing."""
    REST_500_AFTER = "rest_500_after"
    """It has done what it was asked and answers 500."""
    REST_DROPPED_BEFORE = "rest_dropped_before"
    """It drops the connection and has done nothing."""
    REST_DROPPED_AFTER = "rest_dropped_after"
    """It has done what it was asked and drops the connection without an answer."""
    REST_LATE_BEFORE = "rest_late_before"
    """It waits, then does what it was asked."""
    REST_LATE_AFTER = "rest_late_after"
    """It does what it was asked at once and answers late."""
    REST_429 = "rest_429"
    """Too many requests; nothing done."""
    REST_REFUSED = "rest_refused"
    """It answers with the error `code`."""
    REST_LIST_LAGS = "rest_list_lags"
    """Calls younger than `seconds` are missing from lists."""
    SOCKET_DROPPED = "socket_dropped"
    """The media socket breaks, without a close, `seconds` into the stream; the call goes on with the next verb."""
    SOCKET_REFUSED = "socket_refused"
    """The stream is never opened, as if the server could not be reached."""
    STREAM_FORGED = "stream_forged"
    """The upgrade is signed by somebody who does not know the token."""
    STREAM_SIGNED_WITH_SLASH = "stream_signed_with_slash"
    """The upgrade is signed over its URL with a slash at the end, as Twilio's own manual says can happen."""
    STREAM_REPLAYED = "stream_replayed"
    """`seconds` into the stream a second one is opened with the same parameters."""
    STREAM_GARBAGE = "stream_garbage"
    """Broken JSON, an unknown event and a binary frame are sent `seconds` into the stream."""
    JITTER = "jitter"
    """Frames arrive up to `ms` late, in order."""
    HOLD = "hold"
    """No frames for `seconds`, beginning `after_s` into the stream."""
    MARKS_LATE = "marks_late"
    """Marks come back `ms` late."""
    MARKS_LOST = "marks_lost"
    """Marks do not come back."""


class Fault(BaseModel):
    """One thing that goes wrong: for whom, when and how often."""

    model_config = ConfigDict(extra="forbid")

    kind: FaultKind
    call_sid: str | None = None
    number: str | None = None
    """Calls from or to numbers like this one; * stands for anything."""
    event: str | None = None
    """Of webhooks: voice, initiated, ringing, answered, completed, amd, stream-started, stream-stopped,
    stream-error, action, whisper. Of the REST API: create, fetch, list, update."""
    skip: int = Field(default=0, ge=0)
    """Let so many go right first."""
    times: int | None = Field(default=None, ge=1)
    """How often; None: always."""
    seconds: float = Field(default=1.0, ge=0)
    after_s: float = Field(default=0.0, ge=0)
    ms: int = Field(default=100, ge=0)
    copies: int = Field(default=2, ge=2)
    code: int = 21211

    def is_about(self, event: str | None, call_sid: str | None, numbers: tuple[str, ...]) -> bool:
        """True if it strikes here."""
        return (
            (self.event is None or self.event == event)
            and (self.call_sid is None or self.call_sid == call_sid)
            and (self.number is None or any(fnmatchcase(number, self.number) for number in numbers))
        )


class Faults:
    """What goes wrong from now on."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Let this go wrong too."""
        self._faults.append(fault.model_copy())

    def clear(self) -> None:
        """Behave again."""
        self._faults.clear()

    def active(self) -> list[dict[str, Any]]:
        """What still goes wrong."""
        return [fault.model_dump(mode="json", exclude_defaults=True) for fault in self._faults]

    def strike(
        self, *kinds: FaultKind, event: str | None = None, call: Call | None = None, numbers: tuple[str, ...] = ()
    ) -> Fault | None:
        """The first fault of these kinds that is due here; counts as having happened."""
        sid = None if call is None else call.sid
        numbers = numbers if call is None else (call.to, call.from_)
        for fault in self._faults:
            if fault.kind not in kinds or not fault.is_about(event, sid, numbers):
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            if fault.times is not None:
                fault.times -= 1
                if not fault.times:
                    self._faults.remove(fault)
            if call is not None:
                call.journal.note("fault", kind=fault.kind.value, on=event)
            return fault
        return None
