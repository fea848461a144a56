"""What one stream of a call leaves in the store: the call's own fields, its turns, tool results and events.

Everything goes through the journal, so nothing here waits and nothing is lost while the store is away. Every write
may be made twice.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from shared.clock import Clock
from shared.domain.agent import Agent
from shared.domain.analysis import CRASHED, SETTLES, AnalysisJob, analysis_path
from shared.domain.call import (
    SEQS_PER_STREAM,
    CallEvent,
    CallState,
    Direction,
    Ending,
    Speaker,
    ToolResult,
    Turn,
    call_path,
    event_path,
    tool_result_path,
    turn_path,
)
from shared.domain.call_figures import CallFigures
from shared.domain.language_use import LanguageUse
from shared.store.journal import Journal
from shared.store.store import Merge, Put

OF_ANY_STREAM = frozenset({"failure", "transfer", "transfer_to"})
"""Of the record's fields, those that a later stream replaces only by its own."""
FIRST_TURNS = 20
LAST_TURNS = 300
"""What a stream remembers of its turns, from the beginning and of late, however long it is; all are in the store."""


def seqs(stream_no: int) -> Iterator[int]:
    """Numbers of one stream: 1, 2, ... for the first, 100001, ... for the second."""
    return count((stream_no - 1) * SEQS_PER_STREAM + 1)


def is_of_caller(turn: Turn) -> bool:
    """Whether the caller said it to be answered."""
    return turn.speaker is Speaker.CALLER and not turn.aside


class CallRecord:
    """Writes down one stream of one call."""

    def __init__(self, call_sid: str, stream_no: int, journal: Journal, clock: Clock) -> None:
        self.call_sid = call_sid
        self._stream_no = stream_no
        self._journal = journal
        self._clock = clock
        self._event_seqs = seqs(stream_no)
        self._began_at = clock.now()
        self._languages: list[str] = []
        self._told_language: str | None = None
        """What the record says is being spoken."""
        self._answers_ms: list[int] = []
        self._barge_ins_ms: list[int] = []
        self._first_audio_ms: int | None = None
        self._heard_at: datetime | None = None
        """When the agent was heard for the first time, in whichever stream."""
        self._ended_ms = 0
        self.knows_before = stream_no == 1
        """What earlier streams have left is known, or there were none."""
        self._longest_gap_ms = 0
        """The longest time between two sessions of the model."""
        self._usage: dict[str, int] = {}
        self._before = CallFigures()
        """What earlier streams of the call have counted."""
        self._agents_before: list[str] = []
        self.turns_before: Sequence[Turn] = ()
        """What was said in earlier streams, as far as it was read."""
        self.outcome_before: str | None = None
        """What they achieved."""
        self.turns: dict[int, Turn] = {}
        """By seq, the first and the last; what the model is told when a conversation has to be taken up again."""
        self._first_turns: set[int] = set()
        self._last_turns: deque[int] = deque()
        """Numbers of those that are not among the first, in the order in which they came."""
        self.forgotten_caller_turns = 0
        """Of those in between, how many were the caller's, without what was said aside."""
        self._spoken_before: str | None = None
        """The language of the last of those that has one."""

    @property
    def caller_turns(self) -> list[Turn]:
        """What the caller has said in this stream, as far as it is remembered; without what was said aside."""
        return [turn for turn in self.turns.values() if is_of_caller(turn)]

    @property
    def silent_until(self) -> datetime | None:
        """When the agent was first heard in this call; of one without a sound, when it was over; None: nobody knows."""
        if not self.knows_before:
            return None
        return self._heard_at or self._began_at + timedelta(milliseconds=self._ended_ms)

    @property
    def spoken_language(self) -> str | None:
        """The language of the last turn that has one."""
        for turn in reversed(self.turns.values()):
            if turn.language and turn.seq not in self._first_turns:
                return turn.language
        first = [turn.language for turn in self.turns.values() if turn.language]
        return self._spoken_before or (first[-1] if first else None)

    def goes_on(self, record: Mapping[str, Any], turns: Sequence[Turn]) -> None:
        """Earlier streams have left this in the call's record: what they and this one tell is one call's."""
        self._before = CallFigures.from_document(record)
        self._agents_before = list(record.get("agents") or ())
        self._heard_at = record.get("agent_heard_at")
        self.knows_before = bool(record)
        self.turns_before, self.outcome_before = turns, record.get("outcome")

    def began(self, agent: Agent, language: str, fields: Mapping[str, Any]) -> None:
        """The stream stands and the conversation begins."""
        # A call belongs to the agent that began it, and to its language, whoever has it when it is taken up again.
        who = {"agent_id": agent.id, "agent_version": agent.version, "language": language}
        who = who if self._stream_no == 1 else {}
        self._merge({**who, **fields, "state": str(CallState.IN_PROGRESS), "ending": None, "streams": self._stream_no})
        # Queued from the beginning, for when nobody has called it over: a call that ends in a crash is analysed too.
        latest = self._clock.now() + timedelta(seconds=agent.limits.call_s) + CRASHED
        job = AnalysisJob(call_sid=self.call_sid, agent_id=agent.id, agent_version=agent.version, due_at=latest)
        work = job.to_document()
        if self._stream_no > 1:
            del work["agent_id"], work["agent_version"]
        self._journal.put(Merge(analysis_path(self.call_sid), work))

    def turn(self, turn: Turn) -> None:
        """Keep a turn, over an earlier version of it."""
        self._remember(turn)
        if turn.language is not None and turn.language not in self._languages:
            self._languages.append(turn.language)
        if (spoken := self.spoken_language) != self._told_language:
            # At once: whoever takes the call over from a process that died goes on in it.
            self._told_language = spoken
            self._merge({"spoken_language": spoken})
        self._journal.put(Put(turn_path(self.call_sid, turn.seq), turn.to_document()))

    def _remember(self, turn: Turn) -> None:
        if turn.seq not in self.turns:
            if len(self._first_turns) < FIRST_TURNS:
                self._first_turns.add(turn.seq)
            else:
                self._last_turns.append(turn.seq)
        self.turns[turn.seq] = turn
        if len(self._last_turns) > LAST_TURNS:
            forgotten = self.turns.pop(self._last_turns.popleft())
            self.forgotten_caller_turns += is_of_caller(forgotten)
            self._spoken_before = forgotten.language or self._spoken_before

    def event(self, kind: str, ms: float, fields: Mapping[str, Any] | None = None) -> None:
        """Keep that something happened."""
        fields = dict(fields or {})
        match kind:
            case "answer":
                self._answers_ms.append(fields["latency_ms"])
            case "barge_in" if "reaction_ms" in fields:
                self._barge_ins_ms.append(fields["reaction_ms"])
            case "model_session_taken_up":
                self._longest_gap_ms = max(self._longest_gap_ms, fields["gap_ms"])
            case "first_audio":
                self._first_audio_ms = round(ms)
                if self._heard_at is None and self.knows_before:
                    self._heard_at = self._began_at + timedelta(milliseconds=ms)
                    self._merge({"agent_heard_at": self._heard_at})
        event = CallEvent(next(self._event_seqs), kind, self._clock.now(), round(ms), fields)
        self._journal.put(Put(event_path(self.call_sid, event.seq), event.to_document()))

    def handed_over(self, agent_id: str, version: int, so_far: Sequence[str]) -> None:
        """Another agent has the caller from now on."""
        # The first of them had the caller at the end of the stream before.
        before = self._agents_before
        agents = [*before, *(so_far[1:] if before[-1:] == list(so_far[:1]) else so_far)]
        self._merge({"held_by": {"agent_id": agent_id, "agent_version": version}, "agents": agents})

    def learned(self, facts: Iterable[str]) -> None:
        """Tools have found out so much about the caller."""
        self._merge({"facts": sorted(facts)})

    def achieved(self, outcome: Mapping[str, Any]) -> None:
        """What the call has achieved turned out when it was over."""
        self._merge(outcome)

    def tool_result(self, result: ToolResult) -> None:
        """Keep what a tool answered."""
        # Over the claim under which it ran, which says what it wished of the call as well.
        self._journal.put(Merge(tool_result_path(self.call_sid, result.tool_call_id), result.to_document()))

    def used(self, tokens: Mapping[str, int], direction: str) -> None:
        """Tokens of a turn, added up over the stream."""
        for modality, number in tokens.items():
            key = f"{direction}_{modality}"
            self._usage[key] = self._usage.get(key, 0) + number

    def ended(self, ending: Ending, ms: float, extra: Mapping[str, Any] | None = None) -> None:
        """The stream is over, and with it the call, unless it goes on with another stream.

        extra: what else the record keeps of it; its counters, language_use and model are counted in with the figures.
        """
        self._ended_ms = round(ms)
        state = CallState.FAILED if ending.is_our_fault else CallState.COMPLETED
        told = dict(extra or {})
        figures = self._before + self._figures(ms, told)
        if self._stream_no > 1:
            # Why an earlier stream ended, and to whom it was to be transferred, is told by the call's record as well.
            told = {name: value for name, value in told.items() if value is not None or name not in OF_ANY_STREAM}
        self._merge(
            {
                **told,
                "state": str(state),
                "ending": str(ending),
                "ended_at": self._clock.now(),
                **figures.to_document(),
            }
        )
        if ending is not Ending.STREAM_LOST:
            self._journal.put(Merge(analysis_path(self.call_sid), {"due_at": self._clock.now() + SETTLES}))

    def _figures(self, ms: float, told: Mapping[str, Any]) -> CallFigures:
        return CallFigures(
            streams=1,
            stream_ms=round(ms),
            usage={str(told.get("model") or ""): dict(self._usage)} if self._usage else {},
            counters=told.get("counters") or {},
            first_audio_ms=self._first_audio_ms,
            answers_ms=tuple(self._answers_ms),
            barge_ins_ms=tuple(self._barge_ins_ms),
            model_gap_max_ms=self._longest_gap_ms,
            languages=tuple(self._languages),
            language_use=LanguageUse.from_document(told.get("language_use") or {}),
        )

    def _merge(self, changes: Mapping[str, Any]) -> None:
        self._journal.put(Merge(call_path(self.call_sid), {**changes, "updated_at": self._clock.now()}))


def new_call(
    call_sid: str, *, direction: Direction, from_: str, to: str, agent_id: str, agent_version: int, clock: Clock
) -> dict[str, Any]:
    """The document of a call that has just come in or been answered."""
    return {
        "call_sid": call_sid,
        "direction": str(direction),
        "from": from_,
        "to": to,
        "agent_id": agent_id,
        "agent_version": agent_version,
        "state": str(CallState.RINGING),
        "started_at": clock.now(),
        "updated_at": clock.now(),
        "streams": 0,
    }
