"""Recognises the sentences of answering machines and of operators' announcements.

It stands beside the carrier's machine detection: a greeting is no part of a conversation, in however many sentences.
"""

from __future__ import annotations

from functools import lru_cache

from pydantic import BaseModel, ConfigDict

from shared.domain.packaged import packaged_yaml
from shared.domain.spelling import folded, roman_folded


class _List(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    checked: str
    phrases: tuple[str, ...]


@lru_cache(maxsize=1)
def _phrases() -> tuple[str, ...]:
    lists = [_List.model_validate(written) for written in packaged_yaml("machine_phrases.yaml").values()]
    return tuple(_line(phrase) for one in lists for phrase in one.phrases)


def machine_says(text: str) -> bool:
    """Whether these are the words of a machine, in any language of the lists."""
    line = _line(text)
    return any(phrase in line for phrase in _phrases())


def _line(text: str) -> str:
    return f" {roman_folded(folded(text))} "
