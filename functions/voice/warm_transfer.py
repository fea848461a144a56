"""Warm transfers: a person hears what the caller wants, and presses a key to take them or not.

The verb that rings them names a whisper; Twilio asks for it when they answer, while the caller goes on hearing the
ringing. 1 joins the two, 2 or silence sends the caller back to the agent.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from twilio.twiml.voice_response import VoiceResponse

from functions.voice.services import VoiceServices
from functions.voice.webhooks import BadWebhook, Form, incoming_call
from shared.domain.call import call_path
from shared.domain.spoken_lines import line
from shared.store.store import Merge, StoreError

log = logging.getLogger(__name__)

WHISPER = "/voice/whisper"
TAKE, DECLINE = "1", "2"
TIMES = 2
"""So often it is said before silence is a no."""
WAIT_S = 4
READ_WITHIN_S = 2.0


def whisper_url(public_base_url: str, call_sid: str) -> str:
    """What whoever answers hears first, for the caller of this call."""
    return f"{public_base_url.rstrip('/')}{WHISPER}/{call_sid}"


async def offered(services: VoiceServices, request: Request, form: Form) -> Response:
    """They have answered: what is it about, and do they take it?"""
    incoming_call(form)
    call_sid = _caller(request)
    transfer = await transfer_of(services, call_sid) or {}
    language, summary = transfer.get("language"), str(transfer.get("summary") or "")
    tag, keys, voice = line("take_call", str(language) if language else None)
    response = VoiceResponse()
    for _ in range(TIMES):
        gather = response.gather(
            num_digits=1,
            timeout=WAIT_S,
            action=f"{whisper_url(services.public_base_url, call_sid)}/answer",
            method="POST",
        )
        gather.say(f"{summary} {keys}".strip(), language=tag, voice=voice)
    response.hangup()
    return _xml(response)


async def answered(services: VoiceServices, request: Request, form: Form) -> Response:
    """They have pressed a key. An empty response joins them to the caller."""
    incoming_call(form)
    call_sid, taken = _caller(request), form.get("Digits") == TAKE
    transfer = await transfer_of(services, call_sid) or {}
    changed = {**transfer, "answer": "taken" if taken else "declined", "at": services.clock.now()}
    await _keep(services, call_sid, changed)
    log.info("transfer answered", extra={"call": call_sid, "taken": taken})
    response = VoiceResponse()
    if not taken:
        response.hangup()
    return _xml(response)


async def transfer_of(services: VoiceServices, call_sid: str) -> Mapping[str, Any] | None:
    """What the call's record says of its transfer; None when there is none, or the store is away."""
    try:
        async with asyncio.timeout(READ_WITHIN_S):
            document = await services.store.get(call_path(call_sid))
    except (StoreError, TimeoutError):
        log.warning("transfer could not be read", extra={"call": call_sid})
        return None
    transfer = None if document is None else document.data.get("transfer")
    return transfer if isinstance(transfer, Mapping) else None


async def _keep(services: VoiceServices, call_sid: str, transfer: Mapping[str, Any]) -> None:
    """Written before the line goes on: what comes next is decided by it. A store that is away gets it later."""
    try:
        async with asyncio.timeout(READ_WITHIN_S):
            await services.store.update(call_path(call_sid), {"transfer": transfer})
    except (StoreError, TimeoutError):
        services.journal.put(Merge(call_path(call_sid), {"transfer": transfer}))


def _caller(request: Request) -> str:
    call_sid = str(request.path_params["call"])
    if not call_sid.startswith("CA") or len(call_sid) > 64 or not call_sid.isalnum():
        raise BadWebhook("no such call")
    return call_sid


def _xml(response: VoiceResponse) -> Response:
    return Response(str(response), media_type="text/xml")
