"""From the caller to the model: a frame of the telephone becomes sound for the model and news for the conversation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from functions.voice.actions import Action
from functions.voice.audio import Upsampler, decode_ulaw, loudness
from functions.voice.conversation import Conversation
from functions.voice.model_link import ModelLink
from functions.voice.speech_detector import SpeechDetector


class Hearing:
    """One stream's ear."""

    def __init__(
        self,
        link: ModelLink,
        conversation: Conversation,
        now_ms: Callable[[], float],
        perform: Callable[[Sequence[Action]], Awaitable[None]],
    ) -> None:
        self._link = link
        self._conversation = conversation
        self._now_ms = now_ms
        self._perform = perform
        self._up = Upsampler()
        self._detector = SpeechDetector() if conversation.is_gated else None

    async def frame(self, ulaw: bytes) -> None:
        """20 ms of the caller, as Twilio sends them."""
        pcm = decode_ulaw(ulaw)
        await self._link.send_audio(self._up.push(pcm), unanswered=self._conversation.is_caller_unanswered)
        level = loudness(pcm) if self._detector is None else self._detector.push(pcm)
        await self._perform(self._conversation.caller_frame(level, self._now_ms()))
