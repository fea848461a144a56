"""Carries out what a conversation decides: on the telephone, on the line to the model, in the record, at the tools."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import assert_never

from functions.voice.actions import (
    Action,
    BeginTurn,
    CancelTools,
    ClearPlayout,
    EndTurn,
    HangUp,
    MoveOn,
    Note,
    Play,
    PlaySound,
    Recover,
    RunTool,
    SaveTurn,
    SendMark,
    TellHeard,
    TellModel,
)
from functions.voice.greetings.first_words import FirstWords
from functions.voice.leg import TwilioLeg
from functions.voice.moves import Move
from functions.voice.prompts import OPENING_IS_OWED, SAY_IT_IS_RECORDED, nudge, what_was_heard
from functions.voice.stream import Stream
from functions.voice.stream_over import StreamOver
from functions.voice.tool_desk import Granted, ToolDesk
from functions.voice.watchdog import Step
from shared.domain.call import Turn
from shared.domain.recording import SILENCE

log = logging.getLogger(__name__)


class Performer:
    """Performs the actions of one stream's conversation."""

    def __init__(
        self,
        stream: Stream,
        leg: TwilioLeg,
        tools: ToolDesk,
        *,
        granted: Granted,
        tagged: Callable[[Turn], Turn],
        heard_turn: Callable[[Turn], None],
        first_words: FirstWords,
        opening_is_owed: Callable[[], bool],
    ) -> None:
        self._leg = leg
        self._link = stream.link
        self._conversation = stream.conversation
        self._record = stream.record
        self._recorder = stream.recorder
        self._now_ms = stream.now_ms
        self._tools = tools
        self._granted = granted
        """A tool has run, and wishes something of the call, or nothing."""
        self._tagged = tagged
        """Says which language a turn is in."""
        self._heard_turn = heard_turn
        """A turn was kept: somebody else wants to know."""
        self._first_words = first_words
        self._opening_is_owed = opening_is_owed
        """The law's first sentences have not been heard whole."""
        self.group: asyncio.TaskGroup
        """The stream's tasks; set while the stream runs."""
        self._texts: asyncio.Queue[tuple[Callable[[str], Awaitable[None]], str]] = asyncio.Queue()
        """What the model is to be told, and in which way."""
        self._untold = ""
        """What the caller has to hear, while the model does not know."""
        self._is_heard = False
        self.tried: dict[Step, int] = dict.fromkeys(Step, 0)
        """What was done about a stuck model, how often."""

    def perform(self, actions: Sequence[Action]) -> None:
        """All of these, in order, and at once; only texts to the model wait for one another.

        Raises StreamOver when the line is to drop, LegEnded when it has.
        """
        for action in actions:
            match action:
                case Play(ulaw, mark):
                    self._play(ulaw, mark)
                case PlaySound(ulaw, mark, secret):
                    self._leg.play(ulaw, mark)
                    self._recorder.agent(SILENCE * len(ulaw) if secret else ulaw, self._now_ms())
                case SendMark(name):
                    self._leg.mark(name)
                case ClearPlayout():
                    self._leg.clear()
                    self._recorder.cleared(self._now_ms())
                case TellModel(text):
                    self.tell(text)
                case TellHeard(heard, unheard):
                    self._let_know(what_was_heard(heard, unheard))
                case BeginTurn(back_ms):
                    self._link.begin_turn(back_ms)
                case EndTurn():
                    self._link.end_turn()
                case MoveOn():
                    self._link.move(Move.PLANNED)
                case Recover():
                    self._recover(action)
                case SaveTurn(turn):
                    told = self._tagged(turn)
                    self._record.turn(told)
                    self._heard_turn(told)
                case Note(kind, fields):
                    self._record.event(kind, self._now_ms(), fields)
                case RunTool(call):
                    self._tools.start(call, self.group, self._granted)
                case CancelTools(ids):
                    self._tools.unwanted(ids)
                case HangUp(ending):
                    raise StreamOver(ending)
                case _:
                    assert_never(action)

    async def tell_model(self) -> None:
        """Say to the model what waits to be said, in order, for as long as the stream runs."""
        while True:
            say, text = await self._texts.get()
            await say(text)

    def _play(self, ulaw: bytes, mark: str | None) -> None:
        if not self._is_heard:
            self._is_heard = True
            self._record.event("first_audio", self._now_ms())
        self._leg.play(ulaw, mark)
        self._recorder.agent(ulaw, self._now_ms())
        self._first_words.played(ulaw)

    def _let_know(self, text: str) -> None:
        """Tell the model of an answer that was cut off, and of what the caller had to hear and did not."""
        owed = (
            OPENING_IS_OWED if self._opening_is_owed() else SAY_IT_IS_RECORDED if self._recorder.notice_is_owed else ""
        )

        async def tell(text: str) -> None:
            if not await self._link.add_context(text):
                self._untold = owed or self._untold
            elif owed:
                self._untold = ""

        self._texts.put_nowait((tell, f"{text} {owed}" if owed else text))

    def remind(self) -> None:
        """Nobody speaks: have the caller told what they have to hear, if the model could not be told of it before."""
        if self._untold:
            self.tell(self._untold)

    async def _direct(self, text: str) -> None:
        self._untold = ""  # it goes with this
        await self._link.send_text(text)

    def tell(self, text: str, *, told: bool = False) -> None:
        """Direct the model, which is to answer by voice; told: it has been already."""
        self._conversation.told(text, self._now_ms())
        if not told:
            self._texts.put_nowait((self._direct, text))

    def _recover(self, action: Recover) -> None:
        self.tried[action.step] += 1
        log.warning("speech model is stuck", extra={"call": self._record.call_sid, "step": str(action.step)})
        match action.step:
            case Step.NUDGE:
                self._texts.put_nowait((self._direct, nudge(action.awaiting, on_its_way=action.on_its_way)))
            case Step.RESUME:
                self._link.move(Move.RESUME)
            case _:
                self._link.move(Move.REPLACE)
