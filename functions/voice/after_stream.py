"""What happens to a call when its stream is over: the verb behind <Connect> asks, the record answers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from functions.voice import twiml
from functions.voice.services import AfterStream, VoiceServices
from functions.voice.stream_token import StreamTicket
from functions.voice.warm_transfer import transfer_of, whisper_url
from functions.voice.webhooks import IncomingCall
from shared.domain.attempt import Attempt, IllegalEvent
from shared.domain.call import Ending, call_path
from shared.domain.disposition import Outcome
from shared.store.store import StoreError

log = logging.getLogger(__name__)

MOST_STREAMS = 4
"""The first and three more; a call that loses its socket again after that is let go with an apology."""
STORE_DEADLINE_S = 2.0
MODEL_GONE = frozenset({Ending.SPEECH_MODEL_FAILED, Ending.SPEECH_MODEL_UNAVAILABLE})
"""A person can still help."""


TALKED = frozenset({"completed", "answered"})


async def what_next(
    services: VoiceServices, call: IncomingCall, *, dial_status: str, bridged: bool | None = None
) -> str:
    """TwiML for a call whose stream, or transfer, has just ended; bridged: Twilio says that the two were joined."""
    after = services.endings.take(call.call_sid) or await _from_store(services, call.call_sid)
    if after is None:
        log.error("nothing is known of the call", extra={"call": call.call_sid})
        return twiml.apologise(None)
    match after.ending:
        case Ending.TRANSFERRED if after.transfer_to and not dial_status:
            whisper = whisper_url(services.public_base_url, call.call_sid) if after.is_warm else None
            return twiml.transfer(services.public_base_url, after.transfer_to, _our_number(call, after), whisper)
        case Ending.TRANSFERRED if dial_status:
            return await _after_transfer(services, call, after, dial_status, bridged)
        case Ending.STREAM_LOST if after.stream_no < MOST_STREAMS:
            return await _reconnect(services, call, after)
        case ending if ending in MODEL_GONE and after.transfer_to:
            match dial_status:
                case "":
                    ours = _our_number(call, after)
                    return twiml.apologise_and_transfer(
                        services.public_base_url, after.language, after.transfer_to, ours
                    )
                case "completed" | "answered":
                    return twiml.hang_up()
                case _:
                    return twiml.nobody_free(after.language)
        case ending if ending.is_our_fault:
            # A campaign calls whom it failed again soon, as its retry rules say; nobody is asked to call a campaign.
            return twiml.apologise(after.language, called_by_us=after.attempt_id is not None)
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
        return twiml.nobody_free(after.language)
    return await _reconnect(services, call, after, not_taken=why)


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
    return twiml.stream(services.public_base_url, services.tokens.issue(ticket))


async def _from_store(services: VoiceServices, call_sid: str) -> AfterStream | None:
    """The ending another instance wrote down. A stream without one was cut off with its instance."""
    try:
        async with asyncio.timeout(STORE_DEADLINE_S):
            document = await services.store.get(call_path(call_sid))
    except (StoreError, TimeoutError):
        return None
    if document is None:
        return None
    data = document.data
    # Of a call that was handed over within, the agent that has it now.
    holder = data.get("held_by")
    holder = holder if isinstance(holder, Mapping) else data
    version, facts = holder.get("agent_version"), data.get("facts")
    languages = data.get("languages")
    language = languages[-1] if isinstance(languages, list) and languages else data.get("language")
    transfer_to, attempt_id, agent_id = data.get("transfer_to"), data.get("attempt_id"), holder.get("agent_id")
    transfer = data.get("transfer")
    return AfterStream(
        is_warm=isinstance(transfer, Mapping) and bool(transfer.get("summary")),
        ending=Ending(str(data.get("ending") or Ending.STREAM_LOST)),
        language=str(language) if language else None,
        stream_no=int(str(data.get("streams") or 1)),
        transfer_to=str(transfer_to) if transfer_to else None,
        agent_id=str(agent_id) if agent_id else None,
        attempt_id=str(attempt_id) if attempt_id else None,
        agent_version=version if isinstance(version, int) else None,
        facts=tuple(map(str, facts)) if isinstance(facts, list) else (),
    )
