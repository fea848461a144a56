"""Carries out what tools wish for the call (end, transfer, hand over), and tells a tool which call it runs in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from functions.tools.outcome import ToolOutcome
from functions.tools.tool import EndCall, HandOver, Learned, Line, ToolContext, Transfer
from functions.voice.campaign_desk import CampaignDesk
from functions.voice.hand_over import NOT_THERE, NobodyThere, Relay
from functions.voice.prompts import taken_over
from functions.voice.stream import Stream
from shared.domain.agent import Agent
from shared.domain.call import Ending
from shared.domain.languages import language_name


class Wishes:
    """Grants what the tools of one stream wish for."""

    def __init__(
        self,
        stream: Stream,
        campaign: CampaignDesk,
        relay: Relay,
        changes_agent: Callable[[Agent], str],
    ) -> None:
        self._conversation = stream.conversation
        self._link = stream.link
        self._record = stream.record
        self._now_ms = stream.now_ms
        self._campaign = campaign
        self._relay = relay
        self._changes_agent = changes_agent
        """Another agent goes on; returns the language in which it does."""
        self.transfer: Transfer | None = None
        """To whom the caller is joined when the stream is over."""
        self.facts = set(stream.ticket.facts)
        """What tools have found out about the caller."""

    async def granted(self, tool_call_id: str, outcome: ToolOutcome) -> dict[str, Any] | None:
        """A tool has run: the call does what it wishes. Returns the model's answer; None: nobody waits for it.

        What the model has taken back moves the call no more. What the tool has done or found out stays true.
        """
        now_ms, wish = self._now_ms(), outcome.wish
        is_wanted = self._conversation.wants_result(tool_call_id)
        if not is_wanted and isinstance(wish, EndCall | HandOver | Transfer):
            return None
        self._campaign.granted(wish)
        response: dict[str, Any] | None = outcome.response
        match wish:
            case EndCall() if self._campaign.waits_for_beep(wish):
                pass
            case HandOver(agent_id=to) if outcome.repeated and to == self._relay.agent.id:
                self._conversation.result_is_void(tool_call_id)
                self._link.settled(tool_call_id)
                return None
            case HandOver() if wish.agent_id != self._relay.agent.id:
                response = await self._hand_over(tool_call_id, wish)
                if response is None:
                    return None
            case EndCall(ending):
                self._conversation.close_after_goodbye(ending, now_ms)
            case Transfer() as transfer:
                self.transfer = transfer
                self._conversation.close_after_goodbye(Ending.TRANSFERRED, now_ms)
            case Learned(fact):
                self.facts.add(str(fact))
                self._record.learned(self.facts)
        if not is_wanted:
            return None
        self._conversation.tool_answered(tool_call_id, now_ms)
        return response

    def transfer_document(self) -> dict[str, Any] | None:
        """Who is rung for the caller, and what they are told, for whoever answers the webhooks that follow."""
        if self.transfer is None:
            return None
        language = self._relay.agent.languages.start
        return {"to": self.transfer.name, "summary": self.transfer.summary, "language": language, "answer": None}

    async def _hand_over(self, tool_call_id: str, wish: HandOver) -> dict[str, Any] | None:
        before = self._relay.agent
        try:
            agent = await self._relay.find(wish.agent_id)
            language = self._changes_agent(agent)
            places = self._relay.places(agent, language)
        except NobodyThere:
            self._changes_agent(before)
            return NOT_THERE
        self._relay.passed_to(agent)
        self._record.handed_over(agent.id, agent.version, self._relay.so_far)
        now_ms = self._now_ms()
        self._record.event("handed_over", now_ms, {"from": before.id, "to": agent.id})
        told = taken_over(before.name, agent.name, wish.brief, language_name(language))
        self._conversation.handed_over(tool_call_id, agent.id, told, now_ms)
        self._link.hand_over(places, tool_call_id, unanswered=self._conversation.is_caller_unanswered)
        return None


def tool_context(stream: Stream, relay: Relay, facts: frozenset[str], line: Line, tool_call_id: str) -> ToolContext:
    """What one call of a tool may know of the conversation."""
    services, ticket, errand = stream.services, stream.ticket, stream.errand
    caller_turns = stream.record.caller_turns
    return ToolContext(
        call_sid=ticket.call_sid,
        agent=relay.agent,
        caller=ticket.caller,
        idempotency_key=f"{ticket.call_sid}:{tool_call_id}",
        clock=services.clock,
        store=services.store,
        number_hash=errand.contact.id if errand else services.number_hash(ticket.caller),
        attempt_id=ticket.attempt_id,
        campaign_id=errand.campaign.id if errand else None,
        language=stream.spoken_language,
        last_words=caller_turns[-1].text if caller_turns else "",
        at_ms=round(stream.now_ms()),
        agents_so_far=tuple(relay.so_far),
        facts=facts,
        line=line,
    )
