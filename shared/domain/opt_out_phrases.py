"""Recognises in a callee's own words that they do not want to be called again.

It stands below the speech model, which has a tool for the same: what is on the list acts even if the model missed it.
The words that matched are kept as evidence.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, ConfigDict

from shared.domain.packaged import packaged_yaml
from shared.domain.spelling import folded, roman_folded

OPT_OUT_KEY = "9"
"""The key that says the same as the words; the first sentence of a call names it."""


@dataclass(frozen=True, slots=True)
class OptOut:
    """What was heard: the phrase of the list, the words as compared, and whose list it was."""

    language: str
    phrase: str
    words: str


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _List(_Strict):
    checked: str
    words: dict[str, tuple[str, ...]] = {}
    anywhere: tuple[str, ...]
    alone: tuple[str, ...]
    leading: tuple[str, ...] = ()
    fillers: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    compact: bool = False


class PhraseList:
    """The phrases of one language, ready to be searched for."""

    def __init__(self, language: str, written: Any) -> None:
        self.language = language
        self._list = _List.model_validate(written)
        self.checked_by = self._list.checked
        self._is_romanised = language == "hi"
        self._anywhere = [(phrase, self._compiled(phrase)) for phrase in self._list.anywhere]
        self._unless = [self._compiled(phrase) for phrase in self._list.unless]
        self._alone = [(phrase, self._compiled_alone(phrase)) for phrase in self._list.alone]

    def heard(self, folded_text: str) -> OptOut | None:
        """The first phrase of this list in the text (see spelling.folded) that nothing takes back."""
        line = self._line(folded_text)
        for phrase, pattern in self._alone:
            if found := pattern.fullmatch(line):
                return OptOut(self.language, phrase, found[0].strip())
        taken_back = [found.span() for pattern in self._unless for found in pattern.finditer(line)]
        for phrase, pattern in self._anywhere:
            for found in pattern.finditer(line):
                if not any(start < found.end() and found.start() < end for start, end in taken_back):
                    return OptOut(self.language, phrase, found[0].strip())
        return None

    def _line(self, folded_text: str) -> str:
        line = roman_folded(folded_text) if self._is_romanised else folded_text
        return line.replace(" ", "") if self._list.compact else f"{line} "

    def _compiled(self, phrase: str) -> re.Pattern[str]:
        if self._list.compact:
            return re.compile(re.escape(self._line(folded(phrase))))
        return re.compile(r"(?<!\S)" + "".join(self._part(part) for part in phrase.split()))

    def _compiled_alone(self, phrase: str) -> re.Pattern[str]:
        if self._list.compact:
            return self._compiled(phrase)
        before = _choice(self._spellings((*self._list.leading, *self._list.fillers)))
        after = _choice(self._spellings(self._list.fillers))
        return re.compile(f"(?:{before})*?{self._compiled(phrase).pattern}(?:{after})*?")

    def _part(self, part: str) -> str:
        """The expression of one part of a phrase; each word brings the space behind it."""
        if part == "*":
            return r"(?:\S+ ){0,3}?"
        if part == "$":
            return r"\Z"
        name = part.rstrip("?")
        words = self._list.words[name[1:-1]] if name.startswith("{") else (name,)
        expression = f"(?:{_choice(self._spellings(words))})"
        return f"{expression}?" if part.endswith("?") else expression

    def _spellings(self, words: Iterable[str]) -> set[str]:
        return {self._line(folded(word)).strip() for word in words}


def _choice(words: Collection[str]) -> str:
    """Any of these words, the longest first; an expression that matches nothing where there are none."""
    return "|".join(f"{re.escape(word)} " for word in sorted(words, key=lambda word: (-len(word), word))) or "(?!)"


@lru_cache(maxsize=1)
def phrase_lists() -> dict[str, PhraseList]:
    """The lists that ship with Parley, by language."""
    return {
        language: PhraseList(language, written) for language, written in packaged_yaml("opt_out_phrases.yaml").items()
    }


def opt_out(text: str, languages: Iterable[str] | None = None) -> OptOut | None:
    """The opt-out in a callee's sentence, if there is one.

    Lists of these languages are searched first (BCP-47, "hi", "en-IN"), then all others: people fall back on their own.
    """
    lists = phrase_lists()
    line = folded(text)
    first = [tag.partition("-")[0] for tag in languages or ()]
    for language in dict.fromkeys((*first, *lists)):
        heard = lists[language].heard(line) if language in lists else None
        if heard is not None:
            return heard
    return None
