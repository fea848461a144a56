"""The Calls resource of Twilio's REST API."""

from __future__ import annotations

import asyncio

from starlette.requests import Request

from local.telephone_network.calls.call import Call, Direction, Instructions
from local.telephone_network.faults import FaultKind
from local.telephone_network.network import TelephoneNetwork
from local.telephone_network.people.callees import Reaction
from local.telephone_network.rest.call_resource import call_resource, rest_status
from local.telephone_network.rest.errors import rest_error
from local.telephone_network.rest.form import Form, read_instructions, read_new_call, time_filters
from local.telephone_network.rest.page import Answer, page
from shared.domain.call_status import CallStatus

SETTLE_S = 2.0
"""How long the answer to an update waits for the call to have changed."""


class CallsResource:
    """Calls: asked for, looked at, changed, listed."""

    def __init__(self, network: TelephoneNetwork) -> None:
        self._network = network
        self._exchange = network.exchange

    async def create(self, request: Request, form: Form) -> Answer:
        """Ask for a call; it is queued."""
        new = read_new_call(form, self._exchange.account.numbers)
        callee = self._exchange.callees.look(new.to)
        if callee.reaction is Reaction.REFUSED:
            raise rest_error(callee.code)
        limit = self._network.settings.max_concurrent
        if limit is not None and len(self._exchange.live) >= limit:
            raise rest_error(10004)
        call = self._exchange.new_call(
            to=new.to,
            from_=new.from_,
            direction=Direction.OUTBOUND_API,
            instructions=new.instructions,
            status_callback=new.status_callback,
            ring_timeout_s=new.ring_timeout_s,
            time_limit_s=new.time_limit_s,
            detection=new.detection,
            send_digits=new.send_digits,
            number_sid=self._exchange.account.numbers[new.from_].sid,
        )
        body = call_resource(call, self._exchange.account.sid, just_created=True)
        self._network.place(call)
        return 201, body

    def _call(self, request: Request) -> Call:
        try:
            return self._exchange.calls[request.path_params["sid"]]
        except KeyError:
            raise rest_error(20404) from None

    async def fetch(self, request: Request, form: Form) -> Answer:
        """One call as it is now."""
        return 200, call_resource(self._call(request), self._exchange.account.sid)

    async def update(self, request: Request, form: Form) -> Answer:
        """End a call, or give it other TwiML."""
        call = self._call(request)
        status = form.one("Status")
        if status in {"canceled", "completed"}:
            await self._end(call, status)
        elif form.one("Url") is not None or form.one("Twiml") is not None:
            self._redirect(call, read_instructions(form))
        return 200, call_resource(call, self._exchange.account.sid)

    async def _end(self, call: Call, status: str) -> None:
        if call.status.is_final:
            raise rest_error(21220)
        if status == "canceled" and call.status is CallStatus.IN_PROGRESS:
            return  # too late to cancel; Twilio lets the call go on
        if call.status is CallStatus.QUEUED:
            self._exchange.progress(call, CallStatus.CANCELED)
            return
        call.hang_up("api")
        try:
            async with asyncio.timeout(SETTLE_S):
                await call.over.wait()
        except TimeoutError:
            call.journal.note("slow to end")

    def _redirect(self, call: Call, instructions: Instructions) -> None:
        conversation = self._network.lives.conversation(call)
        if conversation is None:
            raise rest_error(21220)
        conversation.redirect(instructions)

    async def events(self, request: Request, form: Form) -> Answer:
        """The webhooks of a call."""
        return page(request, form, "events", self._call(request).requests)

    async def list(self, request: Request, form: Form) -> Answer:
        """Calls, newest first, filtered."""
        lag = self._exchange.faults.strike(FaultKind.REST_LIST_LAGS, event="list", numbers=_numbers_of(form))
        now = self._exchange.time.now()
        calls = [
            call
            for call in reversed(self._exchange.calls.values())
            if _is_asked_for(call, form) and (lag is None or (now - call.created_at).total_seconds() >= lag.seconds)
        ]
        resources = [call_resource(call, self._exchange.account.sid) for call in calls]
        return page(request, form, "calls", resources)


def _is_asked_for(call: Call, form: Form) -> bool:
    wanted = {"To": call.to, "From": call.from_, "Status": rest_status(call), "ParentCallSid": call.parent_sid}
    if any(form.one(name) not in {None, value} for name, value in wanted.items()):
        return False
    times = {"StartTime": call.started_at, "EndTime": call.ended_at}
    return all(filter_.keeps(instant) for name, instant in times.items() for filter_ in time_filters(form, name))


def _numbers_of(form: Form) -> tuple[str, ...]:
    return tuple(number for number in (form.one("To"), form.one("From")) if number is not None)
