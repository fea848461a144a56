"""Telling whoever asked how a call goes on."""

from __future__ import annotations

from local.telephone_network.calls.call import Call
from local.telephone_network.network_time import NetworkTime
from local.telephone_network.webhooks.fields import progress_fields
from local.telephone_network.webhooks.webhooks import Webhooks
from shared.domain.call_status import CallStatus

_EVENTS = {
    CallStatus.INITIATED: "initiated",
    CallStatus.RINGING: "ringing",
    CallStatus.IN_PROGRESS: "answered",
}


class StatusCallbacks:
    """Sends call progress events, numbered in the order in which they happened."""

    def __init__(self, account_sid: str, webhooks: Webhooks, time: NetworkTime) -> None:
        self._account_sid = account_sid
        self._webhooks = webhooks
        self._time = time

    def report(self, call: Call) -> None:
        """The call has just come to its present status."""
        wanted = call.status_callback
        event = "completed" if call.status.is_final else _EVENTS.get(call.status)
        if wanted is None or event is None or event not in wanted.events:
            return
        fields = progress_fields(call, self._account_sid, call.next_sequence, self._time.now())
        call.next_sequence += 1
        self._webhooks.tell(call, event, wanted.url, wanted.method, fields)
