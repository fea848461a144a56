"""The telephone network inside the bench's own process, on a clock that jumps: for bench/campaign_day.py

The network's exchange (queue, ringing, callees, talks, log of rings) is the very one that scripts/serve runs, and so
are the voice function's answers to its webhooks. Left out is what lies between them: HTTP, its signatures, and speech.
What people say comes from a table.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from starlette.requests import Request

from bench.day_people import Person
from functions.tools.builtin import BUILTIN
from functions.voice.errand import report
from functions.voice.outbound import answered, machine_heard, progressed
from functions.voice.services import VoiceServices
from functions.voice.speech.model import SpeechModel
from functions.voice.stream_token import StreamTokens
from functions.voice.webhooks import Form, Signatures, status_update
from local.telephone_network.calls.call import Call, Detection, Direction, Instructions, StatusCallback
from local.telephone_network.network import NetworkSettings, TelephoneNetwork
from local.telephone_network.network_time import RunningTime
from local.telephone_network.webhooks.status_callbacks import StatusCallbacks
from local.telephone_network.webhooks.webhooks import Reply
from shared.clock import Clock
from shared.domain.agent import Agent
from shared.domain.call_status import CallStatus
from shared.domain.disposition import Outcome
from shared.domain.suppression import Evidence, HeardBy, Suppression, SuppressionReason
from shared.store.agents import AgentBook, shipped_agents
from shared.store.attempts import Attempts
from shared.store.journal import Journal
from shared.store.settlement import Settlement
from shared.store.store import Store
from shared.store.suppressions import suppress
from shared.telephony.carrier import CallRequest, CarrierCall

ACCOUNT, TOKEN, NUMBER = "AC" + "0" * 32, "f" * 32, "+13105550100"
PUBLIC = "https://calls.example.com"
OPT_OUT_AFTER_S = 15.0
CALLBACK_IN = timedelta(hours=2)
_PROGRESS = frozenset({"initiated", "ringing", "answered", "completed"})


def make_network(clock: Clock, calls_per_second: float, crowd: Sequence[Person]) -> TelephoneNetwork:
    """A network whose time is the loop's, and everybody's telephone."""
    settings = NetworkSettings(
        ACCOUNT, TOKEN, (NUMBER,), calls_per_second=calls_per_second, time=RunningTime(clock)
    )  # fmt: skip
    network = TelephoneNetwork(settings)
    network.answer_as({person.phone: person.telephone for person in crowd})
    return network


class NetworkCarrier:
    """The carrier port straight on the network's exchange: what its REST API does, less HTTP."""

    def __init__(self, network: TelephoneNetwork) -> None:
        self._network = network
        self._exchange = network.exchange

    async def place_call(self, request: CallRequest) -> CarrierCall:
        """Queue a call."""
        now = self._exchange.time.now()
        detection = request.machine_detection
        call = self._exchange.new_call(
            to=request.to, from_=request.from_, direction=Direction.OUTBOUND_API,
            instructions=Instructions(request.answer_url),
            status_callback=StatusCallback(request.status_url, "POST", _PROGRESS),
            ring_timeout_s=request.ring_timeout_s, time_limit_s=request.time_limit_s,
            detection=None if detection is None else Detection(False, detection.callback_url),
        )  # fmt: skip
        self._exchange.requests.append({"at": now.isoformat(), "operation": "create", "call_sid": call.sid})
        self._network.place(call)
        return _seen(call)

    async def fetch_call(self, sid: str) -> CarrierCall | None:
        """As it is now."""
        call = self._exchange.calls.get(sid)
        return None if call is None else _seen(call)

    async def list_calls(
        self, *, from_: str, to: str | None = None, created_after: datetime, created_before: datetime | None = None
    ) -> Sequence[CarrierCall]:
        """From this number, newest first."""
        return [
            _seen(call)
            for call in reversed(self._exchange.calls.values())
            if call.from_ == from_
            and to in (None, call.to)
            and call.created_at >= created_after
            and (created_before is None or call.created_at < created_before)
        ]

    async def end_call(self, sid: str) -> None:
        """Cancel or hang up."""
        call = self._exchange.calls[sid]
        if call.status is CallStatus.QUEUED:
            self._exchange.progress(call, CallStatus.CANCELED)
        elif not call.status.is_final:
            call.hang_up("api")

    async def redirect_call(self, sid: str, twiml: str) -> None:
        """Nobody does that here."""
        raise NotImplementedError

    async def close(self) -> None:
        """Nothing to let go of."""


def _seen(call: Call) -> CarrierCall:
    return CarrierCall(
        call.sid, call.to, call.from_, call.status, call.created_at, call.duration_s, call.answered_by, call.parent_sid
    )


def _no_model(_: Agent) -> SpeechModel:
    raise AssertionError("nobody speaks in these calls")


def voice_services(store: Store, clock: Clock) -> VoiceServices:
    """The voice function, as far as webhooks need it."""
    return VoiceServices(
        public_base_url=PUBLIC, account_sid=ACCOUNT, signatures=Signatures(TOKEN, PUBLIC),
        tokens=StreamTokens(TOKEN, store, clock), store=store, journal=Journal(store), clock=clock,
        agents=AgentBook(store, shipped_agents()), tools=BUILTIN, speech_for=_no_model,
        attempts=Attempts(store, clock), settlement=Settlement(store, clock), number_hash=lambda number: number,
    )  # fmt: skip


@dataclass
class Desk:
    """Where the network's webhooks arrive: the voice function's own answers, and talks from a table."""

    voice: VoiceServices
    crowd: Mapping[str, Person]
    opted_out_at: dict[str, datetime] = field(default_factory=dict)
    talked_to: set[str] = field(default_factory=set)
    _order: dict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    failures: list[BaseException] = field(default_factory=list)

    def install(self, network: TelephoneNetwork) -> None:
        """Take the place of HTTP."""
        exchange = network.exchange
        exchange.webhooks = self  # type: ignore[assignment]
        exchange.callbacks = StatusCallbacks(exchange.account.sid, self, exchange.time)  # type: ignore[arg-type]

    async def ask(self, call: Call, event: str, url: str, method: str, fields: Mapping[str, str]) -> Reply:
        """An answered call wants TwiML; in place of the stream it gets the time that the talk takes."""
        del event, method
        request, form = _request(url, fields)
        request.scope["path_params"] = {"attempt": urlsplit(url).path.rpartition("/")[2]}
        answer = await answered(self.voice, request, form)
        if b"<Hangup" in answer.body:
            return Reply(200, "text/xml", bytes(answer.body))
        self._spawn(self._talk(call, request.scope["path_params"]["attempt"]))
        return Reply(200, "text/xml", b'<Response><Pause length="3600"/></Response>')

    def tell(self, call: Call, event: str, url: str, method: str, fields: Mapping[str, str]) -> None:
        """A callback, after the earlier ones of this call."""
        del method
        self._spawn(self._tell(call, event, url, fields))

    async def close(self) -> None:
        """Wait for what is under way."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _tell(self, call: Call, event: str, url: str, fields: Mapping[str, str]) -> None:
        async with self._order[call.sid]:
            request, form = _request(url, fields)
            if event == "amd":
                await machine_heard(self.voice, request, form)
                return
            attempt_id = request.query_params["attempt"]
            if event == "completed" and call.answered_at is not None:
                await self._hang_up(call, attempt_id)
            await progressed(self.voice, attempt_id, status_update(form), form)

    async def _talk(self, call: Call, attempt_id: str) -> None:
        """Whoever wants to opt out says so while the call goes on, and whoever wants to be called later as well."""
        person = self.crowd[call.to]
        await asyncio.sleep(OPT_OUT_AFTER_S)
        if call.answered_by not in (None, "human") or call.status is not CallStatus.IN_PROGRESS:
            return
        now = self.voice.clock.now()
        if person.opts_out:
            evidence = Evidence(heard_by=HeardBy.PHRASE, call_sid=call.sid, words="mujhe call mat karo")
            entry = Suppression(id=person.id, reason=SuppressionReason.OPT_OUT, at=now, evidence=evidence)
            await suppress(self.voice.store, entry)
            self.opted_out_at[call.to] = self.voice.clock.now()
        elif person.wants_callback and call.to not in self.talked_to:
            await self.voice.attempts.note(attempt_id, {"callback_at": now + CALLBACK_IN})

    async def _hang_up(self, call: Call, attempt_id: str) -> None:
        is_machine = call.answered_by not in (None, "human")
        talk, outcome = self.crowd[call.to].talk(is_machine=is_machine, is_first=call.to not in self.talked_to)
        heard_at = call.answered_at or self.voice.clock.now()
        await report(self.voice, attempt_id, talk, outcome, self.crowd[call.to].place.language, heard_at)
        if not is_machine and outcome is not Outcome.DO_NOT_CALL:
            self.talked_to.add(call.to)

    def _spawn(self, work: object) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work)  # type: ignore[arg-type]
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.failures.append(error)


def _request(url: str, fields: Mapping[str, str]) -> tuple[Request, Form]:
    parts = urlsplit(url)
    scope = {"type": "http", "method": "POST", "path": parts.path, "query_string": parts.query.encode(), "headers": []}
    assert parse_qs(parts.query)
    return Request(scope), Form(list(fields.items()))
