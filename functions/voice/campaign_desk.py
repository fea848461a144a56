"""What a campaign's call does beside the conversation: acts on an opt-out, listens for a machine, reports."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from functions.tools.tool import Wish
from functions.voice.call_record import CallRecord
from functions.voice.campaign_call import CampaignCall
from functions.voice.prompts import OPTED_OUT, leave_message
from functions.voice.stream_over import StreamOver
from shared.domain.call import Ending, Turn
from shared.domain.disposition import CONVERSATION_TURNS
from shared.domain.suppression import Evidence


class CampaignDesk:
    """One stream's; a call that belongs to no campaign has one with nothing on it."""

    def __init__(
        self,
        campaign: CampaignCall | None,
        record: CallRecord,
        now_ms: Callable[[], float],
        tell: Callable[[str], None],
    ) -> None:
        self._campaign = campaign
        self._record = record
        self._now_ms = now_ms
        self._tell = tell
        self.group: asyncio.TaskGroup
        """The stream's tasks; set while the stream runs."""

    def heard_turn(self, turn: Turn) -> None:
        """Somebody has said this."""
        if self._campaign is not None:
            self._act_on(self._campaign, self._campaign.heard_turn(turn))

    def heard_key(self, digit: str) -> None:
        """The person pressed this key."""
        if self._campaign is not None:
            self._act_on(self._campaign, self._campaign.heard_key(digit, self._now_ms()))

    def granted(self, wish: Wish | None) -> None:
        """What a tool wished for tells what was achieved."""
        if self._campaign is not None:
            self._campaign.granted(wish)

    def _act_on(self, campaign: CampaignCall, opt_out: Evidence | None) -> None:
        if opt_out is not None:
            self._record.event("opt_out", self._now_ms(), {"heard_by": str(opt_out.heard_by)})
            self.group.create_task(self._suppress(campaign, opt_out))

    async def _suppress(self, campaign: CampaignCall, evidence: Evidence) -> None:
        written = await campaign.suppress(evidence)
        self._record.event("suppressed", self._now_ms(), {"written": written})
        if await campaign.model_must_be_told():
            self._tell(OPTED_OUT)

    async def listen_for_machine(self) -> None:
        """A machine gets the campaign's message, or nothing; what a person said weighs more than the detector."""
        if self._campaign is None:
            return
        message = await self._campaign.machine()
        if message is None or len(self._record.caller_turns) >= CONVERSATION_TURNS:
            return
        self._record.event("machine_answered", self._now_ms(), {"message": bool(message)})
        if not message:
            raise StreamOver(Ending.AGENT_ENDED)
        self._tell(leave_message(message))

    async def report(self, ending: Ending, first_audio_ms: float | None, language: str | None) -> None:
        """Tell the campaign how it went."""
        if self._campaign is not None:
            await self._campaign.report(ending, self._record.turns.values(), first_audio_ms, language)
