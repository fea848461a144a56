"""What a caller says next, decided by what the agent has just said. [pure]

Robust to wording on purpose: a caller answers what they are asked when they recognise it, says the next thing on their
mind when they do not, says the last thing again when asked to, and waits when told to wait.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from local.evaluations.scenario import Move, Scenario
from local.evaluations.wording import phrases_of, says, topics

MOST_REPEATS = 2
"""So often a caller says the same thing again when the agent did not catch it."""


@dataclass(frozen=True, slots=True)
class Mind:
    """What a caller has done so far."""

    done: tuple[int, ...] = ()
    """Numbers of moves, in their order."""
    repeats: int = 0
    """How often the last one has been said again."""
    said: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class Decision:
    """What is done next, and the mind after it. move None: wait for more."""

    move: Move | None
    mind: Mind
    why: str


def opening(scenario: Scenario) -> Decision:
    """What they do before the agent has spoken."""
    if scenario.moves and scenario.moves[0].before_agent:
        return _does(scenario, Mind(), 0, "before the agent speaks")
    return Decision(None, Mind(), "waits for the agent")


def next_move(scenario: Scenario, mind: Mind, heard: str) -> Decision:
    """What they do now that the agent has finished; heard: its words since they last spoke."""
    open_moves = [number for number, move in enumerate(scenario.moves) if _is_open(move, number, mind)]
    for number in open_moves:
        about = scenario.moves[number].when
        if about is not None and says(heard, phrases_of(about)):
            return _does(scenario, mind, number, f"answers {about}" if isinstance(about, str) else "answers")
    spoken = [number for number in mind.done if scenario.moves[number].say is not None]
    if spoken and mind.repeats < MOST_REPEATS and says(heard, topics()["asks_again"]):
        move = scenario.moves[spoken[-1]].model_copy(update={"then": None, "interrupt_after_ms": None})
        return Decision(move, replace(mind, repeats=mind.repeats + 1), "says it again")
    if says(heard, topics()["holds"]):
        return Decision(None, mind, "was asked to wait")
    for number in open_moves:
        if scenario.moves[number].when is None:
            return _does(scenario, mind, number, "goes on")
    return Decision(None, mind, "has nothing to say")


def _is_open(move: Move, number: int, mind: Mind) -> bool:
    return mind.done.count(number) < move.times and (move.after is None or move.after in mind.said)


def _does(scenario: Scenario, mind: Mind, number: int, why: str) -> Decision:
    said = {move.say for move in scenario.moves[number].chain if move.say is not None}
    return Decision(scenario.moves[number], Mind((*mind.done, number), 0, mind.said | said), why)


def steps(scenario: Scenario, move: Move) -> list[dict[str, Any]]:
    """The move as the telephone network takes it; afterwards they listen until the agent has finished."""
    found: list[dict[str, Any]] = []
    if move.interrupt_after_ms is None and not move.before_agent:
        found.append({"wait": "agent_quiet", "after_s": scenario.patience_s})
    for one in move.chain:
        found += _steps(scenario, one)
    last = move.chain[-1]
    return found if last.hang_up else [*found, listening(scenario)]


def listening(scenario: Scenario) -> dict[str, Any]:
    """Hear the agent out; hang up when nothing comes."""
    return {"wait": "agent_done", "after_s": scenario.patience_s}


def _steps(scenario: Scenario, move: Move) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [] if move.wait_s is None else [{"wait": move.wait_s}]
    if move.hang_up:
        return [*found, {"hang_up": True}]
    if move.press is not None:
        return [*found, {"press": move.press}]
    assert move.say is not None
    voice = scenario.voice_of(move.say)
    if move.interrupt_after_ms is not None:
        return [*found, {"interrupt": {"after_ms": move.interrupt_after_ms, "say": move.say, "voice": voice}}]
    say: dict[str, Any] = {"say": move.say, "voice": voice}
    return [*found, say | ({} if move.pause_s is None else {"pause_s": move.pause_s})]
