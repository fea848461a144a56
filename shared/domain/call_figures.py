"""What is counted in a call: one stream's figures, and those of a whole call, which are its streams' put together.

Streams follow one another, and each may be carried by another process. So each reads what the earlier ones have left
in the call's record and writes the sum back under the same names; writing it twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.domain.cost import PRICES, PriceTable, TokenUse
from shared.domain.language_use import LanguageUse

Counts = Mapping[str, Any]
"""Whole numbers by name, or by name within a name."""


@dataclass(frozen=True, slots=True)
class CallFigures:
    """Of one stream, or of several in the order in which they were carried. Times are whole milliseconds."""

    streams: int = 0
    """How many streams are counted in; one that was cut off with its process left nothing to count."""
    stream_ms: int = 0
    """How long they lasted together."""
    usage: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Tokens by the model that took and made them, and by direction and modality, as "input_audio"."""
    counters: Counts = field(default_factory=dict)
    first_audio_ms: int | None = None
    """From a stream's beginning to the agent's first sound: of the first stream that had any."""
    answers_ms: tuple[int, ...] = ()
    """What callers waited for answers."""
    barge_ins_ms: tuple[int, ...] = ()
    """From the beginning of an interruption to the end of our sound."""
    model_gap_max_ms: int = 0
    """The longest time between two sessions of the model."""
    languages: tuple[str, ...] = ()
    """All that were spoken, in order of their first use."""
    language_use: LanguageUse = field(default_factory=LanguageUse)

    def __add__(self, later: CallFigures) -> CallFigures:
        """With those of the streams that followed."""
        return CallFigures(
            streams=self.streams + later.streams,
            stream_ms=self.stream_ms + later.stream_ms,
            usage=_sums(self.usage, later.usage),
            counters=_sums(self.counters, later.counters),
            first_audio_ms=later.first_audio_ms if self.first_audio_ms is None else self.first_audio_ms,
            answers_ms=self.answers_ms + later.answers_ms,
            barge_ins_ms=self.barge_ins_ms + later.barge_ins_ms,
            model_gap_max_ms=max(self.model_gap_max_ms, later.model_gap_max_ms),
            languages=tuple(dict.fromkeys(self.languages + later.languages)),
            language_use=self.language_use + later.language_use,
        )

    def model_cost(self, prices: PriceTable = PRICES) -> float:
        """US dollars for the tokens, each model's at its own price."""
        return sum(prices.model(model_id).of(token_use(tokens)) for model_id, tokens in self.usage.items())

    def to_document(self) -> dict[str, Any]:
        """Fields of a call's record."""
        usage: dict[str, Any] = {}
        for tokens in self.usage.values():
            usage = _sums(usage, tokens)
        return {
            "streams_counted": self.streams,
            "stream_ms": self.stream_ms,
            "usage": usage,
            "usage_by_model": {model_id: dict(tokens) for model_id, tokens in self.usage.items()},
            "counters": _sums(self.counters, {}),
            "latency": {
                "first_audio_ms": self.first_audio_ms,
                "answers_ms": list(self.answers_ms),
                "answer_p50_ms": percentile(self.answers_ms, 50),
                "answer_p95_ms": percentile(self.answers_ms, 95),
                "answer_max_ms": max(self.answers_ms, default=None),
                "model_gap_max_ms": self.model_gap_max_ms,
                "barge_in_ms": list(self.barge_ins_ms),
            },
            "languages": list(self.languages),
            "language_use": self.language_use.to_document(),
        }

    @classmethod
    def from_document(cls, record: Mapping[str, Any]) -> CallFigures:
        """What a call's record says; nothing of one in which no stream has ended."""
        latency = record.get("latency") or {}
        return cls(
            streams=record.get("streams_counted") or 0,
            stream_ms=record.get("stream_ms") or 0,
            usage=record.get("usage_by_model") or {},
            counters=record.get("counters") or {},
            first_audio_ms=latency.get("first_audio_ms"),
            answers_ms=tuple(latency.get("answers_ms") or ()),
            barge_ins_ms=tuple(latency.get("barge_in_ms") or ()),
            model_gap_max_ms=latency.get("model_gap_max_ms") or 0,
            languages=tuple(record.get("languages") or ()),
            language_use=LanguageUse.from_document(record.get("language_use") or {}),
        )


def _sums(one: Counts, other: Counts) -> dict[str, Any]:
    """Both, number by number; maps within are added in the same way."""
    sums = {name: _sums(value, {}) if isinstance(value, Mapping) else value for name, value in one.items()}
    for name, value in other.items():
        sums[name] = _sums(sums.get(name, {}), value) if isinstance(value, Mapping) else sums.get(name, 0) + value
    return sums


def token_use(tokens: Mapping[str, int]) -> TokenUse:
    """Tokens by direction and modality, as prices know them; whatever is no sound is priced as text."""
    sums = {"input_text": 0, "input_audio": 0, "output_text": 0, "output_audio": 0}
    for kind, number in tokens.items():
        direction, _, modality = kind.partition("_")
        name = f"{direction}_{'audio' if modality == 'audio' else 'text'}"
        sums[name] = sums.get(name, 0) + int(number)
    return TokenUse(sums["input_text"], sums["input_audio"], sums["output_text"], sums["output_audio"])


def percentile(values: Sequence[int], percent: int) -> int | None:
    """The value that so many per cent do not exceed (nearest rank); None without values."""
    if not values:
        return None
    ordered = sorted(values)
    rank = -(-percent * len(ordered) // 100)
    return ordered[max(1, rank) - 1]
