"""A call as the network keeps it: who, with whose instructions, how far it has come, and what happened in it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from local.telephone_network.calls.journal import Journal
from local.telephone_network.people.script import Action
from shared.domain.call_status import CallStatus


class Direction(StrEnum):
    """Who began the call."""

    INBOUND = "inbound"
    OUTBOUND_API = "outbound-api"
    OUTBOUND_DIAL = "outbound-dial"


@dataclass(frozen=True, slots=True)
class Instructions:
    """Where a call's TwiML comes from: inline, or requested from a URL."""

    url: str = ""
    method: str = "POST"
    fallback_url: str | None = None
    twiml: str | None = None


@dataclass(frozen=True, slots=True)
class StatusCallback:
    """Who wants to know how a call goes on, and about what."""

    url: str
    method: str = "POST"
    events: frozenset[str] = frozenset({"completed"})


@dataclass(frozen=True, slots=True)
class Detection:
    """How an answering machine is looked for; with a callback, while the call goes on."""

    until_end: bool
    callback_url: str | None = None
    callback_method: str = "POST"


_NEXT: Mapping[CallStatus, frozenset[CallStatus]] = MappingProxyType(
    {
        CallStatus.QUEUED: frozenset({CallStatus.INITIATED, CallStatus.CANCELED, CallStatus.FAILED}),
        CallStatus.INITIATED: frozenset({CallStatus.RINGING, CallStatus.CANCELED, CallStatus.FAILED, CallStatus.BUSY}),
        CallStatus.RINGING: frozenset(
            {
                CallStatus.IN_PROGRESS,
                CallStatus.BUSY,
                CallStatus.NO_ANSWER,
                CallStatus.CANCELED,
                CallStatus.FAILED,
            }
        ),
        CallStatus.IN_PROGRESS: frozenset({CallStatus.COMPLETED, CallStatus.FAILED}),
    }
)


class IllegalStatus(Exception):
    """A call does not go from that status to this one."""


@dataclass(slots=True, eq=False)
class Call:
    """One call, from the moment it is asked for until it is over, and after."""

    sid: str
    to: str
    from_: str
    direction: Direction
    instructions: Instructions
    created_at: datetime
    journal: Journal
    status: CallStatus = CallStatus.QUEUED
    status_callback: StatusCallback | None = None
    ring_timeout_s: float = 60.0
    time_limit_s: float = 14_400.0
    detection: Detection | None = None
    send_digits: str | None = None
    parent_sid: str | None = None
    number_sid: str | None = None
    started_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    answered_by: str | None = None
    sip_code: int | None = None
    next_sequence: int = 0
    requests: list[dict[str, Any]] = field(default_factory=list)
    """Webhooks of this call, as Twilio's Events resource shows them."""
    over: asyncio.Event = field(default_factory=asyncio.Event)
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)
    """Somebody (a person, the REST API, a limit) has ended the call; what runs in it has to stop."""
    hung_up_by: str | None = None
    person: dict[str, Any] = field(default_factory=dict)
    """How far the person's script came."""
    streams: list[dict[str, Any]] = field(default_factory=list)
    lead: Callable[[Sequence[Action]], None] | None = None
    """Tells the person at its end what to do next; None before there is one."""

    def become(self, status: CallStatus, at: datetime) -> None:
        """Go on to the next status. Raises IllegalStatus and changes nothing if there is no such step."""
        if status not in _NEXT.get(self.status, frozenset()):
            raise IllegalStatus(f"{self.status} -> {status}")
        self.status = status
        if status is CallStatus.RINGING:
            self.started_at = at
        elif status is CallStatus.IN_PROGRESS:
            self.answered_at = at
        if status.is_final:
            self.ended_at = at
            self.hung_up.set()
            self.over.set()
        self.journal.note("status", status=status.value)

    def hang_up(self, by: str) -> None:
        """End the call, whoever is in it; the first to do so is remembered."""
        if not self.hung_up.is_set():
            self.hung_up_by = by
            self.journal.note("hang-up", by=by)
            self.hung_up.set()

    @property
    def duration_s(self) -> int | None:
        """Whole seconds from answer to end, as they are billed (begun seconds count); None if never answered."""
        if self.answered_at is None or self.ended_at is None:
            return None
        return -int(-(self.ended_at - self.answered_at).total_seconds() // 1)
