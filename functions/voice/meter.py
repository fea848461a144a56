"""What a call has cost so far, in US dollars: tokens at the model's list price, the line by started minutes. [pure]"""

from __future__ import annotations

from collections.abc import Mapping

from shared.domain.cost import PRICES, ModelPrice, TokenUse, carrier_cost

NEAR = 0.8
"""Of the limit: so much is left for a goodbye."""


class Meter:
    """Runs along with one stream, from where those before it ended. Without a limit it only counts."""

    def __init__(self, limit: float | None, model_id: str, country: str | None) -> None:
        self._limit = limit
        self._price: ModelPrice = PRICES.model(model_id)
        self._country = country
        self._use = TokenUse()
        self.before = 0.0
        """Dollars that the tokens of earlier streams have cost."""

    def used(self, taken: Mapping[str, int], made: Mapping[str, int]) -> None:
        """Tokens of a turn by modality; whatever is no sound is priced as text."""
        audio_in, audio_out = taken.get("audio", 0), made.get("audio", 0)
        text_in, text_out = sum(taken.values()) - audio_in, sum(made.values()) - audio_out
        self._use += TokenUse(text_in, audio_in, text_out, audio_out)

    def spent(self, call_ms: float) -> float:
        """Dollars, so far into the call."""
        return self.before + self._price.of(self._use) + carrier_cost(call_ms / 1000, self._country, answered=True)

    def is_near(self, call_ms: float) -> bool:
        """Time to come to an end."""
        return self._limit is not None and self.spent(call_ms) >= self._limit * NEAR

    def is_over(self, call_ms: float) -> bool:
        """Nothing more may be spent."""
        return self._limit is not None and self.spent(call_ms) >= self._limit
