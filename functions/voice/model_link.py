"""A call's line to the speech model: opens its session, renews it in time, and replaces one that breaks."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from functions.voice.arrears import Arrears
from functions.voice.caller_stream import CallerStream, TurnStream, WholeStream
from functions.voice.circuits import Circuits
from functions.voice.moves import Memory, Move
from functions.voice.places import Place, Places
from functions.voice.speech.model import (
    SessionEnded,
    SpeechError,
    SpeechEvent,
    SpeechRefused,
    SpeechSession,
    ToolAnswer,
)

log = logging.getLogger(__name__)

MOST_REOPENINGS = 3
"""In a row, without anything received in between."""
REOPEN_AFTER_S = (0.0, 0.3, 1.0)
MOST_BREAKS = 6
BREAKS_WITHIN_S = 60.0
"""Sessions that break more often than this break for a reason that the next one will have too."""


class ModelLink:
    """One caller's line to the model."""

    def __init__(self, places: Sequence[Place], memory: Memory, circuits: Circuits | None = None) -> None:
        self._places = Places(places, circuits, memory.place_failed)
        self._circuits = circuits
        self._memory = memory
        self._session: SpeechSession | None = None
        self._left: SpeechSession | None = None
        """A session that is gone and not yet closed."""
        self._taker: Callable[[Sequence[SpeechEvent]], None] | None = None
        self._wanted: Move | None = None
        self._scope: asyncio.Timeout | None = None
        self._arrears = Arrears()
        self._caller: CallerStream = WholeStream() if self._places.setup.activity.automatic else TurnStream()
        self._failures = 0
        self._breaks: deque[float] = deque(maxlen=MOST_BREAKS)
        self._lost_s = 0.0
        self.moves: dict[Move, int] = dict.fromkeys(Move, 0)

    @property
    def model(self) -> str:
        """Id of the model that voices the agent, or did last."""
        return self._places.setup.model

    @property
    def place(self) -> str:
        """Where that is, as "platform/region/model"."""
        return self._places.key

    @property
    def reopenings(self) -> int:
        """How often a session was followed by another."""
        return sum(self.moves.values())

    # -- opening

    def begin_with(self, history: Sequence[tuple[str, str]]) -> None:
        """What was said before this line was made."""
        self._places.begin_with(history)

    def give_up(self, place: str) -> bool:
        """A session prepared for this call was refused at that place; whether there is another."""
        return self._places.give_up(place)

    async def open(self, ready: SpeechSession | None = None, place: str = "") -> None:
        """Open the first session, where the agent lives or else at the next place; or take the one ready at a place.

        Raises SpeechRefused or SpeechUnavailable.
        """
        if ready is not None:
            self._places.go_to(place)
        await self._stand(ready or await self._places.open_first(), None)

    async def _stand(self, session: SpeechSession, debt: str | None) -> None:
        """What is owed first, then the caller's words, then the present."""
        await self._arrears.pay(session, debt)
        await self._caller.replay(session)
        self._session = session
        if self._taker is not None:
            session.take(self._take)

    def take(self, taker: Callable[[Sequence[SpeechEvent]], None]) -> None:
        """Give what the model sends to this at once where the session can; receive() brings what others could not.

        What it raises comes out of receive().
        """
        self._taker = taker
        if self._session is not None:
            self._session.take(self._take)

    def _take(self, events: Sequence[SpeechEvent]) -> None:
        assert self._taker is not None
        self._taker(self._taken(events))

    # -- sending

    def send_audio(self, pcm: bytes, *, unanswered: bool = False) -> None:
        """The caller's voice, PCM16 at 16 kHz; unanswered: it belongs to something that has had no answer yet."""
        try:
            self._caller.send(pcm, self._session, unanswered=unanswered)
        except SessionEnded:
            self._session_is_gone()

    def begin_turn(self, back_ms: float) -> None:
        """The caller's turn began so long ago; only where that is ours to say."""
        try:
            self._caller.begin(back_ms, self._session)
        except SessionEnded:
            self._session_is_gone()

    def end_turn(self) -> None:
        """The caller's turn is over; only where that is ours to say."""
        try:
            self._caller.end(self._session)
        except SessionEnded:
            self._session_is_gone()

    async def send_text(self, text: str) -> None:
        """A direction to the model."""
        await self._send(text)

    async def add_context(self, text: str) -> bool:
        """Something to know, not to answer; whether the model has been told. A session that comes later learns it from
        the history."""
        if self._session is not None:
            try:
                return await self._session.add_context(text)
            except SessionEnded:
                self._session_is_gone()
        return False

    async def answer(self, answer: ToolAnswer) -> None:
        """A tool's result; waits for the next session when there is none."""
        await self._send(answer)

    async def _send(self, message: ToolAnswer | str) -> None:
        if self._session is None:
            self._arrears.keep(message)
            return
        try:
            await self._arrears.send(message, self._session)
        except SessionEnded:
            self._session_is_gone()
            self._arrears.keep(message)

    def _session_is_gone(self) -> None:
        """Sending failed: whoever receives is to take the session up again."""
        self._left, self._session = self._session, None
        if self._left is not None:
            self._left.take(None)
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
                how = {"code": ended.code, "resumable": ended.resumable, "quota": ended.quota, "why": str(ended)}
                log.warning("speech session ended", extra={"place": self.place, **how})
                self._places.broke(ended)
                if not ended.resumable and self._places.is_last:
                    raise
                self._wanted = Move.BROKEN if ended.resumable else Move.REPLACE
            finally:
                self._scope = None

    def _taken(self, events: Sequence[SpeechEvent]) -> Sequence[SpeechEvent]:
        self._failures = 0
        self._arrears.came(events)
        return events

    def move(self, move: Move) -> None:
        """Leave this session for another, now; whoever is receiving does it."""
        self._wanted = move
        if self._scope is not None and not self._scope.expired():
            self._scope.reschedule(asyncio.get_running_loop().time())

    def is_of_another_session(self, tool_call_id: str) -> bool:
        """Whether a session that is gone, and could not be resumed, made this call of a tool."""
        return self._arrears.is_foreign(tool_call_id)

    def settled(self, tool_call_id: str) -> None:
        """Nobody waits for this call's answer any more."""
        self._arrears.settled(tool_call_id)

    def hand_over(self, places: Sequence[Place], tool_call_id: str, *, unanswered: bool = False) -> None:
        """Go on with another agent's sessions. The call that asked for it needs no answer any more.

        unanswered: the caller has said something since, which the other agent has to hear.
        """
        if not unanswered:
            self._caller.answered()
        automatic = self._places.setup.activity.automatic
        listening = [place.listening(automatic=automatic) for place in places]
        self._places = Places(listening, self._circuits, self._memory.place_failed)
        self.settled(tool_call_id)
        self.move(Move.HANDED_OVER)

    async def _renew(self) -> None:
        """Close the old session, because the service refuses to resume one whose connection still stands; then open."""
        move, self._wanted = self._wanted or Move.BROKEN, None
        session, self._session, self._left = self._session or self._left, None, None
        now_s = asyncio.get_running_loop().time()
        if session is not None:
            session.take(None)
        if session is not None or not self._lost_s:
            self._lost_s = now_s
            self._memory.session_ends(move)
        if move is Move.BROKEN:
            self._may_break_again(now_s)
        if move in {Move.REPLACE, Move.AFRESH, Move.HANDED_OVER}:
            self._arrears.handle = None
        if move is Move.REPLACE:
            self._places.next()
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
                if self._arrears.handle is None and isinstance(error, SpeechRefused) and not self._places.next():
                    raise
                self._arrears.handle = None

    async def _take_over(self, move: Move) -> None:
        self._arrears.disown_calls()
        known = self._memory.recollect()
        setup = self._places.setup
        if self._arrears.handle is not None:
            setup = replace(setup, resume_handle=self._arrears.handle)
        else:
            setup = replace(setup, history=(*known.history, *self._arrears.history()))
        session = await self._places.open(setup)
        try:
            self._arrears.recall_answers()
            await self._stand(session, known.debt)
        except BaseException:
            await session.close()
            raise
        self.moves[move] += 1
        gap_ms = (asyncio.get_running_loop().time() - self._lost_s) * 1000
        self._lost_s = 0.0
        self._memory.session_stands(move, gap_ms)

    def leave(self) -> SpeechSession | None:
        """Give the session, if one stands, to somebody who listens to it and closes it; the caller's turn ends."""
        session, self._session = self._session, None
        if session is not None:
            session.take(None)
            with suppress(SessionEnded):  # whoever listens is told
                self._caller.over(session)
        return session

    async def close(self) -> None:
        """End the session."""
        session, self._session = self._session or self._left, None
        if session is not None:
            await session.close()
