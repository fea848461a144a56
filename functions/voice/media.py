"""The media stream's endpoint: nobody comes in without Twilio's signature and a token that was never used."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from starlette.websockets import WebSocket

from functions.voice.endings import AfterStream
from functions.voice.errand import errand_of
from functions.voice.leg import LegEnded, TwilioLeg
from functions.voice.services import VoiceServices
from functions.voice.session import CallSession
from functions.voice.session_setup import tools_stand
from functions.voice.stream_end import WRITTEN_WITHIN_S
from functions.voice.stream_token import BadToken, StreamTicket
from functions.voice.webhooks import SIGNATURE_HEADER
from shared.domain.call import CallState, Direction, Ending, call_path
from shared.errors import ConfigurationError
from shared.store.agents import UnknownAgent
from shared.store.store import Merge, Remove, Value

log = logging.getLogger(__name__)

START_WITHIN_S = 10.0
"""Twilio sends connected and start at once; whoever keeps a socket silent for so long is somebody else."""
POLICY_VIOLATION = 1008


def media_endpoint(services: VoiceServices) -> Callable[[WebSocket], Awaitable[None]]:
    """WS /voice/stream."""

    async def endpoint(websocket: WebSocket) -> None:
        if not services.signatures.holds_for_upgrade(websocket.url.path, websocket.headers.get(SIGNATURE_HEADER)):
            log.warning("stream refused", extra={"why": "signature"})
            await websocket.close(POLICY_VIOLATION)  # before accept(): HTTP 403
            return
        await websocket.accept()
        leg = TwilioLeg(websocket)
        try:
            ticket = await _admit(services, leg)
        except LegEnded:
            log.warning("stream refused", extra={"why": "ended before its start message"})
        except TimeoutError:
            log.warning("stream refused", extra={"why": "no start message"})
            await leg.close(POLICY_VIOLATION)
        except BadToken as bad:
            log.warning("stream refused", extra={"why": "token", "token": str(bad)})
            await leg.close(POLICY_VIOLATION)
        else:
            with services.drain.carrying():
                await _carry(services, leg, ticket)

    return endpoint


async def _admit(services: VoiceServices, leg: TwilioLeg) -> StreamTicket:
    async with asyncio.timeout(START_WITHIN_S):
        start = await leg.start()
        if services.account_sid is not None and start.account_sid != services.account_sid:
            raise BadToken("another account")
        if not start.is_telephone_audio:
            log.error("stream in a format we do not carry", extra={"encoding": start.encoding, "rate": start.rate_hz})
            raise BadToken("not telephone audio")
        return await services.tokens.spend(start.parameters.get("token", ""), start.call_sid)


async def _carry(services: VoiceServices, leg: TwilioLeg, ticket: StreamTicket) -> None:
    goes_on = False
    try:
        agent = await services.agents.version(ticket.agent_id, ticket.agent_version)
        errand = None if ticket.attempt_id is None else await errand_of(services, ticket.attempt_id)
        if errand is None and ticket.attempt_id is not None:
            # Without it nobody knows what the law wants said, nor hears an opt-out: this is no call that came in.
            log.error("a call without its errand is ended", extra={"call": ticket.call_sid})
            await _lost(services, ticket)
            return
        await tools_stand(services, agent, ticket.call_sid)
        session = CallSession(services, leg, ticket, agent, errand)
        direction = Direction.INBOUND if ticket.attempt_id is None else Direction.OUTBOUND
        with services.sessions.holding(direction, lambda: session.place):
            after = await session.carry()
        goes_on = after.ending is Ending.STREAM_LOST
        log.info("stream ended", extra={"call": ticket.call_sid, "ending": str(after.ending)})
    except UnknownAgent:
        log.error("the call's agent is gone", extra={"call": ticket.call_sid, "agent": ticket.agent_id})
        await _lost(services, ticket)
    except ConfigurationError as error:
        log.error("the call's agent cannot be voiced", extra={"call": ticket.call_sid, "why": str(error)})
        await _lost(services, ticket)
    finally:
        await leg.close()
        if not goes_on:  # the next stream may be there by now, and use what is open
            await services.tools.release(ticket.call_sid)


async def _lost(services: VoiceServices, ticket: StreamTicket) -> None:
    """Whoever asks what comes next, here or in another process, is told of our fault: the caller hears an apology."""
    lost = AfterStream(
        Ending.INTERNAL_ERROR,
        ticket.language,
        ticket.stream_no,
        agent_id=ticket.agent_id,
        attempt_id=ticket.attempt_id,
    )
    services.endings.remember(ticket.call_sid, lost)
    over: dict[str, Value | Remove] = {
        "streams": ticket.stream_no,
        "state": str(CallState.FAILED),
        "ending": str(lost.ending),
        "ended_at": services.clock.now(),
    }
    services.journal.put(Merge(call_path(ticket.call_sid), over))
    await services.journal.flush(WRITTEN_WITHIN_S)
