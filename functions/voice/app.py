"""The voice function's routes: Twilio's webhooks and the media stream."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute

from functions.voice import outbound, twiml, warm_transfer
from functions.voice.after_stream import what_next
from functions.voice.call_record import new_call
from functions.voice.media import media_endpoint
from functions.voice.services import VoiceServices
from functions.voice.session_setup import prepared
from functions.voice.stream_token import StreamTicket
from functions.voice.webhooks import (
    SIGNATURE_HEADER,
    BadWebhook,
    Form,
    StatusUpdate,
    incoming_call,
    parse_form,
    status_update,
)
from shared.domain.call import Direction, call_path
from shared.domain.languages import base_of, start_language
from shared.health import health_route
from shared.store.store import Merge, Remove, StoreError, Value

log = logging.getLogger(__name__)

STORE_DEADLINE_S = 1.5
"""Twilio gives a webhook 15 s, the caller less; the call goes on without its record, which is written later."""

SPOKEN_BEFORE_WITHIN_S = 0.7
"""It is read beside the number's agent, and is a courtesy."""

OVER = frozenset({"completed", "busy", "no-answer", "failed", "canceled"})

Webhook = Callable[[VoiceServices, Request, Form], Awaitable[Response]]


def make_app(services: VoiceServices) -> Starlette:
    """The function as an ASGI app. Its lifespan keeps the journal running."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as group:
            writing = group.create_task(services.journal.run())
            beside = [group.create_task(work) for work in _beside(services)]
            yield
            for task in beside:
                task.cancel()
            await services.ready.close()
            await services.recordings.flush(3.0)
            services.recordings.close()
            await asyncio.gather(services.unfinished.settle(5.0), services.tools.settle(5.0))
            await services.journal.flush(5.0)
            writing.cancel()
        await services.store.close()

    def webhook(answer: Webhook) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            try:
                form = parse_form(await request.body())
            except BadWebhook as bad:
                log.warning("webhook refused", extra={"path": request.url.path, "why": str(bad)})
                return PlainTextResponse("Bad request", status_code=400)
            signature = request.headers.get(SIGNATURE_HEADER)
            if not services.signatures.holds_for_webhook(request.url.path, request.url.query, form, signature):
                log.warning("webhook refused", extra={"path": request.url.path, "why": "signature"})
                return PlainTextResponse("Forbidden", status_code=403)
            try:
                return await answer(services, request, form)
            except BadWebhook as bad:
                log.warning("webhook refused", extra={"path": request.url.path, "why": str(bad)})
                return PlainTextResponse("Bad request", status_code=400)

        return endpoint

    return Starlette(
        lifespan=lifespan,
        routes=[
            health_route("voice"),
            Route("/voice/inbound", webhook(_inbound), methods=["POST"]),
            Route("/voice/after", webhook(_after), methods=["POST"]),
            Route("/voice/whisper/{call:str}", webhook(warm_transfer.offered), methods=["POST"]),
            Route("/voice/whisper/{call:str}/answer", webhook(warm_transfer.answered), methods=["POST"]),
            Route("/voice/outbound/{attempt:str}", webhook(outbound.answered), methods=["POST"]),
            Route("/voice/amd", webhook(outbound.machine_heard), methods=["POST"]),
            Route("/voice/status", webhook(_status), methods=["POST"]),
            Route("/voice/stream-status", webhook(_stream_status), methods=["POST"]),
            WebSocketRoute("/voice/stream", media_endpoint(services)),
        ],
    )


def _beside(services: VoiceServices) -> Iterator[Coroutine[Any, Any, None]]:
    """What a process does while it carries calls, and none of them waits for."""
    yield services.sessions.run(services.store, services.clock)
    yield services.notices.run(services.journal)
    if services.circuits is not None:
        yield services.circuits.run(services.store)


def xml(text: str) -> Response:
    """TwiML, as Twilio wants it labelled."""
    return Response(text, media_type="text/xml")


async def _inbound(services: VoiceServices, request: Request, form: Form) -> Response:
    del request
    call = incoming_call(form)
    agent, spoken = await asyncio.gather(services.agents.for_number(call.to), _spoken_before(services, call.from_))
    document = new_call(
        call.call_sid,
        direction=Direction.INBOUND,
        from_=call.from_,
        to=call.to,
        agent_id=agent.id,
        agent_version=agent.version,
        clock=services.clock,
    )
    # Merge, not create: Twilio may post the same call twice, and the second answer must be as good as the first.
    services.journal.put(Merge(call_path(call.call_sid), document))
    language = start_language(agent.languages.start, agent.languages.allowed, call.from_, spoken)
    services.ready.prepare(call.call_sid, lambda: prepared(services, agent, call.from_, language, call.call_sid))
    ticket = StreamTicket(
        call_sid=call.call_sid, agent_id=agent.id, agent_version=agent.version, caller=call.from_, language=language
    )
    token = services.tokens.issue(ticket)
    log.info("call answered", extra={"call": call.call_sid, "agent": agent.id})
    return xml(twiml.stream(services.public_base_url, token))


async def _spoken_before(services: VoiceServices, number: str) -> str | None:
    """The language of somebody whom a campaign has called lately, if the store says so while the phone rings."""
    try:
        async with asyncio.timeout(SPOKEN_BEFORE_WITHIN_S):
            spoken = await services.attempts.language_of(services.number_hash(number), services.clock.now())
    except (StoreError, TimeoutError):
        return None
    return None if spoken is None else base_of(spoken)


async def _after(services: VoiceServices, request: Request, form: Form) -> Response:
    call, stream = incoming_call(form), request.query_params.get("stream", "")
    stream_no = int(stream) if len(stream) == 1 and stream.isdecimal() else None
    bridged = {"true": True, "false": False}.get(form.get("DialBridged"))
    return xml(await what_next(services, call, stream_no, dial_status=form.get("DialCallStatus"), bridged=bridged))


async def _status(services: VoiceServices, request: Request, form: Form) -> Response:
    update = status_update(form)
    if update.status in OVER:
        services.ready.drop(update.call_sid)
    attempt_id = request.query_params.get("attempt")
    recorded = await _call_status(services, update)
    return recorded if attempt_id is None else await outbound.progressed(services, attempt_id, update, form)


async def _call_status(services: VoiceServices, update: StatusUpdate) -> Response:
    """The call's own record; a call that was never answered has none, and needs none."""
    changes: dict[str, Value | Remove] = {
        "carrier_status": update.status,
        "carrier_sequence": update.sequence,
        "updated_at": services.clock.now(),
    }
    if update.duration_s is not None:
        changes["duration_s"] = update.duration_s
    if update.sip_code is not None:
        changes["sip_code"] = update.sip_code
    try:
        async with asyncio.timeout(STORE_DEADLINE_S):
            document = await services.store.get(call_path(update.call_sid))
    except (StoreError, TimeoutError):
        document = None
    if document is None and update.status not in {"in-progress", "completed"}:
        return PlainTextResponse("ok")
    seen = -1 if document is None else document.data.get("carrier_sequence", -1)
    if isinstance(seen, int) and update.sequence < seen:
        return PlainTextResponse("late")
    services.journal.put(Merge(call_path(update.call_sid), changes))
    return PlainTextResponse("ok")


async def _stream_status(services: VoiceServices, request: Request, form: Form) -> Response:
    del services, request
    event = form.get("StreamEvent")
    level = logging.ERROR if event == "stream-error" else logging.INFO
    log.log(level, "stream status", extra={"call": form.get("CallSid"), "event": event})
    return PlainTextResponse("ok")
