"""What a call costs, before and after it: carrier minutes and the speech model's tokens, in US dollars.

A Live session is billed anew for its whole context with every turn, so a call's price grows with the square of its
length until context compression holds the window down.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

CURRENCY = "USD"
AUDIO_TOKENS_PER_S = 25
"""In and out (Gemini's guide)."""
_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class TokenUse:
    """Tokens that were billed."""

    text_in: int = 0
    audio_in: int = 0
    text_out: int = 0
    audio_out: int = 0

    def __add__(self, other: TokenUse) -> TokenUse:
        """Both together."""
        return TokenUse(
            self.text_in + other.text_in,
            self.audio_in + other.audio_in,
            self.text_out + other.text_out,
            self.audio_out + other.audio_out,
        )


@dataclass(frozen=True, slots=True)
class ModelPrice:
    """Dollars per million tokens."""

    text_in: float
    audio_in: float
    text_out: float
    audio_out: float

    def of(self, use: TokenUse) -> float:
        """What these tokens cost."""
        return (
            use.text_in * self.text_in
            + use.audio_in * self.audio_in
            + use.text_out * self.text_out
            + use.audio_out * self.audio_out
        ) / _MILLION


@dataclass(frozen=True, slots=True)
class PriceTable:
    """Prices as of a day. Carriers bill started minutes; the model's prices are by model id."""

    as_of: date
    models: Mapping[str, ModelPrice]
    minute: Mapping[str, float]
    """Outbound carrier minute by country of the callee."""
    minute_elsewhere: float
    stream_minute: float
    """Media Streams."""
    detection: float
    """Answering machine detection, per answered call."""

    def model(self, model_id: str) -> ModelPrice:
        """The model's price; of one that is not listed, the dearest listed for each kind."""
        listed = self.models.get(model_id)
        if listed is not None:
            return listed
        prices = self.models.values()
        return ModelPrice(
            max(price.text_in for price in prices),
            max(price.audio_in for price in prices),
            max(price.text_out for price in prices),
            max(price.audio_out for price in prices),
        )


_LIVE_3 = ModelPrice(text_in=0.75, audio_in=3.00, text_out=4.50, audio_out=12.00)
DEFAULT_MODEL = "gemini-3.1-flash-live-preview"

PRICES = PriceTable(
    as_of=date(2026, 11, 22),
    models={DEFAULT_MODEL: _LIVE_3, "gemini-3.8-live": _LIVE_3},  # Google's price list, read 2026-11
    # Twilio's list prices as remembered: an order of magnitude for budgets; the bill is the carrier's.
    minute={"US": 0.014, "CA": 0.014, "GB": 0.03, "DE": 0.045, "IN": 0.05, "AU": 0.075, "AE": 0.25, "FR": 0.05},
    minute_elsewhere=0.10,
    stream_minute=0.004,
    detection=0.0075,
)


@dataclass(frozen=True, slots=True)
class Habits:
    """How a usual conversation goes, for estimates. Without instructions they give known bills to within a tenth:

    five minutes 0.22 dollars, fifteen 1.58 without compression and 0.92 with 8,000 to 4,000 tokens.
    """

    turn_s: float = 20.0
    """From one turn of the agent to the next."""
    agent_share: float = 0.5
    """Of the time, the agent speaks so much."""
    instructions: int = 1_500
    """Tokens of the agent's instructions and tools."""
    compress_at: int = 8_000
    compress_to: int = 4_000


def estimated_tokens(talk_s: float, habits: Habits | None = None) -> TokenUse:
    """What a conversation of this length is billed, turn by turn, with context compression."""
    habits = habits or Habits()
    text_in = audio_in = 0
    context = 0.0
    for turn in range(math.ceil(talk_s / habits.turn_s)):
        context += AUDIO_TOKENS_PER_S * min(habits.turn_s, talk_s - turn * habits.turn_s)
        if context > habits.compress_at:
            context = habits.compress_to
        text_in += habits.instructions
        audio_in += round(context)
    spoken_s = talk_s * habits.agent_share
    # Transcripts of both sides are billed as text that comes out; about three words a second, four tokens for three.
    return TokenUse(text_in, audio_in, round(talk_s * 4), round(spoken_s * AUDIO_TOKENS_PER_S))


def carrier_cost(
    duration_s: float, country: str | None = None, *, answered: bool, prices: PriceTable = PRICES
) -> float:
    """What the carrier takes for an outbound call; nothing for one that nobody answered."""
    if not answered:
        return 0.0
    minutes = max(1, math.ceil(duration_s / 60))
    per_minute = prices.minute.get(country or "", prices.minute_elsewhere)
    return minutes * (per_minute + prices.stream_minute) + prices.detection


def call_cost(
    duration_s: float,
    *,
    answered: bool,
    country: str | None = None,
    model_cost: float | None = None,
    model_id: str = DEFAULT_MODEL,
    prices: PriceTable = PRICES,
) -> float:
    """What a call costs: with its tokens' cost, where that is known, else as this model's calls of its length."""
    if not answered:
        return 0.0
    if model_cost is None:
        model_cost = prices.model(model_id).of(estimated_tokens(duration_s))
    return round(carrier_cost(duration_s, country, answered=True, prices=prices) + model_cost, 6)


USUAL_TALK_S = 90.0
CALL_ESTIMATE = call_cost(USUAL_TALK_S, answered=True)
"""Held back from the budget for a call that is still open."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What calling so many contacts will take."""

    attempts: int
    cost: float
    seconds: float
    """Of open calling hours, at the campaign's pace."""


def forecast(
    contacts: int,
    calls_per_second: float,
    max_concurrent: int,
    country: str | None = None,
    *,
    attempts_per_contact: float = 1.8,
    answered_share: float = 0.4,
    ring_s: float = 20.0,
    talk_s: float = USUAL_TALK_S,
    prices: PriceTable = PRICES,
) -> Forecast:
    """Attempts, money and open hours for a list, bound by pace or by lines, whichever is less."""
    attempts = math.ceil(contacts * attempts_per_contact)
    answered = min(contacts, attempts * answered_share)
    held_s = ring_s + answered_share * talk_s
    per_second = min(calls_per_second, max_concurrent / held_s)
    cost = answered * call_cost(talk_s, answered=True, country=country, prices=prices)
    return Forecast(attempts, round(cost, 2), attempts / per_second)
