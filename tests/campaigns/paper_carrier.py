"""A carrier on paper: takes calls, refuses them, or loses its answer; keeps what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from shared.clock import Clock
from shared.domain.call_status import CallStatus
from shared.telephony.carrier import CallRequest, CarrierCall, CarrierError, CarrierUnreachable, OutcomeUnknown


@dataclass
class PaperCarrier:
    """Calls in a list."""

    clock: Clock
    calls: list[CarrierCall] = field(default_factory=list)
    requests: list[CallRequest] = field(default_factory=list)
    sent_at_s: list[float] = field(default_factory=list)
    answers: list[CarrierError | str] = field(default_factory=list)
    """For the next requests, in order: an error, or "lost" (the call is placed, the answer never comes)."""
    lists_late: int = 0
    """So many listings do not show the newest calls yet."""
    books_away_after: int | None = None
    """So many looks into the books of a time that is over succeed, and then none."""
    ended: list[str] = field(default_factory=list)
    ended_at: dict[str, datetime] = field(default_factory=dict)

    async def place_call(self, request: CallRequest) -> CarrierCall:
        self.requests.append(request)
        self.sent_at_s.append(asyncio.get_running_loop().time())
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, CarrierError):
            raise answer
        sid = f"CA{len(self.calls) + 1:032d}"
        call = CarrierCall(sid, request.to, request.from_, CallStatus.QUEUED, self.clock.now())
        self.calls.append(call)
        if answer == "lost":
            raise OutcomeUnknown
        return call

    async def fetch_call(self, sid: str) -> CarrierCall | None:
        return next((call for call in self.calls if call.sid == sid), None)

    async def list_calls(
        self, *, from_: str, to: str | None = None, created_after: datetime, created_before: datetime | None = None
    ) -> Sequence[CarrierCall]:
        if self.lists_late and created_before is None:
            self.lists_late -= 1
            return []
        if self.books_away_after is not None and created_before is not None:
            self.books_away_after -= 1
            if self.books_away_after < 0:
                raise CarrierUnreachable
        return [
            call
            for call in self.calls
            if call.from_ == from_
            and to in (None, call.to)
            and call.created_at
            and call.created_at >= created_after
            and (created_before is None or call.created_at < created_before)
        ]

    async def end_call(self, sid: str) -> None:
        self.ended.append(sid)
        self.ended_at.setdefault(sid, self.clock.now())

    async def redirect_call(self, sid: str, twiml: str) -> None:
        raise NotImplementedError

    async def close(self) -> None:
        pass

    def goes(self, sid: str, status: CallStatus, duration_s: int | None = None) -> None:
        """The call goes on, and nobody is told."""
        self.calls = [
            replace(one, status=status, duration_s=duration_s) if one.sid == sid else one for one in self.calls
        ]
