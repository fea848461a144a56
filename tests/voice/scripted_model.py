"""A speech model for tests that says what it is told to and keeps what it was sent; no network."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from functions.voice.speech.model import (
    AgentAudio,
    AgentText,
    GenerationComplete,
    SessionEnded,
    SessionSetup,
    SpeechError,
    SpeechEvent,
    SpeechSession,
    ToolAnswer,
    TurnComplete,
)

MS_24K = 48
"""Bytes of a millisecond at 24 kHz."""


def voice(ms: int, seed: int = 7) -> bytes:
    """Something that rises, falls and changes its colour as speech does: syllables of noise, PCM at 24 kHz."""
    chance = np.random.default_rng(seed)
    samples = np.arange(24 * ms)
    pitch_hz = 140 + 40 * np.sin(2 * np.pi * samples / 24_000 / 0.7)
    buzz = np.sign(np.sin(2 * np.pi * np.cumsum(pitch_hz) / 24_000))
    syllables = np.abs(np.sin(np.pi * samples / 24_000 / 0.18)) ** 2
    sound = (buzz * 0.5 + chance.normal(0, 0.3, len(samples))) * syllables * 6_000
    return bytes(sound.astype("<i2").tobytes())


VOICE = voice(2_000)


def spoken(ms: int = 40, at_ms: int = 0) -> AgentAudio:
    """A piece of an answer, as the model sends it."""
    start = at_ms % 1_000 * MS_24K
    return AgentAudio((VOICE * (1 + ms // 1_000))[start : start + ms * MS_24K], 24_000)


@dataclass
class ScriptedSession:
    """One open session; the test speaks for the model."""

    setup: SessionSetup
    texts: list[str] = field(default_factory=list)
    context: list[str] = field(default_factory=list)
    answers: list[ToolAnswer] = field(default_factory=list)
    audio_ms: float = 0
    activities: list[tuple[bool, float]] = field(default_factory=list)
    """What it was told of the caller's turns: began or ended, and how much of their voice had come by then."""
    loudest: int = 0
    """The largest sample that has come in."""
    takes_context: bool = True
    """In the middle of a call; otherwise it would go with the next text."""
    closed: bool = False
    _events: asyncio.Queue[Sequence[SpeechEvent] | Exception] = field(default_factory=asyncio.Queue)
    _taker: Callable[[Sequence[SpeechEvent]], None] | None = None
    _heard: asyncio.Event = field(default_factory=asyncio.Event)

    def send_audio(self, pcm: bytes) -> None:
        self._refuse_when_closed()
        self.audio_ms += len(pcm) / 32
        self.loudest = max(self.loudest, int(np.abs(np.frombuffer(pcm, "<i2").astype(np.int32)).max(initial=0)))

    async def send_text(self, text: str) -> None:
        self._refuse_when_closed()
        self.texts.append(text)
        self._heard.set()

    async def add_context(self, text: str) -> bool:
        self._refuse_when_closed()
        self.context.append(text)
        return self.takes_context

    def send_activity(self, started: bool) -> None:
        self._refuse_when_closed()
        self.activities.append((started, self.audio_ms))

    async def flush(self) -> None:
        self._refuse_when_closed()

    async def send_tool_answers(self, answers: Sequence[ToolAnswer]) -> None:
        self._refuse_when_closed()
        self.answers += answers
        self._heard.set()

    def _refuse_when_closed(self) -> None:
        if self.closed:
            raise SessionEnded("closed", code=1006, resumable=True)

    def take(self, taker: Callable[[Sequence[SpeechEvent]], None] | None) -> None:
        self._taker = taker

    async def receive(self) -> Sequence[SpeechEvent]:
        events = await self._events.get()
        if isinstance(events, Exception):
            self.closed = self.closed or isinstance(events, SessionEnded)
            raise events
        return events

    async def close(self) -> None:
        self.closed = True

    # -- for the test

    def sends(self, *events: SpeechEvent) -> None:
        """One message of the model with these events."""
        self._comes(events)

    def _comes(self, events: Sequence[SpeechEvent] | SessionEnded) -> None:
        """From the network: not before whoever sends has gone on."""
        asyncio.get_running_loop().call_soon(self._arrives, events)

    def _arrives(self, events: Sequence[SpeechEvent] | SessionEnded) -> None:
        if self._taker is None or not self._events.empty() or isinstance(events, SessionEnded):
            self._events.put_nowait(events)
            return
        try:
            self._taker(events)
        except Exception as error:
            self._taker = None
            self._events.put_nowait(error)

    def says(self, text: str, ms: int) -> None:
        """A whole answer, sent at once: words, audio in 40 ms pieces, and its end."""
        self.sends(AgentText(text))
        self.speaks(ms)
        self.sends(GenerationComplete())
        self.sends(TurnComplete())

    def speaks(self, ms: int) -> None:
        """Audio alone, in pieces of 40 ms."""
        for at_ms in range(0, ms, 40):
            self.sends(spoken(40, at_ms))

    def breaks(self, code: int = 1006, *, resumable: bool = True) -> None:
        """The connection is lost."""
        self._comes(SessionEnded("gone", code=code, resumable=resumable))

    def ends(self, how: SessionEnded) -> None:
        """The service closes it so."""
        self._events.put_nowait(how)

    async def is_told(self) -> None:
        """Wait until a text or a tool's answer arrives."""
        await self._heard.wait()
        self._heard.clear()


class ScriptedModel:
    """Opens sessions, or refuses to."""

    def __init__(self) -> None:
        self.sessions: list[ScriptedSession] = []
        self.refusals: list[SpeechError] = []
        """Raised one by one, before any session is opened."""
        self._opened = asyncio.Event()

    async def open(self, setup: SessionSetup) -> SpeechSession:
        if self.refusals:
            raise self.refusals.pop(0)
        session = ScriptedSession(setup)
        self.sessions.append(session)
        self._opened.set()
        return session

    async def session(self, number: int = 1) -> ScriptedSession:
        """The n-th session, once it is open."""
        while len(self.sessions) < number:
            self._opened.clear()
            await self._opened.wait()
        return self.sessions[number - 1]
