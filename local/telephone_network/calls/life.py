"""The life of a call, from its first ring to its end."""

from __future__ import annotations

from local.telephone_network.calls.call import Call
from local.telephone_network.calls.leg import Leg
from local.telephone_network.calls.ringing import ring
from local.telephone_network.exchange import Exchange
from local.telephone_network.people.callees import Callee
from local.telephone_network.people.script import Script, greeting
from local.telephone_network.race import first_of
from local.telephone_network.sound import tones
from local.telephone_network.twiml.conversation import Conversation, Finish
from local.telephone_network.webhooks.fields import detection_fields
from shared.domain.call_status import CallStatus

AFTER_GREETING_S = 0.3
"""How soon after a machine's greeting and beep Twilio says so."""
_REJECTIONS = {Finish.REJECTED: CallStatus.NO_ANSWER, Finish.REJECTED_BUSY: CallStatus.BUSY}


class Lives:
    """The calls that are going on, and what can still be done to them."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._conversations: dict[str, Conversation] = {}

    def conversation(self, call: Call) -> Conversation | None:
        """What a call that is going on follows; None before its answer and after its end."""
        return self._conversations.get(call.sid) if call.status is CallStatus.IN_PROGRESS else None

    async def outbound(self, call: Call) -> None:
        """Ring; talk if somebody answers."""
        callee = await ring(self._exchange, call)
        if callee is None:
            return
        leg = Leg.of(self._exchange, call, callee)
        leg.answer()
        fields = {}
        if call.send_digits:
            call.journal.note("send digits", digits=call.send_digits)
            await first_of(leg.play(tones.keys(call.send_digits)), call.hung_up.wait())
        if call.detection is not None and not call.send_digits:
            if call.detection.callback_url is None:
                fields = await self._detect_first(leg, callee)
            else:
                self._exchange.spawn(self._detect_meanwhile(leg, callee))
        await self._talk(leg, fields)

    async def inbound(self, call: Call, script: Script) -> None:
        """A person calls one of our numbers; whether and when it is answered is for the TwiML to say."""
        self._exchange.rings.append(
            {"number": call.to, "at": self._exchange.time.now().isoformat(), "call_sid": call.sid}
        )
        leg = Leg(self._exchange, call, script)
        self._exchange.spawn(self._lose_patience(leg, script.rings_s))
        await self._talk(leg, {})

    async def _lose_patience(self, leg: Leg, seconds: float) -> None:
        if await first_of(self._exchange.time.sleep(seconds), leg.call.over.wait()) == 0 and not leg.is_answered:
            leg.call.hang_up("person")

    async def _talk(self, leg: Leg, fields: dict[str, str]) -> None:
        call = leg.call
        conversation = self._conversations[call.sid] = Conversation(leg)
        finishes: list[Finish] = []

        async def follow() -> None:
            finishes.append(await conversation.run(call.instructions, **fields))

        try:
            await first_of(follow(), call.hung_up.wait())
        finally:
            del self._conversations[call.sid]
            if finishes:
                call.hang_up("twiml")
            status = CallStatus.COMPLETED if leg.is_answered else CallStatus.CANCELED
            if finishes and not leg.is_answered:
                status = _REJECTIONS.get(finishes[0], status)
            await leg.close(status, 200 if leg.is_answered else 487)

    async def _detect_first(self, leg: Leg, callee: Callee) -> dict[str, str]:
        """Synchronous detection: whoever answered hears nothing until it is decided."""
        seconds, found = self._detection(leg, callee)
        await first_of(leg.wait(seconds), leg.call.hung_up.wait())
        leg.call.answered_by = found
        return {"AnsweredBy": found, "MachineDetectionDuration": str(round(seconds * 1000))}

    async def _detect_meanwhile(self, leg: Leg, callee: Callee) -> None:
        seconds, found = self._detection(leg, callee)
        if await first_of(self._exchange.time.sleep(seconds), leg.call.hung_up.wait()) == 1:
            return
        leg.call.answered_by = found
        leg.call.journal.note("detected", answered_by=found)
        detection = leg.call.detection
        if detection is not None and detection.callback_url is not None:
            fields = detection_fields(leg.call, self._exchange.account.sid, found, round(seconds * 1000))
            self._exchange.webhooks.tell(leg.call, "amd", detection.callback_url, detection.callback_method, fields)

    def _detection(self, leg: Leg, callee: Callee) -> tuple[float, str]:
        if not callee.is_machine:
            return callee.detected_after_s, callee.answered_by or "human"
        if leg.call.detection is None or not leg.call.detection.until_end:
            return callee.detected_after_s, "machine_start"
        heard = greeting(leg.actions)
        seconds = heard.ms / 1000 + AFTER_GREETING_S if heard.ms else callee.detected_after_s
        return seconds, "machine_end_beep" if heard.beeps else "machine_end_silence"
