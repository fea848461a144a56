"""What each session got and did, for tests and for whoever wonders."""

from __future__ import annotations

import io
import wave
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

RATE_HZ = 16_000


@dataclass(slots=True)
class Said:
    """A line that was begun. sent_ms: how much of it was sent; whole: all of it."""

    line: str | None
    text: str
    language: str
    sent_ms: float = 0.0
    whole: bool = False


@dataclass(slots=True)
class SessionRecord:
    """One session. Times are seconds of the server's clock."""

    number: int
    platform: str
    api_version: str
    opened_at: float
    setup: Mapping[str, Any] | None = None
    dialogue: str | None = None
    resumed_from: int | None = None
    """Number of the session whose handle opened this one."""
    listening: str = ""
    audio_s: float = 0.0
    audio: bytearray = field(default_factory=bytearray)
    texts: list[str] = field(default_factory=list)
    client_content: list[dict[str, Any]] = field(default_factory=list)
    tool_responses: list[dict[str, Any]] = field(default_factory=list)
    heard: list[dict[str, Any]] = field(default_factory=list)
    """Recognised lines: phrase, likeness, speech_s; phrase is None for what was not understood."""
    said: list[Said] = field(default_factory=list)
    tool_calls: list[dict[str, Any]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    interruptions: int = 0
    activities: list[dict[str, Any]] = field(default_factory=list)
    """Explicit beginnings and ends of speech: started, and how many seconds of the caller had come by then."""
    dropped_s: float = 0.0
    """Of the caller, outside the turns of a client that says when they speak: nobody hears it."""
    state: str | None = None
    closed: dict[str, Any] | None = None
    """Who closed it, with what."""

    def as_json(self) -> dict[str, Any]:
        """Everything but the sound."""
        names = (name for name in self.__slots__ if name != "audio")
        return {**{name: getattr(self, name) for name in names}, "said": [asdict(said) for said in self.said]}

    def wav(self) -> bytes:
        """The sound that was received, 16 kHz."""
        file = io.BytesIO()
        with wave.open(file, "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(RATE_HZ)
            out.writeframes(bytes(self.audio))
        return file.getvalue()
