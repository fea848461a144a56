"""A conversation as a text model reads it: one numbered line a turn, then what the tools did. [pure]"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.domain.call import Speaker

MOST_LINE_CHARS = 2_000
MOST_CHARS = 120_000
"""Some 30,000 tokens: four hours of talk. What is longer loses its middle."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """The text, and which numbers in it are whose."""

    text: str
    caller_turns: frozenset[int]
    agent_turns: frozenset[int]


def transcript_of(turns: Iterable[Mapping[str, Any]], tool_results: Iterable[Mapping[str, Any]]) -> Transcript:
    """From the documents of turns, in the order of their seq, and of tool results."""
    caller, agent, lines = set[int](), set[int](), list[str]()
    for turn in turns:
        seq, by_caller = int(turn["seq"]), turn["speaker"] == str(Speaker.CALLER)
        said = _one_line(turn.get("text"))
        unheard = _one_line(turn.get("unheard"))
        if not said and not unheard:
            continue
        (caller if by_caller else agent).add(seq)
        language = f" ({turn['language']})" if turn.get("language") else ""
        cut = f" [interrupted; the caller did not hear: {unheard}]" if unheard else ""
        lines.append(f"[{seq}] {'caller' if by_caller else 'agent'}{language}: {said}{cut}")
    tools = [f"tool {one['name']}: {one['status']}" for one in tool_results]
    text = "\n".join([*lines, *tools])
    if len(text) > MOST_CHARS:
        text = f"{text[: MOST_CHARS // 2]}\n[…]\n{text[-MOST_CHARS // 2 :]}"
    return Transcript(text, frozenset(caller), frozenset(agent))


def _one_line(words: object) -> str:
    """Nobody's words can begin a line of their own and pass for somebody else's."""
    return " ".join(str(words or "").split())[:MOST_LINE_CHARS]
