"""What came of an evaluation: a table by language and model with confidence intervals, and the same as JSON. [pure]"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from local.evaluations.intervals import wilson
from local.evaluations.judges import FOLLOWS, agent_turns_and_language, first_audio_ms, judge, tag_of, waits_ms
from local.evaluations.played import Played
from local.evaluations.verdict import Aspect, Verdict
from shared.domain.call_figures import percentile

LANGUAGES = {"en": "English", "hi": "Hindi", "mixed": "Hinglish"}


@dataclass(frozen=True, slots=True)
class Judged:
    """A call and what all judges said of it."""

    played: Played
    verdicts: tuple[Verdict, ...]

    def holds(self, aspect: Aspect) -> bool | None:
        """Whether everything of this aspect does; None when nothing of it was judged."""
        of_it = [verdict.holds for verdict in self.verdicts if verdict.aspect is aspect]
        return all(of_it) if of_it else None

    @property
    def all_holds(self) -> bool:
        """The whole call went as it should."""
        return all(verdict.holds for verdict in self.verdicts)


def judged(played: Played) -> Judged:
    """The call before all judges."""
    return Judged(played, tuple(judge(played)))


@dataclass(frozen=True, slots=True)
class Share:
    """So many good ones of so many, with the 95 % interval of what a longer count would find."""

    good: int
    of: int

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's, 0..1."""
        return wilson(self.good, self.of)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.good}/{self.of} [{low * 100:.0f}-{high * 100:.0f}%]" if self.of else "-"

    def to_document(self) -> dict[str, Any]:
        """For the JSON."""
        low, high = self.interval
        return {"good": self.good, "of": self.of, "low": round(low, 3), "high": round(high, 3)}


@dataclass(frozen=True, slots=True)
class Row:
    """Calls of one language with one model."""

    language: str
    model: str
    calls: Share
    aspects: Mapping[Aspect, Share]
    language_turns: Share
    """Agent turns in the language they had to be in."""
    answer_p50_ms: int | None
    answer_p95_ms: int | None
    first_audio_ms: int | None
    """The median call's."""
    barge_in_ms: int | None
    """Median: from the caller's first sound over the agent's words to Twilio's clear."""

    def to_document(self) -> dict[str, Any]:
        """For the JSON."""
        document = asdict(self)
        return {
            **document,
            "calls": self.calls.to_document(),
            "aspects": {str(aspect): share.to_document() for aspect, share in self.aspects.items()},
            "language_turns": self.language_turns.to_document(),
        }


def rows(calls: Sequence[Judged]) -> list[Row]:
    """One row a language and model, and one for all of a model together where it spoke several languages."""
    keys = sorted({(one.played.model, one.played.scenario.language) for one in calls})
    found = [_row(language, model, [one for one in calls if _is(one, language, model)]) for model, language in keys]
    for model in sorted({model for model, _ in keys}):
        of_model = [one for one in calls if one.played.model == model]
        if len({one.played.scenario.language for one in of_model}) > 1:
            found.append(_row("all", model, of_model))
    return found


def _is(one: Judged, language: str, model: str) -> bool:
    return one.played.scenario.language == language and one.played.model == model


def _row(language: str, model: str, calls: Sequence[Judged]) -> Row:
    waits = [wait for one in calls for wait in waits_ms(one.played)]
    first = [ms for one in calls if (ms := first_audio_ms(one.played)) is not None]
    turns = [
        tag_of(turn["language"]) in FOLLOWS[wanted]
        for one in calls
        for turn, wanted in agent_turns_and_language(one.played)
    ]
    return Row(
        language=language,
        model=model,
        calls=Share(sum(one.all_holds for one in calls), len(calls)),
        aspects={aspect: _share(one.holds(aspect) for one in calls) for aspect in Aspect},
        language_turns=Share(sum(turns), len(turns)),
        answer_p50_ms=percentile(waits, 50),
        answer_p95_ms=percentile(waits, 95),
        first_audio_ms=percentile(first, 50),
        barge_in_ms=percentile([ms for one in calls for ms in reactions_ms(one.played)], 50),
    )


def _share(holds: Iterable[bool | None]) -> Share:
    known = [one for one in holds if one is not None]
    return Share(sum(known), len(known))


def reactions_ms(played: Played) -> list[int]:
    """From the first sound of each interruption to the next clear."""
    clears = [int(event["at_ms"]) for event in played.events if event["event"] == "clear"]
    began = [line.start_ms for line in played.lines() if line.over_agent and not line.keeps_floor]
    return [at - start for start in began if (at := next((one for one in clears if one >= start), None)) is not None]


def table(found: Sequence[Row]) -> str:
    """Markdown, so that it can stand in a document as it is."""
    head = ["language", "model", "calls", *(str(aspect) for aspect in Aspect), "turns in language"]
    head += ["answer p50 / p95", "first sound", "barge-in"]
    lines = [head, ["---"] * len(head)]
    for row in found:
        line = [LANGUAGES.get(row.language, row.language), row.model, str(row.calls)]
        line += [str(row.aspects[aspect]) for aspect in Aspect] + [str(row.language_turns)]
        line += [f"{_ms(row.answer_p50_ms)} / {_ms(row.answer_p95_ms)}", _ms(row.first_audio_ms), _ms(row.barge_in_ms)]
        lines.append(line)
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _ms(value: int | None) -> str:
    return "-" if value is None else f"{value} ms"


def missed(calls: Sequence[Judged], least: Mapping[Aspect, float]) -> list[str]:
    """Which thresholds were not reached, in words. least: share of calls, 0..1, by aspect."""
    found: list[str] = []
    for aspect, wanted in least.items():
        share = _share(one.holds(aspect) for one in calls)
        if share.of and share.good / share.of < wanted:
            found.append(f"{aspect}: {share}, at least {wanted:.0%} wanted")
    return found


def call_document(one: Judged) -> dict[str, Any]:
    """A call for the JSON: verdicts and figures, none of the words."""
    played = one.played
    return {
        "scenario": played.scenario.id,
        "repeat": played.repeat,
        "setting": played.setting,
        "agent": played.scenario.agent,
        "language": played.scenario.language,
        "model": played.model,
        "call_sid": played.call.get("call_sid"),
        "ending": played.call.get("ending"),
        "holds": one.all_holds,
        "waits_ms": waits_ms(played),
        "first_audio_ms": first_audio_ms(played),
        "barge_in_ms": reactions_ms(played),
        "verdicts": [{**asdict(verdict), "aspect": str(verdict.aspect)} for verdict in one.verdicts],
    }


def told(one: Judged, briefly: bool = False) -> list[str]:
    """A call in a line, and for everything that does not hold, what was found and the turns that prove it."""
    played = one.played
    name = played.scenario.id + (f" #{played.repeat}" if played.repeat > 1 else "")
    if briefly:
        return [f"{name:<40} {played.setting:<20} {played.trouble or played.call.get('ending')}"]
    seconds = round(int(played.call.get("stream_ms") or 0) / 1000)
    lines = [
        f"{'ok  ' if one.all_holds else 'FAIL'} {name:<40} {LANGUAGES[played.scenario.language]:<9} {seconds:>4} s"
    ]
    words = {int(turn["seq"]): turn for turn in played.turns}
    for verdict in one.verdicts:
        if verdict.holds:
            continue
        lines.append(f"       {verdict.aspect}: {verdict.what}" + (f" ({verdict.seen})" if verdict.seen else ""))
        lines += [
            f"         turn {seq}, {words[seq]['speaker']}: {words[seq]['text']}"
            for seq in verdict.turns
            if seq in words
        ]
    return lines
