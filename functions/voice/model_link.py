"""The conversation's line to the speech model: opened, kept up, moved in time, and taken up again when it breaks.

While no session stands, what the caller says is kept and sent as soon as one does. What the caller said and has had no
answer to is kept as well, and said again to a session that cannot know it: no word is lost.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from functions.voice.prompts import tools_answered, tools_at_work
from functions.voice.speech.model import (
    ResumeHandle,
    SessionEnded,
    SessionSetup,
    SpeechError,
    SpeechEvent,
    SpeechModel,
    SpeechRefused,
    SpeechSession,
    SpeechUnavailable,
    ToolAnswer,
    ToolCall,
)

log = logging.getLogger(__name__)

MOST_WAITING_FRAMES = 500
"""Ten seconds of the caller; older frames go first."""
MOST_UNANSWERED_FRAMES = 750
PRE_ROLL_FRAMES = 15
"""Kept while the caller is silent: the beginning of a word comes before we know that it is one."""
MOST_REOPENINGS = 3
"""In a row, without anything received in between."""
REOPEN_AFTER_S = (0.0, 0.3, 1.0)
MOST_BREAKS = 6
BREAKS_WITHIN_S = 60.0
"""Sessions that break more often than this break for a reason that the next one will have too."""
OPEN_WITHIN_S = 5.0
"""One place may take so long at the start of a call, while the caller hears nothing."""


class Move(StrEnum):
    """Why a session is left."""

    PLANNED = "planned"
    """Its connection is about to end."""
    RESUME = "resume"
    """It is stuck: take it up again."""
    REPLACE = "replace"
    """It is stuck for good: a fresh one, at the next place."""
    BROKEN = "broken"
    """It ended by itself."""


@dataclass(frozen=True, slots=True)
class Place:
    """One model, somewhere, and what a session there is opened with."""

    model: SpeechModel
    setup: SessionSetup


@dataclass(frozen=True, slots=True)
class Recollection:
    """What a session that takes over has to know."""

    history: Sequence[tuple[str, str]] = ()
    """(role, text); for a session that has no handle to resume from."""
    debt: str | None = None
    """Said to it, to be answered by voice: what the caller is owed."""


class Memory:
    """What the line asks its owner."""

    async def session_ends(self, move: Move) -> None:
        """A session is left, or has gone."""

    def recollect(self) -> Recollection:
        """What the next one is told."""
        return Recollection()

    def session_stands(self, move: Move, gap_ms: float) -> None:
        """The next one is there, so long after the last one was left."""


class ModelLink:
    """One caller's line to the model."""

    def __init__(self, places: Sequence[Place], memory: Memory) -> None:
        self._places = places
        self._memory = memory
        self._at = 0
        self._session: SpeechSession | None = None
        self._left: SpeechSession | None = None
        """A session that is gone and not yet closed."""
        self._wanted: Move | None = None
        self._scope: asyncio.Timeout | None = None
        self._handle: str | None = None
        self._calls: dict[str, str] = {}
        """Tools called since the handle was given, by id: a session resumed with it knows nothing of them."""
        self._answers: list[ToolAnswer] = []
        """Answers that were sent since then."""
        self._foreign: set[str] = set()
        """Calls of sessions that could not be resumed: their answers can only be told."""
        self._waiting_audio: deque[bytes] = deque(maxlen=MOST_WAITING_FRAMES)
        self._unanswered: deque[bytes] = deque(maxlen=MOST_UNANSWERED_FRAMES)
        self._is_unanswered = False
        self._waiting_messages: deque[ToolAnswer | str] = deque()
        self._failures = 0
        self._breaks: deque[float] = deque(maxlen=MOST_BREAKS)
        self._lost_s = 0.0
        self.moves: dict[Move, int] = dict.fromkeys(Move, 0)

    @property
    def model(self) -> str:
        """Id of the model that voices the agent, or did last."""
        return self._places[self._at].setup.model

    @property
    def reopenings(self) -> int:
        """How often a session was followed by another."""
        return sum(self.moves.values())

    # -- opening

    def begin_with(self, history: Sequence[tuple[str, str]]) -> None:
        """What was said before this line was made."""
        told = tuple(history)
        self._places = [Place(place.model, replace(place.setup, history=told)) for place in self._places]

    def next_place(self) -> bool:
        """Give up the place where the agent lives; whether there is another."""
        if self._at == len(self._places) - 1:
            return False
        self._at += 1
        return True

    async def open(self, ready: SpeechSession | None = None) -> None:
        """Open the first session, where the agent lives or else at the next place; or take the one that is ready.

        Raises SpeechRefused or SpeechUnavailable.
        """
        await self._stand(ready or await self._first(), None)

    async def _first(self) -> SpeechSession:
        last = len(self._places) - 1
        for at in range(self._at, last + 1):
            self._at = at
            try:
                return await self._open_here(self._places[self._at].setup)
            except (SpeechRefused, SpeechUnavailable) as error:
                if self._at == last:
                    raise
                log.warning("speech model not to be had; trying the next", extra={"code": error.code})
        raise SpeechRefused("the agent has no speech model")

    async def _open_here(self, setup: SessionSetup) -> SpeechSession:
        try:
            async with asyncio.timeout(OPEN_WITHIN_S):
                return await self._places[self._at].model.open(setup)
        except TimeoutError:
            raise SpeechUnavailable("the speech model did not answer in time") from None

    async def _stand(self, session: SpeechSession, debt: str | None) -> None:
        """Tool answers and directions first, then what is owed, then the caller's words, then the present."""
        for message in tuple(self._waiting_messages):
            if isinstance(message, str):
                await session.send_text(message)
            elif message.id not in self._foreign:
                await session.send_tool_answers([message])
                self._answers.append(message)
            else:
                continue
            self._waiting_messages.remove(message)
        retold = [message for message in self._waiting_messages if not isinstance(message, str)]
        debt = self._about_tools(retold) or debt
        if debt is not None:
            await session.send_text(debt)
        self._answers += retold
        self._waiting_messages.clear()
        if self._is_unanswered:
            self._waiting_audio.extendleft(reversed(self._unanswered))
        self._unanswered.clear()
        while self._waiting_audio:
            frame = self._waiting_audio[0]
            await session.send_audio(frame)
            self._waiting_audio.popleft()
            self._unanswered.append(frame)
        self._session = session

    def _about_tools(self, answered: Sequence[ToolAnswer]) -> str | None:
        """What a session is told about tools that an earlier one called."""
        if answered:
            return tools_answered([_told(answer) for answer in answered])
        done = {answer.id for answer in self._answers}
        at_work = [name for id_, name in self._calls.items() if id_ in self._foreign and id_ not in done]
        return tools_at_work(at_work) if at_work else None

    # -- sending

    async def send_audio(self, pcm: bytes, *, unanswered: bool = False) -> None:
        """The caller's voice, PCM16 at 16 kHz; unanswered: it belongs to something that has had no answer yet."""
        self._is_unanswered = unanswered
        if self._session is None:
            self._waiting_audio.append(pcm)
            return
        try:
            await self._session.send_audio(pcm)
        except SessionEnded:
            self._session_is_gone()
            self._waiting_audio.append(pcm)
            return
        recent = self._unanswered
        recent.append(pcm)
        if not unanswered:
            while len(recent) > PRE_ROLL_FRAMES:
                recent.popleft()

    async def send_text(self, text: str) -> None:
        """A direction to the model."""
        await self._send(text)

    async def add_context(self, text: str) -> None:
        """Something to know, not to answer; a session that comes later learns it from the history."""
        if self._session is not None:
            try:
                await self._session.add_context(text)
            except SessionEnded:
                self._session_is_gone()

    async def answer(self, answer: ToolAnswer) -> None:
        """A tool's result; waits for the next session when there is none."""
        await self._send(answer)

    async def _send(self, message: ToolAnswer | str) -> None:
        if self._session is None:
            self._waiting_messages.append(message)
            return
        try:
            if isinstance(message, str):
                await self._session.send_text(message)
                return
            if message.id in self._foreign:
                await self._session.send_text(tools_answered([_told(message)]))
            else:
                await self._session.send_tool_answers([message])
        except SessionEnded:
            self._session_is_gone()
            self._waiting_messages.append(message)
        else:
            self._answers.append(message)

    def _session_is_gone(self) -> None:
        """Sending failed: whoever receives is to take the session up again."""
        self._left, self._session = self._session, None
        if self._wanted is None:
            self.move(Move.BROKEN)

    # -- receiving

    async def receive(self) -> Sequence[SpeechEvent]:
        """What the model says next; takes the session up again when it has to. Raises SpeechError when that fails."""
        while True:
            try:
                async with asyncio.timeout(None) as self._scope:
                    if self._wanted is None and self._session is not None:
                        return self._taken(await self._session.receive())
                    await self._renew()
            except TimeoutError:
                if self._wanted is None:
                    raise
            except SessionEnded as ended:
                log.warning("speech session ended", extra={"code": ended.code, "resumable": ended.resumable})
                if not ended.resumable and self._at == len(self._places) - 1:
                    raise
                self._wanted = Move.BROKEN if ended.resumable else Move.REPLACE
            finally:
                self._scope = None

    def _taken(self, events: Sequence[SpeechEvent]) -> Sequence[SpeechEvent]:
        self._failures = 0
        for event in events:
            if isinstance(event, ResumeHandle) and event.handle is not None:
                self._handle = event.handle
                self._calls.clear()
                self._answers.clear()
            elif isinstance(event, ToolCall):
                self._calls[event.id] = event.name
        return events

    def move(self, move: Move) -> None:
        """Leave this session for another, now; whoever is receiving does it."""
        self._wanted = move
        if self._scope is not None and not self._scope.expired():
            self._scope.reschedule(asyncio.get_running_loop().time())

    async def _renew(self) -> None:
        """Close the old session, because the service refuses to resume one whose connection still stands; then open."""
        move, self._wanted = self._wanted or Move.BROKEN, None
        session, self._session, self._left = self._session or self._left, None, None
        now_s = asyncio.get_running_loop().time()
        if session is not None or not self._lost_s:
            self._lost_s = now_s
            await self._memory.session_ends(move)
        if move is Move.BROKEN:
            self._may_break_again(now_s)
        if move is Move.REPLACE:
            self._handle = None
            self._at = min(self._at + 1, len(self._places) - 1)
        if session is not None:
            await session.close()
        await self._reopen(move)

    def _may_break_again(self, now_s: float) -> None:
        if len(self._breaks) == MOST_BREAKS and now_s - self._breaks[0] < BREAKS_WITHIN_S:
            raise SpeechRefused("the session broke again and again")
        self._breaks.append(now_s)

    async def _reopen(self, move: Move) -> None:
        while True:
            if self._failures >= MOST_REOPENINGS:
                raise SpeechRefused("the session broke again and again")
            await asyncio.sleep(REOPEN_AFTER_S[self._failures])
            self._failures += 1
            try:
                await self._take_over(move)
                return
            except SpeechError as error:
                log.warning("speech session could not be taken up again", extra={"failures": self._failures})
                if self._handle is None and isinstance(error, SpeechRefused):
                    if self._at == len(self._places) - 1:
                        raise
                    self._at += 1
                self._handle = None

    async def _take_over(self, move: Move) -> None:
        if self._calls:
            # The handle is older than the tools' calls: whoever resumes with it would call them again.
            self._handle = None
            self._foreign.update(self._calls)
        known = self._memory.recollect()
        setup = self._places[self._at].setup
        if self._handle is not None:
            setup = replace(setup, resume_handle=self._handle)
        else:
            setup = replace(setup, history=tuple(known.history))
        session = await self._open_here(setup)
        try:
            self._waiting_messages.extendleft(reversed(self._answers))
            self._answers.clear()
            await self._stand(session, known.debt)
        except BaseException:
            await session.close()
            raise
        self.moves[move] += 1
        gap_ms = (asyncio.get_running_loop().time() - self._lost_s) * 1000
        self._lost_s = 0.0
        self._memory.session_stands(move, gap_ms)

    async def close(self) -> None:
        """End the session."""
        session, self._session = self._session or self._left, None
        if session is not None:
            await session.close()


def _told(answer: ToolAnswer) -> tuple[str, str]:
    return answer.name, json.dumps(answer.response, ensure_ascii=False, default=str)
