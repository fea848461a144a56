"""From the model to the caller: turns its voice into telephone audio, and tells the conversation what came."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from functions.voice.actions import Action
from functions.voice.agent_sound import AgentSound
from functions.voice.audio import Downsampler, encode_ulaw
from functions.voice.call_record import CallRecord
from functions.voice.conversation import Conversation
from functions.voice.meter import Meter
from functions.voice.speech.model import (
    AgentAudio,
    GenerationComplete,
    Interrupted,
    SpeechEvent,
    TurnComplete,
    UnknownMessage,
    Usage,
)


class Speaking:
    """One stream's way from the model to Twilio."""

    def __init__(
        self,
        conversation: Conversation,
        record: CallRecord,
        now_ms: Callable[[], float],
        perform: Callable[[Sequence[Action]], None],
        meter: Meter,
    ) -> None:
        self._conversation = conversation
        self._meter = meter
        self._record = record
        self._now_ms = now_ms
        self._perform = perform
        self._down = Downsampler()
        self._sound = AgentSound()
        self.unknown_messages = 0

    def take(self, event: SpeechEvent) -> None:
        """The model sent this."""
        now_ms = self._now_ms()
        match event:
            case AgentAudio(pcm=pcm):
                voice = self._down.push(pcm)
                if voice:
                    self._perform(self._conversation.agent_audio(encode_ulaw(voice), now_ms))
                    if (flaw := self._sound.push(voice)) is not None:
                        self._perform(self._conversation.flawed(str(flaw), now_ms))
                return
            case GenerationComplete() | TurnComplete() | Interrupted():
                tail = self._end_of_audio(event)
                if tail and self._conversation.agent.is_open:
                    self._perform(self._conversation.agent_audio(tail, now_ms))
                if (flaw := self._sound.end()) is not None and not isinstance(event, Interrupted):
                    self._perform(self._conversation.flawed(str(flaw), now_ms))
            case Usage(input_tokens=used, output_tokens=made):
                self._record.used(used, "input")
                self._record.used(made, "output")
                self._meter.used(used, made)
            case UnknownMessage():
                self.unknown_messages += 1
        self._perform(self._conversation.speech_event(event, now_ms))

    def _end_of_audio(self, event: SpeechEvent) -> bytes:
        if isinstance(event, Interrupted):
            self._down.reset()
            return b""
        return encode_ulaw(self._down.flush()) if self._conversation.agent.is_open else b""

    def line_lost(self) -> None:
        """The model's session is gone: what it had begun to say ends here."""
        self._down.reset()
        self._sound.end()
        self._perform(self._conversation.session_ends(self._now_ms()))
