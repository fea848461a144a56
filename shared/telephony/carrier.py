"""The carrier port: what Parley asks of the telephone network, and how it may answer.

CarrierError
├── CallRefused         the carrier understood and will not place this call; no phone rings
├── CarrierBusy         too many requests at once; this one was not processed and may be sent again
├── CarrierUnreachable  nothing was done (no connection; or a question stayed without answer); may be sent again
├── CallNotActive       the call is over or unknown, or is not in a state in which it can be changed so
└── OutcomeUnknown      the request was sent and no answer came: a phone may ring; never send it again blindly
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from shared.domain.call_status import CallStatus


class CarrierError(Exception):
    """The telephone network could not do what was asked."""

    def __init__(self, message: str = "", *, code: int | None = None, status: int | None = None) -> None:
        super().__init__(message or self.__doc__)
        self.code = code
        """The carrier's own error number (Twilio: five digits), where it gave one."""
        self.status = status
        """The HTTP status of its answer, where there was one."""


class RefusalKind(StrEnum):
    """Whose business a refused call is."""

    BAD_NUMBER = "bad_number"
    """This number cannot be called; another can."""
    CONFIGURATION = "configuration"
    """Our account, caller id or permissions are wrong: every call would be refused."""
    CAPACITY = "capacity"
    """The account has as many calls as it may have; later is fine."""
    BLOCKED = "blocked"
    """The carrier or the law forbids this call."""


class CallRefused(CarrierError):
    """The carrier refused the call; no phone rings."""

    def __init__(
        self, kind: RefusalKind, message: str = "", *, code: int | None = None, status: int | None = None
    ) -> None:
        super().__init__(message, code=code, status=status)
        self.kind = kind


class CarrierBusy(CarrierError):
    """The carrier took too many requests at once and did not process this one."""


class CarrierUnreachable(CarrierError):
    """The carrier could not be reached; nothing was done."""


class CallNotActive(CarrierError):
    """The call is over or unknown, or not in a state in which it can be changed so."""


class OutcomeUnknown(CarrierError):
    """The request was sent but its answer never came; a phone may be ringing."""


@dataclass(frozen=True, slots=True)
class MachineDetection:
    """Listen for an answering machine while the call goes on; the result comes to callback_url."""

    callback_url: str
    wait_for_beep: bool = True


LONGEST_CALL_S = 1800
"""After so long the carrier hangs up."""


@dataclass(frozen=True, slots=True)
class CallRequest:
    """A call to place. Numbers are E.164; the URLs are ours, absolute, and carry what correlates the call."""

    to: str
    from_: str
    answer_url: str
    status_url: str
    ring_timeout_s: int = 25
    time_limit_s: int = LONGEST_CALL_S
    machine_detection: MachineDetection | None = None
    send_digits: str | None = None
    """Keys to send on the answer, w for half a second; carriers listen for no machine then."""


@dataclass(frozen=True, slots=True)
class CarrierCall:
    """A call as the carrier sees it now."""

    sid: str
    to: str
    from_: str
    status: CallStatus
    created_at: datetime | None
    duration_s: int | None = None
    answered_by: str | None = None
    parent_sid: str | None = None
    """The call that this one is a leg of, as after a transfer."""


class Carrier(Protocol):
    """The telephone network's own interface; every verb has a time-out of its own."""

    async def place_call(self, request: CallRequest) -> CarrierCall:
        """Ask once for a call. Raises CallRefused, CarrierBusy, CarrierUnreachable or OutcomeUnknown."""
        ...

    async def fetch_call(self, sid: str) -> CarrierCall | None:
        """The call with this SID, or None."""
        ...

    async def list_calls(
        self, *, from_: str, to: str | None = None, created_after: datetime, created_before: datetime | None = None
    ) -> Sequence[CarrierCall]:
        """Calls of any status from this number (to that one) created at or after an instant (and before the other),
        newest first. With an end the account's books are read, in which calls that never left its queue are missing."""
        ...

    async def end_call(self, sid: str) -> None:
        """Cancel it if it is queued or ringing, hang up if it is live; ending twice is fine."""
        ...

    async def redirect_call(self, sid: str, twiml: str) -> None:
        """Give a live call new instructions (at most 4,000 characters). Raises CallNotActive."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
