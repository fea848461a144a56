"""Faults as they strike one session."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass

from local.speech_model import server_messages as messages
from local.speech_model.faults import INCIDENTS, Fault, FaultBook, Kind, Moment, Where
from local.speech_model.outlet import Outlet
from local.speech_model.record import SessionRecord
from local.speech_model.refusal import DROPPED, INTERNAL, Refusal

QUOTA_REASON = "You exceeded your current quota, please check your plan and billing details."
TONE_MS = 14_000


@dataclass(frozen=True, slots=True)
class Shape:
    """What is wrong with the sound of one answer."""

    faint: bool = False
    tone_ms: int | None = None
    times: int = 1
    one_sample_first: bool | None = None
    early_transcript: bool = False

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong, so that the line can be sent as it always is."""
        return self == SOUND


SOUND = Shape()


class Trouble:
    """Looks up at every moment what is to go wrong, and does it."""

    def __init__(self, book: FaultBook, record: SessionRecord, outlet: Outlet) -> None:
        self._book = book
        self._record = record
        self._outlet = outlet
        self._thawed = asyncio.Event()
        self.frozen: Fault | None = None
        self.states: Callable[[], frozenset[str]] = frozenset
        """The states that the conversation is in or about to enter."""
        self.end_after: Callable[[int], None] = lambda _ms: None
        """Ends the connection after so many ms."""

    def take(self, kinds: Collection[Kind], moment: Moment, sent_ms: float = 0.0) -> Fault | None:
        """The next fault of these kinds for this session and moment."""
        if not self._book:
            return None
        where = Where(moment, self._record.number, self._record.dialogue or "", self.states(), sent_ms)
        fault = self._book.take(kinds, where)
        if fault is not None:
            self._record.faults.append(f"{fault.kind.value} at {moment.value}")
        return fault

    async def meet(self, moment: Moment, sent_ms: float = 0.0) -> None:
        """Whatever is to happen at this moment. Raises Refusal when it ends the connection."""
        while (fault := self.take(INCIDENTS, moment, sent_ms)) is not None:
            await self._strike(fault)

    async def _strike(self, fault: Fault) -> None:
        match fault.kind:
            case Kind.FREEZE:
                self._freeze(fault)
            case Kind.CLOSE:
                raise Refusal(fault.code, fault.reason)
            case Kind.DROP:
                raise Refusal(DROPPED, "")
            case Kind.QUOTA:
                raise Refusal(INTERNAL, fault.reason or QUOTA_REASON)
            case Kind.GO_AWAY:
                await self._outlet.message(messages.go_away(fault.time_left_ms))
                if fault.silent:
                    self._freeze(fault)
                if fault.closes:
                    self.end_after(fault.time_left_ms)
            case Kind.UNKNOWN_MESSAGE:
                await self._outlet.message(fault.message)
            case _:
                await self._outlet.frame(b'{"serverContent": {"modelTurn"')

    def _freeze(self, fault: Fault) -> None:
        self.frozen = fault
        self._thawed.clear()

    def thaw(self) -> None:
        """Life goes on."""
        self.frozen = None
        self._thawed.set()

    async def pass_or_freeze(self, moment: Moment, sent_ms: float = 0.0) -> None:
        """Meet the moment; while frozen, stay there."""
        await self.meet(moment, sent_ms)
        if self.frozen is not None:
            await self._thawed.wait()

    def spoils(self, moment: Moment) -> str | None:
        """Why the answer is not given: a turnCompleteReason, or "" for a turn that is just empty. None: it is given."""
        fault = self.take((Kind.EMPTY_TURN, Kind.REJECTED), moment)
        if fault is None:
            return None
        return "" if fault.kind is Kind.EMPTY_TURN else fault.reason or "RESPONSE_REJECTED"

    def shape(self, moment: Moment) -> Shape:
        """What is wrong with the sound of the answer that begins now."""
        tone = self.take((Kind.TONE,), moment)
        repeat = self.take((Kind.REPEAT,), moment)
        return Shape(
            faint=self.take((Kind.NEAR_SILENT,), moment) is not None,
            tone_ms=None if tone is None else TONE_MS if tone.after_ms is None else tone.after_ms,
            times=repeat.count if repeat else 1,
            one_sample_first=True if self.take((Kind.TWO_BYTE_CHUNK,), moment) else None,
            early_transcript=self.take((Kind.EARLY_TRANSCRIPT,), moment) is not None,
        )
