"""A call as the record and the network's journal tell it, written down in the test, line by line."""

from __future__ import annotations

from typing import Any

from local import voices
from local.evaluations.played import Played
from local.evaluations.scenario import Scenario, line_of

BEGAN_MS = 500
"""The stream begins so long after the network's journal."""


def a_scenario(**changes: Any) -> Scenario:
    """Somebody asks for the price, unless the test says otherwise."""
    plain: dict[str, Any] = {
        "id": "asks_price",
        "about": "Asks what a visit costs.",
        "agent": "reception",
        "language": "en",
        "voice": {"en": "am_michael", "hi": "hf_beta", "mixed": "hf_beta"},
        "moves": [{"say": "price_question_en"}],
    }
    return Scenario.model_validate({**plain, **changes})


class Telling:
    """Writes down who said what when; times are milliseconds of the stream."""

    def __init__(self, **changes: Any) -> None:
        self.scenario = a_scenario(**changes)
        self.call: dict[str, Any] = {"language": "en-IN", "turns": [], "tool_results": [], "events": []}
        self.call.update(call_sid="CA1", ending="agent_ended", model="a-live-model", stream_ms=30_000)
        self.events: list[dict[str, Any]] = [{"at_ms": BEGAN_MS, "event": "stream started"}]
        self.attempt: dict[str, str] | None = None

    def note(self, at_ms: int, event: str, **details: Any) -> Telling:
        """The network saw this."""
        self.events.append({"at_ms": at_ms + BEGAN_MS, "event": event, **details})
        return self

    def agent(self, start_ms: int, end_ms: int, text: str, language: str | None = "en", unheard: str = "") -> Telling:
        """The agent is heard."""
        turn = {"seq": len(self.call["turns"]) + 1, "speaker": "agent", "text": text, "language": language}
        self.call["turns"].append({**turn, "start_ms": start_ms, "end_ms": end_ms, "cut_off": bool(unheard)})
        self.call["turns"][-1]["unheard"] = unheard
        self.note(start_ms, "agent speaks")
        return self if unheard else self.note(end_ms + 600, "agent done")

    def caller(self, start_ms: int, end_ms: int, line_id: str, over_agent: bool = False) -> Telling:
        """The caller says a recorded line."""
        line = line_of(line_id)
        turn = {"seq": len(self.call["turns"]) + 1, "speaker": "caller", "text": line.text, "language": line.language}
        self.call["turns"].append({**turn, "start_ms": start_ms, "end_ms": end_ms, "cut_off": False, "unheard": ""})
        if over_agent:
            self.note(start_ms, "interrupts")
        self.note(start_ms, "says", line=f"{line_id}_{voices.voices_of(line_id)[0]}")
        return self.note(end_ms, "said")

    def tool(self, ms: int, tool: str, status: str = "ok", /, **arguments: Any) -> Telling:
        """A tool has run."""
        self.call["tool_results"].append({"name": tool, "arguments": arguments, "status": status})
        return self.event(ms, "tool_answered", tool=tool, status=status)

    def event(self, ms: int, kind: str, **fields: Any) -> Telling:
        """The record has an event."""
        self.call["events"].append({"kind": kind, "ms": ms, "fields": fields})
        return self

    def played(self) -> Played:
        """All of it."""
        self.events.sort(key=lambda event: int(event["at_ms"]))
        return Played(self.scenario, self.call, {"events": self.events}, self.attempt, real_model=True)
