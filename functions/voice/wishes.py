"""The call as its tools see it, and what they wish to happen to it."""

from __future__ import annotations

from collections.abc import Callable

from functions.tools.tool import EndCall, ToolContext, Transfer, Wish
from functions.voice.call_record import CallRecord
from functions.voice.campaign_desk import CampaignDesk
from functions.voice.conversation import Conversation
from functions.voice.errand import Errand
from functions.voice.services import VoiceServices
from functions.voice.stream_token import StreamTicket
from shared.domain.agent import Agent
from shared.domain.call import Ending


class Wishes:
    """One stream's."""

    def __init__(self, conversation: Conversation, campaign: CampaignDesk, now_ms: Callable[[], float]) -> None:
        self._conversation = conversation
        self._campaign = campaign
        self._now_ms = now_ms
        self.transfer_to: str | None = None
        """Whom the caller is joined to when the stream is over."""

    def granted(self, tool_call_id: str, wish: Wish | None) -> None:
        """A tool has run: its answer goes to the model, and the call does what it wishes."""
        now_ms = self._now_ms()
        self._conversation.tool_answered(tool_call_id, now_ms)
        self._campaign.granted(wish)
        match wish:
            case EndCall(ending):
                self._conversation.close_after_goodbye(ending, now_ms)
            case Transfer(number):
                self.transfer_to = number
                self._conversation.close_after_goodbye(Ending.TRANSFERRED, now_ms)


def tool_context(
    services: VoiceServices,
    ticket: StreamTicket,
    agent: Agent,
    errand: Errand | None,
    record: CallRecord,
    tool_call_id: str,
    language: str,
    now_ms: float,
) -> ToolContext:
    """What one call of a tool may know of the conversation."""
    caller_turns = record.caller_turns
    return ToolContext(
        call_sid=ticket.call_sid,
        agent=agent,
        caller=ticket.caller,
        idempotency_key=f"{ticket.call_sid}:{tool_call_id}",
        clock=services.clock,
        store=services.store,
        number_hash=errand.contact.id if errand else services.number_hash(ticket.caller),
        attempt_id=ticket.attempt_id,
        campaign_id=errand.campaign.id if errand else None,
        language=language,
        last_words=caller_turns[-1].text if caller_turns else "",
        at_ms=round(now_ms),
    )
