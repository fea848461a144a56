"""The faults that calls are made with on purpose, and what has to come of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from functions.voice.watchdog import BEYOND_MS, PATIENCE_MS, USUAL_MS, Step

FIRST_MS = USUAL_MS[None] + BEYOND_MS
NUDGED_MS = FIRST_MS + 1_500
"""The deadline, and the model's own way from a text to a sound."""
RESUMED_MS = FIRST_MS + PATIENCE_MS[Step.NUDGE] + 3_000
"""With closing a socket that does not answer, opening the next, and what is said again."""
ASKS: list[dict[str, Any]] = [
    {"wait": "agent_done"},
    {"say": "hours_question_en"},
    {"wait": "agent_speaks", "after_s": 25},
    {"wait": "agent_done", "after_s": 25},
    {"wait": 0.5},
    {"hang_up": True},
]
STAYS: list[dict[str, Any]] = [{"wait": "agent_done"}, {"say": "hours_question_en"}, {"wait": 14.0}, {"hang_up": True}]
OVERTAKES: list[dict[str, Any]] = [
    {"wait": "agent_done"},
    {"say": "price_question_en"},
    {"interrupt": {"after_ms": 1500, "say": "hours_question_en"}},
    {"wait": "agent_speaks", "after_s": 25},
    {"wait": "agent_done", "after_s": 25},
    {"hang_up": True},
]
BOOKS: list[dict[str, Any]] = [
    {"wait": "agent_done"},
    {"say": "want_appointment_en"},
    {"wait": "agent_done", "after_s": 25},
    {"say": "name_john_en"},
    {"wait": "agent_done", "after_s": 25},
    {"say": "tomorrow_five_en"},
    {"wait": "agent_done", "after_s": 25},
    {"say": "yes_please_en"},
    {"wait": "agent_speaks", "after_s": 25},
    {"wait": "agent_done", "after_s": 25},
    {"wait": 9.0},
    {"hang_up": True},
]


@dataclass(frozen=True)
class Row:
    """One fault and what has to come of it."""

    name: str
    model: dict[str, Any] = field(default_factory=dict)
    network: dict[str, Any] = field(default_factory=dict)
    deadline_ms: int = FIRST_MS
    """The caller never hears nothing for longer, once they or the stream have begun to wait."""
    steps: tuple[str, ...] = ()
    ending: str = "caller_hung_up"
    script: Sequence[dict[str, Any]] = tuple(ASKS)
    bookings: int | None = None
    """So many appointments are made, whatever becomes of the calls of the tool."""


TWICE = ("nudge", "resume")
ROWS = [
    Row("no fault"),
    Row("frozen before the greeting", {"kind": "freeze", "at": "text"}, deadline_ms=RESUMED_MS, steps=TWICE),
    Row(
        "frozen until nudged",
        {"kind": "freeze", "at": "caller_turn", "lasts": "text"},
        deadline_ms=NUDGED_MS,
        steps=("nudge",),
    ),
    Row("frozen at the caller's turn", {"kind": "freeze", "at": "caller_turn"}, deadline_ms=RESUMED_MS, steps=TWICE),
    Row(
        "frozen in mid-answer",
        {"kind": "freeze", "at": "mid_answer", "session": None},
        deadline_ms=RESUMED_MS,
        steps=TWICE,
    ),
    Row(
        "frozen after an interruption",
        {"kind": "freeze", "at": "interrupt"},
        deadline_ms=RESUMED_MS,
        steps=TWICE,
        script=tuple(OVERTAKES),
    ),
    Row("empty turn", {"kind": "empty_turn", "at": "caller_turn"}, deadline_ms=NUDGED_MS, steps=("nudge",)),
    Row("answer rejected", {"kind": "rejected", "at": "caller_turn"}, deadline_ms=NUDGED_MS, steps=("nudge",)),
    Row(
        "near-silence",
        {"kind": "near_silent", "at": "caller_turn"},
        deadline_ms=NUDGED_MS,
        steps=("nudge",),
        script=tuple(STAYS),
    ),
    Row(
        "14 s of a tone",
        {"kind": "tone", "at": "caller_turn"},
        deadline_ms=NUDGED_MS,
        steps=("nudge",),
        script=tuple(STAYS),
    ),
    Row("connection lost (1006)", {"kind": "drop", "at": "caller_turn"}),
    Row("connection lost in mid-answer", {"kind": "drop", "at": "mid_answer"}),
    Row(
        "closed with 1011",
        {"kind": "close", "at": "caller_turn", "code": 1011, "reason": "Internal error encountered."},
    ),
    Row(
        "closed with 1008, aborted",
        {"kind": "close", "at": "caller_turn", "code": 1008, "reason": "The operation was aborted."},
    ),
    Row(
        "closed with 1007",
        {"kind": "close", "at": "caller_turn", "code": 1007, "reason": "Request contains an invalid argument."},
        ending="speech_model_failed",
    ),
    Row(
        "closed with 1008, not found",
        {"kind": "close", "at": "caller_turn", "code": 1008, "reason": "model not found"},
        ending="speech_model_failed",
    ),
    Row("goAway", {"kind": "go_away", "at": "text", "time_left_ms": 9000}),
    Row(
        "goAway, then silence",
        {"kind": "go_away", "at": "caller_turn", "time_left_ms": 5000, "silent": True},
        deadline_ms=RESUMED_MS,
    ),
    Row(
        "frozen after a tool's result",
        {"kind": "freeze", "at": "tool_result"},
        deadline_ms=RESUMED_MS,
        steps=TWICE,
        script=tuple(BOOKS),
        bookings=1,
    ),
    Row(
        "tool called twice",
        {"kind": "duplicate_tool", "at": "tool_call"},
        deadline_ms=NUDGED_MS,
        script=tuple(BOOKS),
        bookings=1,
    ),
    Row(
        "tool called in mid-sentence",
        {"kind": "mid_sentence_tool", "at": "tool_call"},
        deadline_ms=NUDGED_MS,
        script=tuple(BOOKS),
        bookings=1,
    ),
    Row("unknown message", {"kind": "unknown_message", "at": "caller_turn"}),
    Row("a frame that is no JSON", {"kind": "garbage", "at": "caller_turn"}),
    Row("a chunk of two bytes", {"kind": "two_byte_chunk", "at": "caller_turn"}),
    Row("refused handshake (503)", {"kind": "refuse", "status": 503, "times": 1}),
    Row("stream dropped", network={"kind": "socket_dropped", "seconds": 9.0, "times": 1}),
    Row("marks 800 ms late", network={"kind": "marks_late", "ms": 800}),
    Row("marks lost", network={"kind": "marks_lost"}),
]
