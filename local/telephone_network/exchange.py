"""The telephone exchange: what all calls of the network share."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from local.telephone_network.account import Account
from local.telephone_network.calls.call import Call, Direction, Instructions
from local.telephone_network.calls.journal import Journal
from local.telephone_network.faults import Faults
from local.telephone_network.network_time import NetworkTime
from local.telephone_network.people.callees import Callees
from local.telephone_network.people.clips import Clips, ClipShelf
from local.telephone_network.webhooks.delivery import Routes
from local.telephone_network.webhooks.status_callbacks import StatusCallbacks
from local.telephone_network.webhooks.webhooks import Webhooks
from shared.domain.call_status import CallStatus


@dataclass(slots=True)
class Exchange:
    """Account, calls, telephones and time. time: rings and talks; audio_time: frames of a line."""

    account: Account
    time: NetworkTime
    audio_time: NetworkTime
    rng: Random
    routes: Routes
    clips: Clips = field(default_factory=ClipShelf)
    recordings: Path | None = None
    """Where WAV and log of each call are written when it is over."""
    setup_s: float = 0.3
    """From the moment a call starts until the telephone rings."""
    faults: Faults = field(default_factory=Faults)
    callees: Callees = field(default_factory=Callees)
    calls: dict[str, Call] = field(default_factory=dict)
    live: set[str] = field(default_factory=set)
    """SIDs of calls that are not over."""
    rings: list[dict[str, Any]] = field(default_factory=list)
    """Who rang when."""
    requests: list[dict[str, Any]] = field(default_factory=list)
    """Every request to the REST API, in order."""
    breakdowns: list[BaseException] = field(default_factory=list)
    """Mistakes of the network itself; empty, or a test must fail."""
    recorded: dict[str, bytes] = field(default_factory=dict)
    """WAV of each call that had audio, by SID."""
    webhooks: Webhooks = field(init=False)
    callbacks: StatusCallbacks = field(init=False)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.webhooks = Webhooks(self.account.auth_token, self.time, self.faults, self.routes, self.rng)
        self.callbacks = StatusCallbacks(self.account.sid, self.webhooks, self.time)

    def sid(self, prefix: str) -> str:
        """A new SID of this kind: CA, MZ, PN."""
        return f"{prefix}{self.rng.getrandbits(128):032x}"

    def new_call(
        self, *, to: str, from_: str, direction: Direction, instructions: Instructions, **details: Any
    ) -> Call:
        """A call that is remembered from now on."""
        call = Call(
            sid=self.sid("CA"),
            to=to,
            from_=from_,
            direction=direction,
            instructions=instructions,
            created_at=self.time.now(),
            journal=Journal(self.time),
            **details,
        )
        self.calls[call.sid] = call
        self.live.add(call.sid)
        return call

    def progress(self, call: Call, status: CallStatus, *, sip_code: int | None = None) -> None:
        """The call goes on to this status, and whoever asked for it is told."""
        if sip_code is not None:
            call.sip_code = sip_code
        call.become(status, self.time.now())
        if status.is_final:
            self.live.discard(call.sid)
        self.callbacks.report(call)

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Let something go on by itself; what it breaks on is kept in breakdowns."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    async def close(self) -> None:
        """Cut every line and stop."""
        while self._tasks:
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(self._tasks)
        await self.webhooks.close()

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.breakdowns.append(error)
