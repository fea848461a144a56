"""From the moment a call starts until somebody answers, or nobody does."""

from __future__ import annotations

from local.telephone_network.calls.call import Call
from local.telephone_network.exchange import Exchange
from local.telephone_network.people.callees import Callee, Reaction
from local.telephone_network.race import first_of
from shared.domain.call_status import CallStatus

_SIP_BUSY, _SIP_DECLINED, _SIP_NO_ANSWER, _SIP_UNAVAILABLE = 486, 603, 480, 503
_CANCELED = (CallStatus.CANCELED, 487)


async def ring(exchange: Exchange, call: Call) -> Callee | None:
    """Let the callee's telephone ring. None if the call ended so; it has its final status then."""
    exchange.progress(call, CallStatus.INITIATED)
    reached = await _reach(exchange, call)
    if isinstance(reached, Callee):
        return reached
    status, sip_code = reached
    exchange.progress(call, status, sip_code=sip_code)
    return None


async def _reach(exchange: Exchange, call: Call) -> Callee | tuple[CallStatus, int]:
    if await _hung_up_within(exchange, call, exchange.setup_s):
        return _CANCELED
    callee = exchange.callees.ring(call.to)
    if callee.reaction in {Reaction.FAILS, Reaction.REFUSED}:
        return CallStatus.FAILED, callee.sip_code or _SIP_UNAVAILABLE
    if callee.reaction is Reaction.BUSY:
        canceled = await _hung_up_within(exchange, call, callee.after_s)
        return _CANCELED if canceled else (CallStatus.BUSY, callee.sip_code or _SIP_BUSY)
    exchange.progress(call, CallStatus.RINGING)
    exchange.rings.append({"number": call.to, "at": exchange.time.now().isoformat(), "call_sid": call.sid})
    never = callee.reaction is Reaction.NO_ANSWER or callee.after_s >= call.ring_timeout_s
    if await _hung_up_within(exchange, call, call.ring_timeout_s if never else callee.after_s):
        return _CANCELED
    if never:
        return CallStatus.NO_ANSWER, callee.sip_code or _SIP_NO_ANSWER
    if callee.reaction is Reaction.REJECTS:
        return CallStatus.BUSY, callee.sip_code or _SIP_DECLINED
    return callee


async def _hung_up_within(exchange: Exchange, call: Call, seconds: float) -> bool:
    return call.hung_up.is_set() or await first_of(exchange.time.sleep(seconds), call.hung_up.wait()) == 1
