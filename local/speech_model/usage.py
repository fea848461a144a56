"""Tokens: every turn bills the whole context again. [pure]"""

from __future__ import annotations

from typing import Any

from local.speech_model.models import Platform

AUDIO_TOKENS_PER_S = 25
CHARACTERS_PER_TOKEN = 4


class Usage:
    """What a session's context holds and what its current turn has added. Sizes are in tokens."""

    def __init__(
        self, text: float = 0.0, audio: float = 0.0, compress_at: int | None = None, compress_to: int = 0
    ) -> None:
        self._text = text
        self._audio = audio
        self._compress_at = compress_at
        self._compress_to = compress_to
        self._answer_audio = 0.0

    @property
    def context(self) -> tuple[float, float]:
        """Text and audio so far."""
        return self._text, self._audio + self._answer_audio

    def add_text(self, text: str) -> None:
        """Words for the model."""
        self._text += len(text) / CHARACTERS_PER_TOKEN

    def add_caller_audio(self, seconds: float) -> None:
        """The caller's voice."""
        self._audio += seconds * AUDIO_TOKENS_PER_S

    def add_agent_audio(self, seconds: float) -> None:
        """The answer's."""
        self._answer_audio += seconds * AUDIO_TOKENS_PER_S

    def end_turn(self, platform: Platform) -> dict[str, Any]:
        """usageMetadata of the turn; its answer becomes context."""
        prompt = {"TEXT": round(self._text), "AUDIO": round(self._audio)}
        answer = {"AUDIO": round(self._answer_audio)}
        self._audio += self._answer_audio
        self._answer_audio = 0.0
        self._compress()
        kind = "response" if platform is Platform.DEVELOPER else "candidates"
        return {
            "promptTokenCount": sum(prompt.values()),
            f"{kind}TokenCount": sum(answer.values()),
            "totalTokenCount": sum(prompt.values()) + sum(answer.values()),
            "promptTokensDetails": _details(prompt),
            f"{kind}TokensDetails": _details(answer),
        }

    def _compress(self) -> None:
        """The oldest turns go; instructions stay."""
        if self._compress_at is not None and self._text + self._audio > self._compress_at:
            self._audio = max(0.0, self._compress_to - self._text)


def _details(tokens: dict[str, int]) -> list[dict[str, Any]]:
    return [{"modality": modality, "tokenCount": count} for modality, count in tokens.items() if count]
