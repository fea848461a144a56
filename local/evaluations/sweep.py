"""What settings of turn-taking cost a caller: cut off in mid-sentence, kept waiting, not heard, stopped for. [pure]"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from local.evaluations.judges import FLOOR_BACK_MS, false_ends, lines_in_turn, waits_ms
from local.evaluations.played import Line, Played
from local.evaluations.report import LANGUAGES, Share
from shared.domain.call_figures import percentile

MISSED_AFTER_MS = 1_500
"""An interruption that has cleared nothing by then was not heard."""


@dataclass(frozen=True, slots=True)
class SweepRow:
    """One setting, in one language or all of them."""

    setting: str
    language: str
    false_ends: Share
    """Of the lines that were said while the agent was silent, those into which it spoke."""
    answer_p50_ms: int | None
    answer_p95_ms: int | None
    missed: Share
    """Of the interruptions, those that stopped nothing."""
    reaction_p50_ms: int | None
    stopped_for_murmurs: Share
    """Of the murmurs, those for which the agent fell silent."""

    def to_document(self) -> dict[str, Any]:
        """For the JSON."""
        shares = {name: getattr(self, name).to_document() for name in ("false_ends", "missed", "stopped_for_murmurs")}
        return {**asdict(self), **shares}


def sweep_rows(calls: Sequence[Played]) -> list[SweepRow]:
    """By setting in the order in which they were played, each by language, then all languages together."""
    settings = list(dict.fromkeys(one.setting for one in calls))
    languages = [language for language in LANGUAGES if any(one.scenario.language == language for one in calls)]
    found: list[SweepRow] = []
    for setting in settings:
        of_setting = [one for one in calls if one.setting == setting]
        found += [
            _row(setting, language, [one for one in of_setting if one.scenario.language == language])
            for language in languages
        ]
        if len(languages) > 1:
            found.append(_row(setting, "all", of_setting))
    return found


def _row(setting: str, language: str, calls: Sequence[Played]) -> SweepRow:
    waits = [wait for one in calls for wait in waits_ms(one)]
    floor = [(line, _cleared_after_ms(one, line)) for one in calls for line in one.lines() if line.over_agent]
    murmurs = [after for line, after in floor if line.keeps_floor]
    interruptions = [after for line, after in floor if not line.keeps_floor]
    reactions = [after for after in interruptions if after is not None]
    in_turn = sum(len(lines_in_turn(one)) for one in calls)
    return SweepRow(
        setting=setting,
        language=language,
        false_ends=Share(sum(len(false_ends(one)) for one in calls), in_turn),
        answer_p50_ms=percentile(waits, 50),
        answer_p95_ms=percentile(waits, 95),
        missed=_count(interruptions, lambda after: after is None),
        reaction_p50_ms=percentile(reactions, 50),
        stopped_for_murmurs=_count(murmurs, lambda after: after is not None),
    )


def _count(values: Sequence[int | None], is_one: Callable[[int | None], bool]) -> Share:
    return Share(sum(1 for value in values if is_one(value)), len(values))


def _cleared_after_ms(played: Played, line: Line) -> int | None:
    """From the line's first sound to the clear that it caused; None when it caused none."""
    until = line.start_ms + MISSED_AFTER_MS
    if line.keeps_floor:
        until = (line.end_ms if line.end_ms is not None else line.start_ms) + FLOOR_BACK_MS
    clears = (int(event["at_ms"]) for event in played.events if event["event"] == "clear")
    return next((at - line.start_ms for at in clears if line.start_ms <= at <= until), None)


def sweep_table(found: Iterable[SweepRow]) -> str:
    """Markdown."""
    head = ["turn-taking", "language", "cut off in mid-sentence", "answer p50 / p95", "interruptions missed"]
    head += ["reaction p50", "stopped for a murmur"]
    lines = [head, ["---"] * len(head)]
    for row in found:
        waits = f"{_ms(row.answer_p50_ms)} / {_ms(row.answer_p95_ms)}"
        line = [row.setting, LANGUAGES.get(row.language, row.language), str(row.false_ends), waits, str(row.missed)]
        lines.append([*line, _ms(row.reaction_p50_ms), str(row.stopped_for_murmurs)])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _ms(value: int | None) -> str:
    return "-" if value is None else f"{value} ms"
