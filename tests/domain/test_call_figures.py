"""A call's figures are its streams' put together, however many there were and however often they were written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.call_figures import CallFigures, percentile
from shared.domain.cost import DEFAULT_MODEL, PRICES, TokenUse
from shared.domain.language_use import LanguageUse

counts = st.integers(0, 10_000)
several = st.lists(counts, max_size=5).map(tuple)
uses = st.builds(LanguageUse, counts, counts, counts, several, counts, counts)
tokens = st.dictionaries(st.sampled_from(["input_audio", "input_text", "output_audio"]), counts, max_size=3)
figures = st.builds(
    CallFigures,
    streams=st.integers(0, 4),
    stream_ms=counts,
    usage=st.dictionaries(st.sampled_from([DEFAULT_MODEL, "gemini-3.8-live", "another"]), tokens, max_size=3),
    counters=st.fixed_dictionaries(
        {},
        optional={
            "underruns": counts,
            "stale_marks": counts,
            "model_moves": st.dictionaries(st.sampled_from(["broken", "aged"]), counts, max_size=2),
        },
    ),
    first_audio_ms=st.none() | counts,
    answers_ms=several,
    barge_ins_ms=several,
    model_gap_max_ms=counts,
    languages=st.lists(st.sampled_from(["en", "hi", "hi-en", "ta"]), max_size=4, unique=True).map(tuple),
    language_use=uses,
)


@given(figures, figures, figures)
def test_in_which_order_streams_are_put_together_does_not_matter(
    one: CallFigures, two: CallFigures, three: CallFigures
) -> None:
    assert (one + two) + three == one + (two + three)


@given(figures)
def test_a_call_of_one_stream_has_that_streams_figures(one: CallFigures) -> None:
    assert CallFigures() + one == one == one + CallFigures()


@given(figures)
def test_a_record_gives_back_what_was_written(one: CallFigures) -> None:
    assert CallFigures.from_document(one.to_document()) == one


@given(figures, figures)
def test_each_model_is_paid_at_its_own_price(one: CallFigures, two: CallFigures) -> None:
    assert (one + two).model_cost() == pytest.approx(one.model_cost() + two.model_cost())


def test_two_streams_by_two_models() -> None:
    first = CallFigures(
        streams=1,
        stream_ms=60_000,
        usage={DEFAULT_MODEL: {"input_audio": 100, "output_audio": 10}},
        counters={"underruns": 1, "model_moves": {"broken": 1}},
        first_audio_ms=400,
        answers_ms=(700, 900),
        languages=("hi", "en"),
        language_use=LanguageUse(answers=4, followed=3, switches=1, turns_to_follow=(1,)),
    )
    second = CallFigures(
        streams=1,
        stream_ms=30_000,
        usage={"another": {"input_audio": 1_000_000}},
        counters={"underruns": 2, "model_moves": {"broken": 1, "aged": 1}},
        first_audio_ms=900,
        answers_ms=(2_000,),
        barge_ins_ms=(80,),
        model_gap_max_ms=300,
        languages=("hi",),
        language_use=LanguageUse(answers=1, followed=1, turns_to_follow=(2,)),
    )
    whole = first + second
    told = whole.to_document()
    assert told["usage"] == {"input_audio": 1_000_100, "output_audio": 10}
    assert told["counters"] == {"underruns": 3, "model_moves": {"broken": 2, "aged": 1}}
    assert told["latency"]["answer_p50_ms"] == 900
    assert told["latency"]["answer_max_ms"] == 2_000
    assert told["latency"]["first_audio_ms"] == 400
    assert told["languages"] == ["hi", "en"]
    assert told["language_use"]["share"] == 0.8
    assert told["language_use"]["turns_to_follow"] == [1, 2]
    assert (told["stream_ms"], told["streams_counted"]) == (90_000, 2)
    by_model = PRICES.model(DEFAULT_MODEL).of(TokenUse(audio_in=100, audio_out=10))
    assert whole.model_cost() == pytest.approx(by_model + PRICES.model("another").audio_in)


def test_percentiles_are_values_that_were_seen() -> None:
    assert percentile([30, 10, 20], 50) == 20
    assert percentile([30, 10, 20], 95) == 30
    assert percentile([], 50) is None
