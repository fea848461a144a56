"""Acts for the campaign during its call: on opt-outs, on an answering machine, and with the report at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import groupby

from functions.tools.tool import Wish
from functions.voice.actions import Action
from functions.voice.campaign_call import CampaignCall
from functions.voice.prompts import OPTED_OUT, leave_message
from functions.voice.stream import Stream
from functions.voice.stream_over import StreamOver
from shared.domain.agent import Agent
from shared.domain.call import Ending, Speaker, Turn, stream_of
from shared.domain.calling_rules import Purpose
from shared.domain.disposition import Talk
from shared.domain.suppression import Evidence

ANSWERS_WITHIN_S = 3.0
"""The model mostly takes a machine's greeting for a caller's turn, and answers it besides saying the message."""
HEARD_WITHIN_S = 60.0
"""Of being told; a message is shorter."""
LOOK_EVERY_S = 0.05
KNOWN_WITHIN_S = 3.0
"""What earlier streams have left is read at once; a store that has not answered by then is away."""
CONFIRMED_WITHIN_S = 8.0
"""Whoever wants no more calls is told so when it is written down; but a store that is away is not waited for."""


def is_whole(turn: Turn) -> bool:
    """Whether the agent was heard to the end."""
    return turn.speaker is Speaker.AGENT and not turn.cut_off


class CampaignDesk:
    """One stream's. A call that belongs to no campaign has one too, which does nothing."""

    def __init__(
        self,
        stream: Stream,
        campaign: CampaignCall | None,
        tell: Callable[[str], None],
        perform: Callable[[Sequence[Action]], None],
        tell_afresh: Callable[[str], None],
    ) -> None:
        self._record = stream.record
        self._conversation = stream.conversation
        self._now_ms = stream.now_ms
        self._campaign = campaign
        self._tell = tell
        self._perform = perform
        self._tell_afresh = tell_afresh
        """Tells a new session, which knows nothing of what this one is about to say."""
        self._leaves = False
        """A machine is recording."""
        self._told_ms: float | None = None
        """When the agent was told to say the campaign's message; what it says from then on is recorded."""
        self._stopped_by_key = False
        self._owes_opening = campaign is not None and campaign.errand.campaign.purpose is Purpose.MARKETING
        self.group: asyncio.TaskGroup
        """The stream's tasks; set while the stream runs."""

    @property
    def outcome(self) -> dict[str, str]:
        """What the conversation achieved, as the call's record has it; nothing where nobody can tell yet."""
        outcome = None if self._campaign is None else self._campaign.outcome
        return {} if outcome is None else {"outcome": str(outcome)}

    @property
    def opening_is_owed(self) -> bool:
        """The law wants the first sentences of a marketing call to be heard, and they have not been heard whole."""
        return self._owes_opening and not any(is_whole(turn) for turn in self._record.turns_before)

    def heard_turn(self, turn: Turn) -> None:
        """Somebody has said this."""
        if is_whole(turn):
            self._owes_opening = False
        if self._campaign is not None:
            self._act_on(self._campaign, self._campaign.heard_turn(turn))

    def heard_last(self, turn: Turn) -> None:
        """Somebody had said this when the stream was over, and nobody is there any more to be told what came of it."""
        if self._campaign is not None and (opt_out := self._campaign.heard_turn(turn)) is not None:
            self._write(self._campaign, opt_out)

    def heard_key(self, digit: str) -> bool:
        """The person pressed this key; whether they want no more calls, which the agent is told here."""
        if self._campaign is None:
            return False
        opt_out = self._campaign.heard_key(digit, self._now_ms())
        if opt_out is not None and not self._stopped_by_key:
            self._stopped_by_key = True
            self._act_on(self._campaign, opt_out, by_key=True)
        return self._stopped_by_key

    def granted(self, wish: Wish | None) -> None:
        """What a tool wished for tells what was achieved."""
        if self._campaign is not None:
            self._campaign.granted(wish, message_said=self._message_said)

    def waits_for_beep(self, wish: Wish | None) -> bool:
        """Whether the call goes on though a tool wished to end it."""
        if self._campaign is None:
            return False
        if self._leaves:
            # What it wished while it answered the greeting comes too early as well.
            return not self._message_said
        return self._campaign.waits_for_beep(wish)

    @property
    def _message_said(self) -> bool:
        begun_ms = self._conversation.agent.begun_ms
        return self._told_ms is not None and begun_ms is not None and begun_ms > self._told_ms

    def _act_on(self, campaign: CampaignCall, opt_out: Evidence | None, *, by_key: bool = False) -> None:
        if opt_out is not None:
            written = self._write(campaign, opt_out)
            self.group.create_task(self._confirm(campaign, written, by_key=by_key))

    def _write(self, campaign: CampaignCall, opt_out: Evidence) -> asyncio.Task[None]:
        """Whoever hangs up now is off the list all the same."""
        self._record.event("opt_out", self._now_ms(), {"heard_by": str(opt_out.heard_by)})
        return campaign.unfinished.begin(self._suppress(campaign, opt_out))

    async def _suppress(self, campaign: CampaignCall, opt_out: Evidence) -> None:
        written = await campaign.suppress(opt_out)
        self._record.event("suppressed", self._now_ms(), {"written": written})

    async def _confirm(self, campaign: CampaignCall, written: asyncio.Task[None], *, by_key: bool) -> None:
        await asyncio.wait({written}, timeout=CONFIRMED_WITHIN_S)
        # The model hears no key, so there is no tool of its own to wait for. What it is saying is not cut off: a text
        # does not interrupt it, and until its turn is over nothing else would come.
        if by_key or await campaign.model_must_be_told():
            self._tell(OPTED_OUT)

    async def listen_for_machine(self, agent: Agent) -> None:
        """A machine gets the campaign's message, or nothing; what a person said weighs more than the detector."""
        if self._campaign is None:
            return
        await self._until(lambda: self._record.knows_before, KNOWN_WITHIN_S)
        if not self._record.knows_before or self._talk(self._campaign, ()).is_conversation:
            # Somebody who has talked with us, or may have, is no machine because the socket broke.
            self._campaign.hears_no_machine()
            return
        message = await self._campaign.machine(agent)
        now_saying = self._conversation.caller_so_far
        turns = [*self._record.turns.values(), *([now_saying] if now_saying else [])]
        if self._talk(self._campaign, turns).is_conversation:
            return
        if message is None:
            if self._campaign.is_done_with_machine:
                raise StreamOver(Ending.AGENT_ENDED)
            return
        self._record.event("machine_answered", self._now_ms(), {"message": bool(message)})
        if not message:
            raise StreamOver(Ending.AGENT_ENDED)
        await self._leave(message)

    async def _leave(self, message: str) -> None:
        """The machine is recording: whatever is being said to its greeting, or about to be, has no place on it."""
        conversation, self._leaves = self._conversation, True
        await self._until(lambda: conversation.agent.is_open or not conversation.is_caller_unanswered, ANSWERS_WITHIN_S)
        self._perform(conversation.make_way(self._now_ms()))
        self._told_ms = self._now_ms()
        # A model that is in the middle of something would say the rest of it first.
        (self._tell if conversation.is_model_done else self._tell_afresh)(leave_message(message))
        await self._until(lambda: self._message_heard, HEARD_WITHIN_S)
        if self._message_heard and self._campaign is not None:
            self._campaign.has_left_message()
        raise StreamOver(Ending.AGENT_ENDED)

    @property
    def _message_heard(self) -> bool:
        """To its end, from its beginning."""
        told_ms = self._told_ms or 0.0
        turns = self._record.turns.values()
        return any(
            turn.speaker is Speaker.AGENT and turn.start_ms >= told_ms and turn.text and not turn.cut_off
            for turn in turns
        )

    @staticmethod
    async def _until(done: Callable[[], bool], longest_s: float) -> None:
        for _ in range(round(longest_s / LOOK_EVERY_S)):
            if done():
                return
            await asyncio.sleep(LOOK_EVERY_S)

    def _talk(self, campaign: CampaignCall, turns: Iterable[Turn]) -> Talk:
        """Of the whole call, with these turns of this stream; times of turns are their own stream's."""
        talk = Talk()
        for _, earlier in groupby(self._record.turns_before, key=lambda turn: stream_of(turn.seq)):
            talk += campaign.talk(earlier)
        return talk + campaign.talk(turns)

    async def report(self, ending: Ending, language: str | None) -> None:
        """Tell the campaign how it went."""
        if self._campaign is not None:
            record = self._record
            talk = self._talk(self._campaign, record.turns.values())
            # Of those in the middle of a very long call the number is known.
            talk = replace(talk, caller_turns=talk.caller_turns + record.forgotten_caller_turns)
            await self._campaign.report(ending, talk, record.outcome_before, language, record.silent_until)
