"""The webhooks of calls that Parley placed: answered, progress, answering machine.

A call that is not the one its attempt stands for (a second one, or one whose fence was overtaken) is hung up before a
word is said, and so is one whose contact may not be called any more.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from functions.voice import twiml
from functions.voice.call_record import new_call
from functions.voice.errand import Errand, errand_of
from functions.voice.ready_sessions import RINGING_S
from functions.voice.services import VoiceServices
from functions.voice.session_setup import prepared_errand
from functions.voice.stream_token import StreamTicket
from functions.voice.webhooks import Form, IncomingCall, StatusUpdate, incoming_call
from shared.domain.attempt import Attempt, AttemptState, IllegalEvent
from shared.domain.call import Direction, call_path
from shared.domain.call_progress import Report, fold, heard
from shared.domain.call_status import CallStatus
from shared.domain.gate import History, Moment, refusal
from shared.domain.refusal import Refusal
from shared.store.agents import UnknownAgent
from shared.store.store import Merge, NotFound, StoreError
from shared.store.suppressions import suppression_of

log = logging.getLogger(__name__)

WHOLE_SECOND = timedelta(seconds=1)


async def answered(services: VoiceServices, request: Request, form: Form) -> Response:
    """POST /voice/outbound/{attempt}: somebody, or something, has answered."""
    call = incoming_call(form)
    attempt_id = str(request.path_params["attempt"])
    try:
        text = await _answer(services, call, attempt_id, request.query_params.get("fence", ""))
    except StoreError:
        # Without its record nobody knows whether this call may be talked on.
        log.error("answered call could not be read and is hung up", extra={"attempt": attempt_id})
        text = twiml.hang_up()
    return Response(text, media_type="text/xml")


async def _answer(services: VoiceServices, call: IncomingCall, attempt_id: str, fence: str) -> str:
    read = await services.attempts.read(attempt_id)
    errand = await errand_of(services, attempt_id)
    if read is None or errand is None:
        log.error("answered call has no attempt and is hung up", extra={"call": call.call_sid})
        return twiml.hang_up()
    attempt, _ = read
    if fence != str(attempt.fence) or attempt.sid not in (None, call.call_sid):
        log.error("second call of an attempt is hung up", extra={"attempt": attempt_id, "call": call.call_sid})
        return twiml.hang_up()
    no = await _may_not_talk(services, errand, attempt)
    now = services.clock.now()
    report = Report(call.call_sid, CallStatus.IN_PROGRESS, now)
    try:
        await services.attempts.move(attempt_id, lambda one: fold(one, report))
    except (IllegalEvent, NotFound):
        log.error("answered call does not fit its attempt and is hung up", extra={"attempt": attempt_id})
        return twiml.hang_up()
    if no is not None:
        log.warning("answered call may not go on", extra={"attempt": attempt_id, "code": str(no.code)})
        await services.attempts.note(attempt_id, {"refused_at_answer": str(no.code)})
        return twiml.hang_up()
    return await _connect(services, call, errand)


async def _may_not_talk(services: VoiceServices, errand: Errand, attempt: Attempt) -> Refusal | None:
    now = services.clock.now()
    attempts = await services.attempts.of_number(errand.contact.id, now)
    history = History(attempts, await suppression_of(services.store, errand.contact.id)).without(attempt.id)
    return refusal(errand.contact, errand.campaign, history, now, Moment.ANSWER)


async def _connect(services: VoiceServices, call: IncomingCall, errand: Errand) -> str:
    try:
        agent = await services.agents.get(errand.campaign.agent_id)
    except UnknownAgent:
        log.error("the campaign's agent is gone", extra={"campaign": errand.campaign.id})
        return twiml.hang_up()
    language = errand.language(agent)
    document = new_call(
        call.call_sid,
        direction=Direction.OUTBOUND,
        from_=call.from_,
        to=call.to,
        agent_id=agent.id,
        agent_version=agent.version,
        clock=services.clock,
    )
    of_campaign = {
        "campaign_id": errand.campaign.id,
        "contact_id": errand.contact.id,
        "attempt_id": errand.attempt_id,
        "language": language,
    }
    services.journal.put(Merge(call_path(call.call_sid), {**document, **of_campaign}))
    ticket = StreamTicket(
        call_sid=call.call_sid,
        agent_id=agent.id,
        agent_version=agent.version,
        attempt_id=errand.attempt_id,
        language=language,
        caller=errand.contact.phone,
    )
    return twiml.stream(services.public_base_url, services.tokens.issue(ticket))


async def progressed(services: VoiceServices, attempt_id: str, update: StatusUpdate, form: Form) -> Response:
    """POST /voice/status?attempt=: late, repeated and reordered callbacks are folded in by rank, once each."""
    report = Report(
        update.call_sid,
        CallStatus(update.status),
        _when(form, update, services.clock.now()),
        update.sequence,
        update.sip_code,
        update.duration_s,
    )
    try:
        moved = await services.attempts.move(attempt_id, lambda one: fold(one, report))
        # Not by the word "ringing" alone, which may come late: of a call that was answered, or is over.
        if moved.state is AttemptState.RINGING:
            services.ready.prepare(
                update.call_sid, lambda: prepared_errand(services, attempt_id, update.call_sid), RINGING_S
            )
        if not moved.state.is_open:
            await services.settlement.settle(attempt_id)
    except NotFound:
        log.error("status of an unknown attempt", extra={"attempt": attempt_id})
    except IllegalEvent as illegal:
        log.warning("status does not fit its attempt", extra={"attempt": attempt_id, "why": str(illegal)})
    except StoreError:
        # Twilio comes again when asked to (its retry policy), and the sweeper asks the carrier in any case.
        return PlainTextResponse("store is away", status_code=503)
    return PlainTextResponse("ok")


async def machine_heard(services: VoiceServices, request: Request, form: Form) -> Response:
    """POST /voice/amd?attempt=: what machine detection heard; the stream reads it from the attempt."""
    attempt_id = request.query_params.get("attempt", "")
    word = form.get("AnsweredBy")
    try:
        moved = await services.attempts.move(attempt_id, lambda one: heard(one, word))
        if not moved.state.is_open:
            await services.settlement.settle(attempt_id)
    except NotFound:
        log.error("machine detection of an unknown attempt", extra={"attempt": attempt_id})
    except StoreError:
        return PlainTextResponse("store is away", status_code=503)
    return PlainTextResponse("ok")


def _when(form: Form, update: StatusUpdate, now: datetime) -> datetime:
    """When it happened. The carrier tells whole seconds; an answer came before its second was over, and how long a
    person has waited since is counted in tenths."""
    told = _timestamp(form)
    if told is None:
        return now
    return min(told + WHOLE_SECOND, now) if update.status == CallStatus.IN_PROGRESS else told


def _timestamp(form: Form) -> datetime | None:
    """Twilio's Timestamp is an e-mail date (RFC 2822)."""
    try:
        return parsedate_to_datetime(form.get("Timestamp")).astimezone(UTC)
    except (TypeError, ValueError):
        return None
