"""A conversation's memory, for a model that takes over: the turns of this stream and of earlier ones."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from functions.voice.call_record import FIRST_TURNS, LAST_TURNS, CallRecord
from functions.voice.conversation import Conversation
from functions.voice.moves import Memory, Move, Recollection
from functions.voice.places import Place
from functions.voice.prompts import tools_done
from functions.voice.speech.model import SpeechError
from shared.domain.call import Speaker, Turn, call_path
from shared.domain.call_figures import CallFigures
from shared.store.store import OrderBy, Store, StoreError

log = logging.getLogger(__name__)

READ_WITHIN_S = 1.5
MOST_TOOLS = 40

Said = tuple[str, str]
"""Who, as the model names them, and what."""
ROLES = {Speaker.CALLER: "user", Speaker.AGENT: "model"}


async def turns_before(store: Store, call_sid: str) -> tuple[Turn, ...]:
    """The turns of earlier streams of this call: as much of its beginning and its end as a stream remembers of its own.
    Empty when the store is away."""
    turns = f"{call_path(call_sid)}/turns"
    try:
        async with asyncio.timeout(READ_WITHIN_S):
            first, last = await asyncio.gather(
                store.query(turns, order_by=[OrderBy("seq")], limit=FIRST_TURNS),
                store.query(turns, order_by=[OrderBy("seq", descending=True)], limit=LAST_TURNS),
            )
    except (StoreError, TimeoutError):
        log.warning("earlier turns could not be read", extra={"call": call_sid})
        return ()
    by_path = {one.path: one.data for one in (*first.documents, *reversed(last.documents))}
    return tuple(map(Turn.from_document, by_path.values()))


async def done_before(store: Store, call_sid: str) -> tuple[Said, ...]:
    """What tools did last in earlier streams of this call, for a model that would do it again; nothing when the store
    is away."""
    latest = [OrderBy("at", descending=True)]
    try:
        async with asyncio.timeout(READ_WITHIN_S):
            page = await store.query(f"{call_path(call_sid)}/tool_results", order_by=latest, limit=MOST_TOOLS)
    except (StoreError, TimeoutError):
        log.warning("earlier tools could not be read", extra={"call": call_sid})
        return ()
    told = [
        (str(one.data.get("name")), json.dumps(one.data.get("result") or {}, ensure_ascii=False, default=str))
        for one in reversed(page.documents)
    ]
    return (("user", tools_done(told)),) if told else ()


async def record_before(store: Store, call_sid: str) -> Mapping[str, Any]:
    """The call's record as earlier streams have left it; empty when the store is away."""
    try:
        async with asyncio.timeout(READ_WITHIN_S):
            document = await store.get(call_path(call_sid))
    except (StoreError, TimeoutError):
        document = None
    if document is None:
        log.warning("earlier figures could not be read", extra={"call": call_sid})
    return {} if document is None else document.data


def said_in(turns: Iterable[Turn]) -> tuple[Said, ...]:
    """What was said in these turns, and heard."""
    return tuple((ROLES[turn.speaker], turn.text) for turn in turns if turn.text)


class Recall(Memory):
    """One stream's memory, and its notes on how the model was kept up."""

    def __init__(
        self,
        conversation: Conversation,
        record: CallRecord,
        now_ms: Callable[[], float],
        line_lost: Callable[[], None],
    ) -> None:
        self._conversation = conversation
        self._record = record
        self._now_ms = now_ms
        self._line_lost = line_lost
        self.before: Sequence[Said] = ()
        """What was said in earlier streams."""

    def goes_on(self, record: Mapping[str, Any], turns: Sequence[Turn], now: datetime) -> None:
        """Earlier streams have left this of the call: their time and money are spent, what they tell counts."""
        self._record.goes_on(record, turns)
        started_at = record.get("started_at")
        before_s = (now - started_at).total_seconds() if isinstance(started_at, datetime) else 0.0
        self._conversation.goes_on(max(0.0, before_s) * 1000, CallFigures.from_document(record).model_cost())

    @property
    def history(self) -> tuple[Said, ...]:
        """What was said and heard, in order; of a very long conversation the beginning and the end."""
        turns = sorted(self._record.turns.values(), key=lambda turn: turn.seq)
        return (*self.before, *said_in(turns))

    def session_ends(self, move: Move) -> None:
        """Note it, and let the conversation end what was under way."""
        self._record.event("model_session_left", self._now_ms(), {"why": str(move)})
        self._line_lost()

    def recollect(self) -> Recollection:
        """The turns, and what the caller is owed."""
        return Recollection(self.history, self._conversation.session_debt())

    def session_stands(self, move: Move, gap_ms: float) -> None:
        """Note it, and let the clocks of the new session run."""
        now_ms = self._now_ms()
        self._record.event("model_session_taken_up", now_ms, {"why": str(move), "gap_ms": round(gap_ms)})
        self._conversation.session_stands(now_ms)

    def place_failed(self, place: Place, error: SpeechError) -> None:
        """Note where no session was to be had, and why: a quota that is used up is not a model that is silent."""
        self._note(place.key, error)

    def refused_before(self, error: SpeechError) -> None:
        """A session that was prepared for the call was refused, before there was anybody to note it."""
        self._note(error.place, error)

    def _note(self, place: str | None, error: SpeechError) -> None:
        why = {"place": place, "why": str(error), "code": error.code, "quota": error.quota}
        self._record.event("speech_model_not_had", self._now_ms(), why)
