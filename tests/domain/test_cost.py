"""What calls cost: against known bills, and never less for more."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.cost import (
    CALL_ESTIMATE,
    DEFAULT_MODEL,
    PRICES,
    Habits,
    TokenUse,
    call_cost,
    carrier_cost,
    estimated_tokens,
    forecast,
)

NO_INSTRUCTIONS = Habits(instructions=0)
UNCOMPRESSED = Habits(instructions=0, compress_at=10**9)
LIVE = PRICES.model(DEFAULT_MODEL)
tokens = st.builds(TokenUse, *[st.integers(0, 10**7)] * 4)


@pytest.mark.parametrize(
    ("minutes", "habits", "dollars"),
    [(5, UNCOMPRESSED, 0.22), (15, UNCOMPRESSED, 1.58), (15, NO_INSTRUCTIONS, 0.92)],
)
def test_estimates_agree_with_known_bills(minutes: int, habits: Habits, dollars: float) -> None:
    assert LIVE.of(estimated_tokens(minutes * 60, habits)) == pytest.approx(dollars, rel=0.1)


def test_tokens_are_priced_by_kind() -> None:
    million = 1_000_000
    assert LIVE.of(TokenUse(text_in=million)) == 0.75
    assert LIVE.of(TokenUse(audio_in=million)) == 3.0
    assert LIVE.of(TokenUse(text_out=million)) == 4.5
    assert LIVE.of(TokenUse(audio_out=million)) == 12.0


def test_a_model_without_a_price_costs_the_dearest() -> None:
    unknown = PRICES.model("gemini-9-live")
    assert unknown.audio_out == max(price.audio_out for price in PRICES.models.values())


def test_the_carrier_bills_started_minutes() -> None:
    minute = PRICES.minute["IN"] + PRICES.stream_minute
    assert carrier_cost(1, "IN", answered=True) == pytest.approx(minute + PRICES.detection)
    assert carrier_cost(60, "IN", answered=True) == pytest.approx(minute + PRICES.detection)
    assert carrier_cost(61, "IN", answered=True) == pytest.approx(2 * minute + PRICES.detection)
    assert carrier_cost(0, answered=True) == pytest.approx(
        PRICES.minute_elsewhere + PRICES.stream_minute + PRICES.detection
    )


def test_a_call_that_nobody_answered_costs_nothing() -> None:
    assert call_cost(25, answered=False) == 0.0
    assert carrier_cost(25, answered=False) == 0.0


def test_tokens_that_were_counted_are_believed_over_the_length() -> None:
    counted = call_cost(60, answered=True, country="US", model_cost=LIVE.of(TokenUse(audio_in=1000)))
    assert counted == pytest.approx(carrier_cost(60, "US", answered=True) + 0.003)


@settings(deadline=None)
@given(st.floats(1, 3600), st.floats(1, 3600))
def test_a_longer_call_is_never_cheaper(one_s: float, other_s: float) -> None:
    short_s, long_s = sorted((one_s, other_s))
    assert call_cost(short_s, answered=True) <= call_cost(long_s, answered=True) + 1e-6


@settings(deadline=None)
@given(tokens, tokens)
def test_two_uses_cost_what_they_cost_one_by_one(one: TokenUse, other: TokenUse) -> None:
    assert LIVE.of(one + other) == pytest.approx(LIVE.of(one) + LIVE.of(other))


def test_a_forecast_is_bound_by_pace_or_by_lines() -> None:
    by_pace = forecast(5000, 1, 1000, "IN")
    assert by_pace.attempts == 9000
    assert by_pace.seconds == 9000
    by_lines = forecast(5000, 30, 10, "IN")
    assert by_lines.seconds == pytest.approx(9000 * 56 / 10)
    assert by_lines.cost == by_pace.cost > 0
    assert CALL_ESTIMATE > 0
