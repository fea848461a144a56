"""What is known of a call that was played: the record, the network's journal, the campaign's word. [pure]"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from typing import Any

from local import voices
from local.evaluations.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Line:
    """A line as the caller said it. Times: milliseconds of the network's journal."""

    line_id: str
    language: str
    """en, hi or mixed, as the line's manifest says."""
    text: str
    start_ms: int
    end_ms: int | None
    """None: the call ended in the middle of it."""
    over_agent: bool
    """Said over the agent's words on purpose."""
    keeps_floor: bool


@dataclass(frozen=True, slots=True)
class Played:
    """One call, played to its end."""

    scenario: Scenario
    call: Mapping[str, Any]
    """As GET /api/calls/{call_sid} tells it; empty when there was none."""
    network: Mapping[str, Any]
    """As the telephone network's control tells it, with its events."""
    attempt: Mapping[str, Any] | None = None
    """Of an outbound call: disposition and outcome, by its campaign."""
    today: date = date(2026, 12, 1)
    """On the other party's clock."""
    repeat: int = 1
    setting: str = ""
    """Of a sweep: how the turn-taking was set."""
    real_model: bool = False
    trouble: str | None = None
    """Why it could not be played to its end."""
    decisions: tuple[str, ...] = field(default=())

    @property
    def turns(self) -> list[Mapping[str, Any]]:
        """In their order."""
        return sorted(self.call.get("turns", ()), key=lambda turn: (turn["start_ms"], turn["seq"]))

    @property
    def events(self) -> list[Mapping[str, Any]]:
        """Of the network's journal, in their order."""
        return list(self.network.get("events", ()))

    @property
    def model(self) -> str:
        """Which speech model voiced the call; the local one goes by its own name, whatever it is asked to be."""
        return str(self.call.get("model") or "unknown") if self.real_model else "local speech model"

    @property
    def stream_began_ms(self) -> int:
        """On the journal's clock; the record counts from here."""
        return next((int(event["at_ms"]) for event in self.events if event["event"] == "stream started"), 0)

    def turns_of(self, speaker: str) -> list[Mapping[str, Any]]:
        """What one side said."""
        return [turn for turn in self.turns if turn["speaker"] == speaker]

    def answers(self) -> list[Mapping[str, Any]]:
        """What the agent said once the caller had said or done something; all of it if they never did."""
        acts = [int(event["at_ms"]) for event in self.events if event["event"] in {"says", "presses"}]
        first = min(acts, default=0)
        return [turn for turn in self.turns_of("agent") if turn["end_ms"] + self.stream_began_ms > first]

    def lines(self) -> list[Line]:
        """What the caller said, from the journal: the truth that the record is judged against."""
        murmurs = {
            move.say
            for first in self.scenario.moves
            for move in first.chain
            if move.keeps_floor and move.say is not None
        }
        return list(_lines(self.events, murmurs))

    def values(self) -> dict[str, str]:
        """What {name} in an expectation stands for."""
        dates = {"today": self.today, "tomorrow": self.today + timedelta(days=1)}
        return {**self.scenario.facts, **{name: day.isoformat() for name, day in dates.items()}}


def _lines(events: list[Mapping[str, Any]], murmurs: set[str]) -> Iterator[Line]:
    over_agent = False
    for number, event in enumerate(events):
        if event["event"] == "interrupts":
            over_agent = True
        if event["event"] != "says":
            continue
        recording = _by_clip()[str(event["line"])]
        end_ms = next((int(later["at_ms"]) for later in events[number:] if later["event"] == "said"), None)
        yield Line(
            recording.line_id,
            recording.language,
            recording.text,
            int(event["at_ms"]),
            end_ms,
            over_agent,
            over_agent and recording.line_id in murmurs,
        )
        over_agent = False


@cache
def _by_clip() -> Mapping[str, voices.Recording]:
    return {recording.name: recording for recording in voices.recordings().values()}
