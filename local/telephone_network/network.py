"""The telephone network as its owner sees it: numbers, callers, callees, calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from local.telephone_network.account import Account, OwnedNumber
from local.telephone_network.calls.call import Call, Direction, Instructions, StatusCallback
from local.telephone_network.calls.dial_queue import DialQueue
from local.telephone_network.calls.life import Lives
from local.telephone_network.exchange import Exchange
from local.telephone_network.faults import Fault, FaultKind
from local.telephone_network.network_time import NetworkTime, RunningTime
from local.telephone_network.people.callees import CalleeRule, parse_callees
from local.telephone_network.people.clips import Clips, RecordedVoices
from local.telephone_network.people.script import Script, parse_script, rehearse
from local.telephone_network.webhooks.delivery import Routes
from shared.clock import SystemClock
from shared.domain.call_status import CallStatus


@dataclass(slots=True)
class NetworkSettings:
    """What a network is set up with."""

    account_sid: str
    auth_token: str = field(repr=False)
    numbers: tuple[str, ...] = ()
    voice_url: str | None = None
    status_url: str | None = None
    calls_per_second: float = 1.0
    max_concurrent: int | None = None
    time: NetworkTime = field(default_factory=lambda: RunningTime(SystemClock()))
    audio_time: NetworkTime = field(default_factory=lambda: RunningTime(SystemClock()))
    """Streams run in real time, however fast the rest goes."""
    routes: Mapping[str, str] = field(default_factory=dict)
    """Public origin -> where it really listens."""
    clips: Clips = field(default_factory=RecordedVoices)
    recordings: Path | None = None
    seed: int = 1
    setup_s: float = 0.3


class TelephoneNetwork:
    """One account's worth of Twilio, with the people at the other end of its calls."""

    def __init__(self, settings: NetworkSettings) -> None:
        self.settings = settings
        account = Account(settings.account_sid, settings.auth_token)
        self.exchange = Exchange(
            account=account,
            time=settings.time,
            audio_time=settings.audio_time,
            rng=Random(settings.seed),
            routes=Routes(settings.routes),
            clips=settings.clips,
            recordings=settings.recordings,
            setup_s=settings.setup_s,
        )
        self.lives = Lives(self.exchange)
        self.queue = DialQueue(settings.time, settings.calls_per_second, self._start, self._expire)
        self.base_url = ""
        """Where its REST and control APIs listen."""
        for number in settings.numbers:
            self.own(number, voice_url=settings.voice_url, status_callback=settings.status_url)

    def open(self) -> None:
        """Begin to work; wants a running event loop."""
        self.exchange.spawn(self.queue.run())

    async def close(self) -> None:
        """Cut every line."""
        await self.exchange.close()

    def own(self, phone_number: str, **changes: str | None) -> OwnedNumber:
        """A number of the account, new or changed (voice_url, voice_method, voice_fallback_url, status_callback)."""
        numbers = self.exchange.account.numbers
        number = numbers.setdefault(phone_number, OwnedNumber(phone_number, self.exchange.sid("PN")))
        for name, value in changes.items():
            setattr(number, name, value)
        return number

    def call(self, sid: str) -> Call:
        """A call by its SID. Raises KeyError."""
        return self.exchange.calls[sid]

    def dial(self, from_: str, to: str, script: Script | Mapping[str, Any] | Sequence[object] | None = None) -> Call:
        """A person calls one of our numbers. Raises KeyError for a number that is not ours, BadScript, NoSuchClip."""
        number = self.exchange.account.numbers[to]
        script = script if isinstance(script, Script) else parse_script(script or {})
        rehearse(script, self.exchange.clips, Random(0))
        callback = None
        if number.status_callback:
            callback = StatusCallback(number.status_callback, number.status_callback_method)
        call = self.exchange.new_call(
            to=to,
            from_=from_,
            direction=Direction.INBOUND,
            instructions=Instructions(number.voice_url or "", number.voice_method, number.voice_fallback_url),
            status=CallStatus.RINGING,
            started_at=self.exchange.time.now(),
            number_sid=number.sid,
            status_callback=callback,
        )
        self.exchange.spawn(self.lives.inbound(call, script))
        return call

    def lead(self, call: Call, script: Mapping[str, Any]) -> None:
        """Let the person at the end of a call do more. Raises ValueError, NoSuchClip; then nothing is done."""
        if call.lead is None:
            raise ValueError("nobody is at the end of this call yet")
        call.lead(rehearse(parse_script(script), self.exchange.clips, self.exchange.rng))

    def place(self, call: Call) -> None:
        """Queue a call that the REST API was asked for."""
        self.queue.put(call)

    def answer_as(self, callees: Mapping[str, Any]) -> None:
        """Number or pattern -> behaviour, or one behaviour for each call in turn. Raises ValueError, NoSuchClip."""
        for rule in parse_callees(callees):
            self.add_callee(rule)

    def add_callee(self, rule: CalleeRule) -> None:
        """Let these numbers behave so. Raises NoSuchClip, BadScript if a script cannot be played."""
        for callee in rule.calls:
            if callee.script is not None:
                rehearse(callee.script, self.exchange.clips, Random(0))
        self.exchange.callees.add(rule)

    def misbehave(self, kind: FaultKind | str, **details: Any) -> None:
        """Let this go wrong from now on."""
        self.exchange.faults.add(Fault(kind=FaultKind(kind), **details))

    def behave(self) -> None:
        """Let nothing go wrong any more."""
        self.exchange.faults.clear()

    def _start(self, call: Call) -> None:
        self.exchange.spawn(self.lives.outbound(call))

    def _expire(self, call: Call) -> None:
        self.exchange.progress(call, CallStatus.CANCELED)
