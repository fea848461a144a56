"""Whether a call went as its scenario says: each judge looks at one aspect and names the turns that prove it. [pure]"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from local.evaluations.played import Line, Played
from local.evaluations.rules import rules_kept
from local.evaluations.scenario import About, Argument, ExpectedTool
from local.evaluations.verdict import Aspect, Verdict
from local.evaluations.wording import phrases_of, says, words_of
from shared.domain.call_figures import percentile

FOLLOWS = {"en": {"en"}, "hi": {"hi", "mixed"}, "mixed": {"mixed", "hi"}}
"""What counts as an answer in the caller's language: Hindi, with English words or without."""
FLOOR_BACK_MS = 1_500
"""So long after a murmur the agent may not be cut off for it."""
RESTART_WORDS = 4
"""An answer that begins with so many words of the one that was cut off begins it again."""


def judge(played: Played) -> list[Verdict]:
    """All of it; a call that could not be played fails its goals."""
    if played.trouble is not None or not played.turns:
        return [Verdict(Aspect.GOALS, "the call was played", False, played.trouble or "nothing was said")]
    return [
        *goals_reached(played),
        *tools_called(played),
        *language_followed(played),
        *answered_in_time(played),
        *interruptions_handled(played),
        *rules_kept(played),
    ]


# -- goals


def goals_reached(played: Played) -> Iterator[Verdict]:
    """What was to be said was heard, and the call ended as it should."""
    expect = played.scenario.expect
    gave_up = [event for event in played.events if event["event"] == "gave up"]
    yield Verdict(Aspect.GOALS, "the caller was never left without an answer", not gave_up, f"gave up {len(gave_up)} x")
    for about in expect.said:
        turns = _agent_said(played, about)
        yield Verdict(Aspect.GOALS, f"the caller heard {_named(about)}", bool(turns), turns=turns)
    for about in expect.not_said:
        turns = _agent_said(played, about)
        yield Verdict(Aspect.GOALS, f"nothing was said of {_named(about)}", not turns, turns=turns)
    attempt = played.attempt or {}
    for what, wanted, got in (
        ("ending", expect.ending, played.call.get("ending")),
        ("outcome", expect.outcome, attempt.get("outcome")),
        ("disposition", expect.disposition, attempt.get("disposition")),
    ):
        if wanted is not None:
            yield Verdict(Aspect.GOALS, f"{what} {wanted}", got == wanted, str(got or "none"))


def _agent_said(played: Played, about: About) -> tuple[int, ...]:
    phrases = phrases_of(about)
    return tuple(int(turn["seq"]) for turn in played.answers() if says(turn["text"], phrases))


def _named(about: About) -> str:
    return about if isinstance(about, str) else " / ".join(about)


# -- tools


def tools_called(played: Played) -> Iterator[Verdict]:
    """The right ones, with the right arguments, as often as they should be, and no forbidden one."""
    results = played.call.get("tool_results", ())
    for wanted in played.scenario.expect.tools:
        right = [result for result in results if is_as_wanted(wanted, result, played.values())]
        called = [result for result in results if result["name"] == wanted.tool]
        seen = f"{len(right)} of {len(called)} calls of it" if called else "never called"
        about = f"{wanted.tool} x {wanted.times}" if wanted.times > 1 else wanted.tool
        yield Verdict(Aspect.TOOLS, about, len(right) == wanted.times, seen + _differences(wanted, called, played))
    for name in played.scenario.expect.not_tools:
        called = [result for result in results if result["name"] == name]
        yield Verdict(Aspect.TOOLS, f"no {name}", not called, f"called {len(called)} x")


def _differences(wanted: ExpectedTool, called: Sequence[Mapping[str, Any]], played: Played) -> str:
    wrong = sorted(
        {
            name
            for result in called
            for name, argument in wanted.arguments.items()
            if not matches(argument, result["arguments"].get(name), played.values())
        }
    )
    statuses = sorted({str(result["status"]) for result in called if result["status"] != wanted.status})
    return (f"; other arguments: {', '.join(wrong)}" if wrong else "") + (
        f"; status {', '.join(statuses)}" if statuses else ""
    )


def is_as_wanted(wanted: ExpectedTool, result: Mapping[str, Any], values: Mapping[str, str]) -> bool:
    """Whether a tool's call is the one that is meant."""
    if result["name"] != wanted.tool or result["status"] != wanted.status:
        return False
    given = result["arguments"]
    return all(matches(argument, given.get(name), values) for name, argument in wanted.arguments.items())


def matches(argument: Argument, given: Any, values: Mapping[str, str]) -> bool:
    """Whether an argument is what it has to be; {name} in it stands for one of the values."""
    if given is None:
        return False
    if argument.any:
        return True
    if argument.pattern is not None:
        return re.search(argument.pattern, str(given), re.IGNORECASE) is not None
    if argument.moment is not None:
        return _moment(str(given)) == _moment(_filled(argument.moment, values))
    options = argument.one_of if argument.one_of is not None else (argument.equals,)
    return any(_equal(_filled(option, values), given) for option in options)


def _equal(wanted: Any, given: Any) -> bool:
    if isinstance(wanted, str):
        return words_of(wanted) == words_of(str(given))
    return bool(wanted == given)


def _filled(value: Any, values: Mapping[str, str]) -> Any:
    if not isinstance(value, str):
        return value
    return re.sub(r"\{(\w+)\}", lambda name: values.get(name[1], name[0]), value)


def _moment(text: str) -> datetime | str:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None, second=0, microsecond=0)
    except ValueError:
        return text


# -- language


def language_followed(played: Played) -> Iterator[Verdict]:
    """Each turn of the agent is in the language that it has to be in: the caller's last line's, or the start one."""
    right: list[int] = []
    wrong: list[int] = []
    for turn, wanted in agent_turns_and_language(played):
        (right if tag_of(turn["language"]) in FOLLOWS[wanted] else wrong).append(int(turn["seq"]))
    seen = f"{len(right)} of {len(right) + len(wrong)} turns"
    yield Verdict(Aspect.LANGUAGE, "the agent speaks the caller's language", not wrong, seen, tuple(wrong or right))


def agent_turns_and_language(played: Played) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Agent turns that have words, each with the language it has to be in; the first words are the agent's own."""
    lines = [line for line in played.lines() if not line.keeps_floor]
    start = tag_of(str(played.call.get("language") or "en")) or "en"
    for turn in played.turns_of("agent"):
        said = [line for line in lines if line.start_ms < turn["start_ms"] + played.stream_began_ms]
        if turn["language"] is None or not said:
            continue
        follows = played.scenario.answers_in == "callers_language"
        yield turn, said[-1].language if follows else start


def tag_of(language: str | None) -> str | None:
    """A record's language as scenarios name it: en, hi, mixed, or another language's own tag."""
    if language is None:
        return None
    if language in {"mixed", "hi-en", "en-hi", "hi-Latn", "hinglish"}:
        return "mixed"
    return language.partition("-")[0]


# -- latency


def waits_ms(played: Played) -> list[int]:
    """From the end of each of the caller's lines to the agent's first sound, as the telephone network heard both."""
    waits: list[int] = []
    speaking = False
    waiting_since: int | None = None
    for event in played.events:
        match event["event"]:
            case "agent speaks":
                speaking = True
                if waiting_since is not None:
                    waits.append(int(event["at_ms"]) - waiting_since)
                waiting_since = None
            case "agent done":
                speaking = False
            case "interrupts":
                speaking = True
            case "says" if not speaking:
                waiting_since = None
            case "said" if not speaking:
                waiting_since = int(event["at_ms"])
            case "said":
                speaking = False
    return waits


def first_audio_ms(played: Played) -> int | None:
    """From the answer to the first sound that the caller heard."""
    return next((event.get("first_sound_ms") for event in played.events if event["event"] == "recorded"), None)


def answered_in_time(played: Played) -> Iterator[Verdict]:
    """Waits and first audio within the scenario's limits."""
    limits, waits = played.scenario.limits, waits_ms(played)
    for what, limit, got in (
        ("median wait for an answer", limits.answer_p50_ms, percentile(waits, 50)),
        ("95th percentile of waits", limits.answer_p95_ms, percentile(waits, 95)),
        ("first sound after the answer", limits.first_audio_ms, first_audio_ms(played)),
    ):
        if limit is not None and got is not None:
            yield Verdict(Aspect.LATENCY, f"{what} within {limit} ms", got <= limit, f"{got} ms")


# -- interruptions


def interruptions_handled(played: Played) -> Iterator[Verdict]:
    """Whoever interrupts is heard at once and not told the same again; who murmurs or hesitates is not cut off."""
    clears = [int(event["at_ms"]) for event in played.events if event["event"] == "clear"]
    explained = {at for at in clears if _is_explained(played, at)}
    for line in (line for line in played.lines() if line.over_agent):
        if line.keeps_floor:
            yield _murmur(line, clears)
            continue
        reaction = next((at - line.start_ms for at in clears if at >= line.start_ms), None)
        limit = played.scenario.limits.barge_in_ms or 10_000
        cut = _cut_turn(played, line)
        yield Verdict(
            Aspect.INTERRUPTIONS,
            f"the agent stops within {limit} ms when {line.line_id} interrupts",
            reaction is not None and reaction <= limit,
            "never" if reaction is None else f"{reaction} ms",
            () if cut is None else (int(cut["seq"]),),
        )
        yield _not_again(played, cut, line)
    yield _not_cut_off(played)
    if not any(line.keeps_floor for line in played.lines()):
        stray = [at for at in clears if at not in explained]
        yield Verdict(Aspect.INTERRUPTIONS, "the agent stops for nothing else", not stray, f"{len(stray)} clears")


def _is_explained(played: Played, at_ms: int) -> bool:
    """Whether the caller said or pressed something for which the agent may fall silent."""
    spans = [(line.start_ms, line.end_ms or at_ms) for line in played.lines() if not line.keeps_floor]
    spans += [(int(event["at_ms"]),) * 2 for event in played.events if event["event"] == "presses"]
    return any(start <= at_ms <= end + FLOOR_BACK_MS for start, end in spans)


def _murmur(line: Line, clears: Sequence[int]) -> Verdict:
    until = (line.end_ms if line.end_ms is not None else line.start_ms) + FLOOR_BACK_MS
    cut = [at for at in clears if line.start_ms <= at <= until]
    return Verdict(Aspect.INTERRUPTIONS, f"the agent goes on under {line.line_id}", not cut, f"{len(cut)} clears")


def _cut_turn(played: Played, line: Line) -> Mapping[str, Any] | None:
    """The agent's turn that was being heard when the line began."""
    began = [turn for turn in played.turns_of("agent") if turn["start_ms"] + played.stream_began_ms <= line.start_ms]
    return began[-1] if began else None


def _not_again(played: Played, cut: Mapping[str, Any] | None, line: Line) -> Verdict:
    later = [turn for turn in played.turns_of("agent") if cut is not None and turn["start_ms"] > cut["start_ms"]]
    before = words_of(cut["text"])[:RESTART_WORDS] if cut is not None else []
    again = bool(later) and len(before) == RESTART_WORDS and words_of(later[0]["text"])[:RESTART_WORDS] == before
    turns = (int(cut["seq"]), int(later[0]["seq"])) if cut is not None and later else ()
    return Verdict(Aspect.INTERRUPTIONS, f"the agent does not begin again after {line.line_id}", not again, turns=turns)


def false_ends(played: Played) -> list[Line]:
    """Lines in the middle of which the agent began to speak, though the caller had not finished."""
    speaks = [int(event["at_ms"]) for event in played.events if event["event"] == "agent speaks"]
    return [line for line in lines_in_turn(played) if any(line.start_ms < at < (line.end_ms or 0) for at in speaks)]


def lines_in_turn(played: Played) -> list[Line]:
    """Lines to which the agent had to listen. A hello before its first words falls together with those."""
    first = next((int(event["at_ms"]) for event in played.events if event["event"] == "agent speaks"), 0)
    return [
        line for line in played.lines() if not line.over_agent and line.end_ms is not None and line.start_ms >= first
    ]


def _not_cut_off(played: Played) -> Verdict:
    cut = false_ends(played)
    seen = ", ".join(line.line_id for line in cut)
    return Verdict(Aspect.INTERRUPTIONS, "the caller is not cut off in mid-sentence", not cut, seen)
