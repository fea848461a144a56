"""One stream of a call, as everybody who works on it shares it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from functions.voice.call_record import CallRecord
from functions.voice.conversation import Conversation
from functions.voice.errand import Errand
from functions.voice.model_link import ModelLink
from functions.voice.recording.recorder import Recorder
from functions.voice.services import VoiceServices
from functions.voice.stream_token import StreamTicket


@dataclass(frozen=True, slots=True)
class Stream:
    """What there is one of for each stream."""

    services: VoiceServices
    ticket: StreamTicket
    errand: Errand | None
    """Why Parley calls; None: it was called. (A call whose errand cannot be read has no stream.)"""
    language: str
    """In which the stream begins."""
    conversation: Conversation
    link: ModelLink
    record: CallRecord
    recorder: Recorder
    now_ms: Callable[[], float]
    """Since the stream began."""

    @property
    def spoken_language(self) -> str:
        """The language of the conversation, as far as it has shown."""
        return self.record.spoken_language or self.language
