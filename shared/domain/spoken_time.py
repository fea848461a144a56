"""What somebody said about a time, taken apart: how long from now, which day, which part of it, which o'clock."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from typing import Any

from shared.domain.packaged import packaged_yaml
from shared.domain.spelling import folded


class DayPart(StrEnum):
    """A part of the day as people name it."""

    MORNING = "morning"
    AFTERNOON = "afternoon"
    EVENING = "evening"
    NIGHT = "night"


@dataclass(frozen=True, slots=True)
class OClock:
    """A time on a clock face: hour as said (0-23), minute, and am or pm where that was said."""

    hour: int
    minute: int = 0
    half: str | None = None
    """ "am" or "pm"."""
    earlier: bool = False
    """Before it, rather than at it."""


@dataclass(frozen=True, slots=True)
class SpokenTime:
    """Everything a sentence says about when; what it does not say is None."""

    minutes_from_now: int | None = None
    days_from_now: int | None = None
    weekday: int | None = None
    month: int | None = None
    day_of_month: int | None = None
    part: DayPart | None = None
    clock: OClock | None = None

    @property
    def says_a_day(self) -> bool:
        """Whether the day itself was named."""
        return any(said is not None for said in (self.days_from_now, self.weekday, self.day_of_month))


class Contradiction(ValueError):
    """The sentence names two different times, and nobody can tell which is meant."""


def spoken_time(text: str) -> SpokenTime | None:
    """What the sentence says about when; None when it says nothing. Raises Contradiction."""
    grammar = _grammar()
    line = grammar.without_refusals(grammar.line(text))
    minutes, line = grammar.from_now(line)
    days, line = grammar.days(line)
    weekday, line = grammar.one(grammar.weekday, line)
    month, day_of_month, line = grammar.date(line)
    clock, line = grammar.o_clock(line)
    part, line = grammar.one(grammar.part, line)
    spoken = SpokenTime(
        minutes_from_now=minutes,
        days_from_now=days,
        weekday=int(weekday) if weekday else None,
        month=month,
        day_of_month=day_of_month,
        part=DayPart(part) if part else None,
        clock=clock,
    )
    return None if spoken == SpokenTime() else spoken


_WRITTEN_CLOCK = re.compile(r"(?<!\d)([01]?\d|2[0-3])\s?[:.h]\s?([0-5]\d)(?!\d)", re.IGNORECASE)
_ORDINAL = re.compile(r"(\d)(st|nd|rd|th)\b", re.IGNORECASE)
_PAST = {"half past": 30, "quarter past": 15, "quarter to": -15}
_GLUED = re.compile(r"(?<=\d)(?=[^\W\d_])")
"""Between a digit and a letter: 5pm."""


class _Grammar:
    """Expressions made of the word lists. A line has one space around every word, and one at both ends."""

    def __init__(self, words: Mapping[str, Any]) -> None:
        self.values: dict[str, dict[str, str]] = {
            name: dict(_folded_words(words[name]))
            for name in ("numbers", "units", "days", "weekdays", "months", "parts")
        }
        self.alone = dict(_folded_words(words["fractions"]["alone"]))
        self.before_number = dict(_folded_words(words["fractions"]["before"]))
        number = rf"(?:\d{{1,2}}|{_any(self.values['numbers'])})"
        amount = rf"(?:(?P<fraction>{_any(self.before_number)}) )?(?P<number>{number})|(?P<alone>{_any(self.alone)})"
        unit = rf"(?P<unit>{_any(self.values['units'])})"
        either = "|".join(
            (
                rf"(?:{_words(words['within'])}) (?:{amount}) {unit}",
                rf"(?:{_renamed(amount)}) {_renamed(unit)} (?:{_words(words['later'])})",
            )
        )
        self._from_now = re.compile(rf" (?:{either})(?= )")
        day_named = rf"(?P<day>{_any(self.values['days'])})"
        self._day = re.compile(rf" {day_named}(?= )")
        self.weekday = re.compile(rf" (?P<said>{_any(self.values['weekdays'])})(?= )"), self.values["weekdays"]
        self.part = re.compile(rf" (?P<said>{_any(self.values['parts'])})(?= )"), self.values["parts"]
        month = rf"(?P<month>{_any(self.values['months'])})"
        self._date = re.compile(
            rf" (?:(?P<day>\d{{1,2}}) (?:of )?{month}|{_renamed(month)} (?P<day2>\d{{1,2}})"
            rf"|(?P<day3>\d{{1,2}}) (?:{_words(words['date'])})|on the (?P<day4>\d{{1,2}})(?= $))(?= )"
        )
        self._clock = re.compile(_clock_expression(words, number, self.before_number, self.alone))
        units = _words(unit for spellings in words["units"].values() for unit in spellings)
        told = rf"(?:{units}|{_words((*words['clock'], *words['am'], *words['pm']))}|{_any(self.values['months'])})"
        of_part = rf"(?:{_any(self.values['parts'])}) (?:ko |me |mein )?(?:(?:{_any(self.before_number)}) )?{number}"
        nothing_told = rf"(?! (?:\d|{told}|{_words(words['or'])}))(?= )"
        edge = _words((*words["earlier"], *words["after"]))
        self._bare_hour = re.compile(rf"(?<= )(?:{of_part}{nothing_told}|{number}(?= (?:{edge})))")
        self._or = re.compile(rf" (?:{_words(words['or'])})? ?")
        named = "|".join(_any(self.values[name]) for name in ("days", "weekdays", "parts"))
        o_clock = rf"{number} (?:{_words(words['clock'])})"
        self._refusals = re.compile(
            rf" (?:(?:{_words(words['not_before'])}) (?:{named})"
            rf"|(?:{named}|{o_clock})(?: ko| ke)? (?:{_words(words['not_after'])}))(?= )"
        )

    def line(self, text: str) -> str:
        """The sentence in one spelling, written clock times as t0530."""
        digits = folded_digits(text)
        written = _WRITTEN_CLOCK.sub(lambda clock: f" t{int(clock[1]):02d}{clock[2]} ", _ORDINAL.sub(r"\1", digits))
        line = f" {folded(_GLUED.sub(' ', written))} "
        return self._bare_hour.sub(r" \g<0> baje", line).replace("  ", " ")

    def without_refusals(self, line: str) -> str:
        return self._refusals.sub(" ", line)

    def from_now(self, line: str) -> tuple[int | None, str]:
        """Minutes in "in two hours", "aadhe ghante baad"; days and weeks count as their minutes."""
        found = self._from_now.search(line)
        if not found:
            return None, line
        said = {key.rstrip("_"): value for key, value in found.groupdict().items() if value is not None}
        per_unit = {"minute": 1, "hour": 60, "day": 1440, "week": 10_080}[self.values["units"][said["unit"]]]
        if "alone" in said:
            minutes = int(self.alone[said["alone"]]) * per_unit // 60
        else:
            minutes = self._number(said["number"]) * per_unit
            minutes += int(self.before_number[said["fraction"]]) * per_unit // 60 if "fraction" in said else 0
        return max(minutes, 1), _cut(line, found)

    def days(self, line: str) -> tuple[int | None, str]:
        said, line = self.one((self._day, self.values["days"]), line, group="day")
        return (int(said) if said else None), line

    def one(
        self, kind: tuple[re.Pattern[str], Mapping[str, str]], line: str, group: str = "said"
    ) -> tuple[str | None, str]:
        """The one value of this kind that the line names; of "Monday or Tuesday" the first. Raises Contradiction."""
        pattern, values = kind
        found = list(pattern.finditer(line))
        if not found:
            return None, line
        self._agree([(match, values[match[group]]) for match in found], line)
        return values[found[0][group]], pattern.sub(" ", line)

    def date(self, line: str) -> tuple[int | None, int | None, str]:
        found = self._date.search(line)
        if not found:
            return None, None, line
        said = {key: value for key, value in found.groupdict().items() if value is not None}
        month = said.get("month") or said.get("month_")
        day = next(int(value) for key, value in said.items() if key.startswith("day"))
        return (int(self.values["months"][month]) if month else None), day, _cut(line, found)

    def o_clock(self, line: str) -> tuple[OClock | None, str]:
        """The clock time that the line names; of "5 or 6 o'clock" the first. Raises Contradiction."""
        found = [(match, clock) for match in self._clock.finditer(line) if (clock := self._read(match)) is not None]
        if not found:
            return None, line
        self._agree(found, line)
        return found[0][1], self._clock.sub(" ", line)

    def _read(self, match: re.Match[str]) -> OClock | None:
        said = {key.rstrip("0123456789"): value for key, value in match.groupdict().items() if value is not None}
        half = "am" if "am" in said else "pm" if "pm" in said else None
        earlier = "before" in said or "earlier" in said
        if "noon" in said:
            return OClock(12, 0, "pm", earlier)
        if "written" in said:
            return OClock(int(said["written"][1:3]), int(said["written"][3:5]), half, earlier)
        if "alone" in said:
            minutes = int(self.alone[said["alone"]])
        else:
            minutes = self._number(said["hour"]) * 60 + self._number(said.get("minute", "0"))
            minutes += int(self.before_number[said["fraction"]]) if "fraction" in said else 0
            minutes += _PAST.get(said.get("past", "").removeprefix("a "), 0)
        hour, minute = divmod(minutes, 60)
        return OClock(hour, minute, half, earlier) if 0 <= hour <= 23 else None

    def _agree(self, found: list[tuple[re.Match[str], Any]], line: str) -> None:
        for (first, one), (second, other) in pairwise(found):
            if one != other and not self._or.fullmatch(line[first.end() : second.start() + 1]):
                raise Contradiction("two different times are named")

    def _number(self, said: str) -> int:
        return int(said) if said.isdecimal() else int(self.values["numbers"][said])


def _clock_expression(
    words: Mapping[str, Any], number: str, before_number: Mapping[str, str], alone: Mapping[str, str]
) -> str:
    """A clock time: with baje or am or pm behind it, with at, after or before in front of it, or written 17:30."""
    o_clock, am, pm = (_words(words[name]) for name in ("clock", "am", "pm"))
    half_day = rf"(?: (?:(?P<am0>{am})|(?P<pm0>{pm})|(?:{o_clock})))"
    minute = rf"(?: (?P<minute0>15|30|45|{_words([*'thirty fifteen'.split(), 'forty five'])}))?"
    fraction = rf"(?:(?P<fraction0>{_any(before_number)}) )?"
    range_end = rf"(?: (?:(?:{_words(words['or'])}) )?{number})?"
    earlier = rf"(?P<earlier0> (?:{_words(words['earlier'])}))?"
    before = rf"(?:(?:(?P<before0>{_words(words['before'])})|at|after|around|about|from|till|between) )"
    past = rf"(?P<past0>{_words(['half past', 'quarter past', 'a quarter past', 'quarter to', 'a quarter to'])}) "
    no_unit = rf"(?! (?:{_words([unit for units in words['units'].values() for unit in units])}))"
    halves = {word: minutes for word, minutes in alone.items() if int(minutes) in (90, 150)}  # half past one, two
    forms = (
        rf"{before}?(?P<written0>t\d{{4}}){half_day}?{earlier}",
        rf"{before}?{past}(?P<hour0>{number}){half_day}?",
        rf"{before}?{fraction}(?P<hour0>{number}){minute}{range_end}{half_day}{earlier}",
        rf"(?P<alone0>{_any(halves)}) (?:{o_clock}){earlier}",
        rf"{before}(?P<hour0>{number}){minute}{no_unit}{earlier}",
        rf"{before}?(?P<noon0>{_words(words['noon'])})",
    )
    numbered = (re.sub(r"\(\?P<(\w+?)0>", rf"(?P<\g<1>{index}>", form) for index, form in enumerate(forms, start=1))
    return rf" (?:{'|'.join(numbered)})(?= )"


def folded_digits(text: str) -> str:
    """The text with the digits of every script as 0-9, and nothing else changed."""
    return "".join(str(int(sign)) if sign.isdecimal() else sign for sign in text)


def _cut(line: str, found: re.Match[str]) -> str:
    return f"{line[: found.start()]} {line[found.end() :]}"


def _folded_words(lists: Mapping[Any, Iterable[str]]) -> Iterator[tuple[str, str]]:
    for value, spellings in lists.items():
        for word in spellings:
            yield folded(word), str(value)


def _any(words: Mapping[str, str]) -> str:
    return "|".join(sorted(map(re.escape, words), key=lambda word: (-len(word), word)))


def _words(spellings: Iterable[str]) -> str:
    return _any({folded(word): "" for word in spellings})


def _renamed(expression: str) -> str:
    return re.sub(r"\(\?P<(\w+)>", r"(?P<\1_>", expression)


@lru_cache(maxsize=1)
def _grammar() -> _Grammar:
    return _Grammar(packaged_yaml("spoken_time.yaml"))
