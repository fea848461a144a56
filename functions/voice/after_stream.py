"""Answers Twilio when a stream is over: another stream, a transfer, an apology or the goodbye."""

from __future__ import annotations

import asyncio
import logging

from functions.voice import twiml
from functions.voice.call_back import is_called_back
from functions.voice.endings import MOST_STREAMS, STORE_DEADLINE_S, AfterStream, ending_of
from functions.voice.services import VoiceServices
from functions.voice.stream_token import StreamTicket
from functions.voice.warm_transfer import transfer_of, whisper_url
from functions.voice.webhooks import IncomingCall
from shared.domain.attempt import Attempt, IllegalEvent
from shared.domain.call import Ending
from shared.domain.disposition import Outcome
from shared.store.store import StoreError

log = logging.getLogger(__name__)

MODEL_GONE = frozenset({Ending.SPEECH_MODEL_FAILED, Ending.SPEECH_MODEL_UNAVAILABLE})
"""A person can still help."""


TALKED = frozenset({"completed", "answered"})


async def what_next(
    services: VoiceServices, call: IncomingCall, stream_no: int | None, *, dial_status: str, bridged: bool | None = None
) -> str:
    """TwiML for a call whose stream, or the transfer behind it, has just ended.

    stream_no: the stream's, None where the address does not say. bridged: Twilio says that the two were joined.
    """
    remembered = services.endings.take(call.call_sid, stream_no)
    after = remembered or await ending_of(services.store, call.call_sid, stream_no)
    if after is None:
        log.error("nothing is known of the call", extra={"call": call.call_sid})
        return twiml.apologise(None)
    match after.ending:
        case Ending.TRANSFERRED if after.transfer_to and not dial_status:
            whisper = whisper_url(services.public_base_url, call.call_sid) if after.is_warm else None
            behind = twiml.after_url(services.public_base_url, after.stream_no)
            return twiml.transfer(behind, after.transfer_to, _our_number(call, after), whisper)
        case Ending.TRANSFERRED if dial_status:
            return await _after_transfer(services, call, after, dial_status, bridged)
        case Ending.STREAM_LOST if after.stream_no < MOST_STREAMS:
            return await _reconnect(services, call, after)
        case ending if ending in MODEL_GONE and after.transfer_to:
            match dial_status:
                case "":
                    behind, ours = twiml.after_url(services.public_base_url, after.stream_no), _our_number(call, after)
                    return twiml.apologise_and_transfer(behind, after.language, after.transfer_to, ours)
                case "completed" | "answered":
                    return twiml.hang_up()
                case _:
                    return await _nobody_free(services, call, after)
        case ending if ending.is_our_fault:
            called_back = await is_called_back(services, call, after)
            return twiml.apologise(after.language, called_back=called_back)
        case _:
            return twiml.hang_up()


async def _after_transfer(
    services: VoiceServices, call: IncomingCall, after: AfterStream, dial_status: str, bridged: bool | None
) -> str:
    """The person that the caller was to talk to has hung up, or never took them: then the agent goes on."""
    transfer = await transfer_of(services, call.call_sid) if after.is_warm and not bridged else None
    answer = (transfer or {}).get("answer")
    if dial_status in TALKED and (not after.is_warm or bridged or (bridged is None and answer == "taken")):
        return twiml.hang_up()
    why = "declined" if answer == "declined" else dial_status
    log.info("transfer was not taken", extra={"call": call.call_sid, "why": why})
    if after.attempt_id is not None:
        await _not_transferred(services, after.attempt_id)
    if after.stream_no >= MOST_STREAMS:
        return await _nobody_free(services, call, after)
    return await _reconnect(services, call, after, not_taken=why)


async def _nobody_free(services: VoiceServices, call: IncomingCall, after: AfterStream) -> str:
    if await is_called_back(services, call, after):
        return twiml.nobody_free(after.language)
    return twiml.apologise(after.language)


def _withdrawn(attempt: Attempt) -> Attempt:
    return attempt.changed(outcome=None) if attempt.outcome is Outcome.TRANSFERRED else attempt


async def _not_transferred(services: VoiceServices, attempt_id: str) -> None:
    """What was reported of the attempt when its stream ended did not come true; the next stream says what did."""
    try:
        async with asyncio.timeout(STORE_DEADLINE_S):
            await services.attempts.move(attempt_id, _withdrawn)
    except (StoreError, TimeoutError, IllegalEvent) as error:
        extra = {"attempt": attempt_id, "error": type(error).__name__}
        log.error("attempt still says that it was transferred", extra=extra)


def _our_number(call: IncomingCall, after: AfterStream) -> str:
    """Ours is the number that was dialled, or that we called from."""
    return call.to if after.attempt_id is None else call.from_


async def _reconnect(services: VoiceServices, call: IncomingCall, after: AfterStream, not_taken: str = "") -> str:
    agent_id = after.agent_id or (await services.agents.for_number(call.to)).id
    ticket = StreamTicket(
        call_sid=call.call_sid,
        agent_id=agent_id,
        agent_version=after.agent_version,
        stream_no=after.stream_no + 1,
        language=after.language,
        caller=call.from_ if after.attempt_id is None else call.to,
        attempt_id=after.attempt_id,
        facts=after.facts,
        not_taken=not_taken,
    )
    if not not_taken:
        extra = {"call": call.call_sid, "stream": ticket.stream_no}
        log.warning("stream lost; the call goes on with another", extra=extra)
    return twiml.stream(services.public_base_url, services.tokens.issue(ticket), ticket.stream_no)
