"""Doing <Dial>: ringing somebody else, whispering to them, joining the two."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from local.telephone_network.calls.call import Call, Direction, Instructions, StatusCallback
from local.telephone_network.calls.leg import Leg
from local.telephone_network.calls.ringing import ring
from local.telephone_network.people.callees import Callee
from local.telephone_network.race import first_of
from local.telephone_network.sound import tones
from local.telephone_network.sound.mulaw import SILENCE
from local.telephone_network.stream.play_buffer import PlayBuffer
from local.telephone_network.twiml.verbs import Dial
from shared.domain.call_status import CallStatus

if TYPE_CHECKING:
    from local.telephone_network.twiml.conversation import Conversation


@dataclass(frozen=True, slots=True)
class Outcome:
    """How dialling went, as the action URL is told."""

    status: CallStatus
    call_sid: str
    duration_s: int | None
    bridged: bool

    @property
    def fields(self) -> dict[str, str]:
        """DialCallStatus and its companions."""
        fields = {
            "DialCallStatus": self.status.value,
            "DialCallSid": self.call_sid,
            "DialBridged": "true" if self.bridged else "false",
        }
        return fields if self.duration_s is None else fields | {"DialCallDuration": str(self.duration_s)}


async def dial(leg: Leg, verb: Dial, base_url: str, follow: type[Conversation]) -> Outcome:
    """Ring the number, join the two if it is answered and accepted, and come back when that is over."""
    child = _child(leg, verb, base_url)
    try:
        callee = await _ring_audibly(leg, child)
        if callee is None:
            return Outcome(child.status, child.sid, None, False)
        bridged = await _talk(leg, child, callee, verb, base_url, follow)
        # A callee who hears the whisper and does not accept has not taken the call.
        status = CallStatus.COMPLETED if bridged else CallStatus.NO_ANSWER
        return Outcome(status, child.sid, child.duration_s, bridged)
    finally:
        if not child.status.is_final and child.answered_at is None:
            child.hang_up("caller")
            leg.exchange.progress(child, CallStatus.CANCELED, sip_code=487)


def _child(leg: Leg, verb: Dial, base_url: str) -> Call:
    number = verb.number
    callback = None
    if number.status_callback is not None:
        url = urljoin(base_url, number.status_callback)
        callback = StatusCallback(url, events=frozenset(number.status_callback_events))
    child = leg.exchange.new_call(
        to=number.number,
        from_=verb.caller_id or leg.call.from_,
        direction=Direction.OUTBOUND_DIAL,
        instructions=Instructions(urljoin(base_url, number.url) if number.url else "", number.method),
        status_callback=callback,
        ring_timeout_s=verb.timeout_s,
        time_limit_s=verb.time_limit_s,
        parent_sid=leg.call.sid,
    )
    leg.call.journal.note("dials", child_sid=child.sid)
    return child


async def _ring_audibly(leg: Leg, child: Call) -> Callee | None:
    found: list[Callee | None] = []

    async def wait_for_answer() -> None:
        found.append(await ring(leg.exchange, child))

    async def hear_ringing() -> None:
        while True:
            await leg.play(tones.ringback())

    await first_of(wait_for_answer(), hear_ringing())
    if leg.line is not None:
        leg.line.buffer.clear()
    return found[0]


async def _talk(leg: Leg, child: Call, callee: Callee, verb: Dial, base_url: str, follow: type[Conversation]) -> bool:
    other = Leg.of(leg.exchange, child, callee)
    other.answer()
    bridged = False
    try:
        if verb.number.url:
            finishes: list[str] = []

            async def listen_to_whisper() -> None:
                finishes.append(await follow(other).run(child.instructions, "whisper"))

            await first_of(listen_to_whisper(), child.hung_up.wait())
            if finishes != ["ran out"] or child.hung_up.is_set():
                return False
        bridged = True
        leg.call.journal.note("bridged", child_sid=child.sid)
        child.journal.note("bridged", parent_sid=leg.call.sid)
        _join(leg, other)
        await child.hung_up.wait()
        return True
    finally:
        _part(leg, other)
        child.hang_up("caller" if bridged else "whisper")
        await other.close(CallStatus.COMPLETED, 200)


def _join(one: Leg, other: Leg) -> None:
    if one.line is not None and other.line is not None:
        one.line.on_frame = _into(other.line.buffer)
        other.line.on_frame = _into(one.line.buffer)


def _into(buffer: PlayBuffer) -> Callable[[bytes | None], None]:
    def carry(audio: bytes | None) -> None:
        buffer.put(audio or SILENCE)

    return carry


def _part(one: Leg, other: Leg) -> None:
    for leg in (one, other):
        if leg.line is not None:
            leg.line.on_frame = None
            leg.line.buffer.clear()
